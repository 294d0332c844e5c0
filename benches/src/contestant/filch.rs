//! filch: `spawn` and `submit` of the pool from outside, the free `spawn` inside; `JobSet` to gather results.

use ::filch::{JobHandle, JobSet, Pool};

use super::Contestant;

pub(crate) struct Filch(pub(super) Pool);

impl Contestant for Filch {
    type Handle<T: Send + 'static> = JobHandle<T>;

    fn start(workers: usize) -> Self {
        Self(Pool::with_threads(workers))
    }

    fn spawn(&'static self, job: impl FnOnce() + Send + 'static) {
        self.0.spawn(job);
    }

    fn spawn_inside(&'static self, job: impl FnOnce() + Send + 'static) {
        ::filch::spawn(job);
    }

    fn submit<T: Send + 'static>(&'static self, job: impl FnOnce() -> T + Send + 'static) -> JobHandle<T> {
        self.0.submit(job)
    }

    fn join<T: Send + 'static>(&'static self, handle: JobHandle<T>) -> T {
        handle.join().expect("no job panics or is cancelled")
    }

    fn gather<T, J>(
        &'static self,
        mut jobs: impl Iterator<Item = J> + Send + 'static,
        window: usize,
        mut each: impl FnMut(T),
    ) where
        T: Send + 'static,
        J: FnOnce() -> T + Send + 'static,
    {
        let set = JobSet::new(&self.0);
        for job in jobs.by_ref().take(window) {
            set.submit(job);
        }
        while let Some((_, result)) = set.next() {
            each(result.expect("no job panics or is cancelled"));
            if let Some(job) = jobs.next() {
                set.submit(job);
            }
        }
    }

    fn heavies(&self) -> Option<u64> {
        heavies(&self.0)
    }
}

/// The heavy fences of all workers so far.
pub(super) fn heavies(pool: &Pool) -> Option<u64> {
    Some(pool.metrics().workers.iter().map(|worker| worker.heavies).sum())
}
