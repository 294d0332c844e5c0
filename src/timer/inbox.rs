//! Jobs on their way to the wheel.

use std::ptr::NonNull;

use crate::job::Node;
use crate::sync::{AtomicPtr, AtomicUsize, Ordering};

/// A stack of nodes linked through themselves (Treiber 1986) that is only ever taken as a whole: so there is no ABA.
#[derive(Debug)]
pub struct Inbox {
    newest: AtomicPtr<Node>,
    /// About how many there are: concurrent pushes may count as one. Nothing but memory depends on it.
    about: AtomicUsize,
}

impl Inbox {
    /// Makes an empty one.
    pub fn new() -> Self {
        Self { newest: AtomicPtr::new(std::ptr::null_mut()), about: AtomicUsize::new(0) }
    }

    /// Adds a node.
    ///
    /// # Safety
    ///
    /// The node lives until it has been taken, and is nowhere else.
    pub unsafe fn push(&self, node: NonNull<Node>) {
        // No read-modify-write: the count may be off.
        self.about.store(self.about.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        let mut newest = self.newest.load(Ordering::Relaxed);
        loop {
            // SAFETY: not pushed yet, so alive.
            unsafe { node.as_ref() }.set_next(newest);
            // Ordering: Release publishes the node; Acquire: behind the last `take_all` we know that the timers are closed; SeqCst: the push comes before the pusher's next SeqCst loads (`fence::after_exchange`).
            match self.newest.compare_exchange_weak(newest, node.as_ptr(), Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => return,
                Err(newer) => newest = newer,
            }
        }
    }

    /// About how many nodes there are.
    pub fn about(&self) -> usize {
        self.about.load(Ordering::Relaxed)
    }

    /// Whether there is none. As fresh as the caller's last fence.
    pub fn is_empty(&self) -> bool {
        self.newest.load(Ordering::Relaxed).is_null()
    }

    /// Takes all, and calls `take` with each, oldest first.
    pub fn take_all(&self, mut take: impl FnMut(NonNull<Node>)) {
        self.about.store(0, Ordering::Relaxed);
        // Always, without a look whether there is any: an inserter that comes later acquires from this that the timers are closed.
        // Ordering: Acquire pairs with `push`, through its read-modify-writes. Release: who sees the inbox empty has our place in the order of takers.
        let mut left = NonNull::new(self.newest.swap(std::ptr::null_mut(), Ordering::AcqRel));
        let mut oldest: *mut Node = std::ptr::null_mut();
        while let Some(node) = left {
            // SAFETY: pushed and not taken before, so alive (duty of `push`).
            let node_ref = unsafe { node.as_ref() };
            left = node_ref.next();
            node_ref.set_next(oldest);
            oldest = node.as_ptr();
        }
        let mut left = NonNull::new(oldest);
        while let Some(node) = left {
            // SAFETY: as above; `take` has not had it yet.
            left = unsafe { node.as_ref() }.next();
            take(node);
        }
    }
}
