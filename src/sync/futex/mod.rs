//! A futex as a type: a 32-bit word that threads wait on and wake each other at (Franke, Russell, Kirkwood 2002).
//!
//! One file a way of doing it, chosen here: the system call on Linux, a lock with a queue elsewhere. The second is
//! also the model, and is compiled and tested on Linux too (`--cfg filch_portable` runs the whole suite on it).

#[cfg(all(target_os = "linux", not(filch_loom), not(filch_shuttle), not(filch_portable)))]
mod linux;
#[cfg(any(test, filch_loom, filch_shuttle, filch_portable, not(target_os = "linux")))]
mod portable;

#[cfg(all(target_os = "linux", not(filch_loom), not(filch_shuttle), not(filch_portable)))]
pub use linux::{Futex, LateWake};
#[cfg(any(filch_loom, filch_shuttle, filch_portable, not(target_os = "linux")))]
pub use portable::{Futex, LateWake};

/// How a wait ended. A wake may be spurious: look at the word again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitOutcome {
    /// Woken, or the word did not hold the expected value, or for no reason.
    Woken,
    /// The time ran out.
    TimedOut,
}

#[cfg(all(test, not(filch_loom)))]
mod tests;
