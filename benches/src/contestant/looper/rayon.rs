//! rayon: parallel iterators, inside `install`.

use ::rayon::prelude::*;
use ::rayon::{ThreadPool, ThreadPoolBuilder};

use super::Looper;

pub(crate) struct Rayon(ThreadPool);

impl Looper for Rayon {
    fn start(workers: usize) -> Self {
        Self(ThreadPoolBuilder::new().num_threads(workers).build().expect("the threads start"))
    }

    fn sum(&'static self, items: &[u64]) -> u64 {
        self.0.install(|| items.par_iter().sum())
    }

    fn map_in_place(&'static self, items: &mut [u64], f: impl Fn(u64) -> u64 + Copy + Send + Sync) {
        self.0.install(|| items.par_iter_mut().for_each(|item| *item = f(*item)));
    }

    fn for_each(&'static self, items: usize, work: impl Fn(usize) + Send + Sync) {
        self.0.install(|| (0..items).into_par_iter().for_each(work));
    }
}
