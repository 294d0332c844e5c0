#![doc = include_str!("README.md")]

mod backlog;
mod deque;
mod express;
mod injector;

pub use backlog::Backlog;
pub use deque::{Asymmetric, DequeOwner, Stealer, Symmetric, deque};
pub use express::Express;
pub use injector::{Injector, Released, take_out};

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
