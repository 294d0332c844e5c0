//! Delayed and periodic jobs beside an oracle: on a clock that is moved by hand, with one worker, all runs have one time and one order.
//!
//! `FILCH_SOAK_SECONDS` sets how long; `FILCH_SEED` the seed.

mod common;

#[path = "oracles/cases.rs"]
mod cases;
#[path = "oracles/timer_steps.rs"]
mod steps;
#[path = "ledger/support/mod.rs"]
mod support;
#[path = "oracles/timeline.rs"]
mod timeline;

use std::collections::HashMap;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::{Gate, Notes, PATIENCE, block, eventually, lock};
use filch::{JobError, JobHandle, ManualClock, Pool, Schedule, ScheduleOptions};
use steps::{Act, End, Plan, Start, Step};
use timeline::{BEGINNING, Event, State, Timeline, child, nanos};

/// No case has more runs at one time than that.
const MANY: usize = 300;

/// What the jobs and the test share.
struct World {
    clock: ManualClock,
    beginning: Instant,
    events: Mutex<Vec<Event>>,
    /// How many closures of each number are gone.
    gone: Mutex<Vec<usize>>,
    handles: Mutex<HashMap<usize, JobHandle<()>>>,
    schedules: Mutex<HashMap<usize, Schedule>>,
}

/// What a job captures.
struct Capture {
    world: Arc<World>,
    id: usize,
}

impl Drop for Capture {
    fn drop(&mut self) {
        lock(&self.world.gone)[self.id] += 1;
    }
}

impl Capture {
    fn run(&self, run: u64, act: Option<Act>) {
        let (world, id) = (&self.world, self.id);
        lock(&world.events).push(Event::Run { time: world.now(), id, run });
        match act.unwrap_or(Act::Nothing) {
            Act::Nothing => {}
            Act::Panic => resume_unwind(Box::new(format!("job {id}"))),
            Act::Later(delay) => world.submit(&current(), true, Act::Nothing, |pool, f| pool.submit_later(delay, f)),
            Act::Schedule { period, max_runs } => world.schedule(&current(), child(period, max_runs)),
            Act::CancelItself => self.cancel(id),
            Act::CancelOther(which) => {
                let made = lock(&world.gone).len();
                self.cancel(which % made);
            }
            Act::CancelTimers => {
                let count = current().cancel_timers();
                lock(&world.events).push(Event::CancelTimers(count));
            }
        }
    }

    fn cancel(&self, id: usize) {
        let cancelled = self.world.cancel(id);
        lock(&self.world.events).extend(cancelled.map(|cancelled| Event::Cancel(id, cancelled)));
    }
}

fn current() -> Pool {
    Pool::current().expect("a job's pool")
}

impl World {
    fn now(&self) -> u64 {
        nanos(self.clock.now() - self.beginning)
    }

    fn moment_of(&self, time: u64) -> Instant {
        let distance = Duration::from_nanos(time.abs_diff(BEGINNING));
        if time < BEGINNING { self.beginning - distance } else { self.beginning + distance }
    }

    fn moment(&self, offset: i64) -> Instant {
        let distance = Duration::from_nanos(offset.unsigned_abs());
        if offset < 0 { self.clock.now() - distance } else { self.clock.now() + distance }
    }

    fn open(self: &Arc<Self>) -> Capture {
        let mut gone = lock(&self.gone);
        gone.push(0);
        Capture { world: self.clone(), id: gone.len() - 1 }
    }

    fn submit(
        self: &Arc<Self>,
        pool: &Pool,
        is_watched: bool,
        act: Act,
        submit: impl FnOnce(&Pool, Box<dyn FnOnce() + Send>) -> JobHandle<()>,
    ) {
        let capture = self.open();
        let id = capture.id;
        // It may run at once, and ask for its own handle.
        let mut handles = lock(&self.handles);
        let handle = submit(pool, Box::new(move || capture.run(1, Some(act))));
        if is_watched {
            handles.insert(id, handle);
        }
    }

