//! A pool whose threads take turns at waiting for a heap of jobs. A cancel is a flag: what was cancelled stays until it is due.

use std::time::{Duration, Instant};

use scheduled_thread_pool::{JobHandle, ScheduledThreadPool as Pool};

use crate::WORKERS;
use crate::timers::{Beat, Delays, Job, Periods};

pub(crate) struct ScheduledThreadPool(Pool);

impl Delays for ScheduledThreadPool {
    type Handle = JobHandle;

    fn start() -> Self {
        Self(Pool::new(WORKERS))
    }

    fn insert(&mut self, delay: Duration, job: Job) -> JobHandle {
        self.0.execute_after(delay, move || job.run())
    }

    fn cancel(&mut self, handle: JobHandle) {
        handle.cancel();
    }
}

impl Periods for ScheduledThreadPool {
    type Schedule = JobHandle;

    fn every(&mut self, first: Instant, period: Duration, mut job: Beat) -> JobHandle {
        let delay = first.saturating_duration_since(Instant::now());
        self.0.execute_at_fixed_rate(delay, period, move || job.run())
    }

    fn stop(&mut self, schedule: JobHandle) {
        schedule.cancel();
    }
}
