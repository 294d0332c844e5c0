//! What is done to a set of jobs, whose pool has one worker.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Submit,
    First,
    Try,
    Later(Duration),
    /// A producer of so many items, whose iterator panics afterwards or not.
    Iter {
        items: usize,
        panics: bool,
    },
}

#[derive(Debug, Clone, Copy)]
pub enum Take {
    TryNext,
    /// With a time limit of zero.
    NextTimeout,
    /// Only if something is there, or nothing outstanding.
    Next,
}

/// One step. What can be done inside the job that runs is done outside if none does.
#[derive(Debug, Clone)]
pub enum Step {
    Submit {
        how: How,
        inside: bool,
    },
    /// A job of the same pool that is none of the set's.
    Stranger,
    /// The job that runs ends, and the next one starts; so many times.
    Finish {
        times: usize,
        panics: bool,
    },
    Take {
        how: Take,
        times: usize,
        inside: bool,
    },
    /// Cancels any of all members that there ever were.
    Cancel {
        which: Index,
        inside: bool,
    },
    CancelAll {
        inside: bool,
    },
    CancelPending,
    CancelTimers,
    /// All that is queued is run, and then what becomes due by that.
    Advance(Duration),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    TakeAll,
    DropSet,
    Shutdown,
    ShutdownNow,
}

#[derive(Debug, Clone)]
pub struct Case {
    pub capacity: Option<usize>,
    pub steps: Vec<Step>,
    pub end: End,
    pub last_steps: Vec<Step>,
}

fn delay() -> impl Strategy<Value = Duration> {
    prop_oneof![
        3 => Just(Duration::ZERO),
        10 => (1..6_u64).prop_map(Duration::from_millis),
        1 => Just(Duration::MAX),
    ]
}

fn how() -> impl Strategy<Value = How> {
    let items = (0..6_usize, prop::bool::weighted(0.2));
    prop_oneof![
        10 => Just(How::Submit),
        4 => Just(How::First),
        4 => Just(How::Try),
        6 => delay().prop_map(How::Later),
        5 => items.prop_map(|(items, panics)| How::Iter { items, panics }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let some = |of_ten| prop::bool::weighted(f64::from(of_ten) / 10.0);
    let take = prop_oneof![Just(Take::TryNext), Just(Take::NextTimeout), Just(Take::Next)];
    let cancel = (any::<Index>(), some(2));
    prop_oneof![
        60 => (how(), some(4)).prop_map(|(how, inside)| Step::Submit { how, inside }),
        4 => Just(Step::Stranger),
        30 => (1..4_usize, some(2)).prop_map(|(times, panics)| Step::Finish { times, panics }),
        30 => (take, 1..4_usize, some(2)).prop_map(|(how, times, inside)| Step::Take { how, times, inside }),
        15 => cancel.prop_map(|(which, inside)| Step::Cancel { which, inside }),
        2 => some(3).prop_map(|inside| Step::CancelAll { inside }),
        2 => Just(Step::CancelPending),
        1 => Just(Step::CancelTimers),
        6 => delay().prop_map(|delay| Step::Advance(delay.min(Duration::from_secs(1)))),
    ]
}

pub fn case() -> impl Strategy<Value = Case> {
    let end = prop_oneof![Just(End::TakeAll), Just(End::DropSet), Just(End::Shutdown), Just(End::ShutdownNow)];
    let steps = prop_oneof![3 => prop::collection::vec(step(), 1..40), 1 => prop::collection::vec(step(), 1..150)];
    let capacity = prop::option::weighted(0.6, 1..6_usize);
    (capacity, steps, end, prop::collection::vec(step(), 0..15)).prop_map(|(capacity, steps, end, last_steps)| Case {
        capacity,
        steps,
        end,
        last_steps,
    })
}
