#![doc = include_str!("README.md")]

mod error;
mod future;
mod line;
mod owned;
mod permit;
mod raw;
mod state;
mod wakes;

use std::fmt;
use std::future::Future;
use std::time::Duration;

pub use error::{AcquireError, AcquireTimeoutError, TryAcquireError};
pub use permit::{OwnedPermit, Permit};

use crate::sync::facade_const_fn;
use crate::sync::time::Deadline;
use future::Take;
use raw::{Denied, Raw, checked};

/// A number of permits, for limiting how many do something at the same time. For threads and for tasks, inside a pool and outside of any.
///
/// Whoever wants to go ahead acquires a permit, and waits if there is none; dropping it lets the next one go ahead. A semaphore takes 32 bytes and can be a `static`. On
/// Linux, blocking a thread allocates nothing.
///
/// # Fairness
///
/// * Who waits, waits in line: first in, first out, threads and tasks together, however many permits each of them wants.
/// * Permits that have just come back may be taken by anybody who comes by: the first thread in line is only woken then, and looks for itself. That
///   is what makes a contended semaphore fast: a wake-up takes as long as hundreds of acquisitions.
/// * If a thread comes too late and has waited for half a millisecond by then, permits are kept for it: nobody passes it any more, and it gets the
///   next ones that come back.
/// * A task gets the permits that come back when it is the first in line; it does not have to look for itself.
/// * Who wants many permits is not starved by those who want few: when it is the first and has waited for half a millisecond, what comes back is kept until it is enough.
///
/// # Waiting in a job
///
/// A worker that waits for a permit runs nothing else meanwhile, whatever the pool's [`WaitPolicy`](crate::WaitPolicy). **If all workers of a pool wait for permits that only jobs queued in the same pool would give back, none of
/// these ever runs.** To limit how many jobs of a kind run at once, acquire the permit *before* submitting and send it along
/// ([`acquire_owned`](Self::acquire_owned)), so only the submitter waits. Or have the pool keep spare threads
/// ([`PoolBuilder::spare_threads`](crate::PoolBuilder::spare_threads)): a worker that waits for a permit lends its place to one.
///
/// # Panics
///
/// Whoever puts permits back, also by dropping them, wakes tasks; so does who leaves the line. A waker that panics there does so on that thread, when everybody has been
/// woken. No permit is lost. A waker should return soon: those further back wait for it, and it may use the semaphore.
///
/// # Memory ordering
///
/// What a holder did before it gave a permit back is visible to whoever acquires that permit.
///
/// # Examples
///
/// At most two of the jobs are inside at once:
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use filch::{Pool, Semaphore};
///
/// static LIMIT: Semaphore = Semaphore::new(2);
/// static INSIDE: AtomicUsize = AtomicUsize::new(0);
///
/// Pool::with_threads(4).for_range(0..100, |_| {
///     let _permit = LIMIT.acquire().unwrap();
///     assert!(INSIDE.fetch_add(1, Ordering::Relaxed) < 2);
///     INSIDE.fetch_sub(1, Ordering::Relaxed);
/// });
/// assert_eq!(LIMIT.available(), 2);
/// ```
pub struct Semaphore {
    raw: Raw,
}

impl Semaphore {
    /// The most permits that a semaphore can have at once: 2<sup>31</sup> − 1. Should more come back, because some were [added](Self::release) while others
    /// were out, the excess is gone.
    pub const MAX_PERMITS: usize = state::MAX_PERMITS as usize;

    facade_const_fn! {
        /// Makes a semaphore with so many permits, from 0 to [`MAX_PERMITS`](Self::MAX_PERMITS).
        ///
        /// # Panics
        ///
        /// If `permits` is greater. In a `static` that is an error of the compiler.
        ///
        /// ```
        /// static FIVE: filch::Semaphore = filch::Semaphore::new(5);
        /// assert_eq!(FIVE.available(), 5);
        /// ```
        pub const fn new(permits: usize) -> Self {
            assert!(permits <= Self::MAX_PERMITS, "a semaphore has at most 2^31 - 1 permits");
            Self { raw: Raw::new(permits as u32) }
        }
    }

