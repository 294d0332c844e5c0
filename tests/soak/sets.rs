//! Sets, producers, streams, broadcasts and worker-locals, used by threads that do not know how long their pool lasts.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use filch::{JobError, JobSet, Pool, WorkerLocal};

use super::support::random::Random;
use super::{Deliberate, Load, Manners, fault, heed, job, stall};

type Outcome = Result<Load, JobError>;

fn settle(outcome: Outcome) {
    match outcome {
        Ok(_) | Err(JobError::Cancelled | JobError::ShutDown) => {}
        Err(JobError::Panicked(payload)) => heed(payload.into_inner()),
        Err(other) => fault(other.to_string()),
    }
}

fn new_set(pool: &Pool, random: &mut Random) -> JobSet<Load> {
    match random.below(3) {
        0 => JobSet::new(pool),
        _ => JobSet::with_capacity(pool, random.below(8) as usize),
    }
}

/// A job of a set, which it may keep alive.
fn member(seed: u64, manners: Manners, depth: u8, set: Option<Arc<JobSet<Load>>>) -> impl FnOnce() -> Load + Send {
    let job = job(seed, manners, depth);
    move || {
        job();
        drop(set);
        Load::new()
    }
}

/// A producer of up to `limit` items, which stalls and panics.
fn submit_producer(set: &JobSet<Load>, random: &mut Random, limit: u64) {
    let (load, mut random, left) = (Load::new(), Random::new(random.next()), random.below(limit));
    set.submit_iter(move || {
        load.run();
        stall(&mut random);
        (0..left).map(move |_| {
            if random.one_in(50) {
                panic_any(Deliberate);
            }
            if random.one_in(8) {
                stall(&mut random);
            }
            Load::new()
        })
    });
}

/// A set that one thread or job uses, and drops as it is. What it waits for is its own.
pub fn own(pool: &Pool, random: &mut Random, manners: Manners, depth: u8) {
    let set = Arc::new(new_set(pool, random));
    for _ in 0..random.below(12) {
        let inner = random.one_in(4).then(|| set.clone());
        let member = member(random.next(), manners, depth, inner);
        // Nobody else makes room.
        let id = set.try_submit(member).ok();
        match random.below(8) {
            0 | 1 => submit_producer(&set, random, 20),
            2 => _ = set.cancel_all(),
            3 => id.into_iter().for_each(|id| _ = set.cancel(id)),
            4 => set.next().into_iter().for_each(|(_, outcome)| settle(outcome)),
            5 => set.try_next().into_iter().for_each(|(_, outcome)| settle(outcome)),
            6 => {
                let outcome = set.next_timeout(Duration::from_micros(random.below(300)));
                outcome.into_iter().for_each(|(_, outcome)| settle(outcome));
            }
            _ => {}
        }
    }
    if random.one_in(2) {
        set.as_completed().for_each(|(_, outcome)| settle(outcome));
    }
}

/// A set that three threads use: one submits, and waits for room; two take.
pub fn common(pool: &Pool, random: &mut Random, manners: Manners) {
    let (set, over) = (new_set(pool, random), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let mut random = Random::new(random.next());
            let (set, over) = (&set, &over);
            scope.spawn(move || {
                while !over.load(Ordering::SeqCst) {
                    match set.next() {
                        Some((_, outcome)) => settle(outcome),
                        None => stall(&mut random),
                    }
                }
            });
        }
        for _ in 0..random.below(40) {
            let member = member(random.next(), manners, 1, None);
            match random.below(8) {
                0 => submit_producer(&set, random, 60),
                1 => _ = set.submit_first(member),
                2 => _ = set.cancel(set.submit(member)),
                _ => _ = set.submit(member),
            }
        }
        over.store(true, Ordering::SeqCst);
    });
}

/// A stream, read to its end or dropped half-way.
pub fn stream(pool: &Pool, random: &mut Random, manners: Manners, depth: u8) {
    let (buffer, patience) = (random.below(6) as usize, random.below(20) as usize);
    let mut source = Random::new(random.next());
    let jobs = (0..random.below(15)).map(move |_| member(source.next(), manners, depth, None));
    if random.one_in(2) {
        pool.map_stream(jobs, buffer, |job| job()).take(patience).for_each(settle);
    } else {
        pool.map_unordered(jobs, buffer, |job| job()).take(patience).for_each(settle);
    }
}

/// Something on every worker.
pub fn broadcast(pool: &Pool, random: &mut Random) {
    let (seed, rude) = (random.next(), random.one_in(4));
    let on_worker = |index: usize| {
        stall(&mut Random::new(seed ^ index as u64));
        if rude && seed as usize % pool.threads() == index {
            panic_any(Deliberate);
        }
        (index, Load::new())
    };
    match catch_unwind(AssertUnwindSafe(|| pool.broadcast(on_worker))) {
        Ok(results) if rude || !results.iter().map(|(index, _)| *index).eq(0..pool.threads()) => {
            fault("results of a broadcast out of place".into());
        }
        Ok(_) => {}
        Err(payload) => heed(payload),
    }
}

/// A worker's value.
struct Value(usize, Load);

/// Values of the workers of all pools.
static VALUES: Mutex<Option<Arc<WorkerLocal<Value>>>> = Mutex::new(None);

/// Has them made anew, or, at the end, only dropped.
pub fn renew_values(anew: bool) {
    let new = anew.then(|| Arc::new(WorkerLocal::new(|index| Value(index, Load::new()))));
    let old = std::mem::replace(&mut *VALUES.lock().unwrap_or_else(PoisonError::into_inner), new);
    drop(old);
}

/// Uses this worker's.
pub fn use_value(random: &mut Random) {
    let values = VALUES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(values) = values else { return };
    values.with(|value| {
        let index = filch::current_worker_index().unwrap_or(usize::MAX);
        if value.0 != index {
            fault(format!("worker {index} has the value of {}", value.0));
        }
        stall(random);
        if random.one_in(10) {
            value.1 = Load::new();
        }
    });
}
