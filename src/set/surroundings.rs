//! The pool, as its sets see it.

use std::sync::Arc;

use crate::job::{JobRef, Timekeeper};
use crate::registry::{Lane, Registry};
use crate::worker::Worker;

/// What a set must know of the pool that its jobs belong to.
pub trait Surroundings: Send + Sync + 'static {
    /// Counts a job that waited in the set as queued: from now on it may be cancelled or run, and will be [queued](Self::queue).
    fn count(&self);
    /// Queues a job that has been counted.
    fn queue(&self, job: JobRef);
    /// Whether the pool drops what is queued.
    fn is_dropping(&self) -> bool;
    /// Whether the pool takes nothing new: who waits for room then waits for nothing.
    fn is_closed(&self) -> bool;
    /// Bytes of stack for a strand.
    fn stack_size(&self) -> usize;
    /// The pool's timers, if it has any.
    fn timekeeper(&self) -> Option<&dyn Timekeeper> {
        None
    }
}

impl Surroundings for Arc<Registry> {
    fn count(&self) {
        self.count_queued(true);
    }

    fn queue(&self, job: JobRef) {
        queue(self, job, Lane::Back);
    }

    fn is_dropping(&self) -> bool {
        Registry::is_dropping(self)
    }

    fn is_closed(&self) -> bool {
        Registry::is_closed(self)
    }

    fn stack_size(&self) -> usize {
        self.config().stack_size
    }

    fn timekeeper(&self) -> Option<&dyn Timekeeper> {
        Some(&**self)
    }
}

/// Queues a job of a set, from whichever thread this is.
pub fn queue(registry: &Registry, job: JobRef, lane: Lane) {
    Worker::with_current_of(registry, |worker| match worker {
        Some(worker) => worker.push(job, lane),
        None => registry.inject(job, lane),
    });
}
