//! tokio: the multi-threaded runtime without I/O and time drivers, one task a job.

use ::tokio::runtime::{Builder, Runtime};
use ::tokio::task::JoinHandle;

use super::Contestant;

pub(crate) struct Tokio(Runtime);

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
}
