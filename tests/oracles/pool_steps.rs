//! What is done to a pool with one worker.

use proptest::prelude::*;
use proptest::sample::Index;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Spawn,
    Submit,
    TrySubmit,
}

/// A job to be, and who submits it.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    pub kind: Kind,
    pub first: bool,
    /// Submitted by the job that runs, if one does.
    pub inside: bool,
    /// The drop of its captures panics if it does not run.
    pub panics: bool,
    /// Its captures are large.
    pub bulky: bool,
}

/// One step. The indices choose among the jobs with which that can be done.
#[derive(Debug, Clone)]
pub enum Step {
    Submit(Order),
    Batch {
        count: usize,
        inside: bool,
    },
    /// The job that runs ends, and the next one starts; so many times.
    Finish {
        times: usize,
        panics: bool,
    },
    /// The job that runs joins another one.
    JoinInside(Index),
    /// The one that it joins was submitted last.
    JoinLast,
    Cancel(Index),
    DropHandle(Index),
    OnComplete {
        which: Index,
        panics: bool,
    },
    TryJoin(Index),
    JoinTimeout(Index),
    CancelPending {
        inside: bool,
    },
    WaitIdle {
        inside: bool,
    },
    /// So many are submitted and cancelled, the newest first or last, that the queues are swept.
    Flood {
        count: usize,
        newest_first: bool,
    },
}

/// How it ends.
#[derive(Debug, Clone, Copy)]
pub enum End {
    Shutdown,
    ShutdownNow,
    ShutdownTimeout,
    Drop,
}

#[derive(Debug, Clone)]
pub struct Case {
    pub capacity: Option<usize>,
    pub steps: Vec<Step>,
    pub end: End,
    /// What is still done while the pool comes to its end.
    pub last_steps: Vec<Step>,
}

fn order() -> impl Strategy<Value = Order> {
    let kind = prop_oneof![3 => Just(Kind::Spawn), 5 => Just(Kind::Submit), 2 => Just(Kind::TrySubmit)];
    let some = |of_ten| prop::bool::weighted(f64::from(of_ten) / 10.0);
    (kind, some(3), some(3), some(1), some(2)).prop_map(|(kind, first, inside, panics, bulky)| Order {
        kind,
        first,
        inside,
        panics,
        bulky,
    })
}

fn finish(times: usize) -> impl Strategy<Value = Step> {
    (1..=times, prop::bool::weighted(0.2)).prop_map(|(times, panics)| Step::Finish { times, panics })
}

fn step(times: usize) -> impl Strategy<Value = Step> {
    let one = any::<Index>;
    let flood = (1030..1100_usize, any::<bool>());
    prop_oneof![
        120 => order().prop_map(Step::Submit),
        10 => (0..6_usize, any::<bool>()).prop_map(|(count, inside)| Step::Batch { count, inside }),
        60 => finish(times),
        20 => one().prop_map(Step::JoinInside),
        10 => Just(Step::JoinLast),
        40 => one().prop_map(Step::Cancel),
        20 => one().prop_map(Step::DropHandle),
        30 => (one(), prop::bool::weighted(0.2)).prop_map(|(which, panics)| Step::OnComplete { which, panics }),
        10 => one().prop_map(Step::TryJoin),
        10 => one().prop_map(Step::JoinTimeout),
        4 => any::<bool>().prop_map(|inside| Step::CancelPending { inside }),
        6 => any::<bool>().prop_map(|inside| Step::WaitIdle { inside }),
        3 => flood.prop_map(|(count, newest_first)| Step::Flood { count, newest_first }),
    ]
}

/// Many jobs that pass by others, so that these get a turn.
fn rush() -> impl Strategy<Value = Vec<Step>> {
    let first = Order { kind: Kind::Spawn, first: true, inside: false, panics: false, bulky: false };
    let own = Order { first: false, inside: true, ..first };
    let pair = (prop::bool::weighted(0.8), order()).prop_map(move |(is_first, order)| {
        let order = if is_first { first } else { Order { panics: false, ..order } };
        vec![Step::Submit(order), Step::Submit(own), Step::Finish { times: 1, panics: false }]
    });
    prop::collection::vec(pair, 100..300).prop_map(|pairs| pairs.concat())
}

pub fn case() -> impl Strategy<Value = Case> {
    let steps = prop_oneof![
        60 => prop::collection::vec(step(4), 1..60),
        20 => prop::collection::vec(step(20), 1..200),
        2 => rush(),
    ];
    let end = prop_oneof![Just(End::Shutdown), Just(End::ShutdownNow), Just(End::ShutdownTimeout), Just(End::Drop)];
    let capacity = prop::option::weighted(0.4, 1..8_usize);
    (capacity, steps, end, prop::collection::vec(step(4), 0..20)).prop_map(|(capacity, steps, end, last_steps)| Case {
        capacity,
        steps,
        end,
        last_steps,
    })
}
