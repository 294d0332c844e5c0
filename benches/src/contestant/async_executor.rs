//! async-executor: the leaked form, which its documentation calls the cheaper one, driven by `workers` threads.

use std::future;
use std::thread;

use ::async_executor::{Executor, StaticExecutor, Task};
use futures_lite::future::block_on;

use super::Contestant;

pub(crate) struct AsyncExecutor(&'static StaticExecutor);

impl Contestant for AsyncExecutor {
    type Handle<T: Send + 'static> = Task<T>;

    fn start(workers: usize) -> Self {
        let executor = Executor::new().leak();
        for _ in 0..workers {
            thread::spawn(|| block_on(executor.run(future::pending::<()>())));
        }
        Self(executor)
    }

    fn spawn(&'static self, job: impl FnOnce() + Send + 'static) {
        self.0.spawn(async { job() }).detach();
    }

    fn submit<T: Send + 'static>(&'static self, job: impl FnOnce() -> T + Send + 'static) -> Task<T> {
        self.0.spawn(async { job() })
    }

    fn join<T: Send + 'static>(&'static self, handle: Task<T>) -> T {
        block_on(handle)
    }

    fn join_all<T: Send + 'static>(&'static self, handles: Vec<Task<T>>, mut each: impl FnMut(T)) {
        block_on(async {
            for handle in handles {
                each(handle.await);
            }
        });
    }
}
