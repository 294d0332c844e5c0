//! tokio-util's queue: it belongs to one thread, which inserts, cancels and takes what is due. What is due runs on tokio's pool.

use std::future::poll_fn;
use std::time::Duration;

use tokio_util::time::DelayQueue as Queue;
use tokio_util::time::delay_queue::Key;

use super::Tokio;
use crate::timers::{Delays, Job};

pub(crate) struct DelayQueue {
    queue: Queue<Job>,
    tokio: Tokio,
}

impl Delays for DelayQueue {
    type Handle = Key;

    fn start() -> Self {
        let tokio = Tokio::start();
        Self { queue: Queue::new(), tokio }
    }

    fn insert(&mut self, delay: Duration, job: Job) -> Key {
        self.queue.insert(job, delay)
    }

    fn cancel(&mut self, handle: Key) {
        // Nobody polls while timers are only inserted and cancelled, so it is there even if it is due.
        self.queue.remove(&handle);
    }

    fn settle(&mut self) {
        self.queue.compact();
    }

    fn go(&mut self) {
        let mut queue = std::mem::take(&mut self.queue);
        self.tokio.runtime.spawn(async move {
            while let Some(due) = poll_fn(|context| queue.poll_expired(context)).await {
                let job = due.into_inner();
                drop(tokio::spawn(async move { job.run() }));
            }
        });
    }
}
