//! Floor 3: putting a thread to sleep, and waking it.
//!
//! A [`Parker`] holds one token. [`Parker::park`] waits for the token and takes it; [`Unparker::unpark`] makes it available. A token can
//! be left over from a wait that ended for another reason, so every wait loops on its condition.
//! The three states and their transitions are those of the standard library's futex parker.

mod latch;

use std::sync::Arc;

pub use latch::Latch;

use crate::sync::futex::{Futex, WaitOutcome};
use crate::sync::time::Deadline;
use crate::sync::{Ordering, spin_hint};
use crate::util::limits::WAIT_SPINS;

/// No token, nobody parked.
const EMPTY: u32 = 0;
/// A token.
const NOTIFIED: u32 = 1;
/// No token, the owner parked or about to.
const PARKED: u32 = 2;

/// The waiting end, owned by one thread.
#[derive(Debug)]
pub struct Parker(Unparker);

/// The waking end. Keeps the memory of both alive, so it can be used after the waiter has left.
#[derive(Debug, Clone)]
pub struct Unparker(Arc<Futex>);

impl Parker {
    /// Makes a parker without a token.
    pub fn new() -> Self {
        Self(Unparker(Arc::new(Futex::new(EMPTY))))
    }

    /// The waking end.
    pub fn unparker(&self) -> &Unparker {
        &self.0
    }

    /// Makes the token available, for one who can reach the parker itself.
    pub fn unpark(&self) {
        self.0.unpark();
    }

    /// Blocks until there is a token, and takes it. False: the time ran out first.
    ///
    /// # Memory ordering
    ///
    /// What came before the `unpark` whose token was taken is visible afterwards.
    pub fn park(&self, deadline: Deadline) -> bool {
        let word = &self.0.0;
        // Ordering: Acquire here and below pairs with the Release in `unpark`.
        if word.compare_exchange(EMPTY, PARKED, Ordering::Acquire, Ordering::Acquire).is_err() {
            // Only a token can be in the way: NOTIFIED => EMPTY.
            word.swap(EMPTY, Ordering::Acquire);
            return true;
        }
        loop {
            let left = deadline.left();
            let timed_out = left.is_some_and(|left| left.is_zero()) || word.wait(PARKED, left) == WaitOutcome::TimedOut;
            if timed_out {
                // PARKED => EMPTY, or a token that came at the last moment.
                return word.swap(EMPTY, Ordering::Acquire) == NOTIFIED;
            }
            if word.compare_exchange(NOTIFIED, EMPTY, Ordering::Acquire, Ordering::Acquire).is_ok() {
                return true;
            }
        }
    }
}

impl Unparker {
    /// Makes the token available.
    pub fn unpark(&self) {
        // Ordering: Release pairs with `park`. A swap, not a store: the old value must be the one that was replaced.
        if self.0.swap(NOTIFIED, Ordering::Release) == PARKED {
            self.0.wake_one();
        }
    }
}

/// Looks at `done` for a while before it is worth parking. True once it holds.
pub fn spin_until(done: impl Fn() -> bool) -> bool {
    let mut looks = 0..WAIT_SPINS;
    while looks.next().is_some() {
        if done() {
            return true;
        }
        spin_hint();
    }
    done()
}

/// Lets other threads run a few times. True: `done` holds now.
pub fn yield_until(done: impl Fn() -> bool, times: u32) -> bool {
    (0..times).any(|_| {
        crate::sync::thread::yield_now();
        done()
    })
}

/// Runs `f` with the current thread's own parker.
pub fn with_current<R>(f: impl FnOnce(&Parker) -> R) -> R {
    crate::sync::thread::with_thread_local(&CURRENT, f, Parker::new)
}

crate::sync::thread::lazy_thread_local! {
    static CURRENT: Parker = Parker::new();
}
