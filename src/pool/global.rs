//! Functions for those who hold no pool: the current one, else the global one.

use std::sync::OnceLock;

use super::Pool;
use crate::job::frame;
use crate::ops::{self, JobHandle, Scope};
use crate::registry::{Lane, Registry};
use crate::worker::Worker;
use std::sync::Arc;

pub(super) fn pool() -> &'static Pool {
    // Not a `LazyLock`: if the system refuses the threads, the next call tries again.
    static GLOBAL: OnceLock<Pool> = OnceLock::new();
    GLOBAL.get_or_init(Pool::new)
}

fn with_registry<R>(f: impl FnOnce(&Arc<Registry>) -> R) -> R {
    Worker::with_current(|worker| match worker {
        Some(worker) => f(worker.registry()),
        None => f(&pool().registry),
    })
}

/// [`Pool::spawn`] on the current pool, else the global one.
///
/// ```
/// filch::spawn(|| println!("somewhere"));
/// filch::Pool::global().wait_idle();
/// ```
pub fn spawn<F: FnOnce() + Send + 'static>(f: F) {
    with_registry(|registry| ops::spawn(registry, Lane::Back, f));
}

/// [`Pool::submit`] on the current pool, else the global one.
///
/// ```
/// assert_eq!(filch::submit(|| 6 * 7).join()?, 42);
/// # Ok::<(), filch::JobError>(())
/// ```
pub fn submit<T, F>(f: F) -> JobHandle<T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    with_registry(|registry| ops::submit(registry, Lane::Back, f))
}

/// [`Pool::join`] on the current pool, else the global one.
///
/// ```
/// assert_eq!(filch::join(|| 1, || 2), (1, 2));
/// ```
#[inline]
pub fn join<A, B, RA, RB>(a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA + Send,
    B: FnOnce() -> RB + Send,
    RA: Send,
    RB: Send,
{
    Worker::with_current(|worker| match worker {
        Some(worker) => worker.join(|_| a(), |_| b()),
        None => pool().join(a, b),
    })
}

/// [`Pool::join_context`] on the current pool, else the global one.
///
/// ```
/// let (left, right) = filch::join_context(|worker| worker.join(|_| 1, |_| 2), |_| 3);
/// assert_eq!((left, right), ((1, 2), 3));
/// ```
#[inline]
pub fn join_context<A, B, RA, RB>(a: A, b: B) -> (RA, RB)
where
    A: FnOnce(&Worker) -> RA + Send,
    B: FnOnce(&Worker) -> RB + Send,
    RA: Send,
    RB: Send,
{
    Worker::with_current(|worker| match worker {
        Some(worker) => worker.join(a, b),
        None => pool().join_context(a, b),
    })
}

/// [`Pool::scope`] on the current pool, else the global one.
///
/// ```
/// let mut name = String::from("scoped");
/// filch::scope(|scope| scope.spawn(|| name.push('!')));
/// assert_eq!(name, "scoped!");
/// ```
pub fn scope<'env, R, F>(f: F) -> R
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
{
    with_registry(|registry| ops::scope(registry, f))
}

/// Whether the innermost running job has been asked to stop: by a cancel of its handle or token, or by
/// [`shutdown_now`](Pool::shutdown_now). False outside jobs.
///
/// Long jobs look at it now and then, and return early.
///
/// ```
/// let pool = filch::Pool::with_threads(1);
/// let (send, receive) = std::sync::mpsc::channel();
/// let handle = pool.submit(move || {
///     send.send(()).unwrap();
///     while !filch::cancelled() {
///         std::thread::yield_now();
///     }
///     "stopped early"
/// });
/// receive.recv()?;
/// assert!(!handle.cancel());
/// assert_eq!(handle.join()?, "stopped early");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn cancelled() -> bool {
    frame::cancel_requested().unwrap_or(false)
        || Worker::with_current(|worker| worker.is_some_and(|worker| worker.registry().is_dropping()))
}

/// Lets another job run: on a worker one that is queued, if there is one, on top of the job that calls this; elsewhere as [`std::thread::yield_now`].
///
/// The caller goes on when that job has ended. A lock that the caller holds, and the other job needs, blocks both for ever.
///
/// ```
/// let pool = filch::Pool::with_threads(1);
/// let other = pool.submit(|| {
///     let other = filch::submit(|| ());
///     while !other.is_finished() {
///         filch::yield_now();
///     }
/// });
/// other.join().unwrap();
/// ```
pub fn yield_now() {
    if !Worker::with_current(|worker| worker.is_some_and(Worker::run_any)) {
        crate::sync::thread::yield_now();
    }
}

/// Calls `f`, which blocks: in the system, in a lock, for another thread. On a worker, a spare thread of its pool runs other jobs meanwhile, if it has one left
/// ([`PoolBuilder::spare_threads`](crate::PoolBuilder::spare_threads)); elsewhere it is a plain call.
///
/// When `f` has returned, the job goes on at once, on the same thread; the spare thread rests after the job that it is at. Waiting for a permit of a
/// [`Semaphore`](crate::Semaphore) does this by itself. A call costs a wake-up of some microseconds: it is for what blocks longer.
///
/// ```
/// use std::sync::mpsc::channel;
///
/// let pool = filch::Pool::builder().threads(1).spare_threads(1).build()?;
/// let (send, receive) = channel();
/// let answer = pool.submit(move || filch::blocking(|| receive.recv().unwrap()));
/// // The only worker blocks; this job runs all the same.
/// pool.spawn(move || send.send(42).unwrap());
/// assert_eq!(answer.join().unwrap(), 42);
/// # Ok::<(), filch::BuildError>(())
/// ```
pub fn blocking<R>(f: impl FnOnce() -> R) -> R {
    Worker::lending(f)
}

/// The index of the worker that runs on this thread, from 0; `None` off the workers.
///
/// ```
/// assert_eq!(filch::current_worker_index(), None);
/// let pool = filch::Pool::with_threads(1);
/// assert_eq!(pool.install(filch::current_worker_index), Some(0));
/// ```
pub fn current_worker_index() -> Option<usize> {
    Worker::with_current(|worker| worker.map(Worker::index))
}
