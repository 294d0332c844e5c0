//! Periodic jobs.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{When, later};
use crate::job::{MissedTick, Pace, Periodic, Recurring, Rhythm};
use crate::registry::Registry;
use crate::timer::{Clock, nanos};

/// When a periodic job runs, for [`Pool::schedule_with`](crate::Pool::schedule_with).
///
/// ```
/// use std::time::{Duration, Instant};
/// use filch::{MissedTick, Pool, ScheduleOptions};
///
/// let pool = Pool::with_threads(1);
/// let options = ScheduleOptions::fixed_rate(Duration::from_millis(1))
///     .start(Instant::now())
///     .missed_tick(MissedTick::Burst)
///     .max_runs(3);
/// let (send, receive) = std::sync::mpsc::channel();
/// let schedule = pool.schedule_with(options, move || send.send(()).unwrap());
/// // The sender goes with the closure, after the last run.
/// assert_eq!(receive.iter().count(), 3);
/// assert_eq!(schedule.runs(), 3);
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use = "options do nothing by themselves"]
pub struct ScheduleOptions {
    rhythm: Rhythm,
    start: Option<When>,
}

impl ScheduleOptions {
    /// A run at each tick, and a tick every `period`, counted from the first: run number k is due at start + k · period, however late or long other runs
    /// are. A run never begins before the one before has ended; [`missed_tick`](Self::missed_tick) says what becomes of the ticks meanwhile.
    ///
    /// A period of zero counts as one nanosecond: the job runs over and over. Of one so long that the clock cannot hold it only a [start](Self::start) comes.
    ///
    /// ```
    /// let options = filch::ScheduleOptions::fixed_rate(std::time::Duration::from_secs(60));
    /// # let _ = options;
    /// ```
    pub fn fixed_rate(period: Duration) -> Self {
        Self::every(period, Pace::FixedRate)
    }

    /// Each run is due one `period` after the one before has ended.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let clock = filch::ManualClock::new();
    /// let pool = filch::Pool::builder().threads(1).clock(clock.clone()).build()?;
    /// let schedule = pool.schedule_with(filch::ScheduleOptions::fixed_delay(Duration::from_secs(5)), || ());
    /// clock.advance(Duration::from_secs(12));
    /// assert_eq!(schedule.runs(), 2);
    /// # Ok::<(), filch::BuildError>(())
    /// ```
    pub fn fixed_delay(period: Duration) -> Self {
        Self::every(period, Pace::FixedDelay)
    }

    fn every(period: Duration, pace: Pace) -> Self {
        let period = nanos(period).max(1);
        let rhythm = Rhythm { pace, period, missed: MissedTick::default(), max_runs: u64::MAX };
        Self { rhythm, start: None }
    }

    /// When the first run is due. Default: one period after the schedule was made.
    ///
    /// It may lie in the past, up to 146 years before the pool was made: then the first run is at once, and the ticks after it are on the grid that began there. So
    /// [`SystemTime::UNIX_EPOCH`](std::time::SystemTime::UNIX_EPOCH) and a period of one second make a run at each full second, as the system's clock was set when the schedule was made. A schedule that
    /// [bursts](MissedTick::Burst) makes all runs since then.
    pub fn start(mut self, when: impl Into<When>) -> Self {
        self.start = Some(when.into());
        self
    }

    /// What becomes of ticks that pass before the run before them has ended. Default: [`MissedTick::Skip`]. It means nothing for a
    /// [fixed delay](Self::fixed_delay).
    pub fn missed_tick(mut self, missed: MissedTick) -> Self {
        self.rhythm.missed = missed;
        self
    }

    /// The schedule ends after so many runs. Default: no limit.
    pub fn max_runs(mut self, n: u64) -> Self {
        self.rhythm.max_runs = n;
        self
    }
}

/// A periodic job of a pool. Clones are the same one; dropping them lets it run on.
///
/// Its closure is dropped when it has been cancelled, after its last run, or when the pool shuts down. It does not keep the pool alive; a closure that
/// captures a [`Pool`](crate::Pool) would: [`Pool::current`](crate::Pool::current) is the way to reach it from within.
///
/// ```
/// use std::time::Duration;
///
/// let pool = filch::Pool::with_threads(1);
/// let (send, receive) = std::sync::mpsc::channel();
/// let schedule = pool.schedule(Duration::from_millis(1), move || send.send(()).unwrap());
/// receive.recv()?;
/// receive.recv()?;
/// assert!(schedule.cancel());
/// assert!(!schedule.is_active());
/// # Ok::<(), std::sync::mpsc::RecvError>(())
/// ```
#[derive(Clone)]
#[must_use = "dropping it leaves no way to cancel the schedule but `Pool::cancel_timers`; `let _ =` says so"]
pub struct Schedule {
    job: Arc<dyn Recurring>,
    clock: Clock,
}

impl Schedule {
    /// Ends the schedule. True: it was this call; no run starts any more.
    ///
    /// A run that is under way goes on; inside it [`cancelled()`](crate::cancelled) is true from now on. It may be its own run: a schedule can cancel itself. The closure is
    /// dropped here and now, or after that run. A panic in its `Drop` goes to the panic handler.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// let schedule = pool.schedule(std::time::Duration::from_secs(3600), || ());
    /// assert!(schedule.cancel());
    /// assert!(!schedule.cancel());
    /// ```
    pub fn cancel(&self) -> bool {
        self.job.cancel()
    }

    /// Whether it has not been cancelled, or come to its end.
    pub fn is_active(&self) -> bool {
        self.job.is_active()
    }

    /// The number of runs that have begun.
    pub fn runs(&self) -> u64 {
        self.job.runs()
    }

    /// When the next run is due, by the pool's clock: a moment that has passed if it waits for a worker. `None` while it runs, after the last run, and if that moment is beyond
    /// what an [`Instant`] can say.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// let pool = filch::Pool::with_threads(1);
    /// let schedule = pool.schedule(Duration::from_secs(3600), || ());
    /// assert!(schedule.next_run().unwrap() > Instant::now());
    /// ```
    pub fn next_run(&self) -> Option<Instant> {
        self.clock.moment(self.job.next_run()?)
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schedule")
            .field("is_active", &self.is_active())
            .field("runs", &self.runs())
            .field("next_run", &self.next_run())
            .finish()
    }
}

/// Has a closure run again and again.
pub fn schedule<F>(registry: &Arc<Registry>, options: ScheduleOptions, f: F) -> Schedule
where
    F: FnMut() + Send + 'static,
{
    let ScheduleOptions { rhythm, start } = options;
    let clock = registry.timing().clock().clone();
    let first = later::due(registry, start.unwrap_or_else(|| Duration::from_nanos(rhythm.period).into()));
    // The runs after the first need the thread, even if that is due at once.
    later::start_timers(registry);
    if registry.is_closed() || rhythm.max_runs == 0 {
        return Schedule { job: Periodic::ended(f, registry.id(), rhythm), clock };
    }
    let (node, job) = Periodic::armed(f, registry.id(), first.time, rhythm);
    registry.timing().add_schedule(&job);
    // SAFETY: made just now: the timers' reference is still ours.
    unsafe { registry.take_timed(node, first.is_now()) };
    Schedule { job, clock }
}