    /// Acquires a permit.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed, or is while this waits.
    ///
    /// # Blocking
    ///
    /// Blocks until there is one. In a job: see [above](Self#waiting-in-a-job). [`acquire_timeout`](Self::acquire_timeout) waits for a limited time.
    ///
    /// ```
    /// let semaphore = filch::Semaphore::new(1);
    /// let permit = semaphore.acquire()?;
    /// assert_eq!(semaphore.available(), 0);
    /// # Ok::<(), filch::AcquireError>(())
    /// ```
    #[inline]
    pub fn acquire(&self) -> Result<Permit<'_>, AcquireError> {
        if let Err(denied) = self.raw.try_take(1) {
            self.wait_for_ever(1, denied)?;
        }
        Ok(Permit::new(self, 1))
    }

    /// Acquires `n` permits, all at once; with 0 none, if the semaphore is open.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed, or is while this waits, or if `n` is more than it can ever have.
    ///
    /// # Blocking
    ///
    /// Blocks until there are so many. [`acquire_many_timeout`](Self::acquire_many_timeout) waits for a limited time.
    ///
    /// ```
    /// let megabytes = filch::Semaphore::new(64);
    /// let image = megabytes.acquire_many(48)?;
    /// assert_eq!(megabytes.available(), 16);
    /// # Ok::<(), filch::AcquireError>(())
    /// ```
    pub fn acquire_many(&self, n: usize) -> Result<Permit<'_>, AcquireError> {
        let need = self.take(n)?;
        Ok(Permit::new(self, need))
    }

    /// Acquires a permit if there is one now. Never blocks.
    ///
    /// # Errors
    ///
    /// If there is none, or it is kept for one who has waited long, or if the semaphore is closed.
    ///
    /// ```
    /// let semaphore = filch::Semaphore::new(1);
    /// let permit = semaphore.try_acquire()?;
    /// assert!(semaphore.try_acquire().is_err());
    /// # Ok::<(), filch::TryAcquireError>(())
    /// ```
    #[inline]
    pub fn try_acquire(&self) -> Result<Permit<'_>, TryAcquireError> {
        self.raw.try_take(1).map_err(TryAcquireError::new)?;
        Ok(Permit::new(self, 1))
    }

    /// Acquires `n` permits if there are so many now. Never blocks.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire), or if `n` is more than there can ever be.
    ///
    /// ```
    /// use filch::{Semaphore, TryAcquireError};
    ///
    /// let semaphore = Semaphore::new(3);
    /// assert_eq!(semaphore.try_acquire_many(4).unwrap_err(), TryAcquireError::NoPermits);
    /// assert!(semaphore.try_acquire_many(3).is_ok());
    /// ```
    pub fn try_acquire_many(&self, n: usize) -> Result<Permit<'_>, TryAcquireError> {
        let need = self.try_take(n).map_err(TryAcquireError::new)?;
        Ok(Permit::new(self, need))
    }

    /// Acquires a permit, waiting at most for `timeout`. With zero it does not wait.
    ///
    /// # Errors
    ///
    /// If there was none in time, or the semaphore is closed or was meanwhile.
    ///
    /// # Blocking
    ///
    /// Blocks for at most about that time. A `timeout` that the clock cannot hold is no limit.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let semaphore = filch::Semaphore::new(1);
    /// let permit = semaphore.acquire_timeout(Duration::from_millis(10))?;
    /// assert!(semaphore.acquire_timeout(Duration::from_millis(10)).is_err());
    /// # Ok::<(), filch::AcquireTimeoutError>(())
    /// ```
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Permit<'_>, AcquireTimeoutError> {
        self.acquire_many_timeout(1, timeout)
    }

    /// Acquires `n` permits, all at once, waiting at most for `timeout`.
    ///
    /// # Errors
    ///
    /// As [`acquire_timeout`](Self::acquire_timeout), or if `n` is more than there can ever be.
    ///
    /// # Blocking
    ///
    /// As [`acquire_timeout`](Self::acquire_timeout).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let semaphore = filch::Semaphore::new(3);
    /// assert!(semaphore.acquire_many_timeout(2, Duration::from_millis(10)).is_ok());
    /// assert!(semaphore.acquire_many_timeout(4, Duration::from_millis(10)).is_err());
    /// ```
    pub fn acquire_many_timeout(&self, n: usize, timeout: Duration) -> Result<Permit<'_>, AcquireTimeoutError> {
        let need = self.take_in_time(n, timeout).map_err(AcquireTimeoutError::new)?;
        Ok(Permit::new(self, need))
    }

    /// Acquires a permit as a task.
    ///
    /// # Errors
    ///
    /// If the semaphore is closed, or is while this waits.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, the future leaves the line, and a permit that it was granted by then goes to the next one. A future that is neither polled nor dropped, though,
    /// keeps its place, and in time a permit.
    ///
    /// ```
    /// # fn block_on<F: std::future::Future>(future: F) -> F::Output {
    /// #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// #     let mut future = std::pin::pin!(future);
    /// #     loop {
    /// #         if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) { return output; }
    /// #     }
    /// # }
    /// # block_on(async {
    /// let semaphore = filch::Semaphore::new(1);
    /// let permit = semaphore.acquire_async().await?;
    /// assert_eq!(semaphore.available(), 0);
    /// # Ok::<(), filch::AcquireError>(())
    /// # }).unwrap();
    /// ```
    pub fn acquire_async(&self) -> impl Future<Output = Result<Permit<'_>, AcquireError>> + Send {
        self.acquire_many_async(1)
    }

    /// Acquires `n` permits, all at once, as a task.
    ///
    /// # Errors
    ///
    /// As [`acquire_async`](Self::acquire_async), or if `n` is more than there can ever be.
    ///
    /// # Cancel safety
    ///
    /// As [`acquire_async`](Self::acquire_async).
    ///
    /// ```
    /// let semaphore = filch::Semaphore::new(2);
    /// let waits_for_two = semaphore.acquire_many_async(2);
    /// ```
    pub async fn acquire_many_async(&self, n: usize) -> Result<Permit<'_>, AcquireError> {
        let need = self.take_as_task(n).await.map_err(AcquireError::new)?;
        Ok(Permit::new(self, need))
    }

    /// Adds `n` permits: more than there were, or in place of some that were [forgotten](Permit::forget). Permits that are dropped come back by themselves.
    ///
    /// # Panics
    ///
    /// If more than [`MAX_PERMITS`](Self::MAX_PERMITS) would be available. None is added then. A panic of a waker that this calls goes on when all have been called.
    ///
    /// ```
    /// let finished = filch::Semaphore::new(0);
    /// std::thread::scope(|scope| {
    ///     for _ in 0..3 {
    ///         scope.spawn(|| finished.release(1));
    ///     }
    ///     finished.acquire_many(3).unwrap();
    /// });
    /// ```
    pub fn release(&self, n: usize) {
        let is_added = checked(n).is_ok_and(|count| self.raw.add(count));
        assert!(is_added, "a semaphore has at most 2^31 - 1 permits: it has {} and got {n} more", self.available());
    }

    /// The permits that are available now. Another thread may have changed that already.
    ///
    /// ```
    /// assert_eq!(filch::Semaphore::new(3).available(), 3);
    /// ```
    pub fn available(&self) -> usize {
        self.raw.state().permits().min(Self::MAX_PERMITS as u64) as usize
    }

    /// Closes the semaphore for good: all who wait get [`AcquireError::Closed`], and so does who comes later. Permits that are out can still be dropped.
    ///
    /// ```
    /// let semaphore = filch::Semaphore::new(0);
    /// std::thread::scope(|scope| {
    ///     let waiter = scope.spawn(|| semaphore.acquire().map(drop));
    ///     semaphore.close();
    ///     assert_eq!(waiter.join().unwrap(), Err(filch::AcquireError::Closed));
    /// });
    /// ```
    pub fn close(&self) {
        self.raw.close();
    }

    /// Whether the semaphore has been [closed](Self::close).
    ///
    /// ```
    /// let semaphore = filch::Semaphore::new(1);
    /// assert!(!semaphore.is_closed());
    /// semaphore.close();
    /// assert!(semaphore.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.raw.state().is_closed()
    }

    fn take(&self, n: usize) -> Result<u32, AcquireError> {
        let need = checked(n).map_err(AcquireError::new)?;
        if let Err(denied) = self.raw.try_take(need) {
            self.wait_for_ever(need, denied)?;
        }
        Ok(need)
    }

    fn try_take(&self, n: usize) -> Result<u32, Denied> {
        let need = checked(n)?;
        self.raw.try_take(need)?;
        Ok(need)
    }

    fn take_in_time(&self, n: usize, timeout: Duration) -> Result<u32, Denied> {
        let need = checked(n)?;
        self.raw.try_take(need).or_else(|denied| self.wait_after(denied, need, Deadline::after(timeout)))?;
        Ok(need)
    }

    async fn take_as_task(&self, n: usize) -> Result<u32, Denied> {
        let need = checked(n)?;
        Take::new(&self.raw, need).await?;
        Ok(need)
    }

    #[cold]
    fn wait_for_ever(&self, need: u32, denied: Denied) -> Result<(), AcquireError> {
        self.wait_after(denied, need, Deadline::NEVER).map_err(AcquireError::new)
    }

    /// What follows when an attempt to take permits has been denied.
    #[cold]
    fn wait_after(&self, denied: Denied, need: u32, deadline: Deadline) -> Result<(), Denied> {
        match denied {
            Denied::NoPermits => self.raw.take_waiting(need, deadline),
            Denied::Closed | Denied::TooMany => Err(denied),
        }
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.raw.state();
        f.debug_struct("Semaphore")
            .field("available", &state.permits())
            .field("closed", &state.is_closed())
            .finish_non_exhaustive()
    }
}
