//! A count of what is outstanding, that one thread waits for.

use std::ptr::NonNull;

use super::Unparker;
use crate::sync::{AtomicU32, AtomicUsize, Ordering};

/// Counts what one waiting thread has given to others. The latch lies in that thread's frame, and the frame goes when the wait is over: so whoever counts
/// the last one down tells the thread by `ended`, and touches nothing of the latch after that.
#[derive(Debug)]
pub struct Latch {
    /// What others have, and one for the waiting thread until it [leaves](Self::leave).
    outstanding: AtomicUsize,
    /// 1 when the last of the others has counted down, after the waiting thread had left.
    ended: AtomicU32,
    unparker: Unparker,
}

impl Latch {
    /// Nothing is outstanding but the waiting thread itself, to be unparked by `unparker`.
    pub fn new(unparker: Unparker) -> Self {
        Self { outstanding: AtomicUsize::new(1), ended: AtomicU32::new(0), unparker }
    }

    /// Counts up. The caller has one itself, or is the waiting thread.
    pub fn add(&self, count: usize) {
        // Ordering: Relaxed: whoever counts these down got them from us, by a queue.
        self.outstanding.fetch_add(count, Ordering::Relaxed);
    }

    /// Counts down.
    ///
    /// # Safety
    ///
    /// The caller has that many, and gives them up: it does not use the latch any more if it has no others.
    pub unsafe fn release(this: NonNull<Self>, count: usize) {
        // SAFETY: the caller's are outstanding, so the waiting thread waits.
        let latch = unsafe { this.as_ref() };
        // Ordering: Release: what we did comes before the end; Acquire: what the others did too, for the one who counts down last.
        if latch.outstanding.fetch_sub(count, Ordering::AcqRel) == count {
            let unparker = latch.unparker.clone();
            // SAFETY: the waiting thread waits for this word; the reference is to the word alone, and not used after the store.
            let ended = unsafe { &(*this.as_ptr()).ended };
            // Ordering: Release pairs with `has_ended`.
            ended.store(1, Ordering::Release);
            unparker.unpark();
        }
    }

    /// The waiting thread gives up its own one. True: nothing is outstanding, and nobody uses the latch any more. Else it waits until it [has
    /// ended](Self::has_ended).
    pub fn leave(&self) -> bool {
        // Ordering: Acquire: what the others did is visible. Release, for the one who counts down last.
        self.outstanding.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Whether the last one has counted down, after the waiting thread had [left](Self::leave).
    pub fn has_ended(&self) -> bool {
        // Ordering: Acquire pairs with `release`.
        self.ended.load(Ordering::Acquire) == 1
    }
}
