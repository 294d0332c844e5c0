//! One semaphore under everything at once: 16 threads that acquire, try, give up, want many, poll and drop futures, forget and replace permits, and close it.
//!
//! Never more permits are out than exist, and in the end all are back. `FILCH_SOAK_SECONDS` sets how long; `FILCH_SEED` the seed.

#[path = "ledger/support/mod.rs"]
mod support;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use filch::{Permit, Semaphore};
use support::random::{Random, seed, spin};
use support::watch::{Watch, box_of};

const THREADS: usize = 16;

/// So many things each thread does with one semaphore.
const STEPS: usize = 2000;

/// One semaphore, and what is known of it.
struct Arena {
    semaphore: Semaphore,
    permits: usize,
    out: AtomicUsize,
    /// The thread that is done last but so many closes it.
    left: AtomicUsize,
    closes: bool,
    outcomes: Outcomes,
}

#[derive(Default)]
struct Outcomes {
    granted: AtomicUsize,
    refused: AtomicUsize,
    dropped: AtomicUsize,
}

impl Arena {
    fn new(random: &mut Random) -> Self {
        let permits = 1 + random.below(6) as usize;
        Self {
            semaphore: Semaphore::new(permits),
            permits,
            out: AtomicUsize::new(0),
            left: AtomicUsize::new(THREADS),
            closes: random.one_in(2),
            outcomes: Outcomes::default(),
        }
    }

    fn work(&self, mut random: Random) {
        for _ in 0..STEPS {
            self.step(&mut random);
        }
        if self.left.fetch_sub(1, Ordering::Relaxed) == THREADS / 2 && self.closes {
            self.semaphore.close();
        }
    }

    fn step(&self, random: &mut Random) {
        let n = 1 + random.below(self.permits as u64) as usize;
        let n = if random.one_in(3) { n } else { 1 };
        match random.below(12) {
            0..4 => self.hold(self.semaphore.acquire_many(n).ok(), n, random),
            4..6 => self.hold(self.semaphore.try_acquire_many(n).ok(), n, random),
            6..9 => {
                let limit = Duration::from_micros(random.below(300));
                self.hold(self.semaphore.acquire_many_timeout(n, limit).ok(), n, random);
            }
            9 => self.poll_and_drop(n, random),
            _ => self.hold(block_on(self.semaphore.acquire_many_async(n)).ok(), n, random),
        }
    }

    fn hold(&self, permit: Option<Permit<'_>>, n: usize, random: &mut Random) {
        let Some(permit) = permit else {
            self.outcomes.refused.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let out = self.out.fetch_add(n, Ordering::SeqCst) + n;
        assert!(out <= self.permits, "{out} permits are out, and there are {}", self.permits);
        self.outcomes.granted.fetch_add(1, Ordering::Relaxed);
        match random.below(64) {
            0 => thread::yield_now(),
            1 => thread::sleep(Duration::from_micros(random.below(600))),
            _ => spin(random.below(64)),
        }
        self.out.fetch_sub(n, Ordering::SeqCst);
        if random.one_in(4) {
            permit.forget();
            self.semaphore.release(n);
        }
    }

    fn poll_and_drop(&self, n: usize, random: &mut Random) {
        let mut future = pin!(self.semaphore.acquire_many_async(n));
        for _ in 0..1 + random.below(3) {
            if let Poll::Ready(permit) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return self.hold(permit.ok(), n, random);
            }
            spin(random.below(200));
        }
        self.outcomes.dropped.fetch_add(1, Ordering::Relaxed);
    }

    fn check(&self) {
        assert_eq!(self.out.load(Ordering::SeqCst), 0);
        assert_eq!(self.semaphore.available(), self.permits, "permits were lost or made");
        assert_eq!(self.semaphore.is_closed(), self.closes);
        assert_eq!(self.semaphore.try_acquire_many(self.permits).is_ok(), !self.closes);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

#[test]
fn no_permit_is_lost_or_made() {
    let seed = seed();
    println!("FILCH_SEED={seed}");
    let watch = Watch::start("a storm of permits");
    let (start, length) = (Instant::now(), box_of(Duration::from_secs(2)));
    let mut random = Random::new(seed);
    let (mut arenas, mut granted, mut refused, mut dropped) = (0_u64, 0, 0, 0);
    while start.elapsed() < length {
        let arena = Arena::new(&mut random);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                let random = Random::new(random.next());
                scope.spawn(|| arena.work(random));
            }
        });
        arena.check();
        watch.beat();
        arenas += 1;
        granted += arena.outcomes.granted.into_inner();
        refused += arena.outcomes.refused.into_inner();
        dropped += arena.outcomes.dropped.into_inner();
    }
    println!("{arenas} semaphores: {granted} times granted, {refused} times refused, {dropped} futures dropped");
    assert!(granted > 0 && refused > 0 && dropped > 0);
}
