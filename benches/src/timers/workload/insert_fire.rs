//! Many delayed jobs, all due between one and two seconds after the start, run.

use std::mem::ManuallyDrop;
use std::time::Duration;

use super::{Deadlines, Workload, cpu, lateness};
use crate::timers::Delays;
use crate::timers::log::Log;

/// The workload.
pub const INSERT_FIRE: Workload = Workload {
    name: "insert_fire",
    unit: "jobs",
    size: 1_000_000,
    quick: 10_000,
    titles: &["CPU ns/job", "insert CPU ns", "p50 µs late", "p99", "max", "early"],
};

pub(in super::super) fn insert_fire<D: Delays>(jobs: u64) -> Vec<f64> {
    // Left as it is: the process ends.
    let mut contestant = ManuallyDrop::new(D::start());
    let log = Log::timing(jobs);
    let mut deadlines = Deadlines::new();
    let before = cpu();
    for index in 0..jobs {
        let due = Duration::from_nanos(1_000_000_000 + deadlines.below(1_000_000_000));
        let (delay, job) = log.job_due(index, due);
        contestant.spawn(delay, job);
    }
    contestant.go();
    let inserted = cpu();
    let late = log.wait();
    let each = |from: f64, to: f64| (to - from) / jobs as f64;
    let [p50, p99, max, early] = lateness(late);
    vec![each(before, cpu()), each(before, inserted), p50, p99, max, early]
}
