//! filch: `map_reduce` for the sum, `for_each` otherwise.

use ::filch::Pool;

use super::Looper;
use crate::contestant::filch::heavies;

pub(crate) struct Filch(pub(super) Pool);

impl Looper for Filch {
    fn start(workers: usize) -> Self {
        Self(Pool::with_threads(workers))
    }

    fn sum(&'static self, items: &[u64]) -> u64 {
        self.0.map_reduce(items, 0, |item| *item, |a, b| a + b)
    }

    fn map_in_place(&'static self, items: &mut [u64], f: impl Fn(u64) -> u64 + Copy + Send + Sync) {
        self.0.for_each(items, |item| *item = f(*item));
    }

    fn for_each(&'static self, items: usize, work: impl Fn(usize) + Send + Sync) {
        self.0.for_each(0..items, work);
    }

    fn heavies(&self) -> Option<u64> {
        heavies(&self.0)
    }
}
