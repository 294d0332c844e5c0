//! spawn_external: an outside thread spawns jobs that capture one pointer and one `u64`, and waits till all have run.

use std::time::{Duration, Instant};

use super::sample::{Sample, measure};
use super::tally::{Count, TALLY, Tally};
use crate::contestant::Contestant;

pub(super) fn run<C: Contestant>(pool: &'static C, jobs: u64) -> Sample {
    let expected = Count::of_numbered(jobs);
    let before = TALLY.read();
    let mut calls = Duration::ZERO;
    let sample = measure(
        || pool.heavies(),
        || {
            calls = spawn_all(pool, &TALLY, jobs);
            TALLY.wait(before, expected);
        },
    );
    Sample { calls: Some(calls), ..sample }
}

fn spawn_all<C: Contestant>(pool: &'static C, tally: &'static Tally, jobs: u64) -> Duration {
    let start = Instant::now();
    for value in 0..jobs {
        pool.spawn(move || tally.add(value));
    }
    start.elapsed()
}
