//! Floor 8: the public handle of a pool. Thin: it says what, `ops` and `registry` do it.

mod builder;
mod clock;
mod end;
mod fork_join;
mod global;
mod items;
mod later;
mod metrics;
mod set;

use std::sync::Arc;

pub use builder::{BuildError, PoolBuilder};
pub use clock::ManualClock;
pub use global::{blocking, cancelled, current_worker_index, join, join_context, scope, spawn, submit, yield_now};
pub use metrics::{PoolMetrics, WorkerMetrics};

use crate::ops::{self, JobHandle, TrySubmitError};
use crate::registry::{Lane, Registry};
use crate::worker::Worker;

/// A pool of worker threads for very many small jobs.
///
/// A `Pool` is a handle: clones are the same pool. When the last one is dropped outside the pool, that is a [`shutdown`](Pool::shutdown): queued
/// jobs run, the threads are joined. Dropped last inside one of the pool's own jobs, it only marks the pool, whose threads then end by themselves.
///
/// # Order
///
/// Jobs of one outside thread start in the order of submission, and so do those of all outside threads together. Jobs that a job submits go to its
/// worker's own queue: that worker takes the newest first, others the oldest. It has room for 1024; further ones queue up with those from outside. Nobody starves: after at most 61 jobs of a preferred source a worker looks at one of the others.
///
/// # Forks
///
/// A `fork` copies the thread that calls it, and no worker. On Linux the child's copy of a pool counts as shut down: jobs are refused, fork-join calls run on the
/// calling thread, and dropping a handle waits for nobody. What was queued before the fork runs in the parent alone; waiting for it in the child panics, as
/// [`scope`](Self::scope) and [`broadcast`](Self::broadcast) do. That holds for the [global pool](Self::global) too. The child may start pools of its own, unless a pool was being
/// started or ended at the moment of the fork. Elsewhere the child must leave the parent's pools alone. [`std::process::Command`] does no harm anywhere.
///
/// # Panics
///
/// A panic in a job harms nobody else: it is in the job's handle, or goes to the [panic handler](PoolBuilder::panic_handler).
///
/// # Examples
///
/// ```
/// let pool = filch::Pool::with_threads(2);
/// let squares: Vec<_> = (0..10_u64).map(|n| pool.submit(move || n * n)).collect();
/// let sum: u64 = squares.into_iter().map(|square| square.join().unwrap()).sum();
/// assert_eq!(sum, 285);
/// ```
pub struct Pool {
    registry: Arc<Registry>,
}

impl Pool {
    /// Starts a pool with [`available_parallelism`](std::thread::available_parallelism) workers.
    ///
    /// # Panics
    ///
    /// If the system refuses the threads; [`builder`](Self::builder) gives an error instead.
    ///
    /// ```
    /// let pool = filch::Pool::new();
    /// assert!(pool.threads() >= 1);
    /// ```
    #[expect(clippy::new_without_default, reason = "starting threads is not what one expects of a default")]
    pub fn new() -> Pool {
        Self::builder().build().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts a pool with `n` workers, from 1 to 4095.
    ///
    /// # Panics
    ///
    /// If `n` is out of range or the system refuses the threads; [`builder`](Self::builder) gives an error instead.
    ///
    /// ```
    /// assert_eq!(filch::Pool::with_threads(3).threads(), 3);
    /// ```
    pub fn with_threads(n: usize) -> Pool {
        Self::builder().threads(n).build().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts setting up a pool.
    ///
    /// ```
    /// let pool = filch::Pool::builder().threads(2).queue_capacity(1000).build()?;
    /// # Ok::<(), filch::BuildError>(())
    /// ```
    pub fn builder() -> PoolBuilder {
        PoolBuilder::new()
    }

    /// The pool of those who have none of their own, started on first use with [`available_parallelism`](std::thread::available_parallelism)
    /// workers.
    ///
    /// It is never dropped, so at the end of the process its queued jobs are not run. Shutting it down is permanent.
    ///
    /// # Panics
    ///
    /// If the system refuses the threads. The next call tries again.
    ///
    /// ```
    /// assert_eq!(filch::Pool::global().submit(|| 1 + 1).join().unwrap(), 2);
    /// ```
    pub fn global() -> &'static Pool {
        global::pool()
    }

    /// The pool whose worker this thread is.
    ///
    /// This is how a job reaches its own pool without keeping it alive from within.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// assert!(filch::Pool::current().is_none());
    /// assert_eq!(pool.submit(|| filch::Pool::current().unwrap().threads()).join().unwrap(), 1);
    /// ```
    pub fn current() -> Option<Pool> {
        Worker::with_current(|worker| worker.map(|worker| Self::from_registry(worker.registry().clone())))
    }

    fn from_registry(registry: Arc<Registry>) -> Pool {
        registry.add_handle();
        Pool { registry }
    }

    /// Queues a job without a handle.
    ///
    /// A panic in it goes to the [panic handler](PoolBuilder::panic_handler). After a shutdown `f` is dropped.
    ///
    /// # Blocking
    ///
    /// Only with a [`queue_capacity`](PoolBuilder::queue_capacity), when the queue is full, and only outside the pool; a shutdown ends the wait.
    /// [`try_submit`](Self::try_submit) does not wait.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(2);
    /// pool.spawn(|| println!("hello from a worker"));
    /// pool.wait_idle();
    /// ```
    pub fn spawn<F: FnOnce() + Send + 'static>(&self, f: F) {
        ops::spawn(&self.registry, Lane::Back, f);
    }

