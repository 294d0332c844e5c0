//! The pool one writes by hand: boxed jobs through one unbounded flume channel to `workers` receiving threads.
//!
//! A result comes back through a oneshot channel.

use std::thread;

use ::flume::{Sender, unbounded};

use super::Contestant;

type Job = Box<dyn FnOnce() + Send>;

pub(crate) struct Flume(Sender<Job>);

impl Contestant for Flume {
    type Handle<T: Send + 'static> = oneshot::Receiver<T>;

    fn start(workers: usize) -> Self {
        let (sender, receiver) = unbounded::<Job>();
        for _ in 0..workers {
            let receiver = receiver.clone();
            thread::spawn(move || receiver.into_iter().for_each(|job| job()));
        }
        Self(sender)
    }

    fn spawn(&'static self, job: impl FnOnce() + Send + 'static) {
        self.0.send(Box::new(job)).expect("the workers receive");
    }

    fn submit<T: Send + 'static>(&'static self, job: impl FnOnce() -> T + Send + 'static) -> oneshot::Receiver<T> {
        let (sender, receiver) = oneshot::channel();
        self.spawn(move || sender.send(job()).expect("the receiver waits"));
        receiver
    }

    fn join<T: Send + 'static>(&'static self, handle: oneshot::Receiver<T>) -> T {
        handle.recv().expect("no job panics")
    }
}
