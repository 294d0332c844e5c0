//! The closures of jobs.

use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use filch::{JobSet, Pool, Semaphore};

use crate::ledger::{Ledger, Token};
use crate::script::{Act, Ending, Job, Leaf};

/// Panics in its destructor, if it is armed and nothing else panics.
#[derive(Debug)]
pub struct Bomb(bool);

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.0 && !std::thread::panicking() {
            resume_unwind(Box::new("a destructor"));
        }
    }
}

/// What a job returns.
#[derive(Debug)]
pub struct Outcome(#[expect(dead_code)] Token, #[expect(dead_code)] Bomb);

pub type Set = JobSet<Outcome>;

/// What jobs reach.
#[derive(Debug)]
pub struct Surroundings {
    pub ledger: Ledger,
    pub semaphore: Semaphore,
    pub set: Mutex<Option<Arc<Set>>>,
}

impl Surroundings {
    pub fn set(&self) -> Option<Arc<Set>> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn end(ending: Ending, ledger: &Ledger) -> Outcome {
    match ending {
        Ending::Panic => resume_unwind(Box::new("a job")),
        Ending::PayloadPanicsInDrop => resume_unwind(Box::new(Outcome(ledger.token(), Bomb(true)))),
        _ => Outcome(ledger.token(), Bomb(ending == Ending::ResultPanicsInDrop)),
    }
}

/// The closure of a job that only ends.
pub fn leaf(around: &Arc<Surroundings>, leaf: Leaf) -> impl FnOnce() -> Outcome + Send + 'static {
    job(around, Job { acts: [None; 3], leaf })
}

/// The closure of a job.
pub fn job(around: &Arc<Surroundings>, job: Job) -> impl FnOnce() -> Outcome + Send + 'static {
    let around = around.clone();
    let token = around.ledger.token();
    let bomb = Bomb(job.leaf.ending == Ending::ClosurePanicsInDrop);
    // A closure of up to 48 bytes is kept elsewhere than a larger one.
    let ballast = if job.leaf.is_large { vec![7_u8; 100] } else { Vec::new() };
    let inner = move || {
        token.run();
        job.acts.into_iter().flatten().for_each(|act| perform(&around, act));
        let outcome = end(job.leaf.ending, &around.ledger);
        drop((ballast, bomb));
        outcome
    };
    Box::new(inner) as Box<dyn FnOnce() -> Outcome + Send>
}

/// A closure of few bytes, which lies in the queue itself.
pub fn small(around: &Arc<Surroundings>) -> impl FnOnce() + Send + 'static {
    let token = around.ledger.token();
    move || token.run()
}

/// One with more bytes than that.
pub fn large(around: &Arc<Surroundings>) -> impl FnOnce() + Send + 'static {
    let (token, ballast) = (around.ledger.token(), [1_u64; 12]);
    move || {
        token.run();
        assert_eq!(ballast.iter().sum::<u64>(), 12);
    }
}

/// Nothing here waits for what may never come.
fn perform(around: &Arc<Surroundings>, act: Act) {
    let Some(pool) = Pool::current() else { return };
    match act {
        Act::Spawn(it) if it.is_large => pool.spawn(large(around)),
        Act::Spawn(_) => pool.spawn(small(around)),
        Act::SpawnFirst => pool.spawn_first(small(around)),
        Act::SpawnLater(delay) => pool.spawn_later(delay.duration(), small(around)),
        Act::SubmitAndJoin(it) => drop(pool.submit(leaf(around, it)).join()),
        Act::SubmitAndJoinTimeout(it, limit) => drop(pool.submit(leaf(around, it)).join_timeout(limit.short())),
        Act::SubmitLaterAndWait(delay, it, limit) => {
            drop(pool.submit_later(delay.duration(), leaf(around, it)).join_timeout(limit.short()));
        }
        Act::SubmitAndCancel(it) => _ = pool.submit(leaf(around, it)).cancel(),
        Act::AddToSet(it) => _ = around.set().map(|set| set.submit(leaf(around, it))),
        Act::TakeFromSet => drop(around.set().and_then(|set| set.try_next())),
        Act::Scope(count, it) => filch::scope(|scope| {
            (0..count % 8).for_each(|_| scope.spawn(|| drop(leaf(around, it)())));
            drop(scope.submit(leaf(around, it)).join());
        }),
        Act::Join(a, b) => drop(filch::join(leaf(around, a), leaf(around, b))),
        Act::Loop(count) => {
            let squares = pool.map(0..u32::from(count), |n| n * n);
            assert_eq!(squares.len(), usize::from(count));
        }
        Act::Broadcast => assert_eq!(pool.broadcast(|index| index).len(), pool.threads()),
        Act::TryAcquire(n) => drop(around.semaphore.try_acquire_many(usize::from(n))),
        Act::AcquireTimeout(limit) => drop(around.semaphore.acquire_timeout(limit.short())),
        Act::Release => around.semaphore.release(1),
        Act::CancelPending => _ = pool.cancel_pending(),
        Act::CancelTimers => _ = pool.cancel_timers(),
        Act::Shutdown => pool.shutdown(),
        Act::ShutdownNow => pool.shutdown_now(),
        Act::Yield => filch::yield_now(),
        Act::Blocking => filch::blocking(std::thread::yield_now),
        Act::Schedule(period, runs) => {
            let options = filch::ScheduleOptions::fixed_rate(period.duration()).max_runs(u64::from(runs % 8));
            let token = around.ledger.token();
            drop(pool.schedule_with(options, move || _ = token.has_run()));
        }
    }
}
