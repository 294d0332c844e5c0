//! Deadlines.

use std::time::{Duration, Instant};

#[cfg(not(filch_shuttle))]
pub use real::now;
#[cfg(filch_shuttle)]
pub use simulated::{now, pass_until};

#[cfg(not(filch_shuttle))]
mod real {
    use super::Instant;

    /// The moment.
    #[inline]
    pub fn now() -> Instant {
        Instant::now()
    }
}

/// A clock that shows the same in every run of a schedule: a look at it takes a microsecond, a wait whose time runs out takes that time, all else takes none.
#[cfg(filch_shuttle)]
mod simulated {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::{Duration, Instant};

    const LOOK: u64 = 1_000;

    static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

    shuttle::lazy_static! {
        // Not an atomic of the scheduler's on purpose: looking at the clock is no event of a protocol.
        static ref ELAPSED: AtomicU64 = AtomicU64::new(0);
    }

    /// The moment.
    pub fn now() -> Instant {
        *BEGINNING + Duration::from_nanos(ELAPSED.fetch_add(LOOK, Ordering::Relaxed))
    }

    /// A wait has lasted until its deadline.
    pub fn pass_until(deadline: Instant) {
        let elapsed = deadline.saturating_duration_since(*BEGINNING).as_nanos();
        ELAPSED.fetch_max(elapsed.try_into().unwrap_or(u64::MAX / 2), Ordering::Relaxed);
    }
}

/// A moment to wait until, or never.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// No limit.
    pub const NEVER: Deadline = Deadline(None);

    /// `duration` from now; never, if the clock cannot hold it.
    pub fn after(duration: Duration) -> Self {
        Self(now().checked_add(duration))
    }

    /// The one of both that comes first.
    pub fn sooner(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(one), Some(other)) => Self(Some(one.min(other))),
            (one, other) => Self(one.or(other)),
        }
    }

    /// The time left: `None` for no limit, zero when it has passed. Under the model there is no clock, and a
    /// deadline passes when a timed wait gives up.
    pub fn left(&self) -> Option<Duration> {
        #[cfg(filch_loom)]
        return self.0.map(|_| Duration::from_secs(1));
        #[cfg(not(filch_loom))]
        self.0.map(|at| at.saturating_duration_since(now()))
    }
}

/// Nanoseconds since a moment. The model has no clock: there it stays 0.
pub fn nanos_since(moment: Instant) -> u64 {
    #[cfg(filch_loom)]
    return moment.duration_since(moment).as_nanos() as u64;
    #[cfg(not(filch_loom))]
    now().saturating_duration_since(moment).as_nanos().try_into().unwrap_or(u64::MAX)
}

/// Measures how long something has lasted.
#[derive(Debug)]
pub struct Stopwatch {
    #[cfg(not(filch_loom))]
    started: Instant,
    #[cfg(filch_loom)]
    asked: std::sync::atomic::AtomicBool,
}

#[cfg(not(filch_loom))]
impl Stopwatch {
    /// Begins to measure.
    pub fn start() -> Self {
        Self { started: now() }
    }

    /// Whether so much time has passed.
    pub fn has_passed(&self, duration: Duration) -> bool {
        now().saturating_duration_since(self.started) >= duration
    }
}

/// There is no clock: no time has passed when it is asked first, and any time ever after.
#[cfg(filch_loom)]
impl Stopwatch {
    /// Begins to measure.
    pub fn start() -> Self {
        Self { asked: false.into() }
    }

    /// Whether so much time has passed.
    pub fn has_passed(&self, _duration: Duration) -> bool {
        self.asked.swap(true, std::sync::atomic::Ordering::Relaxed)
    }
}
