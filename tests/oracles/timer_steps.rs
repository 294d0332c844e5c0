//! What is done to the timers of a pool with one worker, on a clock that is moved by hand.

use std::time::Duration;

use filch::MissedTick;
use proptest::prelude::*;

/// What a job does when it runs, beside saying so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Nothing,
    Panic,
    /// Submits another one.
    Later(Duration),
    /// Makes a schedule that runs so often.
    Schedule {
        period: Duration,
        max_runs: u64,
    },
    CancelItself,
    /// Cancels one of those that there are by then.
    CancelOther(usize),
    CancelTimers,
}

/// A moment, by nanoseconds before or after now.
#[derive(Debug, Clone, Copy)]
pub enum Start {
    AfterPeriod,
    At(i64),
    In(Duration),
}

/// A schedule to be.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub period: Duration,
    pub is_delay: bool,
    pub missed: Option<MissedTick>,
    pub start: Start,
    pub max_runs: Option<u64>,
    pub act: Act,
    /// It does so in each run whose number is a multiple of this.
    pub at: u64,
}

#[derive(Debug, Clone)]
pub enum Step {
    Later {
        delay: Duration,
        watched: bool,
        act: Act,
    },
    /// So many that are due at once.
    Many {
        delay: Duration,
        count: usize,
    },
    At {
        offset: i64,
        act: Act,
    },
    Schedule(Plan),
    /// Cancels one of those that there are.
    Cancel(usize),
    CancelTimers,
    CancelPending,
    Advance(Duration),
    /// The worker is kept busy from now on, or no longer.
    Hold,
    Release,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Shutdown,
    ShutdownNow,
    Drop,
}

/// Mostly small numbers, so that many are equal.
fn delay() -> impl Strategy<Value = Duration> {
    prop_oneof![
        2 => Just(Duration::ZERO),
        12 => (1..8_u64).prop_map(Duration::from_millis),
        4 => (1..3_000_000_u64).prop_map(Duration::from_nanos),
        1 => (0..60_u32).prop_map(|bit| Duration::from_nanos(1 << bit)),
        1 => Just(Duration::MAX),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => Just(Act::Nothing),
        2 => Just(Act::Panic),
        4 => delay().prop_map(Act::Later),
        1 => (delay(), 0..4_u64).prop_map(|(period, max_runs)| Act::Schedule { period, max_runs }),
        1 => Just(Act::CancelItself),
        2 => any::<usize>().prop_map(Act::CancelOther),
        1 => prop_oneof![5 => Just(Act::Nothing), 1 => Just(Act::CancelTimers)],
    ]
}

fn offset() -> impl Strategy<Value = i64> {
    prop_oneof![3 => (-8..8_i64).prop_map(|ms| ms * 1_000_000), 1 => -9_000_000..9_000_000_i64]
}

fn plan() -> impl Strategy<Value = Plan> {
    let missed = prop_oneof![Just(MissedTick::Burst), Just(MissedTick::Skip), Just(MissedTick::Delay)];
    let start = prop_oneof![
        2 => Just(Start::AfterPeriod),
        4 => offset().prop_map(Start::At),
        1 => delay().prop_map(Start::In),
    ];
    let (period, max_runs) = (delay(), prop::option::of(0..6_u64));
    (period, prop::bool::weighted(0.3), prop::option::of(missed), start, max_runs, act(), 1..4_u64).prop_map(
        |(period, is_delay, missed, start, max_runs, act, at)| {
            // So that a burst is not endless.
            let period =
                if missed == Some(MissedTick::Burst) { period.max(Duration::from_micros(200)) } else { period };
            Plan { period, is_delay, missed, start, max_runs, act, at }
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let one = any::<usize>;
    let later = (delay(), any::<bool>(), act());
    prop_oneof![
        20 => later.prop_map(|(delay, watched, act)| Step::Later { delay, watched, act }),
        1 => (delay(), 50..150_usize).prop_map(|(delay, count)| Step::Many { delay, count }),
        8 => (offset(), act()).prop_map(|(offset, act)| Step::At { offset, act }),
        12 => plan().prop_map(Step::Schedule),
        8 => one().prop_map(Step::Cancel),
        1 => Just(Step::CancelTimers),
        1 => Just(Step::CancelPending),
        20 => delay().prop_map(Step::Advance),
        4 => Just(Step::Hold),
        4 => Just(Step::Release),
    ]
}

pub fn case() -> impl Strategy<Value = (Vec<Step>, End)> {
    let end = prop_oneof![Just(End::Shutdown), Just(End::ShutdownNow), Just(End::Drop)];
    (prop::collection::vec(step(), 1..40), end)
}
