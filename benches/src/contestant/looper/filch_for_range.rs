//! filch's other way: `for_range`, which hands out pieces of the range. A sum is added up by one atomic addition a piece.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Looper;
use super::filch::Filch;

pub(crate) struct FilchForRange(Filch);

impl Looper for FilchForRange {
    fn start(workers: usize) -> Self {
        Self(Filch::start(workers))
    }

    fn sum(&'static self, items: &[u64]) -> u64 {
        let sum = AtomicU64::new(0);
        self.0.0.for_range(0..items.len(), |piece| {
            sum.fetch_add(items[piece].iter().sum(), Ordering::Relaxed);
        });
        sum.into_inner()
    }

    /// A range says nothing about who may write where.
    fn map_in_place(&'static self, items: &mut [u64], f: impl Fn(u64) -> u64 + Copy + Send + Sync) {
        self.0.map_in_place(items, f);
    }

    fn for_each(&'static self, items: usize, work: impl Fn(usize) + Send + Sync) {
        self.0.0.for_range(0..items, |piece| piece.for_each(&work));
    }

    fn heavies(&self) -> Option<u64> {
        self.0.heavies()
    }
}
