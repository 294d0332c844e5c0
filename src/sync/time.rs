//! Deadlines.

use std::time::{Duration, Instant};

/// A moment to wait until, or never.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// No limit.
    pub const NEVER: Deadline = Deadline(None);

    /// `duration` from now; never, if the clock cannot hold it.
    pub fn after(duration: Duration) -> Self {
        Self(Instant::now().checked_add(duration))
    }

    /// The time left: `None` for no limit, zero when it has passed. Under the model there is no clock, and a
    /// deadline passes when a timed wait gives up.
    pub fn left(&self) -> Option<Duration> {
        #[cfg(filch_loom)]
        return self.0.map(|_| Duration::from_secs(1));
        #[cfg(not(filch_loom))]
        self.0.map(|at| at.saturating_duration_since(Instant::now()))
    }
}

/// Measures how long something has lasted.
#[derive(Debug)]
pub struct Stopwatch {
    started: Instant,
    #[cfg(filch_loom)]
    asked: std::sync::atomic::AtomicBool,
}

impl Stopwatch {
    /// Begins to measure.
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
            #[cfg(filch_loom)]
            asked: false.into(),
        }
    }

    /// Whether so much time has passed. Under the model there is no clock: not yet when asked first, and ever after.
    pub fn has_passed(&self, duration: Duration) -> bool {
        #[cfg(filch_loom)]
        return self.asked.swap(true, std::sync::atomic::Ordering::Relaxed);
        #[cfg(not(filch_loom))]
        return self.started.elapsed() >= duration;
    }
}
