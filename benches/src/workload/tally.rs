//! A striped counter: jobs add to their thread's own cache line, so that what a run costs is the pool's own.

use std::cell::Cell;
use std::ops::Sub;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

/// The counter of this process: pools live as long as it does, and so do the stripes of their threads.
pub(super) static TALLY: Tally = Tally::new();

/// As many threads as can ever count: all pools of the report at 128 workers each.
const STRIPES: usize = 2048;

/// How long the waiting thread sleeps between two looks. It takes some microseconds of a core each time.
const POLL: Duration = Duration::from_micros(100);

/// With fewer jobs than that it lets other threads run instead: a nap would be a part of the time.
const NAPS_FROM: u64 = 100_000;

/// After so long a job counts as lost.
const PATIENCE: Duration = Duration::from_secs(60);

thread_local! {
    static STRIPE: Cell<usize> = const { Cell::new(usize::MAX) };
}

pub(super) struct Tally {
    stripes: [CachePadded<Stripe>; STRIPES],
    /// How many stripes have an owner.
    owned: AtomicUsize,
}

/// Written by the thread that owns it, read by the waiting thread.
struct Stripe {
    runs: AtomicU64,
    sum: AtomicU64,
}

/// How many jobs have run, and the sum of the values they carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) runs: u64,
    pub(super) sum: u64,
}

impl Count {
    /// What `jobs` jobs that carry 0, 1, 2… add up to.
    pub(super) fn of_numbered(jobs: u64) -> Self {
        Self { runs: jobs, sum: (0..jobs).sum() }
    }
}

impl Sub for Count {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self { runs: self.runs - earlier.runs, sum: self.sum - earlier.sum }
    }
}

impl Tally {
    const fn new() -> Self {
        let stripes = [const { CachePadded::new(Stripe { runs: AtomicU64::new(0), sum: AtomicU64::new(0) }) }; STRIPES];
        Self { stripes, owned: AtomicUsize::new(0) }
    }

    /// Counts one job that carried `value`.
    #[inline]
    pub(super) fn add(&self, value: u64) {
        let mut index = STRIPE.get();
        if index == usize::MAX {
            index = self.claim();
        }
        let stripe = &self.stripes[index];
        stripe.sum.store(stripe.sum.load(Ordering::Relaxed) + value, Ordering::Relaxed);
        // Ordering: Release pairs with the Acquire in `read`: who sees the run sees its value too.
        stripe.runs.store(stripe.runs.load(Ordering::Relaxed) + 1, Ordering::Release);
    }

    /// Makes the calling thread the owner of the next stripe.
    #[cold]
    fn claim(&self) -> usize {
        let index = self.owned.fetch_add(1, Ordering::Relaxed);
        assert!(index < STRIPES, "more than {STRIPES} threads have run jobs");
        STRIPE.set(index);
        index
    }

    /// Adds the stripes up.
    pub(super) fn read(&self) -> Count {
        let mut total = Count { runs: 0, sum: 0 };
        let owned = self.owned.load(Ordering::Relaxed).min(STRIPES);
        for stripe in &self.stripes[..owned] {
            // Ordering: Acquire pairs with the Release in `add`.
            total.runs += stripe.runs.load(Ordering::Acquire);
            total.sum += stripe.sum.load(Ordering::Relaxed);
        }
        total
    }

    /// Blocks until as many jobs have run since `start` as expected, then checks that they were the right ones.
    ///
    /// # Panics
    ///
    /// Panics if a job is lost, ran twice or carried a wrong value.
    pub(super) fn wait(&self, start: Count, expected: Count) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let ran = self.read() - start;
            if ran.runs >= expected.runs {
                assert_eq!(ran, expected, "a job ran twice or carried a wrong value");
                return;
            }
            assert!(Instant::now() < deadline, "jobs were lost: {ran:?} of {expected:?}");
            if expected.runs < NAPS_FROM { thread::yield_now() } else { thread::sleep(POLL) }
        }
    }
}
