//! Carrying a script out.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use filch::{
    CancelToken, JobHandle, JobId, ManualClock, MissedTick, Pool, Schedule, ScheduleOptions, Semaphore, WaitPolicy,
};

use crate::job::{Outcome, Set, Surroundings, job, large, leaf, small};
use crate::ledger::Ledger;
use crate::script::{End, Ending, Leaf, Script, Settings, Step};

/// A handle, and whether its job may never become due.
struct Slot(JobHandle<Outcome>, bool);

struct Driver {
    pool: Pool,
    clock: ManualClock,
    around: Arc<Surroundings>,
    handles: Vec<Slot>,
    tokens: Vec<CancelToken>,
    schedules: Vec<Schedule>,
    members: Vec<JobId>,
}

pub fn carry_out(script: Script) {
    let clock = ManualClock::new();
    let ledger = Ledger::default();
    let pool = build(&script.settings, &clock);
    let around = Arc::new(Surroundings {
        ledger: ledger.clone(),
        semaphore: Semaphore::new(usize::from(script.settings.permits % 4)),
        set: Mutex::new(Some(new_set(&pool, script.settings.set_capacity))),
    });
    let mut driver = Driver::new(pool.clone(), clock.clone(), around.clone());
    let mut other = Driver::new(pool, clock, around);
    std::thread::scope(|scope| {
        scope.spawn(move || other.drive(script.meanwhile.0));
        driver.drive(script.steps.0);
    });
    driver.end(script.end);
    ledger.wait_for_end();
    ledger.check();
}

fn build(settings: &Settings, clock: &ManualClock) -> Pool {
    let builder = Pool::builder()
        .threads(usize::from(settings.threads % 4) + 1)
        .spare_threads(usize::from(settings.spare_threads % 3))
        .wait_policy(if settings.helps { WaitPolicy::HelpAny } else { WaitPolicy::Isolated })
        // What is contained is dropped here, bombs too.
        .panic_handler(|payload| drop(payload));
    let builder = if settings.real_clock { builder } else { builder.clock(clock.clone()) };
    let builder = match settings.capacity {
        Some(capacity) => builder.queue_capacity(usize::from(capacity % 8) + 1),
        None => builder,
    };
    builder.build().expect("a few threads")
}

fn new_set(pool: &Pool, capacity: Option<u8>) -> Arc<Set> {
    Arc::new(match capacity {
        Some(capacity) => Set::with_capacity(pool, usize::from(capacity % 5) + 1),
        None => Set::new(pool),
    })
}

/// Panics as the leaf says, on behalf of a loop's item.
fn item(bad: Option<u8>, index: usize) -> usize {
    if bad.map(usize::from) == Some(index) {
        resume_unwind(Box::new("an item"));
    }
    index
}

/// The one that a number stands for.
fn place<T>(all: &[T], number: u8) -> Option<usize> {
    (!all.is_empty()).then(|| usize::from(number) % all.len())
}

impl Driver {
    fn new(pool: Pool, clock: ManualClock, around: Arc<Surroundings>) -> Self {
        let (handles, tokens, schedules, members) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { pool, clock, around, handles, tokens, schedules, members }
    }

