//! filch's other way to gather results: `Pool::map_unordered`, which bounds the outstanding jobs itself.

use ::filch::JobHandle;

use super::Contestant;
use super::filch::Filch;
use crate::workload::WINDOW;

pub(crate) struct FilchMapUnordered(Filch);

impl Contestant for FilchMapUnordered {
    type Handle<T: Send + 'static> = JobHandle<T>;

    fn start(workers: usize) -> Self {
        Self(Filch::start(workers))
    }

    fn spawn(&'static self, job: impl FnOnce() + Send + 'static) {
        self.0.spawn(job);
    }

    fn submit<T: Send + 'static>(&'static self, job: impl FnOnce() -> T + Send + 'static) -> JobHandle<T> {
        self.0.submit(job)
    }

    fn join<T: Send + 'static>(&'static self, handle: JobHandle<T>) -> T {
        self.0.join(handle)
    }

    /// There is always a bound.
    fn gather<T, J>(&'static self, jobs: impl Iterator<Item = J> + Send + 'static, window: usize, each: impl FnMut(T))
    where
        T: Send + 'static,
        J: FnOnce() -> T + Send + 'static,
    {
        let results = self.0.0.map_unordered(jobs, window.min(WINDOW), |job: J| job());
        results.map(|result| result.expect("no job panics or is cancelled")).for_each(each);
    }

    fn heavies(&self) -> Option<u64> {
        self.0.heavies()
    }
}
