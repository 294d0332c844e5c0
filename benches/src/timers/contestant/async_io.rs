//! async-io's timers, with tasks on an async-executor whose threads drive them. Where timers are only inserted and cancelled, a `Timer` stands for a job.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Once;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use async_executor::{StaticExecutor, Task};
use async_io::{Timer, block_on};
use futures_lite::StreamExt;

use crate::WORKERS;
use crate::timers::{Beat, Delays, Job, Periods};

static EXECUTOR: StaticExecutor = StaticExecutor::new();

pub(crate) struct AsyncIo(());

impl Delays for AsyncIo {
    type Handle = Timer;

    fn start() -> Self {
        static THREADS: Once = Once::new();
        THREADS.call_once(|| {
            for _ in 0..WORKERS {
                std::thread::spawn(|| block_on(EXECUTOR.run(pending::<()>())));
            }
        });
        Self(())
    }

    fn insert(&mut self, delay: Duration, _: Job) -> Timer {
        let mut timer = Timer::after(delay);
        // The reactor has it from the first poll on.
        assert!(Pin::new(&mut timer).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        timer
    }

    fn cancel(&mut self, handle: Timer) {
        drop(handle);
    }

    fn spawn(&mut self, delay: Duration, job: Job) {
        EXECUTOR
            .spawn(async move {
                Timer::after(delay).await;
                job.run();
            })
            .detach();
    }
}

impl Periods for AsyncIo {
    type Schedule = Task<()>;

    fn every(&mut self, first: Instant, period: Duration, mut job: Beat) -> Task<()> {
        EXECUTOR.spawn(async move {
            let mut timer = Timer::interval_at(first, period);
            while timer.next().await.is_some() {
                job.run();
            }
        })
    }

    fn stop(&mut self, schedule: Task<()>) {
        drop(schedule);
    }
}
