//! Many tiny jobs in the queue of a pool whose workers are blocked: for the programs that ask what that takes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock, RwLockWriteGuard};
use std::thread;
use std::time::Duration;

use super::tally::{Count, TALLY};
use crate::contestant::Contestant;

/// All workers are blocked until this is dropped.
#[derive(Debug)]
pub struct Blocked(#[expect(dead_code, reason = "it opens when it is dropped")] RwLockWriteGuard<'static, ()>);

/// Jobs on their way.
#[derive(Debug)]
#[must_use]
pub struct Queued {
    before: Count,
    expected: Count,
}

/// Blocks as many workers as there are and returns when they are.
pub(crate) fn block<C: Contestant>(pool: &'static C, workers: usize) -> Blocked {
    let gate: &'static RwLock<()> = Box::leak(Box::default());
    let closed = gate.write().expect("nobody panics with it");
    let arrived = Arc::new(AtomicUsize::new(0));
    for _ in 0..workers {
        let arrived = Arc::clone(&arrived);
        pool.spawn(move || {
            arrived.fetch_add(1, Ordering::Relaxed);
            drop(gate.read());
        });
    }
    while arrived.load(Ordering::Relaxed) < workers {
        thread::sleep(Duration::from_micros(100));
    }
    Blocked(closed)
}

/// Spawns that many jobs from outside, which capture one pointer and one `u64`.
pub(crate) fn queue<C: Contestant>(pool: &'static C, jobs: u64) -> Queued {
    let before = TALLY.read();
    let tally = &TALLY;
    for value in 0..jobs {
        pool.spawn(move || tally.add(value));
    }
    Queued { before, expected: Count::of_numbered(jobs) }
}

impl Queued {
    /// Blocks until all of them have run.
    ///
    /// # Panics
    ///
    /// Panics if one was lost or ran twice.
    pub fn wait(self) {
        TALLY.wait(self.before, self.expected);
    }
}
