//! filch.

use std::time::{Duration, Instant};

use filch::{JobHandle, Pool, Schedule, ScheduleOptions};

use crate::WORKERS;
use crate::timers::{Beat, Delays, Job, Periods};

pub(crate) struct Filch(Pool);

impl Delays for Filch {
    type Handle = JobHandle<()>;

    fn start() -> Self {
        Self(Pool::with_threads(WORKERS))
    }

    fn insert(&mut self, delay: Duration, job: Job) -> Self::Handle {
        self.0.submit_later(delay, move || job.run())
    }

    fn cancel(&mut self, handle: Self::Handle) {
        handle.cancel();
    }

    fn spawn(&mut self, delay: Duration, job: Job) {
        self.0.spawn_later(delay, move || job.run());
    }
}

impl Periods for Filch {
    type Schedule = Schedule;

    fn every(&mut self, first: Instant, period: Duration, mut job: Beat) -> Schedule {
        self.0.schedule_with(ScheduleOptions::fixed_rate(period).start(first), move || job.run())
    }

    fn stop(&mut self, schedule: Schedule) {
        schedule.cancel();
    }
}
