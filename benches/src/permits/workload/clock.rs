//! A clock that can be read between two passes: the processor's own where there is one, since reading the system's takes as long as a pass.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A moment, in ticks.
#[inline(always)]
pub(super) fn ticks() -> u64 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every processor of this kind has the instruction.
    return unsafe { std::arch::x86_64::_rdtsc() };
    #[cfg(not(target_arch = "x86_64"))]
    return origin().elapsed().as_nanos() as u64;
}

/// So many ticks as a time.
pub(super) fn time(ticks: u64) -> Duration {
    static NANOS_PER_TICK: OnceLock<f64> = OnceLock::new();
    let rate = NANOS_PER_TICK.get_or_init(|| {
        let (start, first) = (Instant::now(), self::ticks());
        std::thread::sleep(Duration::from_millis(20));
        start.elapsed().as_nanos() as f64 / (self::ticks() - first) as f64
    });
    Duration::from_nanos((ticks as f64 * rate) as u64)
}

#[cfg(not(target_arch = "x86_64"))]
fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_like_the_systems() {
        let before = ticks();
        std::thread::sleep(Duration::from_millis(30));
        let took = time(ticks() - before);
        assert!((Duration::from_millis(25)..Duration::from_secs(5)).contains(&took), "{took:?}");
    }
}
