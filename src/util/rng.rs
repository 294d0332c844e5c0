//! A tiny random generator for choosing victims: xorshift (Marsaglia 2003), one word, no quality needed.

use std::cell::Cell;

/// A generator owned by one thread.
#[derive(Debug)]
pub struct Rng(Cell<u32>);

impl Rng {
    /// Seeds the generator; any seed will do.
    pub fn new(seed: u32) -> Self {
        Self(Cell::new(seed.wrapping_mul(0x9E37_79B9) | 1))
    }

    /// A number in `0..bound`, not perfectly even. `bound` must not be 0.
    pub fn below(&self, bound: usize) -> usize {
        let mut x = self.0.get();
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.0.set(x);
        ((u64::from(x) * bound as u64) >> 32) as usize
    }
}

#[cfg(all(test, not(filch_loom)))]
mod tests {
    use super::Rng;

    #[test]
    fn stays_below_the_bound_and_reaches_all_of_it() {
        for bound in [1, 2, 3, 64] {
            let rng = Rng::new(7);
            let mut seen = vec![false; bound];
            (0..10_000).for_each(|_| seen[rng.below(bound)] = true);
            assert!(seen.into_iter().all(|hit| hit), "bound {bound}");
        }
    }
}
