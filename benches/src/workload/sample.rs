//! What one run of a workload yields.

use std::time::{Duration, Instant};

use crate::cpu;

/// One verified run.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// From the first call until everything has been verified to have run.
    pub elapsed: Duration,
    /// The part of it that the outside thread spent in its spawn or submit calls.
    pub calls: Option<Duration>,
    /// How the single round trips were spread.
    pub latency: Option<Latency>,
    /// The processor time of the process, all threads together.
    pub cpu: Option<Duration>,
    /// The heavy fences that the pool executed.
    pub heavies: Option<u64>,
}

/// Percentiles of the single round trips of a run, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// The median.
    pub p50: u64,
    /// 99 in 100 took at most this long.
    pub p99: u64,
    /// 999 in 1000 took at most this long.
    pub p999: u64,
}

impl Latency {
    /// Sorts the trips and reads the percentiles off, by nearest rank.
    ///
    /// # Panics
    ///
    /// Panics if there are no trips.
    pub fn of(trips: &mut [u64]) -> Self {
        trips.sort_unstable();
        let rank = |per_mille: usize| trips[(trips.len() * per_mille).div_ceil(1000) - 1];
        Self { p50: rank(500), p99: rank(990), p999: rank(999) }
    }
}

/// Runs `body` and takes the clocks and the count of heavy fences before and after it.
pub(super) fn measure(count: impl Fn() -> Option<u64>, body: impl FnOnce()) -> Sample {
    let heavies = count();
    let cpu = cpu::used();
    let start = Instant::now();
    body();
    let elapsed = start.elapsed();
    let cpu = cpu::used().zip(cpu).map(|(after, before)| after - before);
    let heavies = count().zip(heavies).map(|(after, before)| after - before);
    Sample { elapsed, calls: None, latency: None, cpu, heavies }
}

#[cfg(test)]
mod tests {
    use super::Latency;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let mut trips: Vec<u64> = (1..=1000).rev().collect();
        assert_eq!(Latency::of(&mut trips), Latency { p50: 500, p99: 990, p999: 999 });
        assert_eq!(Latency::of(&mut [7]), Latency { p50: 7, p99: 7, p999: 7 });
    }
}
