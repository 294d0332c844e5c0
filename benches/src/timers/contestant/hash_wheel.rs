//! The hierarchical hash wheel with its thread, on which the jobs run. It counts in milliseconds.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use hierarchical_hash_wheel_timer::thread_timer::{TimerRef, TimerWithThread};
use hierarchical_hash_wheel_timer::{ClosureTimer, OneShotClosureState, PeriodicClosureState, Timer, TimerReturn};

use crate::timers::{Beat, Delays, Job, Periods};

type Once = OneShotClosureState<u64>;
type Again = PeriodicClosureState<u64>;

pub(crate) struct HashWheel {
    timer: TimerRef<u64, Once, Again>,
    _thread: TimerWithThread<u64, Once, Again>,
    last: u64,
}

impl HashWheel {
    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }
}

impl Delays for HashWheel {
    type Handle = u64;

    fn start() -> Self {
        let thread = TimerWithThread::new().expect("a thread");
        Self { timer: thread.timer_ref(), _thread: thread, last: 0 }
    }

    fn insert(&mut self, delay: Duration, job: Job) -> u64 {
        let id = self.next();
        self.timer.schedule_action_once(id, delay, move |_| job.run());
        id
    }

    fn cancel(&mut self, handle: u64) {
        self.timer.cancel(&handle);
    }

    fn settle(&mut self) {
        // Its thread takes what it is told in order.
        let (send, receive) = mpsc::channel();
        let id = self.next();
        self.timer.schedule_action_once(id, Duration::ZERO, move |_| send.send(()).expect("somebody waits"));
        receive.recv().expect("it runs");
    }
}

impl Periods for HashWheel {
    type Schedule = u64;

    fn every(&mut self, first: Instant, period: Duration, mut job: Beat) -> u64 {
        let id = self.next();
        let delay = first.saturating_duration_since(Instant::now());
        self.timer.schedule_action_periodic(id, delay, period, move |_| {
            job.run();
            TimerReturn::Reschedule(())
        });
        id
    }

    fn stop(&mut self, schedule: u64) {
        self.timer.cancel(&schedule);
    }
}
