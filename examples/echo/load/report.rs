//! What a load has measured.

use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Report {
    /// Messages whose answers came back whole and right.
    pub messages: u64,
    pub elapsed: Duration,
    /// From sending a message to the last byte of its answer: half of them took no longer.
    pub p50: Duration,
    /// So did 99 in a hundred.
    pub p99: Duration,
    /// The longest time from opening a connection to its first answer.
    pub slowest_first: Duration,
    /// Messages of the connection that had the most of them, and of the one that had the fewest.
    pub most: u64,
    pub fewest: u64,
}

impl Report {
    pub fn messages_per_second(&self) -> f64 {
        self.messages as f64 / self.elapsed.as_secs_f64()
    }

    /// 1: all connections had as many.
    pub fn unfairness(&self) -> f64 {
        self.most as f64 / self.fewest.max(1) as f64
    }
}

/// The latency that so many in a hundred do not exceed.
pub fn quantile(sorted: &[u32], per_cent: usize) -> Duration {
    let rank = (sorted.len() * per_cent).div_ceil(100).max(1);
    Duration::from_nanos(sorted.get(rank - 1).copied().unwrap_or(0).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_latencies_that_occurred() {
        let latencies: Vec<u32> = (1..=200).collect();
        let nanos = |per_cent| quantile(&latencies, per_cent).as_nanos();
        assert_eq!([nanos(0), nanos(50), nanos(99), nanos(100)], [1, 100, 198, 200]);
        assert_eq!(quantile(&[], 99), Duration::ZERO);
    }
}