    /// Queues a job without a handle before everything that is queued; of several such jobs the newest starts first.
    ///
    /// # Blocking
    ///
    /// As [`spawn`](Self::spawn).
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// pool.spawn_first(|| println!("urgent"));
    /// pool.wait_idle();
    /// ```
    pub fn spawn_first<F: FnOnce() + Send + 'static>(&self, f: F) {
        ops::spawn(&self.registry, Lane::Express, f);
    }

    /// Queues many jobs, each as soon as the iterator gives it.
    ///
    /// If the iterator panics, the jobs it gave before that are queued and run.
    ///
    /// # Blocking
    ///
    /// As [`spawn`](Self::spawn).
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(2);
    /// pool.spawn_batch((0..100).map(|n| move || assert!(n < 100)));
    /// pool.wait_idle();
    /// ```
    pub fn spawn_batch<I>(&self, jobs: I)
    where
        I: IntoIterator,
        I::Item: FnOnce() + Send + 'static,
    {
        ops::spawn_batch(&self.registry, jobs);
    }

    /// Queues a job and returns a handle to its result.
    ///
    /// After a shutdown `f` is dropped and the handle gives [`JobError::ShutDown`](crate::JobError::ShutDown).
    ///
    /// # Blocking
    ///
    /// As [`spawn`](Self::spawn).
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(2);
    /// let handle = pool.submit(|| "result");
    /// assert_eq!(handle.join()?, "result");
    /// # Ok::<(), filch::JobError>(())
    /// ```
    pub fn submit<T, F>(&self, f: F) -> JobHandle<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        ops::submit(&self.registry, Lane::Back, f)
    }

    /// Queues a job before everything that is queued; of several such jobs the newest starts first.
    ///
    /// # Blocking
    ///
    /// As [`spawn`](Self::spawn).
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// assert_eq!(pool.submit_first(|| 1).join()?, 1);
    /// # Ok::<(), filch::JobError>(())
    /// ```
    pub fn submit_first<T, F>(&self, f: F) -> JobHandle<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        ops::submit(&self.registry, Lane::Express, f)
    }

    /// Queues a job if there is room, without waiting.
    ///
    /// # Errors
    ///
    /// [`Full`](TrySubmitError::Full) if a [`queue_capacity`](PoolBuilder::queue_capacity) is reached, only outside the pool;
    /// [`ShutDown`](TrySubmitError::ShutDown) after a shutdown. Both hand the closure back.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// assert_eq!(pool.try_submit(|| 1)?.join()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_submit<T, F>(&self, f: F) -> Result<JobHandle<T>, TrySubmitError<F>>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        ops::try_submit(&self.registry, f)
    }

    /// The number of workers.
    pub fn threads(&self) -> usize {
        self.registry.main_workers().len()
    }

    /// The number of jobs that are queued and not running. While jobs come and go it is an estimate.
    ///
    /// ```
    /// assert_eq!(filch::Pool::with_threads(1).pending(), 0);
    /// ```
    pub fn pending(&self) -> usize {
        self.registry.pending()
    }

    /// The number of jobs that are running. While jobs come and go it is an estimate. A job that runs another in place, by joining it, counts
    /// beside it.
    ///
    /// ```
    /// assert_eq!(filch::Pool::with_threads(1).running(), 0);
    /// ```
    pub fn running(&self) -> usize {
        self.registry.running()
    }

    /// The pool's counters.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(2);
    /// pool.install(|| ());
    /// assert_eq!(pool.metrics().jobs(), 1);
    /// println!("{}", pool.metrics());
    /// ```
    pub fn metrics(&self) -> PoolMetrics {
        PoolMetrics::of(&self.registry)
    }
}

impl Clone for Pool {
    fn clone(&self) -> Self {
        Self::from_registry(self.registry.clone())
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if self.registry.drop_handle() {
            self.shutdown();
        }
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.registry.fmt(f)
    }
}
