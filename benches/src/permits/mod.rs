//! Semaphores: the contestants, one file each, behind one trait, and what they are asked to do.

mod contestant;
mod workload;

use std::time::Duration;

use contestant::{AsyncLock, Bare, Filch, LibcSem, ParkingLot, StdCondvar, TokioBlockOn, TokioTry};
pub use workload::{Contest, Length, Outcome};

use crate::record::Role;

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
    /// What it is to the others. What cannot wait does less, so it is no rival.
    pub fn role(&self) -> Role {
        match self.name {
            OURS => Role::Ours,
            _ if self.contest.is_none() => Role::Baseline,
            _ => Role::Rival,
        }
    }

    const fn waiting<P: Permits>(name: &'static str) -> Self {
        Self { name, uncontended: workload::uncontended::<P>, contest: Some(workload::contest::<P>) }
    }

    const fn trying<P: Permits>(name: &'static str) -> Self {
        Self { name, uncontended: workload::uncontended::<P>, contest: None }
    }
}

/// Ours. The first of the [`FIELD`].
pub const OURS: &str = "filch";

/// The packages that they are from.
pub const PACKAGES: [&str; 4] = [OURS, "tokio", "parking_lot", "async-lock"];

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
