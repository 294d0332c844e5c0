//! tokio's other way to gather results: the handles of spawned tasks in a `FuturesUnordered`.
//!
//! The outside thread polls it inside `block_on`: in a task of the runtime it measured slower with all jobs at once.

use ::tokio::task::JoinHandle;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::Contestant;
use super::tokio::Tokio;

pub(crate) struct TokioFuturesUnordered(Tokio);

impl Contestant for TokioFuturesUnordered {
    type Handle<T: Send + 'static> = JoinHandle<T>;

    fn start(workers: usize) -> Self {
        Self(Tokio::start(workers))
    }

    fn spawn(&'static self, job: impl FnOnce() + Send + 'static) {
        self.0.spawn(job);
    }

    fn submit<T: Send + 'static>(&'static self, job: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        self.0.submit(job)
    }

    fn join<T: Send + 'static>(&'static self, handle: JoinHandle<T>) -> T {
        self.0.join(handle)
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
        self.0.0.block_on(async {
            let mut handles: FuturesUnordered<_> = jobs.by_ref().take(window).map(|job| self.submit(job)).collect();
            while let Some(result) = handles.next().await {
                each(result.expect("no job panics"));
                handles.extend(jobs.next().map(|job| self.submit(job)));
            }
        });
    }
}
