//! join_tree_sum: the sum of the values in a binary tree of boxed nodes, which is built outside the timing.

use std::sync::Mutex;

use super::sample::{Sample, measure};
use crate::contestant::forker::Forker;

/// A node and all below it.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) value: u64,
    pub(crate) left: Option<Box<Self>>,
    pub(crate) right: Option<Box<Self>>,
}

impl Node {
    /// A full tree of that many levels, at least one. The values are numbers from `next` on.
    ///
    /// A node gets its memory after those below it. So the one right of a branch lies next to it, and whoever goes to the right first goes through memory in a row: four to six
    /// times as fast as the other way, for everybody. Each contestant does that.
    fn full(levels: u64, next: &mut u64) -> Self {
        let value = *next;
        *next += 1;
        let mut below = || (levels > 1).then(|| Box::new(Self::full(levels - 1, next)));
        Self { value, left: below(), right: below() }
    }
}

pub(super) fn run<F: Forker>(pool: &'static F, levels: u64) -> Sample {
    let tree = tree(levels);
    let mut result = 0;
    let sample = measure(|| pool.heavies(), || result = pool.sum(tree));
    assert_eq!(result, (0..nodes(levels)).sum::<u64>(), "the sum is wrong");
    sample
}

/// The nodes of a full tree.
pub(super) const fn nodes(levels: u64) -> u64 {
    (1 << levels) - 1
}

/// The tree that all contestants add up, built when one first asks for that size.
fn tree(levels: u64) -> &'static Node {
    static TREE: Mutex<Option<(u64, &'static Node)>> = Mutex::new(None);
    let mut built = TREE.lock().expect("no contestant panics");
    match *built {
        Some((size, tree)) if size == levels => tree,
        _ => built.insert((levels, Box::leak(Box::new(Node::full(levels, &mut 0))))).1,
    }
}
