//! Moments.

use std::time::{Duration, Instant, SystemTime};

use crate::timer::{Clock, nanos};

/// When something is to happen: made from an [`Instant`], a [`SystemTime`], or a [`Duration`] from now. A moment that has passed means at once.
///
/// A `SystemTime` is turned into a delay once, when it is used: whoever sets the system's clock afterwards changes nothing. What lies more than 584 years
/// ahead never happens.
///
/// ```
/// use std::time::{Duration, Instant, SystemTime};
///
/// let pool = filch::Pool::with_threads(1);
/// let soon = pool.submit_at(Instant::now() + Duration::from_millis(1), || "soon");
/// let past = pool.submit_at(SystemTime::UNIX_EPOCH, || "at once");
/// assert_eq!(past.join()?, "at once");
/// assert_eq!(soon.join()?, "soon");
/// # Ok::<(), filch::JobError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct When(Kind);

#[derive(Debug, Clone, Copy)]
enum Kind {
    At(Instant),
    AtSystem(SystemTime),
    In(Duration),
}

impl From<Instant> for When {
    fn from(moment: Instant) -> Self {
        Self(Kind::At(moment))
    }
}

impl From<SystemTime> for When {
    fn from(moment: SystemTime) -> Self {
        Self(Kind::AtSystem(moment))
    }
}

impl From<Duration> for When {
    fn from(delay: Duration) -> Self {
        Self(Kind::In(delay))
    }
}

/// A time by a pool's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// In nanoseconds since the beginning of the clock.
    pub time: u64,
    /// It has come.
    pub is_now: bool,
}

impl When {
    /// The time by this clock, while it is `system` by the system's.
    pub fn due(self, clock: &Clock, system: impl FnOnce() -> SystemTime) -> Due {
        let now = clock.now();
        let time = match self.0 {
            Kind::At(moment) => clock.at(moment),
            Kind::AtSystem(moment) => {
                let delay = moment.duration_since(system()).unwrap_or(Duration::ZERO);
                now.saturating_add(nanos(delay))
            }
            Kind::In(delay) => now.saturating_add(nanos(delay)),
        };
        Due { time, is_now: time <= now }
    }
}

#[cfg(all(test, not(filch_loom)))]
mod tests {
    use super::*;
    use crate::timer::Manual;

    const SECOND: u64 = 1_000_000_000;

    fn clock() -> Clock {
        let clock = Manual::new();
        clock.advance(Duration::from_secs(10), || ());
        Clock::Manual(clock.into())
    }

    #[test]
    fn each_kind_is_a_time_by_the_clock() {
        let clock = clock();
        let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let due = |when: When| when.due(&clock, || noon).time;
        assert_eq!(due(Duration::from_secs(5).into()), 15 * SECOND);
        assert_eq!(due((noon + Duration::from_secs(5)).into()), 15 * SECOND);
        assert_eq!(due((noon - Duration::from_secs(5)).into()), 10 * SECOND);
        assert_eq!(due(clock.moment(7 * SECOND).unwrap().into()), 7 * SECOND);
    }

    #[test]
    fn what_has_come_is_now_and_what_is_beyond_all_time_is_last() {
        let clock = clock();
        let due = |when: When| when.due(&clock, SystemTime::now);
        assert!(due(Duration::ZERO.into()).is_now);
        assert!(due(SystemTime::UNIX_EPOCH.into()).is_now);
        assert!(due(clock.moment(SECOND).unwrap().into()).is_now);
        assert_eq!(due(Duration::MAX.into()), Due { time: u64::MAX, is_now: false });
    }
}
