//! A plain first-in-first-out queue, for what is moved out of the injector: crossbeam-deque's, behind our own small interface.
//!
//! Contract, which the model keeps too: `push` makes the queue non-empty by one read-modify-write and then fills the
//! slot; `steal` hands each element out exactly once; `is_empty` orders nothing by itself, so callers fence.

#[cfg(filch_loom)]
pub use model::Backlog;
#[cfg(not(filch_loom))]
pub use real::Backlog;

#[cfg(not(filch_loom))]
mod real {
    use std::ptr::NonNull;

    use crate::queue::Steal;

    /// A queue that anyone may push to and take from.
    #[derive(Debug)]
    pub struct Backlog<T>(crossbeam_deque::Injector<Element<T>>);

    #[derive(Debug)]
    struct Element<T>(NonNull<T>);

    // SAFETY: an element is a pointer on its way from the pusher to the one taker; what it points to is the jobs' business, and
    // they only enter a queue if they may cross threads.
    unsafe impl<T> Send for Element<T> {}

    impl<T> Backlog<T> {
        /// Makes an empty queue.
        pub fn new() -> Self {
            Self(crossbeam_deque::Injector::new())
        }

        /// Adds an element at the end.
        pub fn push(&self, element: NonNull<T>) {
            self.0.push(Element(element));
        }

        /// Tries to take the oldest element.
        pub fn steal(&self) -> Steal<NonNull<T>> {
            match self.0.steal() {
                crossbeam_deque::Steal::Empty => Steal::Empty,
                crossbeam_deque::Steal::Retry => Steal::Retry,
                crossbeam_deque::Steal::Success(Element(element)) => Steal::Success(element),
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
    use std::ptr::NonNull;

    use crate::queue::Steal;
    use crate::sync::{AtomicPtr, AtomicUsize, Ordering, full_fence};

    /// More than any model pushes: slots are not reused, since the reuse is crossbeam's to check.
    const SLOTS: usize = 8;

    /// The contract, in a few atomics that the model checker sees.
    #[derive(Debug)]
    pub struct Backlog<T> {
        head: AtomicUsize,
        tail: AtomicUsize,
        slots: [AtomicPtr<T>; SLOTS],
    }

    impl<T> Backlog<T> {
        /// Makes an empty queue.
        pub fn new() -> Self {
            let slots = std::array::from_fn(|_| AtomicPtr::new(std::ptr::null_mut()));
            Self { head: AtomicUsize::new(0), tail: AtomicUsize::new(0), slots }
        }

        /// Adds an element at the end.
        pub fn push(&self, element: NonNull<T>) {
            let position = self.tail.fetch_add(1, Ordering::AcqRel);
            self.slots[position].store(element.as_ptr(), Ordering::Release);
        }

        /// Tries to take the oldest element.
        pub fn steal(&self) -> Steal<NonNull<T>> {
            let head = self.head.load(Ordering::Acquire);
            full_fence(Ordering::SeqCst);
            if head >= self.tail.load(Ordering::Acquire) {
                return Steal::Empty;
            }
            let Some(element) = NonNull::new(self.slots[head].load(Ordering::Acquire)) else { return Steal::Retry };
            match self.head.compare_exchange(head, head + 1, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => Steal::Success(element),
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
