//! tail: short jobs with a long one among a hundred, at a steady rate; how long does a job wait until it starts?

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::sample::{Latency, Sample, measure};
use super::{answer, busy};
use crate::contestant::Contestant;

/// So many threads submit.
const SUBMITTERS: u64 = 4;

/// How often each of them does.
const TICK: Duration = Duration::from_micros(500);

/// How long most jobs take.
const SHORT: Duration = Duration::from_micros(10);

/// How long the others take.
const LONG: Duration = Duration::from_millis(1);

/// One in so many is long.
const ONE_IN: u64 = 100;

/// How much of the processors the jobs take.
const LOAD: f64 = 0.7;

/// After so long a job counts as lost.
const LOST: Duration = Duration::from_secs(60);

/// What a job notes in its slot, the time until it started in nanoseconds, before it has started.
const NOT_STARTED: u64 = u64::MAX;

pub(super) fn run<C: Contestant>(pool: &'static C, jobs: u64, workers: usize) -> Sample {
    let slots: Arc<[AtomicU64]> = (0..jobs).map(|_| AtomicU64::new(NOT_STARTED)).collect();
    let ended = Arc::new(AtomicU64::new(0));
    busy::work(0, 0); // Calibrates, if nobody has.
    let sample = measure(
        || pool.heavies(),
        || {
            thread::scope(|scope| {
                for first in 0..SUBMITTERS {
                    let (slots, ended) = (&slots, &ended);
                    scope.spawn(move || submit(pool, first, per_tick(workers), slots, ended));
                }
            });
            wait(&ended, jobs);
        },
    );
    let mut latencies: Vec<u64> = slots.iter().map(|slot| slot.load(Ordering::Relaxed)).collect();
    Sample { latency: Some(Latency::of(&mut latencies)), ..sample }
}

/// How many jobs a submitter submits on each tick, on average: all together then make the load on as many processors
/// as have a worker.
fn per_tick(workers: usize) -> f64 {
    let processors = thread::available_parallelism().map_or(1, usize::from).min(workers);
    let average = (SHORT * (ONE_IN as u32 - 1) + LONG) / ONE_IN as u32;
    LOAD * processors as f64 * TICK.as_secs_f64() / average.as_secs_f64() / SUBMITTERS as f64
}

/// Submits every fourth job from `first` on, as many on each tick as are due by then.
fn submit<C: Contestant>(
    pool: &'static C,
    first: u64,
    per_tick: f64,
    slots: &Arc<[AtomicU64]>,
    ended: &Arc<AtomicU64>,
) {
    let mut numbers = (first..slots.len() as u64).step_by(SUBMITTERS as usize).enumerate().peekable();
    let start = Instant::now();
    for tick in 1.. {
        let due = (per_tick * f64::from(tick)) as usize;
        while let Some((_, number)) = numbers.next_if(|&(index, _)| index < due) {
            let (slots, ended, submitted) = (Arc::clone(slots), Arc::clone(ended), Instant::now());
            pool.spawn(move || job(number, submitted, &slots, &ended));
        }
        if numbers.peek().is_none() {
            return;
        }
        thread::sleep((start + TICK * tick).saturating_duration_since(Instant::now()));
    }
}

/// Notes how long it has waited, and works.
fn job(number: u64, submitted: Instant, slots: &[AtomicU64], ended: &AtomicU64) {
    let waited = u64::try_from(submitted.elapsed().as_nanos()).expect("a run takes less than 500 years");
    let before = slots[number as usize].swap(waited, Ordering::Relaxed);
    assert_eq!(before, NOT_STARTED, "a job ran twice");
    let time = if answer(number).is_multiple_of(ONE_IN) { LONG } else { SHORT };
    std::hint::black_box(busy::work(time.as_nanos() as u64, number));
    // Ordering: Release pairs with the Acquire in `wait`: who counts the job sees its slot.
    ended.fetch_add(1, Ordering::Release);
}

/// Blocks until all jobs have ended.
fn wait(ended: &AtomicU64, jobs: u64) {
    let deadline = Instant::now() + LOST;
    // Ordering: Acquire pairs with the Release in `job`.
    while ended.load(Ordering::Acquire) < jobs {
        assert!(Instant::now() < deadline, "jobs were lost");
        thread::sleep(TICK);
    }
}
