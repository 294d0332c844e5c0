//! rusty_pool: `execute`, and `evaluate` for a job with a result.

use std::time::Duration;

use ::rusty_pool::{JoinHandle, ThreadPool};

use super::Contestant;

pub(crate) struct RustyPool(ThreadPool);

impl Contestant for RustyPool {
    type Handle<T: Send + 'static> = JoinHandle<T>;

    fn start(workers: usize) -> Self {
        let pool = ThreadPool::new(workers, workers, Duration::ZERO);
        pool.start_core_threads();
        Self(pool)
    }

    fn spawn(&'static self, job: impl FnOnce() + Send + 'static) {
        self.0.execute(job);
    }

    fn submit<T: Send + 'static>(&'static self, job: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        self.0.evaluate(job)
    }

    fn join<T: Send + 'static>(&'static self, handle: JoinHandle<T>) -> T {
        handle.await_complete()
    }
}
