//! Submits that race the end of their pool: a job that was let in when nobody is left to run it.
//!
//! Its closure is large. Queueing it takes longer than a small pool needs to end, so the end often falls between the look at the pool's state and the push.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{Builder, scope};
use std::time::{Duration, Instant};

use filch::{JobError, JobHandle, Pool};

use super::support::random::{Random, seed, spin};
use super::support::watch::Watch;

const SUBMITTERS: usize = 3;
/// For some copies of a closure at once.
const STACK: usize = 16 << 20;

#[derive(Default)]
struct Tally {
    run: AtomicU64,
    unrun: AtomicU64,
}

struct Load<'a> {
    tally: &'a Tally,
    ran: bool,
    bulk: [u64; 32 * 1024],
}

impl Load<'_> {
    fn run(mut self) -> u64 {
        self.ran = true;
        self.bulk.iter().sum()
    }
}

impl Drop for Load<'_> {
    fn drop(&mut self) {
        let count = if self.ran { &self.tally.run } else { &self.tally.unrun };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Submits until it is refused.
fn submit(pool: &Pool, tally: &'static Tally) -> Vec<JobHandle<u64>> {
    let mut handles = Vec::new();
    while !pool.is_shut_down() {
        let load = Load { tally, ran: false, bulk: [7; 32 * 1024] };
        handles.push(pool.submit(move || load.run()));
    }
    handles
}

/// One pool. Returns how many jobs there were.
fn round(random: &mut Random, tally: &'static Tally) -> u64 {
    let threads = 1 + random.below(2) as usize;
    let pool = Pool::builder().threads(threads).stack_size(STACK).build().expect("a pool");
    let start = Barrier::new(SUBMITTERS + 1);
    let handles: Vec<_> = scope(|scope| {
        let body = || {
            start.wait();
            submit(&pool, tally)
        };
        let submitter = |_| Builder::new().stack_size(STACK).spawn_scoped(scope, body).expect("a thread");
        let submitters: Vec<_> = (0..SUBMITTERS).map(submitter).collect();
        start.wait();
        spin(random.below(10_000));
        pool.shutdown();
        submitters.into_iter().flat_map(|submitter| submitter.join().expect("a submitter")).collect()
    });
    let jobs = handles.len() as u64;
    for handle in handles {
        assert!(handle.is_finished(), "a job is left in a pool whose threads are gone");
        assert!(matches!(handle.join(), Ok(229_376) | Err(JobError::ShutDown)));
    }
    jobs
}

#[test]
fn submits_that_race_the_end_are_run_or_refused() {
    let (watch, seed) = (Watch::start("submits that race the end"), seed());
    println!("  FILCH_SEED={seed}");
    let mut random = Random::new(seed);
    let tally: &'static Tally = Box::leak(Box::default());
    let (begin, mut rounds, mut jobs) = (Instant::now(), 0, 0);
    while begin.elapsed() < Duration::from_secs(1) {
        jobs += round(&mut random, tally);
        rounds += 1;
        watch.beat();
    }
    let [run, unrun] = [&tally.run, &tally.unrun].map(|count| count.load(Ordering::Relaxed));
    println!("  {rounds} pools, {jobs} jobs, {run} run, {unrun} refused");
    assert_eq!(run + unrun, jobs, "seed {seed}: closures that were not run once or dropped once");
}
