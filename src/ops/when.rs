//! Moments.

use std::time::{Duration, Instant, SystemTime};

use crate::timer::{Clock, later, nanos};

/// When something is to happen: made from an [`Instant`], a [`SystemTime`], or a [`Duration`] from now. A moment that has passed means at once.
///
/// A `SystemTime` is turned into a delay once, when it is used: whoever sets the system's clock afterwards changes nothing. What lies more than 438 years
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
    /// In the clock's nanoseconds.
    pub time: u64,
    /// Nanoseconds until then.
    pub delay: u64,
}

impl Due {
    /// It has come.
    pub fn is_now(self) -> bool {
        self.delay == 0
    }
}

impl When {
    /// The time by this clock, while it is `system` by the system's.
    pub fn due(self, clock: &Clock, system: impl FnOnce() -> SystemTime) -> Due {
        let (time, now) = match self.0 {
            Kind::At(moment) => (clock.at(moment), clock.now()),
            Kind::AtSystem(moment) => {
                // Before the other clock is read: what passes in between makes it late, not early.
                let delay = moment.duration_since(system());
                let now = clock.now();
                let time = match delay {
                    Ok(delay) => later(now, delay),
                    Err(back) => now.saturating_sub(nanos(back.duration())),
                };
                (time, now)
            }
            Kind::In(delay) => {
                let now = clock.now();
                (later(now, delay), now)
            }
        };
        Due { time, delay: time.saturating_sub(now) }
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
        let now = clock.now();
        assert_eq!(due(Duration::from_secs(5).into()), now + 5 * SECOND);
        assert_eq!(due((noon + Duration::from_secs(5)).into()), now + 5 * SECOND);
        assert_eq!(due((noon - Duration::from_secs(500)).into()), now - 500 * SECOND);
        for time in [now - 500 * SECOND, now - 7 * SECOND, now, now + 7 * SECOND] {
            assert_eq!(due(clock.moment(time).unwrap().into()), time);
        }
    }

    #[test]
    fn nothing_is_early_however_long_it_takes_to_read_the_clocks() {
        let clock = clock();
        let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let slow = || {
            clock.manual().unwrap().advance(Duration::from_secs(1), || ());
            noon
        };
        let due = When::from(noon + Duration::from_secs(5)).due(&clock, slow);
        assert!(due.time >= clock.now() + 4 * SECOND);
        assert_eq!(When::from(noon).due(&clock, slow).time, clock.now());
    }

    #[test]
    fn what_has_come_is_now_and_what_is_beyond_all_time_is_last() {
        let clock = clock();
        let due = |when: When| when.due(&clock, SystemTime::now);
        assert!(due(Duration::ZERO.into()).is_now());
        assert!(due(SystemTime::UNIX_EPOCH.into()).is_now());
        assert!(due(clock.moment(clock.now() - SECOND).unwrap().into()).is_now());
        assert_eq!(due(Duration::MAX.into()), Due { time: u64::MAX, delay: u64::MAX - clock.now() });
    }
}