    fn schedule(self: &Arc<Self>, pool: &Pool, plan: Plan) {
        let options = match plan.is_delay {
            true => ScheduleOptions::fixed_delay(plan.period),
            false => ScheduleOptions::fixed_rate(plan.period),
        };
        let options = match plan.start {
            Start::AfterPeriod => options,
            Start::At(offset) => options.start(self.moment(offset)),
            Start::In(delay) => options.start(delay),
        };
        let options = plan.missed.map_or(options, |missed| options.missed_tick(missed));
        let options = plan.max_runs.map_or(options, |max| options.max_runs(max));
        let capture = self.open();
        let (id, mut run) = (capture.id, 0);
        let f = move || {
            run += 1;
            capture.run(run, Some(plan.act).filter(|_| run % plan.at == 0));
        };
        let mut schedules = lock(&self.schedules);
        schedules.insert(id, pool.schedule_with(options, f));
    }

    /// Cancels that one. `None`: nobody can.
    fn cancel(&self, id: usize) -> Option<bool> {
        let schedule = lock(&self.schedules).get(&id).cloned();
        if let Some(schedule) = schedule {
            return Some(schedule.cancel());
        }
        // It may be its own last reference that a cancel drops.
        lock(&self.handles).get(&id).map(JobHandle::cancel)
    }
}

/// The pool and its oracle. Dropped in this order, also by a test that fails.
struct Pair {
    gate: Option<Gate>,
    timeline: Timeline,
    handled: Notes<String>,
    world: Arc<World>,
    pool: Option<Pool>,
}

impl Pair {
    fn new() -> Self {
        let (handled, clock) = (Notes::new(), ManualClock::new());
        let builder = Pool::builder().threads(1).panic_handler(handled.handler()).clock(clock.clone());
        let pool = Some(builder.build().expect("a pool"));
        let world = World {
            beginning: clock.now(),
            clock,
            events: Mutex::default(),
            gone: Mutex::default(),
            handles: Mutex::default(),
            schedules: Mutex::default(),
        };
        Self { gate: None, timeline: Timeline::new(), handled, world: Arc::new(world), pool }
    }

    fn apply(&mut self, step: &Step) {
        let Some(pool) = self.pool.clone() else { return };
        let (world, timeline) = (self.world.clone(), &mut self.timeline);
        match step {
            Step::Later { delay, watched: true, act } => {
                timeline.add_job(timeline.after(*delay), true, *act);
                world.submit(&pool, true, *act, |pool, f| pool.submit_later(*delay, f));
            }
            Step::Later { delay, watched: false, act } => {
                timeline.add_job(timeline.after(*delay), false, *act);
                let (capture, act) = (world.open(), *act);
                pool.spawn_later(*delay, move || capture.run(1, Some(act)));
            }
            Step::Many { delay, count } => {
                for _ in 0..*count {
                    timeline.add_job(timeline.after(*delay), true, Act::Nothing);
                    world.submit(&pool, true, Act::Nothing, |pool, f| pool.submit_later(*delay, f));
                }
            }
            Step::At { offset, act } => {
                timeline.add_job(timeline.at(*offset), true, *act);
                let moment = world.moment(*offset);
                world.submit(&pool, true, *act, |pool, f| pool.submit_at(moment, f));
            }
            Step::Schedule(plan) => {
                timeline.add_schedule(*plan);
                world.schedule(&pool, *plan);
            }
            Step::Cancel(which) if !timeline.timers.is_empty() => {
                let id = which % timeline.timers.len();
                assert_eq!(world.cancel(id), timeline.cancel(id), "a cancel of {id}");
            }
            Step::Cancel(_) => {}
            Step::CancelTimers => assert_eq!(pool.cancel_timers(), timeline.cancel_timers()),
            Step::CancelPending => assert_eq!(pool.cancel_pending(), timeline.cancel_pending()),
            Step::Advance(delay) => self.advance(*delay),
            Step::Hold => self.hold(&pool),
            Step::Release => self.release(),
        }
        self.settle(&pool);
    }

    /// What is queued runs, and then all is as it should be.
    fn settle(&mut self, pool: &Pool) {
        self.timeline.run_queued();
        if self.gate.is_none() {
            assert!(pool.wait_idle_timeout(PATIENCE), "the pool is not idle");
        }
        self.check();
    }

    fn hold(&mut self, pool: &Pool) {
        if self.gate.is_none() && !self.timeline.is_closed {
            self.gate = Some(block(pool));
            self.timeline.is_held = true;
        }
    }

    fn release(&mut self) {
        drop(self.gate.take());
        self.timeline.is_held = false;
    }

