//! A plain first-in-first-out queue, for what is moved out of the injector and for results: crossbeam-deque's, behind our own small interface.
//!
//! Contract, which the model keeps too: `push` makes the queue non-empty by one read-modify-write and then fills the
//! slot; `steal` hands each element out exactly once; `is_empty` orders nothing by itself, so callers fence.

#[cfg(filch_loom)]
pub use model::Backlog;
#[cfg(not(filch_loom))]
pub use real::Backlog;

#[cfg(not(filch_loom))]
mod real {
    use crate::queue::Steal;

    /// A queue that anyone may push to and take from.
    #[derive(Debug)]
    pub struct Backlog<E>(crossbeam_deque::Injector<E>);

    impl<E> Backlog<E> {
        /// Makes an empty queue.
        pub fn new() -> Self {
            Self(crossbeam_deque::Injector::new())
        }

        /// Adds an element at the end.
        pub fn push(&self, element: E) {
            self.0.push(element);
        }

        /// Tries to take the oldest element.
        pub fn steal(&self) -> Steal<E> {
            match self.0.steal() {
                crossbeam_deque::Steal::Empty => Steal::Empty,
                crossbeam_deque::Steal::Retry => Steal::Retry,
                crossbeam_deque::Steal::Success(element) => Steal::Success(element),
            }
        }

        /// Whether the queue is empty.
        pub fn is_empty(&self) -> bool {
            self.0.is_empty()
        }

        /// The number of elements.
        pub fn len(&self) -> usize {
            self.0.len()
        }
    }
}

#[cfg(filch_loom)]
mod model {
    use crate::queue::Steal;
    use crate::sync::{AtomicBool, AtomicUsize, Ordering, UnsafeCell, full_fence};

    /// More than any model pushes: slots are not reused, since the reuse is crossbeam's to check.
    const SLOTS: usize = 8;

    /// The contract, in a few atomics that the model checker sees.
    #[derive(Debug)]
    pub struct Backlog<E> {
        head: AtomicUsize,
        tail: AtomicUsize,
        slots: [Slot<E>; SLOTS],
    }

    #[derive(Debug)]
    struct Slot<E> {
        is_filled: AtomicBool,
        content: UnsafeCell<Option<E>>,
    }

    // SAFETY: a slot is filled by the one who claimed its position at the tail, and emptied by the one who claimed it at the head.
    unsafe impl<E: Send> Sync for Slot<E> {}

    impl<E> Backlog<E> {
        /// Makes an empty queue.
        pub fn new() -> Self {
            let slot = |_| Slot { is_filled: AtomicBool::new(false), content: UnsafeCell::new(None) };
            Self { head: AtomicUsize::new(0), tail: AtomicUsize::new(0), slots: std::array::from_fn(slot) }
        }

        /// Adds an element at the end.
        pub fn push(&self, element: E) {
            let slot = &self.slots[self.tail.fetch_add(1, Ordering::AcqRel)];
            // SAFETY: claimed just now, and not filled.
            slot.content.with_mut(|content| unsafe { *content = Some(element) });
            slot.is_filled.store(true, Ordering::Release);
        }

        /// Tries to take the oldest element.
        pub fn steal(&self) -> Steal<E> {
            let head = self.head.load(Ordering::Acquire);
            full_fence(Ordering::SeqCst);
            if head >= self.tail.load(Ordering::Acquire) {
                return Steal::Empty;
            }
            let slot = &self.slots[head];
            if !slot.is_filled.load(Ordering::Acquire) {
                return Steal::Retry;
            }
            match self.head.compare_exchange(head, head + 1, Ordering::AcqRel, Ordering::Relaxed) {
                // SAFETY: claimed just now, and filled.
                Ok(_) => Steal::Success(slot.content.with_mut(|content| unsafe { (*content).take() }).expect("filled")),
                Err(_) => Steal::Retry,
            }
        }

        /// Whether the queue is empty.
        pub fn is_empty(&self) -> bool {
            self.len() == 0
        }

        /// The number of elements.
        pub fn len(&self) -> usize {
            let tail = self.tail.load(Ordering::Acquire);
            tail.saturating_sub(self.head.load(Ordering::Acquire))
        }
    }
}