    fn drive(&mut self, steps: Vec<Step>) {
        for step in steps {
            // Panics on purpose end here, also those of destructors.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.step(step))) {
                let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
            }
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Spawn(it) => {
                let work = job(&self.around, it);
                self.pool.spawn(move || drop(work()));
            }
            Step::SpawnFirst(it) => {
                let work = job(&self.around, it);
                self.pool.spawn_first(move || drop(work()));
            }
            Step::SpawnLater(delay, it) => {
                let work = job(&self.around, it);
                self.pool.spawn_later(delay.duration(), move || drop(work()));
            }
            Step::SpawnBatch(count, it) if it.is_large => {
                self.pool.spawn_batch((0..count % 32).map(|_| large(&self.around)));
            }
            Step::SpawnBatch(count, it) => self.pool.spawn_batch((0..count % 32).map(|n| {
                // The iterator may fail, too.
                item((it.ending == Ending::Panic).then_some(3), usize::from(n));
                small(&self.around)
            })),
            Step::Submit(it) => self.keep(self.pool.submit(job(&self.around, it)), false),
            Step::SubmitFirst(it) => self.keep(self.pool.submit_first(job(&self.around, it)), false),
            Step::SubmitLater(delay, it) => {
                self.keep(self.pool.submit_later(delay.duration(), job(&self.around, it)), true);
            }
            Step::TrySubmit(it) => match self.pool.try_submit(job(&self.around, it)) {
                Ok(handle) => self.keep(handle, false),
                Err(error) => drop(error),
            },
            Step::Schedule { period, fixed_delay, start, missed, runs, leaf } => {
                let period = period.duration();
                let mut options = match fixed_delay {
                    true => ScheduleOptions::fixed_delay(period),
                    false => ScheduleOptions::fixed_rate(period),
                };
                if let Some(start) = start {
                    options = options.start(start.duration());
                }
                let missed = [MissedTick::Burst, MissedTick::Skip, MissedTick::Delay][usize::from(missed % 3)];
                self.schedule(options.missed_tick(missed).max_runs(u64::from(runs % 20)), leaf);
            }
            Step::CancelSchedule(number) => {
                if let Some(at) = place(&self.schedules, number) {
                    self.schedules[at].cancel();
                    let runs = self.schedules[at].runs();
                    assert!(!self.schedules[at].is_active());
                    assert_eq!(self.schedules[at].runs(), runs, "a run after the cancel");
                }
            }
            step => self.step_on_handle(step),
        }
    }

    fn keep(&mut self, handle: JobHandle<Outcome>, is_delayed: bool) {
        self.handles.push(Slot(handle, is_delayed));
    }

    fn take(&mut self, number: u8) -> Option<Slot> {
        place(&self.handles, number).map(|at| self.handles.swap_remove(at))
    }

    fn schedule(&mut self, options: ScheduleOptions, it: Leaf) {
        let around = self.around.clone();
        let token = around.ledger.token();
        let schedule = self.pool.schedule_with(options, move || {
            let _ = token.has_run();
            drop(leaf(&around, it)());
        });
        self.schedules.push(schedule);
    }

    fn step_on_handle(&mut self, step: Step) {
        match step {
            Step::OnComplete(number, it) => {
                if let Some(Slot(handle, _)) = self.take(number) {
                    let token = self.around.ledger.token();
                    let ending = it.ending;
                    self.tokens.push(handle.on_complete(move |result| {
                        token.run();
                        drop(result);
                        if ending == Ending::Panic {
                            resume_unwind(Box::new("a callback"));
                        }
                    }));
                }
            }
            Step::Cancel(number) => {
                if let Some(at) = place(&self.handles, number) {
                    let won = self.handles[at].0.cancel();
                    assert!(!won || self.handles[at].0.is_finished());
                }
            }
            Step::CancelByToken(number) => {
                if let Some(at) = place(&self.tokens, number) {
                    self.tokens[at].cancel();
                }
            }
            Step::Join(number) => match self.take(number) {
                // Its time may never come.
                Some(Slot(handle, true)) => drop(handle.join_timeout(Duration::from_micros(100))),
                Some(Slot(handle, false)) => drop(handle.join()),
                None => {}
            },
            Step::JoinTimeout(number, limit) => {
                if let Some(Slot(handle, is_delayed)) = self.take(number) {
                    if let Err(again) = handle.join_timeout(limit.short()) {
                        self.keep(again, is_delayed);
                    }
                }
            }
            Step::TryJoin(number) => {
                if let Some(Slot(handle, is_delayed)) = self.take(number) {
                    if let Err(again) = handle.try_join() {
                        self.keep(again, is_delayed);
                    }
                }
            }
            Step::Poll(number) => {
                if let Some(Slot(mut handle, is_delayed)) = self.take(number) {
                    let mut context = Context::from_waker(Waker::noop());
                    if std::pin::Pin::new(&mut handle).poll(&mut context).is_pending() {
                        self.keep(handle, is_delayed);
                    }
                }
            }
            Step::Detach(number) => drop(self.take(number)),
            Step::Advance(delay) => self.clock.advance(delay.duration()),
            step => self.step_on_set(step),
        }
    }

    fn step_on_set(&mut self, step: Step) {
        let Some(set) = self.around.set() else { return };
        match step {
            // Only `try_submit`: nobody else may ever take from a full set.
            Step::SetSubmit(it) => match set.try_submit(job(&self.around, it)) {
                Ok(id) => self.members.push(id),
                Err(error) => drop(error),
            },
            Step::SetSubmitFirst(it) => match set.try_submit(leaf(&self.around, it)) {
                Ok(id) => self.members.push(id),
                Err(error) => drop(error),
            },
            Step::SetSubmitLater(delay, it) => {
                let (inside, around) = (set.clone(), self.around.clone());
                // From inside the pool nothing blocks.
                self.pool.spawn(move || _ = inside.submit_later(delay.duration(), leaf(&around, it)));
            }
            Step::SetSubmitIter(count, it) => {
                let around = self.around.clone();
                let bad = (it.ending == Ending::Panic).then_some(2);
                let token = around.ledger.token();
                self.members.push(set.submit_iter(move || {
                    token.run();
                    let plain = Leaf { is_large: false, ending: Ending::Return };
                    (0..count % 16).map(move |n| {
                        item(bad, usize::from(n));
                        leaf(&around, plain)()
                    })
                }));
            }
            Step::SetNext(limit) => drop(set.next_timeout(limit.short())),
            Step::SetTryNext => drop(set.try_next()),
            Step::SetCancel(number) => {
                if let Some(at) = place(&self.members, number) {
                    set.cancel(self.members[at]);
                }
            }
            Step::SetCancelAll => _ = set.cancel_all(),
            Step::SetReplace(capacity) => {
                let new = new_set(&self.pool, capacity);
                let old = self.around.set.lock().unwrap_or_else(PoisonError::into_inner).replace(new);
                drop(old);
            }
            step => self.step_on_semaphore(step),
        }
    }

    fn step_on_semaphore(&mut self, step: Step) {
        let semaphore = &self.around.semaphore;
        match step {
            Step::TryAcquire(255) => assert!(semaphore.try_acquire_many(usize::MAX).is_err()),
            Step::TryAcquire(n) => drop(semaphore.try_acquire_many(usize::from(n % 8))),
            Step::AcquireTimeout(n, limit) => {
                if let Ok(permit) = semaphore.acquire_many_timeout(usize::from(n % 4), limit.short()) {
                    if n >= 128 {
                        permit.forget();
                    }
                }
            }
            Step::AcquireAndDropFuture => {
                let mut future = Box::pin(semaphore.acquire_async());
                let _ = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            }
            Step::ReleasePermits => semaphore.release(2),
            Step::CloseSemaphore => semaphore.close(),
            step => self.step_on_loops(step),
        }
    }

    fn step_on_loops(&mut self, step: Step) {
        let (pool, around) = (&self.pool, &self.around);
        match step {
            Step::Install(it) => drop(pool.install(job(around, it))),
            Step::Scope(count, it) => pool.scope(|scope| {
                for _ in 0..count % 16 {
                    let it = it.clone();
                    scope.spawn(|| drop(job(around, it)()));
                }
                drop(scope.submit(job(around, it)).join());
            }),
            Step::ForkJoin(a, b) => drop(pool.join(job(around, a), leaf(around, b))),
            Step::Map(count, bad) => {
                let items: Vec<_> = (0..usize::from(count)).map(|n| (n, around.ledger.token())).collect();
                let results = pool.map(items, |(n, token)| {
                    token.run();
                    (item(bad, n), token)
                });
                assert!(results.iter().enumerate().all(|(n, result)| result.0 == n));
            }
            Step::Broadcast(bad) => {
                assert_eq!(pool.broadcast(|index| item(bad, index)), (0..pool.threads()).collect::<Vec<_>>());
            }
            Step::Stream { items, buffer, taken, in_order, leaf: it } => {
                let around = around.clone();
                let each = move |_| leaf(&around, it)();
                let (buffer, taken) = (usize::from(buffer % 8), usize::from(taken));
                match in_order {
                    true => pool.map_stream(0..items % 64, buffer, each).take(taken).for_each(drop),
                    false => pool.map_unordered(0..items % 64, buffer, each).take(taken).for_each(drop),
                }
            }
            Step::CancelPending => _ = pool.cancel_pending(),
            Step::CancelTimers => _ = pool.cancel_timers(),
            Step::WaitIdle => pool.wait_idle(),
            Step::WaitIdleTimeout(limit) => _ = pool.wait_idle_timeout(limit.short()),
            Step::Look => {
                let counts = (pool.pending(), pool.running(), pool.delayed(), pool.scheduled());
                assert!(!format!("{pool:?} {:?} {counts:?} {:?}", pool.metrics(), self.schedules).is_empty());
            }
            Step::Shutdown => pool.shutdown(),
            Step::ShutdownNow => pool.shutdown_now(),
            Step::ShutdownTimeout(limit) => _ = pool.shutdown_timeout(limit.short()),
            _ => unreachable!("matched before"),
        }
    }

    fn end(self, end: End) {
        let Self { pool, around, handles, .. } = self;
        // Sets and handles outlive their pool, or do not.
        let set = around.set.lock().unwrap_or_else(PoisonError::into_inner).take();
        let keep = matches!(end, End::Shutdown | End::Drop);
        let kept = keep.then_some((set, handles));
        match end {
            End::Shutdown => pool.shutdown(),
            End::ShutdownNow => pool.shutdown_now(),
            End::ShutdownTimeout(limit) => _ = pool.shutdown_timeout(Duration::from_micros(u64::from(limit))),
            End::Drop => {}
            End::DropInJob => {
                let own = pool.clone();
                pool.spawn(move || drop(own));
            }
            End::DropInDestructor => drop(pool.submit_later(Duration::MAX, {
                let own = pool.clone();
                move || drop(own)
            })),
        }
        if matches!(end, End::DropInDestructor) {
            // The job that nobody will run has the last handle.
            pool.shutdown_now();
        }
        drop(pool);
        let _ = catch_unwind(AssertUnwindSafe(|| drop(kept)));
        drop(around);
    }
}
