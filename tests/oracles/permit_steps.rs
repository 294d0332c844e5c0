//! What is done to a semaphore in one thread.

use filch::Semaphore;
use proptest::prelude::*;
use proptest::sample::Index;

const MOST: usize = Semaphore::MAX_PERMITS;

/// What is done to a semaphore.
#[derive(Debug, Clone)]
pub enum Operation {
    /// Takes permits if they are there.
    Try {
        need: usize,
        owned: bool,
    },
    /// The same, and blocks if that is sure not to be for ever; else with a time limit in microseconds.
    Acquire {
        need: usize,
        owned: bool,
        limit: u64,
    },
    /// Makes a task that wants permits, and has not been polled.
    Want {
        need: usize,
        owned: bool,
        panics: bool,
    },
    /// Polls a task, with the waker that it has or a new one.
    Poll {
        which: Index,
        anew: bool,
    },
    /// Polls the task that was made last.
    PollLast,
    DropTask(Index),
    /// Drops the task that was made first.
    DropOldest,
    DropPermit(Index),
    Forget(Index),
    Release(usize),
    Close,
    /// Those who wait have waited long after that.
    Pass,
}

fn need() -> impl Strategy<Value = usize> {
    let beyond = u32::MAX as usize;
    prop_oneof![
        30 => 1..5_usize,
        2 => Just(0_usize),
        1 => MOST - 3..=MOST + 2,
        1 => prop_oneof![Just(usize::MAX), Just(beyond), Just(beyond.wrapping_add(2))],
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let any_one = any::<Index>;
    let want = (need(), any::<bool>(), prop::bool::weighted(0.1));
    let limit = prop_oneof![4 => Just(0_u64), 1 => 1..60_u64];
    prop_oneof![
        10 => (need(), any::<bool>()).prop_map(|(need, owned)| Operation::Try { need, owned }),
        10 => (need(), any::<bool>(), limit).prop_map(|(need, owned, limit)| Operation::Acquire { need, owned, limit }),
        16 => want.prop_map(|(need, owned, panics)| Operation::Want { need, owned, panics }),
        20 => Just(Operation::PollLast),
        20 => (any_one(), any::<bool>()).prop_map(|(which, anew)| Operation::Poll { which, anew }),
        5 => any_one().prop_map(Operation::DropTask),
        5 => Just(Operation::DropOldest),
        16 => any_one().prop_map(Operation::DropPermit),
        3 => any_one().prop_map(Operation::Forget),
        8 => need().prop_map(Operation::Release),
        3 => Just(Operation::Pass),
    ]
}

/// The permits at the beginning, and what is done. Half of the cases go on after a close.
pub fn case() -> impl Strategy<Value = (usize, Vec<Operation>)> {
    let permits = prop_oneof![8 => 0..8_usize, 1 => MOST - 3..=MOST];
    let close = prop::option::weighted(0.5, prop::collection::vec(operation(), 1..30));
    let operations = (prop::collection::vec(operation(), 1..150), close);
    let closed = operations.prop_map(|(mut operations, afterwards)| {
        operations.extend(afterwards.into_iter().flat_map(|after| [vec![Operation::Close], after].concat()));
        operations
    });
    (permits, closed)
}
