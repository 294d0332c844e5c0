//! A clock for tests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::sync::thread::let_others_run;
use crate::timer::Manual;
use crate::worker::Worker;

/// A clock that stands still until it is [moved](Self::advance), for tests of what is delayed and periodic:
/// [`PoolBuilder::clock`](crate::PoolBuilder::clock) makes a pool go by it.
///
/// Clones are the same clock. Several pools may go by one. It begins at the moment at which it was made. Delays, periods and moments of the pool are by this clock; time limits of
/// waiting calls, such as [`JobHandle::join_timeout`](crate::JobHandle::join_timeout), are not. A `SystemTime` is turned into a delay by the system's clock.
///
/// ```
/// use std::time::Duration;
/// use filch::{ManualClock, Pool};
///
/// let clock = ManualClock::new();
/// let pool = Pool::builder().threads(1).clock(clock.clone()).build()?;
/// let reminder = pool.submit_later(Duration::from_secs(3600), || "an hour has passed");
/// clock.advance(Duration::from_secs(3599));
/// assert!(!reminder.is_finished());
/// clock.advance(Duration::from_secs(1));
/// assert!(reminder.is_finished());
/// # Ok::<(), filch::BuildError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock(pub(super) Arc<Manual>);

impl ManualClock {
    /// Makes a clock that stands still.
    #[expect(clippy::new_without_default, reason = "it begins at the present moment")]
    pub fn new() -> Self {
        Self(Arc::new(Manual::new()))
    }

    /// Moves the clock.
    ///
    /// It goes from deadline to deadline: at each it stops until every job that is due has run, callbacks included. So what these jobs delay or schedule
    /// happens too, if it falls into the time. Jobs of one deadline are queued at once, in the order in which they were made, ahead of what they submit: with one worker all
    /// runs are in one order, always the same.
    /// A schedule that bursts makes all its missed runs.
    ///
    /// # Blocking
    ///
    /// Until all of that has run. It does not wait for jobs that wait themselves, in [`join`](crate::JobHandle::join) and the like, for others that are not due yet, nor for a pool whose
    /// workers all do. It would wait for ever for one that waits in a callback, or for a job of another worker that waits so.
    ///
    /// # Panics
    ///
    /// Inside a job or a callback of a pool that goes by this clock: it would wait for itself.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let clock = filch::ManualClock::new();
    /// let pool = filch::Pool::builder().threads(2).clock(clock.clone()).build()?;
    /// let schedule = pool.schedule(Duration::from_millis(10), || ());
    /// clock.advance(Duration::from_secs(1));
    /// assert_eq!(schedule.runs(), 100);
    /// # Ok::<(), filch::BuildError>(())
    /// ```
    pub fn advance(&self, duration: Duration) {
        let inside = Worker::with_current(|worker| worker.is_some_and(|worker| self.is_clock_of(worker)));
        let inside = inside || self.0.is_driven_by_one(|driven| driven.is_ending_here());
        assert!(!inside, "a clock was advanced inside a job of a pool that goes by it: it would wait for itself");
        let mut waits = 0_u32;
        self.0.advance(duration, || {
            waits = waits.saturating_add(1);
            let_others_run(waits);
        });
    }

    fn is_clock_of(&self, worker: &Worker) -> bool {
        let clock = worker.registry().timing().clock();
        clock.manual().is_some_and(|manual| Arc::ptr_eq(manual, &self.0))
    }

    /// The moment at which the clock stands.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let clock = filch::ManualClock::new();
    /// let before = clock.now();
    /// clock.advance(Duration::from_secs(60));
    /// assert_eq!(clock.now() - before, Duration::from_secs(60));
    /// ```
    pub fn now(&self) -> Instant {
        self.0.moment()
    }
}
