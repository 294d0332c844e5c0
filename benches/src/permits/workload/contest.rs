//! Several threads that pass as often as they can, with about 50 ns of calculation inside.
//!
//! Checked in the run itself: with one permit, each pass adds to a plain counter, which loses some if two are inside at once. With more, a shared counter would be a second thing
//! to fight for; so a short run before the clock starts counts how many are inside at most.

use std::cell::UnsafeCell;
use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::clock;
use crate::permits::Permits;
use crate::workload::work;

/// How long a pass calculates, in nanoseconds.
const INSIDE: u64 = 50;

/// Passes of each thread in the check beforehand.
const CHECKED: usize = 500;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Contest {
    /// Threads that pass.
    pub threads: usize,
    /// Permits.
    pub permits: usize,
    /// How long.
    pub length: Length,
}

/// How long a contest goes on.
#[derive(Clone, Copy, Debug)]
pub enum Length {
    /// Until this time has passed.
    Time(Duration),
    /// Until each thread has passed so often.
    Passes(u64),
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// From the start of the threads to the end of the last.
    pub elapsed: Duration,
    /// By thread.
    pub passes: Vec<u64>,
    /// The longest time from one pass of a thread to its next one: waiting for a permit, and for a processor.
    pub longest: Duration,
}

impl Outcome {
    /// Time for each pass, all threads together.
    pub fn nanos_per_pass(&self) -> f64 {
        self.elapsed.as_nanos() as f64 / self.passes.iter().sum::<u64>() as f64
    }

    /// The most passes of a thread to the fewest.
    pub fn unfairness(&self) -> f64 {
        self.most() as f64 / self.fewest().max(1) as f64
    }

    /// The passes of the thread that passed most often.
    pub fn most(&self) -> u64 {
        self.passes.iter().copied().max().unwrap_or(0)
    }

    /// The passes of the thread that passed least often.
    pub fn fewest(&self) -> u64 {
        self.passes.iter().copied().min().unwrap_or(0)
    }
}

/// What is inside: with one permit, for one thread at a time.
#[derive(Default)]
struct Inside(UnsafeCell<u64>);

// SAFETY: only a contest with one permit reaches it, from inside; if the semaphore under test lets two in, the check of the sum says so.
unsafe impl Sync for Inside {}

impl Inside {
    /// # Safety
    ///
    /// The caller is alone.
    unsafe fn visit(&self) {
        // SAFETY: the caller's duty.
        unsafe { *self.0.get() += 1 };
    }
}

/// Lets the threads fight.
pub(crate) fn contest<P: Permits>(contest: &Contest) -> Outcome {
    // Finds out how fast this thread calculates, while the others do not slow it down.
    black_box(work(INSIDE, 1));
    check::<P>(contest);
    let (semaphore, inside) = (P::new(contest.permits), Inside::default());
    let is_alone = contest.permits == 1;
    // Each calculation needs the result of the one before: else the processor would begin it early.
    let pass = |seed| {
        semaphore.pass(|| {
            if is_alone {
                // SAFETY: whoever is inside is alone.
                unsafe { inside.visit() };
            }
            work(INSIDE, seed)
        })
    };
    let outcome = run(contest, pass);
    if is_alone {
        assert_eq!(inside.0.into_inner(), outcome.passes.iter().sum::<u64>(), "two were inside at once");
    }
    outcome
}

fn run(contest: &Contest, pass: impl Fn(u64) -> u64 + Sync) -> Outcome {
    let (stop, start) = (AtomicBool::new(false), Barrier::new(contest.threads + 1));
    let goes_on = |passed: u64| match contest.length {
        Length::Time(_) => !stop.load(Ordering::Relaxed),
        Length::Passes(passes) => passed < passes,
    };
    let body = || {
        start.wait();
        let (mut passed, mut longest, mut seed, mut last) = (0, 0, 1, clock::ticks());
        while goes_on(passed) {
            seed = pass(seed);
            passed += 1;
            let now = clock::ticks();
            longest = now.saturating_sub(last).max(longest);
            last = now;
        }
        black_box(seed);
        (passed, longest)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..contest.threads).map(|_| scope.spawn(body)).collect();
        start.wait();
        let began = Instant::now();
        if let Length::Time(time) = contest.length {
            thread::sleep(time);
            stop.store(true, Ordering::Relaxed);
        }
        let ended: Vec<(u64, u64)> =
            threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect();
        let elapsed = began.elapsed();
        let longest = ended.iter().map(|(_, longest)| *longest).max().unwrap_or(0);
        Outcome { elapsed, passes: ended.iter().map(|(passed, _)| *passed).collect(), longest: clock::time(longest) }
    })
}

/// Nobody is inside who should not be.
fn check<P: Permits>(contest: &Contest) {
    let (semaphore, inside, passed) = (P::new(contest.permits), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..contest.threads {
            scope.spawn(|| {
                for _ in 0..CHECKED {
                    semaphore.pass(|| {
                        assert!(inside.fetch_add(1, Ordering::SeqCst) < contest.permits, "too many are inside");
                        inside.fetch_sub(1, Ordering::SeqCst);
                        passed.fetch_add(1, Ordering::Relaxed);
                    });
                }
            });
        }
    });
    assert_eq!(passed.into_inner(), contest.threads * CHECKED);
}
