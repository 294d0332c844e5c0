//! A thousand schedules of 10 ms, each on its own grid.

use std::mem::ManuallyDrop;
use std::time::{Duration, Instant};

use super::{Workload, cpu, lateness};
use crate::timers::Periods;
use crate::timers::log::Beats;

/// The workload.
pub const PERIODIC: Workload = Workload {
    name: "periodic",
    unit: "ms",
    size: 3000,
    quick: 100,
    titles: &["CPU ns/run", "p50 µs late", "p99", "max", "early", "runs"],
};

const SCHEDULES: u64 = 1000;
const PERIOD: Duration = Duration::from_millis(10);

pub(in super::super) fn periodic<P: Periods>(millis: u64) -> Vec<f64> {
    // Left as it is: the process ends.
    let mut contestant = ManuallyDrop::new(P::start());
    let expected = SCHEDULES * millis / 10;
    let beats = Beats::new(2 * expected + 10 * SCHEDULES);
    let before = cpu();
    let start = |_| {
        let first = Instant::now() + PERIOD;
        contestant.every(first, PERIOD, beats.beat(first, PERIOD))
    };
    let schedules: Vec<_> = (0..SCHEDULES).map(start).collect();
    std::thread::sleep(Duration::from_millis(millis));
    schedules.into_iter().for_each(|schedule| contestant.stop(schedule));
    let taken = cpu() - before;
    // Runs that have begun write theirs down.
    std::thread::sleep(Duration::from_millis(20));
    let late = beats.lateness();
    let runs = late.len() as f64;
    assert!(runs > expected as f64 / 2.0, "{runs} runs instead of {expected}");
    let [p50, p99, max, early] = lateness(late);
    vec![taken / runs, p50, p99, max, early, runs]
}
