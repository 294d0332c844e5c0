//! A snapshot of a pool's counters.

use std::fmt;

use crate::registry::{Registry, Stats};

/// The counters of a pool, at about one moment.
///
/// ```
/// let pool = filch::Pool::with_threads(2);
/// let metrics = pool.metrics();
/// assert_eq!((metrics.workers.len(), metrics.panics), (2, 0));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolMetrics {
    /// By worker index; spare threads come last.
    pub workers: Vec<WorkerMetrics>,
    /// Jobs queued and not running.
    pub queued: u64,
    /// Jobs running.
    pub running: u64,
    /// Jobs cancelled since the start.
    pub cancelled: u64,
    /// Panics contained since the start: of jobs, callbacks, hooks, destructors.
    pub panics: u64,
}

/// The counters of one worker since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerMetrics {
    /// Jobs and fork-join pieces run for others; a piece that its own worker takes back is not counted.
    pub jobs: u64,
    /// Jobs taken from another worker.
    pub steals: u64,
    /// Tries to take one that met a faster thief.
    pub failed_steals: u64,
    /// Times it slept.
    pub parks: u64,
    /// Sleepers that it woke.
    pub wakes: u64,
    /// Heavy fences (process-wide memory barriers) that it paid for.
    pub heavies: u64,
}

impl WorkerMetrics {
    fn of(stats: &Stats) -> Self {
        Self {
            jobs: stats.finished.get(),
            steals: stats.steals.get(),
            failed_steals: stats.failed_steals.get(),
            parks: stats.parks.get(),
            wakes: stats.wakes.get(),
            heavies: stats.heavies.get(),
        }
    }
}

impl PoolMetrics {
    pub(super) fn of(registry: &Registry) -> Self {
        Self {
            workers: registry.workers().iter().map(|slot| WorkerMetrics::of(&slot.stats)).collect(),
            queued: registry.pending() as u64,
            running: registry.running() as u64,
            cancelled: registry.cancelled_count(),
            panics: registry.panic_count(),
        }
    }

    /// Jobs run by all workers.
    pub fn jobs(&self) -> u64 {
        self.sum(|worker| worker.jobs)
    }

    fn sum(&self, field: impl Fn(&WorkerMetrics) -> u64) -> u64 {
        self.workers.iter().map(field).sum()
    }
}

/// One line.
impl fmt::Display for PoolMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { workers, queued, running, cancelled, panics } = self;
        write!(f, "{} workers, {} jobs run, {queued} queued, {running} running, ", workers.len(), self.jobs())?;
        write!(f, "{cancelled} cancelled, {panics} panics, {} steals", self.sum(|worker| worker.steals))?;
        write!(f, " ({} failed), {} parks", self.sum(|worker| worker.failed_steals), self.sum(|worker| worker.parks))?;
        write!(f, ", {} wakes, {} heavies", self.sum(|worker| worker.wakes), self.sum(|worker| worker.heavies))
    }
}
