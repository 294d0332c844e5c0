//! Many timers with deadlines from 1 ms to 1 h are inserted, then all are cancelled, by one thread.

use std::mem::ManuallyDrop;
use std::time::{Duration, Instant};

use super::{Deadlines, MIB, Workload, resident};
use crate::timers::log::Log;
use crate::timers::{Delays, Turn};

/// The workload.
pub const INSERT_CANCEL: Workload = Workload {
    name: "insert_cancel",
    unit: "timers",
    size: 1_000_000,
    quick: 10_000,
    titles: &["ns/timer", "insert", "cancel", "RSS B/timer", "RSS left MiB"],
};

/// So many timers altogether, in as many turns as that takes: short runs say nothing.
const AT_LEAST: u64 = 1_000_000;

pub(in super::super) fn insert_cancel<D: Delays>(timers: u64) -> Vec<f64> {
    let mut bench = Bench::<D>::start();
    let turns = (AT_LEAST / timers).max(1);
    let (mut inserting, mut cancelling) = (Duration::ZERO, Duration::ZERO);
    let before = resident();
    let mut full = before;
    for _ in 0..turns {
        let start = Instant::now();
        let handles = bench.insert(timers);
        inserting += start.elapsed();
        full = full.max(resident());
        let start = Instant::now();
        bench.cancel(handles);
        cancelling += start.elapsed();
    }
    let left = resident();
    let all = (timers * turns) as f64;
    // Few are due so soon; a job that ran after its cancel would have waited for minutes.
    let runs = bench.log.runs() as f64;
    assert!(runs <= 100.0 + all / 100.0, "{runs} of {all} jobs ran");
    let each = |time: Duration| time.as_nanos() as f64 / all;
    vec![
        each(inserting + cancelling),
        each(inserting),
        each(cancelling),
        (full - before) / timers as f64,
        (left - before) / MIB,
    ]
}

/// Turns for criterion.
pub(in super::super) fn turns<D: Delays + 'static>(timers: u64) -> Turn {
    let mut bench = Bench::<D>::start();
    Box::new(move || {
        let handles = bench.insert(timers);
        bench.cancel(handles);
    })
}

struct Bench<D> {
    /// Left as it is when the process ends.
    contestant: ManuallyDrop<D>,
    log: &'static Log,
    deadlines: Deadlines,
}

impl<D: Delays> Bench<D> {
    fn start() -> Self {
        let (mut contestant, log) = (ManuallyDrop::new(D::start()), Log::counting());
        // Its threads run, and have what they need.
        let handle = contestant.insert(Duration::from_secs(3600), log.job(0));
        contestant.cancel(handle);
        Self { contestant, log, deadlines: Deadlines::new() }
    }

    fn insert(&mut self, timers: u64) -> Vec<D::Handle> {
        let mut handles = Vec::with_capacity(timers as usize);
        for index in 0..timers {
            let delay = Duration::from_nanos(1_000_000 + self.deadlines.below(3_599_999_000_000));
            handles.push(self.contestant.insert(delay, self.log.job(index)));
        }
        handles
    }

    fn cancel(&mut self, handles: Vec<D::Handle>) {
        handles.into_iter().for_each(|handle| self.contestant.cancel(handle));
        self.contestant.settle();
    }
}
