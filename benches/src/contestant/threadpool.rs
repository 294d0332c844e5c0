//! threadpool: `execute`; a result is sent back through a oneshot channel.
//!
//! Hot round trips go through a crossbeam channel of one place: its receiver looks a little before it sleeps.

use ::crossbeam_channel::bounded;
use ::threadpool::ThreadPool;

use super::Contestant;

pub(crate) struct Threadpool(ThreadPool);

impl Contestant for Threadpool {
    type Handle<T: Send + 'static> = oneshot::Receiver<T>;

    fn start(workers: usize) -> Self {
        Self(ThreadPool::new(workers))
    }

    fn spawn(&'static self, job: impl FnOnce() + Send + 'static) {
        self.0.execute(job);
    }

    fn submit<T: Send + 'static>(&'static self, job: impl FnOnce() -> T + Send + 'static) -> oneshot::Receiver<T> {
        let (sender, receiver) = oneshot::channel();
        self.0.execute(move || sender.send(job()).expect("the receiver waits"));
        receiver
    }

    fn join<T: Send + 'static>(&'static self, handle: oneshot::Receiver<T>) -> T {
        handle.recv().expect("no job panics")
    }

    fn call<T: Send + 'static>(&'static self, job: impl FnOnce() -> T + Send + 'static) -> T {
        let (sender, receiver) = bounded(1);
        self.0.execute(move || sender.send(job()).expect("the receiver waits"));
        receiver.recv().expect("no job panics")
    }

    fn call_asleep<T: Send + 'static>(&'static self, job: impl FnOnce() -> T + Send + 'static) -> T {
        self.join(self.submit(job))
    }
}
