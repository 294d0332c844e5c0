//! Plain loops on the thread outside.

use super::Looper;

pub(crate) struct Sequential;

impl Looper for Sequential {
    fn start(_workers: usize) -> Self {
        Self
    }

    fn sum(&'static self, items: &[u64]) -> u64 {
        items.iter().sum()
    }

    fn map_in_place(&'static self, items: &mut [u64], f: impl Fn(u64) -> u64 + Copy + Send + Sync) {
        items.iter_mut().for_each(|item| *item = f(*item));
    }

    fn for_each(&'static self, items: usize, work: impl Fn(usize) + Send + Sync) {
        (0..items).for_each(work);
    }
}
