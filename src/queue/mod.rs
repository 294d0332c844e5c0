#![doc = include_str!("README.md")]

mod backlog;
mod deque;
mod express;
mod injector;

use std::ptr::NonNull;

pub use backlog::Backlog;
pub use deque::{Asymmetric, DequeOwner, Fences, Stealer, Symmetric, deque, no_deque};
pub use express::Express;
pub use injector::{Injector, Released, take_out};

/// A job on its way through a queue.
#[derive(Debug)]
pub struct InTransit<T>(pub NonNull<T>);

// SAFETY: it is on its way from the pusher to the one taker; what it points to is the jobs' business, and they only enter a queue if they may
// cross threads.
unsafe impl<T> Send for InTransit<T> {}

/// The result of trying to take an element.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steal<T> {
    /// There was nothing.
    Empty,
    /// Somebody else moved the queue at the same time; another try may succeed.
    Retry,
    /// An element, now the caller's alone.
    Success(T),
}