    fn advance(&mut self, delay: Duration) {
        self.release();
        let delay = delay.min(Duration::from_nanos(u64::MAX / 2 - self.timeline.now));
        let mut forecast = self.timeline.clone();
        let delay = if forecast.advance(delay, MANY) {
            delay
        } else {
            // To the moment at which they are too many.
            Duration::from_nanos(forecast.now - self.timeline.now)
        };
        self.timeline.advance(delay, usize::MAX / 2);
        self.world.clock.advance(delay);
    }

    /// Ends the pool, held or not.
    fn end(&mut self, end: End) {
        let Some(pool) = self.pool.clone() else { return };
        let now = end == End::ShutdownNow;
        let ender = match end {
            End::Shutdown => thread::spawn(move || pool.shutdown()),
            End::ShutdownNow => thread::spawn(move || pool.shutdown_now()),
            End::Drop => {
                drop(pool);
                let pool = self.pool.take();
                thread::spawn(|| drop(pool))
            }
        };
        self.timeline.close(now);
        if self.gate.is_some() {
            eventually("the timers have ended", || *lock(&self.world.gone) == self.gone());
        }
        self.release();
        self.timeline.run_queued();
        ender.join().expect("the pool ends");
        self.check();
        // Whatever the clock says now.
        self.world.clock.advance(Duration::from_secs(1 << 30));
        self.timeline.now += nanos(Duration::from_secs(1 << 30));
        for step in [
            Step::Later { delay: Duration::ZERO, watched: true, act: Act::Panic },
            Step::Schedule(child(Duration::ZERO, 9)),
        ] {
            if let Some(pool) = self.pool.clone() {
                self.apply(&step);
                drop(pool);
            }
        }
        self.check();
    }

    fn gone(&self) -> Vec<usize> {
        self.timeline.timers.iter().map(|timer| usize::from(timer.state.has_ended())).collect()
    }

    fn check(&self) {
        let (world, timeline) = (&self.world, &self.timeline);
        let events = lock(&world.events).clone();
        let same = events.iter().zip(&timeline.events).take_while(|(found, expected)| found == expected).count();
        assert_eq!(events[same..], timeline.events[same..], "events, after {same} that were right");
        assert_eq!(*lock(&world.gone), self.gone(), "closures that are gone");
        assert_eq!(world.now(), timeline.now - BEGINNING);
        for (id, schedule) in lock(&world.schedules).iter() {
            let timer = &timeline.timers[*id];
            let is_active = !timer.state.has_ended();
            let next = is_active.then(|| world.moment_of(timer.due));
            let found = (schedule.is_active(), schedule.runs(), schedule.next_run());
            assert_eq!(found, (is_active, timer.runs, next), "schedule {id}, {timer:?}");
        }
        for (id, handle) in lock(&world.handles).iter() {
            assert_eq!(handle.is_finished(), timeline.timers[*id].state.has_ended(), "job {id}");
        }
        let Some(pool) = &self.pool else { return };
        assert_eq!(
            (pool.delayed(), pool.scheduled()),
            (timeline.delayed(), timeline.scheduled()),
            "delayed, scheduled"
        );
        assert_eq!((pool.pending(), pool.running()), (timeline.queue.len(), usize::from(self.gate.is_some())));
        assert_eq!(pool.metrics().panics, timeline.panics);
    }

    /// Takes the outcomes.
    fn finish(self) {
        let handles = std::mem::take(&mut *lock(&self.world.handles));
        for (id, handle) in handles {
            let result = handle.join();
            match (self.timeline.timers[id].state, &result) {
                (State::Done, Ok(())) | (State::Cancelled, Err(JobError::Cancelled)) => {}
                (State::Panicked, Err(JobError::Panicked(_))) | (State::ShutDown, Err(JobError::ShutDown)) => {}
                (state, result) => panic!("job {id} came out as {result:?}, not {state:?}"),
            }
        }
        let timers = self.timeline.timers.iter();
        let watched = timers.filter(|timer| timer.is_watched && timer.state == State::Panicked).count() as u64;
        assert_eq!(self.handled.len() as u64, self.timeline.panics - watched, "panics that the handler got");
        lock(&self.world.schedules).clear();
        assert_eq!(Arc::strong_count(&self.world), 1, "something is still there");
    }
}

#[test]
fn does_what_arithmetic_says() {
    cases::check(128, steps::case(), |(steps, end)| {
        let mut pair = Pair::new();
        steps.iter().for_each(|step| pair.apply(step));
        pair.end(end);
        pair.finish();
    });
}
