//! Delayed and periodic jobs.

use std::time::Duration;

use super::Pool;
use crate::ops::{self, JobHandle, Schedule, ScheduleOptions, When};

impl Pool {
    /// Queues a job without a handle, after `delay`.
    ///
    /// As [`submit_later`](Self::submit_later); a panic in it goes to the [panic handler](crate::PoolBuilder::panic_handler).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let pool = filch::Pool::with_threads(1);
    /// let (send, receive) = std::sync::mpsc::channel();
    /// pool.spawn_later(Duration::from_millis(1), move || send.send("later").unwrap());
    /// assert_eq!(receive.recv()?, "later");
    /// # Ok::<(), std::sync::mpsc::RecvError>(())
    /// ```
    pub fn spawn_later<F: FnOnce() + Send + 'static>(&self, delay: Duration, f: F) {
        drop(self.submit_later(delay, f));
    }

    /// Queues a job after `delay`, and returns a handle to its result.
    ///
    /// It never starts early; how late depends on the system, about 50 microseconds on an idle Linux. Once due it goes before ordinary jobs, behind
    /// what was due earlier. Until then it counts as [`delayed`](Self::delayed), not as pending: neither [`wait_idle`](Self::wait_idle) nor
    /// [`cancel_pending`](Self::cancel_pending) nor a [`queue_capacity`](crate::PoolBuilder::queue_capacity) means it. Zero means at once, and [`Duration::MAX`] never. A shutdown ends it with
    /// [`JobError::ShutDown`](crate::JobError::ShutDown), and a [cancel](JobHandle::cancel) drops its closure at once.
    ///
    /// One thread for all timers is started with the first one. This call does not block.
    ///
    /// # Panics
    ///
    /// If the system refuses that thread.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// let pool = filch::Pool::with_threads(1);
    /// let start = Instant::now();
    /// let handle = pool.submit_later(Duration::from_millis(5), move || start.elapsed());
    /// assert!(handle.join()? >= Duration::from_millis(5));
    /// # Ok::<(), filch::JobError>(())
    /// ```
    pub fn submit_later<T, F>(&self, delay: Duration, f: F) -> JobHandle<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        ops::submit_at(&self.registry, delay.into(), f)
    }

    /// As [`submit_later`](Self::submit_later), at a moment: an `Instant` or a `SystemTime`. One that has passed means at once.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    ///
    /// let pool = filch::Pool::with_threads(1);
    /// let handle = pool.submit_at(SystemTime::now() + Duration::from_millis(1), || "now");
    /// assert_eq!(handle.join()?, "now");
    /// # Ok::<(), filch::JobError>(())
    /// ```
    pub fn submit_at<T, F>(&self, when: impl Into<When>, f: F) -> JobHandle<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        ops::submit_at(&self.registry, when.into(), f)
    }

    /// Runs `f` every `period`, for the first time after one period. The ticks do not drift; missed ones are left out.
    ///
    /// As [`schedule_with`](Self::schedule_with) and [`ScheduleOptions::fixed_rate`].
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let pool = filch::Pool::with_threads(1);
    /// let mut beats = 0;
    /// let (send, receive) = std::sync::mpsc::channel();
    /// let heart = pool.schedule(Duration::from_millis(1), move || {
    ///     beats += 1;
    ///     let _ = send.send(beats);
    /// });
    /// assert_eq!(receive.recv()?, 1);
    /// assert_eq!(receive.recv()?, 2);
    /// heart.cancel();
    /// # Ok::<(), std::sync::mpsc::RecvError>(())
    /// ```
    pub fn schedule<F: FnMut() + Send + 'static>(&self, period: Duration, f: F) -> Schedule {
        self.schedule_with(ScheduleOptions::fixed_rate(period), f)
    }

    /// Runs `f` again and again.
    ///
    /// Runs of one schedule never overlap; each may be on another worker. A due run goes before ordinary jobs, behind what was due earlier. A panic of `f` goes to
    /// the [panic handler](crate::PoolBuilder::panic_handler), and the schedule goes on. It ends when it is [cancelled](Schedule::cancel), after
    /// [`max_runs`](ScheduleOptions::max_runs), and at the pool's shutdown; then `f` is dropped. [`cancel_pending`](Self::cancel_pending) spares it. After a shutdown `f` is dropped at once.
    ///
    /// # Panics
    ///
    /// If the system refuses the thread for timers.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use filch::ScheduleOptions;
    ///
    /// let pool = filch::Pool::with_threads(1);
    /// let twice = ScheduleOptions::fixed_delay(Duration::from_millis(1)).start(Instant::now()).max_runs(2);
    /// let (send, receive) = std::sync::mpsc::channel();
    /// let _ = pool.schedule_with(twice, move || send.send(Instant::now()).unwrap());
    /// let (first, second) = (receive.recv()?, receive.recv()?);
    /// assert!(second - first >= Duration::from_millis(1));
    /// # Ok::<(), std::sync::mpsc::RecvError>(())
    /// ```
    pub fn schedule_with<F: FnMut() + Send + 'static>(&self, options: ScheduleOptions, f: F) -> Schedule {
        ops::schedule(&self.registry, options, f)
    }

    /// Cancels every job that is not due yet, and every schedule. Returns how many of both.
    ///
    /// Jobs that are due already are queued: they are [`cancel_pending`](Self::cancel_pending)'s. Handles of cancelled jobs give
    /// [`JobError::Cancelled`](crate::JobError::Cancelled).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let pool = filch::Pool::with_threads(1);
    /// pool.spawn_later(Duration::from_secs(3600), || unreachable!());
    /// let _ = pool.schedule(Duration::from_secs(3600), || unreachable!());
    /// assert_eq!(pool.cancel_timers(), 2);
    /// assert_eq!((pool.delayed(), pool.scheduled()), (0, 0));
    /// ```
    pub fn cancel_timers(&self) -> usize {
        self.registry.cancel_timers()
    }

    /// The number of jobs that are not due yet. Schedules do not count. While jobs come and go it is an estimate.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// pool.spawn_later(std::time::Duration::MAX, || ());
    /// assert_eq!(pool.delayed(), 1);
    /// ```
    pub fn delayed(&self) -> usize {
        self.registry.delayed()
    }

    /// The number of schedules that are active.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// let schedule = pool.schedule(std::time::Duration::MAX, || ());
    /// assert_eq!(pool.scheduled(), 1);
    /// schedule.cancel();
    /// assert_eq!(pool.scheduled(), 0);
    /// ```
    pub fn scheduled(&self) -> usize {
        self.registry.scheduled()
    }
}
