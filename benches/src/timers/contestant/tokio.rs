//! tokio's timer. Where timers are only inserted and cancelled, a `Sleep` stands for a job: a task for each would cost more.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, EnterGuard, Runtime};
use tokio::task::JoinHandle;
use tokio::time::{Sleep, interval_at, sleep};

use crate::WORKERS;
use crate::timers::{Beat, Delays, Job, Periods};

pub(crate) struct Tokio {
    pub(super) runtime: &'static Runtime,
    /// For as long as the process lives: guards of several must go in order.
    _entered: ManuallyDrop<EnterGuard<'static>>,
}

impl Delays for Tokio {
    type Handle = Pin<Box<Sleep>>;

    fn start() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(WORKERS).enable_time().build();
        let runtime: &Runtime = Box::leak(Box::new(runtime.expect("tokio starts")));
        Self { runtime, _entered: ManuallyDrop::new(runtime.enter()) }
    }

    fn insert(&mut self, delay: Duration, _: Job) -> Self::Handle {
        let mut timer = Box::pin(sleep(delay));
        // It is with the timer from the first poll on.
        assert!(timer.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        timer
    }

    fn cancel(&mut self, handle: Self::Handle) {
        drop(handle);
    }

    fn spawn(&mut self, delay: Duration, job: Job) {
        drop(self.runtime.spawn(async move {
            sleep(delay).await;
            job.run();
        }));
    }
}

impl Periods for Tokio {
    type Schedule = JoinHandle<()>;

    fn every(&mut self, first: Instant, period: Duration, mut job: Beat) -> Self::Schedule {
        let mut interval = interval_at(first.into(), period);
        self.runtime.spawn(async move {
            loop {
                interval.tick().await;
                job.run();
            }
        })
    }

    fn stop(&mut self, schedule: Self::Schedule) {
        schedule.abort();
    }
}
