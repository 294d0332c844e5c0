//! What a worker offers can be taken at any time, also while the worker does something else for long.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::*;
use filch::{Pool, Worker};

/// How many pieces a worker can offer at a time: more are run in line.
const CAPACITY: usize = 1024;

/// Computes without a call of anything until `run` is as large as it will be, or for ten seconds. How long that took.
fn compute_until(run: &AtomicUsize, all: usize) -> Duration {
    let start = Instant::now();
    while run.load(Ordering::Relaxed) < all && start.elapsed() < Duration::from_secs(10) {
        spin(20);
    }
    start.elapsed()
}

/// Offers pieces one on top of the other, and computes when all are on offer.
fn offer(worker: &Worker, left: usize, all: usize, run: &AtomicUsize) -> Duration {
    if left == 0 {
        return compute_until(run, all);
    }
    let count = |_: &Worker| {
        run.fetch_add(1, Ordering::Relaxed);
    };
    worker.join(|worker| offer(worker, left - 1, all, run), count).0
}

/// As [`offer`], with jobs of a scope.
fn offer_jobs(pool: &Pool, all: usize, run: &AtomicUsize) -> Duration {
    pool.scope(|scope| {
        for _ in 0..all {
            scope.spawn(|| {
                run.fetch_add(1, Ordering::Relaxed);
            });
        }
        compute_until(run, all)
    })
}

/// Measures a number of rounds, and fails if the pieces of one were not run by others.
fn check(what: &str, all: usize, offer: impl Fn(&Pool, &AtomicUsize) -> Duration + Sync) {
    let pool = Pool::builder().threads(2).stack_size(64 << 20).build().unwrap();
    let rounds = if long() { 1000 } else { 50 };
    let round = |_| {
        pool.wait_idle();
        let run = AtomicUsize::new(0);
        let took = pool.install(|| offer(&pool, &run));
        assert!(
            took < Duration::from_secs(10),
            "{all} pieces on offer by {what} were not taken: {} left",
            all - run.into_inner()
        );
        took
    };
    let mut times: Vec<_> = (0..rounds).map(round).collect();
    times.sort();
    println!(
        "{what}, {all} pieces: all run by the other worker after {:?} (median), {:?} at most",
        times[rounds / 2],
        times[rounds - 1]
    );
}

#[test]
fn pieces_are_taken_while_their_worker_computes() {
    let _watchdog = watchdog();
    for all in [1, 2, 100, CAPACITY] {
        check("join", all, |pool, run| {
            let count = |_: &Worker| {
                run.fetch_add(1, Ordering::Relaxed);
            };
            pool.join_context(|worker| offer(worker, all - 1, all, run), count).0
        });
    }
}

#[test]
fn jobs_of_a_scope_are_taken_while_their_worker_computes() {
    let _watchdog = watchdog();
    for all in [1, 2, 100, CAPACITY, 5 * CAPACITY] {
        check("scope", all, |pool, run| offer_jobs(pool, all, run));
    }
}

#[test]
fn jobs_that_lie_on_no_deque_are_taken_while_their_worker_computes() {
    let _watchdog = watchdog();
    for all in [1, 2, 100, CAPACITY] {
        check("scope, inside a join", all, |pool, run| {
            pool.scope(|scope| {
                let spawn = || {
                    for _ in 0..all {
                        scope.spawn(|| {
                            run.fetch_add(1, Ordering::Relaxed);
                        });
                    }
                    compute_until(run, all)
                };
                pool.join(spawn, || ()).0
            })
        });
    }
}

#[test]
fn spawned_jobs_are_taken_while_their_worker_computes() {
    let _watchdog = watchdog();
    static RUN: AtomicUsize = AtomicUsize::new(0);
    for all in [1, 2, 100, CAPACITY, 5 * CAPACITY] {
        check("spawn", all, |pool, _| {
            RUN.store(0, Ordering::Relaxed);
            for _ in 0..all {
                pool.spawn(|| {
                    RUN.fetch_add(1, Ordering::Relaxed);
                });
            }
            compute_until(&RUN, all)
        });
    }
}
