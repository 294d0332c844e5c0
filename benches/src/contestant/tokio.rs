//! tokio: the multi-threaded runtime without I/O and time drivers, one task a job; `JoinSet` to gather results.
//!
//! The set lives in a task of the runtime, which returns all results at the end: polled by the outside thread, inside
//! `block_on`, it measured slower.

use ::tokio::runtime::{Builder, Runtime};
use ::tokio::task::{JoinHandle, JoinSet};

use super::Contestant;

pub(crate) struct Tokio(pub(super) Runtime);

impl Contestant for Tokio {
    type Handle<T: Send + 'static> = JoinHandle<T>;

    fn start(workers: usize) -> Self {
        Self(Builder::new_multi_thread().worker_threads(workers).build().expect("the runtime starts"))
    }

    fn spawn(&'static self, job: impl FnOnce() + Send + 'static) {
        self.0.spawn(async { job() });
    }

    fn spawn_inside(&'static self, job: impl FnOnce() + Send + 'static) {
        ::tokio::spawn(async { job() });
    }

    fn submit<T: Send + 'static>(&'static self, job: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        self.0.spawn(async { job() })
    }

    fn join<T: Send + 'static>(&'static self, handle: JoinHandle<T>) -> T {
        self.0.block_on(handle).expect("no job panics")
    }

    fn join_all<T: Send + 'static>(&'static self, handles: Vec<JoinHandle<T>>, mut each: impl FnMut(T)) {
        self.0.block_on(async {
            for handle in handles {
                each(handle.await.expect("no job panics"));
            }
        });
    }

    fn gather<T, J>(
        &'static self,
        mut jobs: impl Iterator<Item = J> + Send + 'static,
        window: usize,
        each: impl FnMut(T),
    ) where
        T: Send + 'static,
        J: FnOnce() -> T + Send + 'static,
    {
        let gathered = self.0.spawn(async move {
            let mut results = Vec::with_capacity(jobs.size_hint().0);
            let mut set: JoinSet<T> = jobs.by_ref().take(window).map(|job| async { job() }).collect();
            while let Some(result) = set.join_next().await {
                results.push(result.expect("no job panics"));
                if let Some(job) = jobs.next() {
                    set.spawn(async { job() });
                }
            }
            results
        });
        self.join(gathered).into_iter().for_each(each);
    }
}
