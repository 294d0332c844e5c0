#![doc = include_str!("README.md")]

mod core;
mod members;
pub mod outbox;
mod producer;
mod stream;
mod submitting;
mod surroundings;
mod taking;

use std::sync::{Arc, Weak};

pub use self::core::Core;
pub use stream::{Ordered, Unordered};
pub use surroundings::Surroundings;
use surroundings::queue;

use crate::job::{JobId, JobRef};
use crate::registry::{Closing, Lane, Registry};

/// Jobs whose results come out in the order in which they are done.
///
/// Any thread may submit, and any thread may take results; each result comes out once. Dropping the set cancels its queued jobs, and the results of those that
/// run are dropped. A set does not keep its pool alive: after the pool's end every job still comes out, at the latest with
/// [`JobError::ShutDown`](crate::JobError::ShutDown).
///
/// # Capacity
///
/// A set [with a capacity](Self::with_capacity) bounds the jobs that are queued, running or done and not taken. When it is full, a submitter outside the pool
/// waits. A job of the pool never waits: what it submits stays in the set until there is room, in order, and is queued then. The pool's
/// [`wait_idle`](crate::Pool::wait_idle) does not wait for jobs in that state, its [`cancel_pending`](crate::Pool::cancel_pending) does not reach them, and its
/// shutdown queues them all.
///
/// # Examples
///
/// ```
/// let pool = filch::Pool::with_threads(2);
/// let set = filch::JobSet::new(&pool);
/// for n in 0..100_u64 {
///     set.submit(move || n * n);
/// }
/// let mut sum = 0;
/// while let Some((_, square)) = set.next() {
///     sum += square?;
/// }
/// assert_eq!(sum, 328_350);
/// # Ok::<(), filch::JobError>(())
/// ```
pub struct JobSet<T: Send + 'static> {
    core: Arc<Core<T>>,
    registry: Arc<Registry>,
}

impl<T: Send + 'static> JobSet<T> {
    pub(crate) fn on(registry: &Arc<Registry>, capacity: Option<usize>) -> Self {
        let core = Core::new(registry.id(), Box::new(registry.clone()), capacity);
        if capacity.is_some() {
            let closing: Weak<dyn Closing + Send + Sync> = Arc::<Core<T>>::downgrade(&core);
            registry.tell_when_closing(closing);
        }
        Self { core, registry: registry.clone() }
    }

    /// Cancels a job of the set, as [`JobHandle::cancel`](crate::JobHandle::cancel): true if it now never runs. Then
    /// [`Cancelled`](crate::JobError::Cancelled) comes out for it.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// let (send, receive) = std::sync::mpsc::channel::<()>();
    /// pool.spawn(move || receive.recv().unwrap());
    /// let set = filch::JobSet::new(&pool);
    /// let id = set.submit(|| unreachable!());
    /// assert!(set.cancel(id));
    /// assert!(!set.cancel(id));
    /// # let _: Option<(_, Result<(), _>)> = set.next();
    /// send.send(())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&self, id: JobId) -> bool {
        let Some((member, waiting)) = self.core.stop(id) else { return false };
        let cancelled = member.cancel();
        self.queue_again(waiting);
        cancelled
    }

    /// Cancels every job of the set. Returns how many now never run; those that run are asked to stop.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// let (send, receive) = std::sync::mpsc::channel::<()>();
    /// pool.spawn(move || receive.recv().unwrap());
    /// let set = filch::JobSet::new(&pool);
    /// for n in 0..5 {
    ///     set.submit(move || n);
    /// }
    /// assert_eq!(set.cancel_all(), 5);
    /// assert!(set.as_completed().all(|(_, result)| result.unwrap_err().is_cancelled()));
    /// send.send(())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel_all(&self) -> usize {
        let (members, waiting) = self.core.stop_all();
        let cancelled = members.iter().filter(|member| member.cancel()).count();
        self.queue_again(waiting);
        cancelled
    }

    fn queue(&self, job: JobRef, lane: Lane) {
        queue(&self.registry, job, lane);
    }

    /// Queues jobs that waited in the set, and have been counted as queued.
    fn queue_again(&self, jobs: impl IntoIterator<Item = JobRef>) {
        jobs.into_iter().for_each(|job| self.queue(job, Lane::Back));
    }

    /// Jobs of the set that are queued, running, or done and not taken.
    pub fn len(&self) -> usize {
        self.core.len()
    }

    /// Whether nothing is outstanding: [`next`](Self::next) would return `None`.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: Send + 'static> Drop for JobSet<T> {
    fn drop(&mut self) {
        self.cancel_all();
        self.core.close();
    }
}

impl<T: Send + 'static> Closing for Core<T> {
    fn closing(&self, registry: &Registry) {
        for job in self.let_all_in() {
            registry.inject(job, Lane::Back);
        }
        if let Some(gate) = self.gate() {
            gate.wake_all();
        }
    }
}

impl<T: Send + 'static> std::fmt::Debug for JobSet<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobSet").field("len", &self.len()).field("pool", &self.registry).finish()
    }
}
