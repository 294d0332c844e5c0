//! What a worker is at: whoever waits for that may take part of it back.
//!
//! A worker *serves* when it runs a piece of fork-join work that another thread awaits. All that it pushes onto its fork-join deque meanwhile, from the
//! position `base` on, is part of that work: the awaited piece cannot end before it has. So the one who waits may run it, on top of
//! its wait, without waiting for anything new (`worker/README.md`).
//!
//! The worker alone writes; `version` is odd while it does and never the same again. A thief looks, reads the deque's top, passes a heavy fence, reads the bottom,
//! and then asks whether the version is still the same. If a position below that bottom was filled after the run had ended, then the thief's
//! load of the bottom acquires the newer version too; if it was emptied before, `top` has moved and the thief's compare-and-swap fails.

use std::ptr::NonNull;

use crate::queue::{Fences, Steal, Stealer};
use crate::sync::{AtomicI64, AtomicU64, AtomicUsize, Ordering};

/// What one worker serves.
#[derive(Debug)]
pub struct Serving {
    version: AtomicU64,
    /// The address of what is awaited; 0 for nothing.
    awaited: AtomicUsize,
    /// The bottom of the worker's fork-join deque when it began.
    base: AtomicI64,
}

/// What a worker served at some time.
#[must_use]
#[derive(Debug)]
pub struct Served {
    awaited: usize,
    base: i64,
}

impl Serving {
    /// Serves nothing.
    pub fn new() -> Self {
        Self { version: AtomicU64::new(0), awaited: AtomicUsize::new(0), base: AtomicI64::new(0) }
    }

    /// Changes what the worker serves, and returns what it was. Like the other changes, only for the worker itself.
    pub fn change(&self, awaited: usize, base: i64) -> Served {
        let served = Served { awaited: self.awaited.load(Ordering::Relaxed), base: self.base.load(Ordering::Relaxed) };
        self.set(Served { awaited, base });
        served
    }

    /// Goes back to what the worker served before.
    pub fn restore(&self, served: Served) {
        self.set(served);
    }

    /// Changes what is awaited, but not where it began.
    pub fn change_awaited(&self, awaited: usize) {
        self.set(Served { awaited, base: self.base.load(Ordering::Relaxed) });
    }

    fn set(&self, Served { awaited, base }: Served) {
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version + 1, Ordering::Relaxed);
        // Ordering: Release: who sees this sees the version that came before.
        self.awaited.store(awaited, Ordering::Release);
        // Ordering: Relaxed: the version below publishes it. Seen earlier than that it does no harm: the piece there tells of the version itself.
        self.base.store(base, Ordering::Relaxed);
        // Ordering: Release publishes the two.
        self.version.store(version + 2, Ordering::Release);
    }

    /// Whether it seems to serve that: a hint for others, exact for the worker itself.
    pub fn serves(&self, awaited: usize) -> bool {
        self.awaited.load(Ordering::Relaxed) == awaited
    }

    /// Tries to take the oldest piece of this worker's `deque`, if the worker serves that, and the piece is part of it.
    pub fn steal_part<T, F: Fences, const CAPACITY: usize>(
        &self,
        awaited: usize,
        deque: &Stealer<T, F, CAPACITY>,
    ) -> Steal<NonNull<T>> {
        // Ordering: Acquire, here and below: pairs with the Release stores, so that the last look at the version is at least as new.
        let version = self.version.load(Ordering::Acquire);
        if version % 2 == 1 || self.awaited.load(Ordering::Acquire) != awaited {
            return Steal::Empty;
        }
        let base = self.base.load(Ordering::Relaxed);
        // Ordering: Relaxed: what came before the bottom that the deque has read is visible, and so is everything from before its fence.
        deque.steal_if(|top| top >= base, || self.version.load(Ordering::Relaxed) == version)
    }
}
