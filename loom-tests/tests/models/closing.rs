//! Whole pools whose end, or whose idleness, meets another thread.
//!
//! Threads: 1 or 2 workers, the caller (main), another. Bounds: at each model. Property: what was queued before a pool closed runs, or was cancelled; what comes later is
//! refused; whoever waits for the end or for idleness returns, and sees what was done.
//! Seen failing: the rows of `pool` and `idle` in `mutants`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use filch::Pool;
use filch::internals::{Deadline, Parker};
use loom::thread;

use crate::pool::{at_rest, finish};
use crate::support::{at_length, explore, explore_in_both_modes};
use crate::witness::Witness;

fn spawn(pool: &Pool, witness: &Witness) {
    let closure = witness.closure();
    pool.spawn(move || closure().check());
}

/// The last handle may be dropped by a thread that knows nothing of the job.
#[test]
fn a_job_runs_although_its_handle_is_gone() {
    explore_in_both_modes("closing: 1 worker, spawn and drop elsewhere, drop", Some(2), || {
        let witness = Witness::new();
        let pool = Pool::with_threads(1);
        let other = thread::spawn({
            let (pool, witness) = (pool.clone(), witness.clone());
            move || spawn(&pool, &witness)
        });
        drop(pool);
        other.join().unwrap();
        assert_eq!(witness.settle(), 1);
    });
}

#[test]
fn a_job_runs_before_the_end() {
    explore_in_both_modes("closing: 1 worker, spawn, shutdown", Some(3), || {
        let witness = Witness::new();
        let pool = Pool::with_threads(1);
        spawn(&pool, &witness);
        pool.shutdown();
        assert_eq!(witness.settle(), 1);
    });
}

#[test]
fn idleness_comes_with_the_end() {
    explore("closing: 1 worker at rest, shutdown elsewhere, wait_idle", at_length(2), || {
        let witness = Witness::new();
        let pool = at_rest(1);
        let closer = thread::spawn({
            let pool = pool.clone();
            move || pool.shutdown()
        });
        spawn(&pool, &witness);
        pool.wait_idle();
        witness.settle();
        closer.join().unwrap();
        finish(pool);
    });
}

/// The first worker to leave is not the end.
#[test]
fn idleness_comes_with_the_end_of_all_workers() {
    explore("closing: 2 workers at rest, close, wait_idle", at_length(2), || {
        let witness = Witness::new();
        let pool = at_rest(2);
        spawn(&pool, &witness);
        pool.shutdown_timeout(Duration::ZERO);
        pool.wait_idle();
        assert_eq!(witness.settle(), 1);
        finish(pool);
    });
}

#[test]
fn idleness_comes_after_a_cancel_of_all() {
    explore("closing: 1 worker at rest, cancel_pending elsewhere, wait_idle", at_length(2), || {
        let witness = Witness::new();
        let pool = at_rest(1);
        let canceller = thread::spawn({
            let pool = pool.clone();
            move || pool.cancel_pending()
        });
        spawn(&pool, &witness);
        pool.wait_idle();
        let runs = witness.settle();
        let cancelled = canceller.join().unwrap();
        assert_eq!((runs, cancelled), if cancelled == 0 { (1, 0) } else { (0, 1) });
        finish(pool);
    });
}

/// A worker that leaves must not overlook the job that a sweeper has in hand.
#[test]
fn a_sweep_keeps_no_job_from_running() {
    explore_in_both_modes("closing: 1 worker at rest, cancel elsewhere, shutdown", at_length(2), || {
        let (first, second) = (Witness::new(), Witness::new());
        let pool = at_rest(1);
        let dropped = pool.submit(first.closure());
        spawn(&pool, &second);
        let canceller = thread::spawn(move || dropped.cancel());
        pool.shutdown();
        let cancelled = canceller.join().unwrap();
        assert_eq!(first.settle() == 0, cancelled);
        assert_eq!(second.settle(), 1);
    });
}

/// The worker's job lasts until main's submit has come back, and the queue is full.
#[test]
fn a_waiting_submitter_goes_when_the_pool_closes() {
    explore("closing: 1 worker that is busy, a full queue, submit, shutdown elsewhere", Some(3), || {
        loom::stop_exploring();
        let pool = Pool::builder().threads(1).queue_capacity(1).build().unwrap();
        let (long, begun) = (Arc::new(Parker::new()), Arc::new(AtomicBool::new(false)));
        pool.spawn({
            let (long, begun) = (long.clone(), begun.clone());
            move || {
                begun.store(true, Relaxed);
                assert!(long.park(Deadline::NEVER));
            }
        });
        while !begun.load(Relaxed) {
            thread::yield_now();
        }
        pool.spawn(|| ());
        loom::explore();
        let closer = thread::spawn({
            let pool = pool.clone();
            move || pool.shutdown()
        });
        let outcome = pool.submit(|| ()).try_join().map(|outcome| outcome.unwrap_err().is_shut_down());
        assert_eq!(outcome.ok(), Some(true));
        long.unpark();
        closer.join().unwrap();
        finish(pool);
    });
}

#[test]
fn a_timed_shutdown_that_says_so_is_over() {
    explore("closing: 1 worker at rest, spawn, timed shutdown", Some(3), || {
        let witness = Witness::new();
        let pool = at_rest(1);
        spawn(&pool, &witness);
        if pool.shutdown_timeout(Duration::from_secs(1)) {
            assert_eq!(witness.settle(), 1);
        }
        finish(pool);
    });
}
