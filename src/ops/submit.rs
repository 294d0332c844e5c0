//! Queueing jobs.

use std::fmt;
use std::sync::Arc;

use super::JobHandle;
use crate::job::{Cell, spawned};
use crate::registry::{Lane, Refusal, Registry};
use crate::worker::Worker;

/// Queues a closure without a handle.
pub fn spawn<F>(registry: &Arc<Registry>, lane: Lane, f: F)
where
    F: FnOnce() + Send + 'static,
{
    Worker::with_current_of(registry, |worker| match (registry.admit(worker.is_some(), true), worker) {
        (Err(_), _) => registry.refuse(spawned(f, None)),
        (Ok(()), Some(worker)) if lane == Lane::Back && worker.is_full() => worker.push_shared_closure(f),
        (Ok(()), Some(worker)) => worker.push(spawned(f, Some(worker.blocks())), lane),
        (Ok(()), None) if lane == Lane::Back => registry.inject_closure(f),
        (Ok(()), None) => registry.inject(spawned(f, None), lane),
    });
}

/// Queues many closures, each as soon as the iterator gives it: the iterator may wait for the ones before.
pub fn spawn_batch<I>(registry: &Arc<Registry>, jobs: I)
where
    I: IntoIterator,
    I::Item: FnOnce() + Send + 'static,
{
    jobs.into_iter().for_each(|f| spawn(registry, Lane::Back, f));
}

/// Queues a closure whose result is wanted.
pub fn submit<T, F>(registry: &Arc<Registry>, lane: Lane, f: F) -> JobHandle<T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    Worker::with_current_of(registry, |worker| {
        let admitted = registry.admit(worker.is_some(), true);
        let (job, cell) = Cell::queued(f, registry.id());
        match (admitted, worker) {
            (Err(_), _) => registry.refuse(job),
            (Ok(()), Some(worker)) => worker.push(job, lane),
            (Ok(()), None) => registry.inject(job, lane),
        }
        JobHandle::new(cell)
    })
}

/// Queues a closure whose result is wanted, or hands it back.
pub fn try_submit<T, F>(registry: &Arc<Registry>, f: F) -> Result<JobHandle<T>, TrySubmitError<F>>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    Worker::with_current_of(registry, |worker| {
        match registry.admit(worker.is_some(), false) {
            Err(Refusal::Full) => return Err(TrySubmitError::Full(f)),
            Err(Refusal::ShutDown) => return Err(TrySubmitError::ShutDown(f)),
            Ok(()) => {}
        }
        let (job, cell) = Cell::queued(f, registry.id());
        match worker {
            Some(worker) => worker.push(job, Lane::Back),
            None => registry.inject(job, Lane::Back),
        }
        Ok(JobHandle::new(cell))
    })
}

/// Why [`Pool::try_submit`](crate::Pool::try_submit) did not take a closure. The closure comes back.
///
/// ```
/// let pool = filch::Pool::with_threads(1);
/// pool.shutdown();
/// match pool.try_submit(|| 7) {
///     Err(filch::TrySubmitError::ShutDown(f)) => assert_eq!(f(), 7),
///     other => panic!("{other:?}"),
/// }
/// ```
pub enum TrySubmitError<F> {
    /// As many jobs are queued as the pool's capacity allows.
    Full(F),
    /// The pool is shut down.
    ShutDown(F),
}

impl<F> TrySubmitError<F> {
    /// The closure.
    pub fn into_inner(self) -> F {
        match self {
            Self::Full(f) | Self::ShutDown(f) => f,
        }
    }

    /// Whether a later try may succeed.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }
}

impl<F> fmt::Debug for TrySubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_full() { "Full(..)" } else { "ShutDown(..)" })
    }
}

impl<F> fmt::Display for TrySubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_full() { "the pool's queue is full" } else { "the pool is shut down" })
    }
}

impl<F> std::error::Error for TrySubmitError<F> {}
