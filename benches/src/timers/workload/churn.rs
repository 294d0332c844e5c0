//! Timeouts that are never reached: 100,000 timers of 30 s are inserted a second, and each is cancelled 10 ms later.

use std::mem::ManuallyDrop;
use std::time::{Duration, Instant};

use super::{MIB, Workload, cpu, resident};
use crate::timers::Delays;
use crate::timers::log::Log;

/// The workload.
pub const CHURN: Workload = Workload {
    name: "churn",
    unit: "s",
    size: 5,
    quick: 1,
    titles: &["CPU ns/timer", "RSS at 1/10 MiB", "at the end"],
};

const TURN: Duration = Duration::from_millis(10);
const TIMERS_A_TURN: u64 = 1000;

pub(in super::super) fn churn<D: Delays>(seconds: u64) -> Vec<f64> {
    // Left as it is: the process ends.
    let mut contestant = ManuallyDrop::new(D::start());
    let log = Log::counting();
    let turns = seconds * 100;
    let (start, before) = (Instant::now(), cpu());
    let mut early = 0.0;
    let mut handles = Vec::new();
    for turn in 0..turns {
        let old = std::mem::take(&mut handles);
        handles.extend((0..TIMERS_A_TURN).map(|n| contestant.insert(Duration::from_secs(30), log.job(n))));
        old.into_iter().for_each(|handle| contestant.cancel(handle));
        if turn == turns / 10 {
            early = resident();
        }
        std::thread::sleep((TURN * (turn as u32 + 1)).saturating_sub(start.elapsed()));
    }
    let taken = cpu() - before;
    assert_eq!(log.runs(), 0, "a job ran, though it had been cancelled");
    vec![taken / (turns * TIMERS_A_TURN) as f64, early / MIB, resident() / MIB]
}
