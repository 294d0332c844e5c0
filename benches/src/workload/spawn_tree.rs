//! spawn_tree: each job spawns two children and counts itself, down to the leaves.

use super::sample::{Sample, measure};
use super::tally::{Count, TALLY};
use crate::contestant::Contestant;

pub(super) fn run<C: Contestant>(pool: &'static C, leaves: u64) -> Sample {
    assert!(leaves.is_power_of_two(), "a full binary tree has a power of two of leaves");
    let height = u64::from(leaves.ilog2());
    let expected = full_tree(height);
    let before = TALLY.read();
    measure(
        || pool.heavies(),
        || {
            pool.spawn(move || node(pool, height));
            TALLY.wait(before, expected);
        },
    )
}

/// A job: captures one pointer and its height above the leaves.
fn node<C: Contestant>(pool: &'static C, height: u64) {
    if height > 0 {
        pool.spawn_inside(move || node(pool, height - 1));
        pool.spawn_inside(move || node(pool, height - 1));
    }
    TALLY.add(height);
}

/// What the nodes of a tree of that height add up to, each counting its own height.
fn full_tree(height: u64) -> Count {
    let runs = (2 << height) - 1;
    let sum = (0..=height).map(|above_leaves| above_leaves << (height - above_leaves)).sum();
    Count { runs, sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tree_of_height_two_is_counted() {
        assert_eq!(full_tree(2), Count { runs: 7, sum: 4 });
        assert_eq!(full_tree(0), Count { runs: 1, sum: 0 });
    }
}
