//! Where the time comes from.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use crate::sync::lock_plain;
use crate::sync::time::{nanos_since, now};

/// A clock: nanoseconds since its beginning.
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
            Self::Real(beginning) => nanos_since(*beginning),
            Self::Manual(manual) => manual.now(),
        }
    }

    /// The time in so long.
    pub fn after(&self, delay: Duration) -> u64 {
        self.now().saturating_add(nanos(delay))
    }

    /// The moment as a time; 0 if it was before the beginning.
    pub fn at(&self, moment: Instant) -> u64 {
        nanos(moment.saturating_duration_since(self.beginning()))
    }

    /// The time as a moment, if the system can say it.
    pub fn moment(&self, time: u64) -> Option<Instant> {
        self.beginning().checked_add(Duration::from_nanos(time))
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

/// So many nanoseconds; `u64::MAX`, in 584 years, stands for all that is longer.
pub fn nanos(duration: Duration) -> u64 {
    duration.as_nanos().try_into().unwrap_or(u64::MAX)
}

/// Timers on a manual clock.
pub trait Driven: Send + Sync {
    /// The earliest deadline.
    fn next_deadline(&self) -> Option<u64>;
    /// Queues all that is due now.
    fn fire_due(&self);
    /// Whether something that was due has not ended, and is not waiting for the clock either.
    fn is_busy(&self) -> bool;
}

/// A clock that is moved by hand.
///
/// Plain `std` types on purpose, also under the model: the clock is for tests and no part of any protocol.
pub struct Manual {
    beginning: Instant,
    now: AtomicU64,
    driven: Mutex<Vec<Weak<dyn Driven>>>,
    /// Held by the one who moves it.
    moving: Mutex<()>,
}

impl Manual {
    /// Begins now.
    pub fn new() -> Self {
        let (driven, moving) = (Mutex::default(), Mutex::default());
        Self { beginning: now(), now: AtomicU64::new(0), driven, moving }
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

    /// Moves it by so much, from deadline to deadline. At each it stops until all that was due has run: `wait` is called over and over meanwhile, and at
    /// the beginning for what was due before.
    pub fn advance(&self, duration: Duration, mut wait: impl FnMut()) {
        let _moving = lock_plain(&self.moving);
        let end = self.now().saturating_add(nanos(duration));
        loop {
            let driven: Vec<_> = lock_plain(&self.driven).iter().filter_map(Weak::upgrade).collect();
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
        let elapsed = Duration::from_nanos(self.now());
        self.beginning.checked_add(elapsed).unwrap_or(self.beginning)
    }
}

impl std::fmt::Debug for Manual {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Manual").field("now", &Duration::from_nanos(self.now())).finish_non_exhaustive()
    }
}
