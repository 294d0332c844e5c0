//! Pseudo-random numbers from a seed.

use std::time::{SystemTime, UNIX_EPOCH};

/// A small generator (splitmix64): every seed is as good as any other.
pub struct Random(u64);

impl Random {
    /// Makes a generator.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// The seed to begin with: `FILCH_SEED`, else one from the clock.
pub fn seed() -> u64 {
    let wanted = std::env::var("FILCH_SEED").ok();
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_nanos() as u64 >> 10);
    wanted.and_then(|seed| seed.parse().ok()).unwrap_or_else(clock)
}

/// Passes a little time without a call to the system.
pub fn spin(turns: u64) {
    for _ in 0..turns {
        std::hint::spin_loop();
    }
}
