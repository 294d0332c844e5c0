//! Semaphores: the contestants, one file each, behind one trait, and what they are asked to do.

mod contestant;
mod workload;

use std::time::Duration;

use contestant::{AsyncLock, Bare, Filch, LibcSem, ParkingLot, StdCondvar, TokioBlockOn, TokioTry};
pub use workload::{Contest, Length, Outcome};

/// A semaphore under test.
pub(crate) trait Permits: Sync + Sized {
    /// Makes one with so many permits.
    fn new(permits: usize) -> Self;

    /// Waits for a permit, runs `inside`, and puts the permit back.
    fn pass<R>(&self, inside: impl FnOnce() -> R) -> R;
}

/// A contestant.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What it is called in tables and on the command line.
    pub name: &'static str,
    /// One thread passes so many times.
    pub uncontended: fn(u64) -> Duration,
    /// Several threads pass. `None`: it has no way to wait.
    pub contest: Option<fn(&Contest) -> Outcome>,
}

impl Entry {
    const fn waiting<P: Permits>(name: &'static str) -> Self {
        Self { name, uncontended: workload::uncontended::<P>, contest: Some(workload::contest::<P>) }
    }

    const fn trying<P: Permits>(name: &'static str) -> Self {
        Self { name, uncontended: workload::uncontended::<P>, contest: None }
    }
}

/// Ours. The first of the [`FIELD`].
pub const OURS: &str = "filch";

/// All contestants.
pub const FIELD: &[Entry] = &[
    Entry::waiting::<Filch>(OURS),
    Entry::trying::<Bare>("bare"),
    #[cfg(unix)]
    Entry::waiting::<LibcSem>("sem_t"),
    Entry::trying::<TokioTry>("tokio-try"),
    Entry::waiting::<TokioBlockOn>("tokio"),
    Entry::waiting::<ParkingLot>("parking_lot"),
    Entry::waiting::<AsyncLock>("async-lock"),
    Entry::waiting::<StdCondvar>("std"),
];
