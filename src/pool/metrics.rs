//! A snapshot of a pool's counters and of the lengths of its queues.

use std::fmt;

use crate::registry::{Lane, Registry, Slot};

/// The counters of a pool and the lengths of its queues, at about one moment. While jobs come and go they are estimates, and may not fit each other.
///
/// A look takes no lock, and reads a few words of each worker.
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
    /// Those of them in the queue that all workers share: from outside the pool, or too many for a worker's own queue. A job that was cancelled, or run in place by
    /// who joined it, counts here and in [`WorkerMetrics::queued`] until a worker comes upon it, though not in `queued`.
    pub injected: u64,
    /// Those in the shared queue that goes before all others, as by [`spawn_first`](crate::Pool::spawn_first).
    pub express: u64,
    /// Delayed and periodic ones whose time has come, in a shared queue.
    pub due: u64,
    /// Jobs running.
    pub running: u64,
    /// Jobs cancelled since the start.
    pub cancelled: u64,
    /// Panics contained since the start: of jobs, callbacks, hooks, destructors, subscribers.
    pub panics: u64,
}

/// One worker: what it has done since its start, and what it is at.
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
    /// Jobs and pieces in its own queues, with those cancelled or run in place that nobody has come upon yet.
    pub queued: u64,
    /// Jobs that it is inside of: more than one if a job runs others while it waits.
    pub running: u64,
}

impl WorkerMetrics {
    fn of(slot: &Slot) -> Self {
        let stats = &slot.stats;
        Self {
            jobs: stats.finished.get(),
            steals: stats.steals.get(),
            failed_steals: stats.failed_steals.get(),
            parks: stats.parks.get(),
            wakes: stats.wakes.get(),
            heavies: stats.heavies.get(),
            queued: slot.queued() as u64,
            running: stats.running() as u64,
        }
    }
}

impl PoolMetrics {
    pub(super) fn of(registry: &Registry) -> Self {
        Self {
            workers: registry.workers().iter().map(|slot| WorkerMetrics::of(slot)).collect(),
            queued: registry.pending() as u64,
            injected: registry.queued_in(Lane::Back) as u64,
            express: registry.queued_in(Lane::Express) as u64,
            due: registry.queued_in(Lane::Due) as u64,
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
        let Self { workers, queued, running, cancelled, panics, .. } = self;
        write!(f, "{} workers, {} jobs run, {queued} queued, {running} running, ", workers.len(), self.jobs())?;
        write!(f, "{cancelled} cancelled, {panics} panics, {} steals", self.sum(|worker| worker.steals))?;
        write!(f, " ({} failed), {} parks", self.sum(|worker| worker.failed_steals), self.sum(|worker| worker.parks))?;
        write!(f, ", {} wakes, {} heavies", self.sum(|worker| worker.wakes), self.sum(|worker| worker.heavies))
    }
}
