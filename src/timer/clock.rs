//! Where the time comes from.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as PlainMutex, Weak};
use std::time::{Duration, Instant};

use crate::sync::time::{nanos_since, now};
use crate::sync::{Mutex, lock, lock_plain};

/// What a clock shows at its beginning: the first tick of a schedule may lie so far back, 146 years, which is more than any system's clock has counted.
const BEGINNING: u64 = 1 << 62;

/// The last time: no clock comes to the one after it, which is for what never happens.
const LAST: u64 = u64::MAX - 1;

/// A clock: nanoseconds, [`BEGINNING`] of them when it was made.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The system's monotonic clock.
    Real(Instant),
    /// One that is moved by hand.
    Manual(Arc<Manual>),
}

impl Clock {
    /// The system's clock, beginning now.
    pub fn real() -> Self {
        Self::Real(now())
    }

    /// The time.
    pub fn now(&self) -> u64 {
        match self {
            Self::Real(beginning) => BEGINNING + nanos_since(*beginning),
            Self::Manual(manual) => manual.now(),
        }
    }

    /// The moment as a time.
    pub fn at(&self, moment: Instant) -> u64 {
        let beginning = self.beginning();
        match moment.checked_duration_since(beginning) {
            Some(after) => BEGINNING.saturating_add(nanos(after)),
            None => BEGINNING.saturating_sub(nanos(beginning - moment)),
        }
    }

    /// The time as a moment, if the system can say it.
    pub fn moment(&self, time: u64) -> Option<Instant> {
        match time.checked_sub(BEGINNING) {
            Some(after) => self.beginning().checked_add(Duration::from_nanos(after)),
            None => self.beginning().checked_sub(Duration::from_nanos(BEGINNING - time)),
        }
    }

    fn beginning(&self) -> Instant {
        match self {
            Self::Real(beginning) => *beginning,
            Self::Manual(manual) => manual.beginning,
        }
    }

    /// The hands that move it.
    pub fn manual(&self) -> Option<&Arc<Manual>> {
        match self {
            Self::Real(_) => None,
            Self::Manual(manual) => Some(manual),
        }
    }
}

/// So many nanoseconds; `u64::MAX`, 584 years, stands for all that is longer.
pub fn nanos(duration: Duration) -> u64 {
    duration.as_nanos().try_into().unwrap_or(u64::MAX)
}

/// The time that comes so long after `now`: at the latest the last that can come, unless it is as much as a `u64` holds, which never comes.
pub fn later(now: u64, delay: Duration) -> u64 {
    match nanos(delay) {
        u64::MAX => u64::MAX,
        delay => now.saturating_add(delay).min(LAST),
    }
}

/// Timers on a manual clock.
pub trait Driven: Send + Sync {
    /// The earliest deadline.
    fn next_deadline(&self) -> Option<u64>;
    /// Queues all that is due now.
    fn fire_due(&self);
    /// Whether something that was due has not ended, and is not waiting for the clock either.
    fn is_busy(&self) -> bool;
    /// Whether this thread is ending a job of theirs.
    fn is_ending_here(&self) -> bool;
}

/// A clock that is moved by hand.
///
/// Plain `std` types on purpose, also under the model: the clock is for tests and no part of any protocol.
pub struct Manual {
    beginning: Instant,
    now: AtomicU64,
    driven: PlainMutex<Vec<Weak<dyn Driven>>>,
    /// Held by the one who moves it.
    moving: Mutex<()>,
}

impl Manual {
    /// Begins now.
    pub fn new() -> Self {
        let (driven, moving) = (PlainMutex::default(), Mutex::default());
        Self { beginning: now(), now: AtomicU64::new(BEGINNING), driven, moving }
    }

    /// The time.
    pub fn now(&self) -> u64 {
        self.now.load(Ordering::Acquire)
    }

    /// Has timers move with it.
    pub fn drive(&self, driven: Weak<dyn Driven>) {
        let mut all = lock_plain(&self.driven);
        all.retain(|driven| driven.strong_count() > 0);
        all.push(driven);
    }

    /// Whether this holds for one of the timers that it drives.
    pub fn is_driven_by_one(&self, holds: impl Fn(&dyn Driven) -> bool) -> bool {
        self.all_driven().iter().any(|driven| holds(&**driven))
    }

    fn all_driven(&self) -> Vec<Arc<dyn Driven>> {
        lock_plain(&self.driven).iter().filter_map(Weak::upgrade).collect()
    }

    /// Moves it by so much, from deadline to deadline. At each it stops until all that was due has run: `wait` is called over and over meanwhile, and at
    /// the beginning for what was due before.
    pub fn advance(&self, duration: Duration, mut wait: impl FnMut()) {
        let _moving = lock(&self.moving);
        let end = self.now().saturating_add(nanos(duration)).min(LAST);
        loop {
            let driven = self.all_driven();
            driven.iter().for_each(|driven| driven.fire_due());
            while driven.iter().any(|driven| driven.is_busy()) {
                wait();
            }
            let next = driven.iter().filter_map(|driven| driven.next_deadline()).min();
            match next.filter(|next| *next <= end) {
                // A deadline that has passed is one which a removal has left behind, or that came just now.
                Some(next) => self.now.store(next.max(self.now()), Ordering::Release),
                None => break,
            }
        }
        self.now.store(end, Ordering::Release);
    }

    /// The time as a moment.
    pub fn moment(&self) -> Instant {
        self.beginning.checked_add(self.elapsed()).unwrap_or(self.beginning)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.now() - BEGINNING)
    }
}

impl std::fmt::Debug for Manual {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Manual").field("elapsed", &self.elapsed()).finish_non_exhaustive()
    }
}
