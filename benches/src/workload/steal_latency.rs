//! steal_latency: a worker spawns one job and computes on; how long until another worker runs it?
//!
//! A trip starts with two jobs that meet, so that both workers are awake. One of them ends, and its worker finds
//! nothing more to do. The other waits for a moment, or until that worker must be asleep, and then spawns the job.
//! It computes until the job has begun. If nobody takes the job, it gives up after [`PATIENCE`], and its own worker
//! runs the job next: that is the time of the trip then.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::sample::{Latency, Sample, measure};
use crate::contestant::Contestant;

/// The other worker has just found nothing.
const MOMENT: Duration = Duration::from_micros(2);

/// The other worker is asleep.
const NAP: Duration = Duration::from_millis(2);

/// How long the job may stay where it is.
const PATIENCE: Duration = Duration::from_millis(1);

/// After so long, two jobs that are to meet run on one worker, and a job that has not begun is lost.
const LOST: Duration = Duration::from_secs(10);

/// Steals from a worker while another has just become idle.
pub(super) fn idle<C: Contestant>(pool: &'static C, trips: u64) -> Sample {
    run(pool, trips, MOMENT)
}

/// Steals while it is asleep. The time of a trip does not include the nap, the processor time does.
pub(super) fn asleep<C: Contestant>(pool: &'static C, trips: u64) -> Sample {
    run(pool, trips, NAP)
}

fn run<C: Contestant>(pool: &'static C, trips: u64, pause: Duration) -> Sample {
    let mut spent = Vec::new();
    let sample = measure(|| pool.heavies(), || spent.extend((0..trips).map(|_| trip(pool, pause))));
    let elapsed = Duration::from_nanos(spent.iter().sum());
    Sample { elapsed, latency: Some(Latency::of(&mut spent)), ..sample }
}

/// What the jobs of a trip share.
struct Trip {
    /// How many of the two have met.
    met: AtomicU32,
    /// How many nanoseconds it took until the job began, or 0 before.
    spent: AtomicU64,
    /// Asleep until the job has begun, so that it takes no processor from the workers.
    outside: Thread,
}

/// Makes one trip and says how many nanoseconds it took.
fn trip<C: Contestant>(pool: &'static C, pause: Duration) -> u64 {
    let trip = Arc::new(Trip { met: AtomicU32::new(0), spent: AtomicU64::new(0), outside: thread::current() });
    for _ in 0..2 {
        let trip = Arc::clone(&trip);
        pool.spawn(move || meet(pool, &trip, pause));
    }
    wait(|| trip.begun(), || thread::park_timeout(LOST), LOST);
    assert!(trip.begun(), "a job was lost, or there is one worker only");
    trip.spent.load(Ordering::Relaxed)
}

/// One of the two jobs: both are there when it goes on. The first one then spawns the job in question.
fn meet<C: Contestant>(pool: &'static C, trip: &Arc<Trip>, pause: Duration) {
    // Ordering: Relaxed: nothing but the count passes between them.
    let is_first = trip.met.fetch_add(1, Ordering::Relaxed) == 0;
    wait(|| trip.met.load(Ordering::Relaxed) == 2, std::hint::spin_loop, LOST);
    if is_first {
        wait(|| false, std::hint::spin_loop, pause);
        let (job, pushed) = (Arc::clone(trip), Instant::now());
        pool.spawn_inside(move || job.begin(pushed));
        wait(|| trip.begun(), std::hint::spin_loop, PATIENCE);
    }
}

impl Trip {
    fn begin(&self, pushed: Instant) {
        let spent = u64::try_from(pushed.elapsed().as_nanos()).expect("a trip takes less than 500 years");
        assert_eq!(self.spent.swap(spent.max(1), Ordering::Relaxed), 0, "a job ran twice");
        self.outside.unpark();
    }

    fn begun(&self) -> bool {
        self.spent.load(Ordering::Relaxed) != 0
    }
}

/// Passes the time until `done`, or at most so long.
fn wait(done: impl Fn() -> bool, pass: impl Fn(), limit: Duration) {
    let start = Instant::now();
    while !done() && start.elapsed() < limit {
        pass();
    }
}
