//! spawn_internal: a worker spawns the jobs; the outside thread waits till all have run.

use super::sample::{Sample, measure};
use super::tally::{Count, TALLY, Tally};
use crate::contestant::Contestant;

pub(super) fn run<C: Contestant>(pool: &'static C, jobs: u64) -> Sample {
    let expected = Count::of_numbered(jobs);
    let before = TALLY.read();
    measure(
        || pool.heavies(),
        || {
            pool.spawn(move || spawn_all(pool, &TALLY, jobs));
            TALLY.wait(before, expected);
        },
    )
}

fn spawn_all<C: Contestant>(pool: &'static C, tally: &'static Tally, jobs: u64) {
    for value in 0..jobs {
        pool.spawn_inside(move || tally.add(value));
    }
}
