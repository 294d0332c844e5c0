//! orx-parallel: parallel iterators with the runner and the kind of pool that it takes by default, which keeps its threads.
//!
//! The pool never has more threads than the machine has cores.

use ::orx_parallel::*;

use super::Looper;

pub(crate) struct OrxParallel(BasicPool);

impl OrxParallel {
    fn runner(&'static self) -> impl ParRunner {
        Runner::adaptive_with_pool(&self.0)
    }
}

impl Looper for OrxParallel {
    fn start(workers: usize) -> Self {
        Self(Pool::basic(workers))
    }

    fn sum(&'static self, items: &[u64]) -> u64 {
        items.par().runner(self.runner()).copied().sum()
    }

    fn map_in_place(&'static self, items: &mut [u64], f: impl Fn(u64) -> u64 + Copy + Send + Sync) {
        items.into_par().runner(self.runner()).for_each(|item| *item = f(*item));
    }

    fn for_each(&'static self, items: usize, work: impl Fn(usize) + Send + Sync) {
        (0..items).par().runner(self.runner()).for_each(&work);
    }
}
