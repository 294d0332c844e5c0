//! rayon: `ThreadPool::spawn`, and `install` for the round trip.
//!
//! The free `rayon::spawn` is slower inside: it clones a reference to the current pool for each job. `spawn` has no
//! result, so one is sent back through a oneshot channel.

use ::rayon::{ThreadPool, ThreadPoolBuilder};

use super::Contestant;

pub(crate) struct Rayon(ThreadPool);

impl Contestant for Rayon {
    type Handle<T: Send + 'static> = oneshot::Receiver<T>;

    fn start(workers: usize) -> Self {
        Self(ThreadPoolBuilder::new().num_threads(workers).build().expect("the threads start"))
    }

    fn spawn(&'static self, job: impl FnOnce() + Send + 'static) {
        self.0.spawn(job);
    }

    fn submit<T: Send + 'static>(&'static self, job: impl FnOnce() -> T + Send + 'static) -> oneshot::Receiver<T> {
        let (sender, receiver) = oneshot::channel();
        self.0.spawn(move || sender.send(job()).expect("the receiver waits"));
        receiver
    }

    fn join<T: Send + 'static>(&'static self, handle: oneshot::Receiver<T>) -> T {
        handle.recv().expect("no job panics")
    }

    fn call<T: Send + 'static>(&'static self, job: impl FnOnce() -> T + Send + 'static) -> T {
        self.0.install(job)
    }
}
