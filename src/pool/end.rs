//! Waiting until nothing is left, cancelling what is queued, and the end of a pool.

use std::time::Duration;

use super::Pool;
use crate::job::{Reason, ending};
use crate::sync::time::Deadline;
use crate::worker::Worker;

impl Pool {
    /// Cancels every job that is queued and has not started. Returns how many.
    ///
    /// Their closures are dropped here and now; their handles give [`JobError::Cancelled`](crate::JobError::Cancelled). Running jobs and fork-join calls
    /// ([`install`](Self::install), [`join`](Self::join)) are not touched, nor are jobs that wait for room in a [`JobSet`](crate::JobSet).
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// pool.install(|| {
    ///     // The only worker is busy with this closure: nothing else starts.
    ///     pool.spawn(|| unreachable!());
    ///     assert_eq!(pool.cancel_pending(), 1);
    /// });
    /// ```
    pub fn cancel_pending(&self) -> usize {
        self.registry.end_queued(Reason::Cancelled)
    }

    /// Waits until nothing is queued or running and all callbacks are done.
    ///
    /// # Blocking
    ///
    /// Blocks for as long as there is work; [`wait_idle_timeout`](Self::wait_idle_timeout) is the timed form.
    ///
    /// # Panics
    ///
    /// Inside a job or a callback of this pool, which would wait for itself.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// static RUNS: AtomicU32 = AtomicU32::new(0);
    ///
    /// let pool = filch::Pool::with_threads(2);
    /// for _ in 0..100 {
    ///     pool.spawn(|| drop(RUNS.fetch_add(1, Ordering::Relaxed)));
    /// }
    /// pool.wait_idle();
    /// assert_eq!(RUNS.load(Ordering::Relaxed), 100);
    /// ```
    pub fn wait_idle(&self) {
        self.assert_outside("wait_idle");
        self.registry.wait_idle(Deadline::NEVER);
    }

    /// As [`wait_idle`](Self::wait_idle), for at most `timeout`. False: the time ran out first.
    ///
    /// # Panics
    ///
    /// Inside a job or a callback of this pool.
    ///
    /// ```
    /// use std::time::Duration;
    /// assert!(filch::Pool::with_threads(1).wait_idle_timeout(Duration::from_secs(10)));
    /// ```
    pub fn wait_idle_timeout(&self, timeout: Duration) -> bool {
        self.assert_outside("wait_idle_timeout");
        self.registry.wait_idle(Deadline::after(timeout))
    }

    fn assert_outside(&self, call: &str) {
        let inside = Worker::with_current_of(&self.registry, |worker| worker.is_some());
        let inside = inside || ending::is_ending(self.registry.id());
        assert!(!inside, "{call} was called inside a job or callback of the same pool: it would wait for itself");
    }

    /// Refuses new jobs, runs what is queued, and joins the threads, with the destructors of their thread-locals.
    ///
    /// Submits from then on, also those of jobs that are still running, are answered with [`JobError::ShutDown`](crate::JobError::ShutDown).
    /// May be called any number of times, from any handle.
    ///
    /// # Blocking
    ///
    /// Blocks until all of that is done; [`shutdown_timeout`](Self::shutdown_timeout) is the timed form. Inside one of the pool's own jobs
    /// it only marks the pool and returns.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// let queued = pool.submit(|| 1);
    /// pool.shutdown();
    /// assert_eq!(queued.join()?, 1);
    /// assert!(pool.submit(|| 2).join().unwrap_err().is_shut_down());
    /// # Ok::<(), filch::JobError>(())
    /// ```
    pub fn shutdown(&self) {
        self.registry.close();
        self.join_threads(Deadline::NEVER);
    }

    /// As [`shutdown`](Self::shutdown), but what is queued is dropped, not run: its handles give [`JobError::ShutDown`](crate::JobError::ShutDown).
    ///
    /// Jobs that run are waited for; [`cancelled()`](crate::cancelled) is true inside them from now on.
    ///
    /// # Blocking
    ///
    /// Blocks until the running jobs have ended. For a limit call [`shutdown_timeout`](Self::shutdown_timeout) with zero first, which closes the pool, then this on
    /// a thread that may wait.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// pool.shutdown_now();
    /// assert!(pool.is_shut_down());
    /// ```
    pub fn shutdown_now(&self) {
        self.registry.close_now();
        self.join_threads(Deadline::NEVER);
    }

    /// As [`shutdown`](Self::shutdown), but waits for at most `timeout`. False: not everything was done by then; it goes on in the background. With a
    /// [`ManualClock`](crate::ManualClock) delayed jobs are ended here and now, their callbacks included.
    ///
    /// ```
    /// use std::time::Duration;
    /// assert!(filch::Pool::with_threads(1).shutdown_timeout(Duration::from_secs(10)));
    /// ```
    pub fn shutdown_timeout(&self, timeout: Duration) -> bool {
        let deadline = Deadline::after(timeout);
        self.registry.close();
        self.join_threads(deadline)
    }

    fn join_threads(&self, deadline: Deadline) -> bool {
        // A worker cannot wait for its own end.
        !Worker::thread_belongs_to(&self.registry) && self.registry.join_threads(deadline)
    }

    /// Whether the pool refuses jobs: a shutdown has begun.
    pub fn is_shut_down(&self) -> bool {
        self.registry.is_closed()
    }
}

#[cfg(all(test, not(filch_loom)))]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_table_of_pools_forgets_those_that_have_ended() {
        let ends: [fn(Pool); 4] = [
            drop,
            |pool| pool.shutdown(),
            |pool| pool.shutdown_now(),
            |pool| assert!(pool.shutdown_timeout(Duration::from_secs(100))),
        ];
        for end in ends {
            let pool = Pool::with_threads(2);
            let id = pool.registry.id();
            assert_eq!(pool.submit_later(Duration::from_micros(1), || 1).join().unwrap(), 1);
            assert!(id.is_registered());
            end(pool);
            // A thread that joins the others for a shutdown with a time limit may have the last reference for a moment.
            let start = std::time::Instant::now();
            while id.is_registered() {
                assert!(start.elapsed() < Duration::from_secs(100), "the table keeps it");
                std::thread::yield_now();
            }
        }
    }
}
