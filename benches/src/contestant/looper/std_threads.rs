//! The loop that one writes by hand: `thread::scope`, a thread and a chunk of the same size for each worker.

use std::thread;

use super::Looper;

pub(crate) struct StdThreads {
    workers: usize,
}

impl StdThreads {
    /// The size of each chunk but the last.
    fn chunk(&self, items: usize) -> usize {
        items.div_ceil(self.workers).max(1)
    }
}

impl Looper for StdThreads {
    fn start(workers: usize) -> Self {
        Self { workers }
    }

    fn sum(&'static self, items: &[u64]) -> u64 {
        thread::scope(|scope| {
            let chunks = items.chunks(self.chunk(items.len()));
            let threads: Vec<_> = chunks.map(|chunk| scope.spawn(|| chunk.iter().sum::<u64>())).collect();
            threads.into_iter().map(|thread| thread.join().expect("no thread panics")).sum()
        })
    }

    fn map_in_place(&'static self, items: &mut [u64], f: impl Fn(u64) -> u64 + Copy + Send + Sync) {
        thread::scope(|scope| {
            for chunk in items.chunks_mut(self.chunk(items.len())) {
                scope.spawn(move || chunk.iter_mut().for_each(|item| *item = f(*item)));
            }
        });
    }

    fn for_each(&'static self, items: usize, work: impl Fn(usize) + Send + Sync) {
        let chunk = self.chunk(items);
        thread::scope(|scope| {
            for first in (0..items).step_by(chunk) {
                let work = &work;
                scope.spawn(move || (first..items.min(first + chunk)).for_each(work));
            }
        });
    }
}
