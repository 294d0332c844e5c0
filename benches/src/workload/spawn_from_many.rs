//! spawn_from_many: several outside threads spawn jobs at once; another one waits till all have run.

use std::sync::Barrier;
use std::thread;

use super::sample::{Sample, measure};
use super::tally::{Count, TALLY};
use crate::contestant::Contestant;

/// Thread `n` of `submitters` spawns the jobs with the numbers `n`, `n + submitters`… below `jobs`. The clock starts when all threads are there.
pub(crate) fn run<C: Contestant>(pool: &'static C, submitters: usize, jobs: u64) -> Sample {
    let expected = Count::of_numbered(jobs);
    let before = TALLY.read();
    let start = Barrier::new(submitters + 1);
    thread::scope(|scope| {
        for first in 0..submitters as u64 {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                spawn_every(pool, first, submitters, jobs);
            });
        }
        measure(
            || pool.heavies(),
            || {
                start.wait();
                TALLY.wait(before, expected);
            },
        )
    })
}

fn spawn_every<C: Contestant>(pool: &'static C, first: u64, step: usize, jobs: u64) {
    let tally = &TALLY;
    for value in (first..jobs).step_by(step) {
        pool.spawn(move || tally.add(value));
    }
}
