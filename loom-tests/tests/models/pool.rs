//! Whole pools: jobs, handles, idleness and the end, all parts together.
//!
//! Threads: 1 or 2 workers, the caller (main), sometimes another. Bounds: at each model. Models "at rest" begin with workers that sleep; how they fell asleep, and how the pool ends after
//! the last check, is explored by others. Property: every job ends, before any shutdown wakes a worker; its handle and its callback say how; its closure runs once or is
//! dropped once; `wait_idle` and `shutdown` return when it is over, and not before.
//! Seen failing: the rows of `pool` and `idle` in `mutants`.

use std::sync::Arc;
use std::sync::atomic::{
    AtomicUsize,
    Ordering::{Relaxed, Release},
};

use filch::internals::{Deadline, Futex, Parker};
use filch::{JobHandle, Pool};
use loom::thread;

use crate::support::{Bound, at_length, explore, explore_in_both_modes};
use crate::witness::{Value, Witness};

/// A pool whose workers sleep.
pub fn at_rest(workers: usize) -> Pool {
    at_rest_with(workers, Pool::with_threads)
}

/// The same with a pool of another make.
pub fn at_rest_with(workers: usize, make: impl FnOnce(usize) -> Pool) -> Pool {
    loom::stop_exploring();
    let pool = make(workers);
    // Each worker but one takes a job that lasts until the last has come, so all have been awake.
    let gate = Arc::new(Futex::new(0));
    for _ in 1..workers {
        let gate = gate.clone();
        pool.spawn(move || {
            let _ = gate.wait(0, None);
        });
    }
    pool.spawn(move || {
        gate.swap(1, Release);
        gate.wake_all();
    });
    pool.wait_idle();
    loom::explore();
    pool
}

/// Ends the pool. What is left to happen is not explored.
pub fn finish(pool: Pool) {
    loom::stop_exploring();
    drop(pool);
}

/// The handle's outcome must be the value.
fn expect_value(witness: &Witness, handle: JobHandle<Value>) {
    handle.join().unwrap().check();
    witness.check_closure_is_gone();
}

/// The handle's outcome must be the value, or that the pool shut down.
fn expect_end(witness: &Witness, handle: JobHandle<Value>) {
    let outcome = handle.join().map(|value| value.check());
    let runs = witness.settle();
    assert!(if runs == 1 { outcome.is_ok() } else { outcome.unwrap_err().is_shut_down() });
}

#[test]
fn a_job_is_joined_then_the_pool_shuts_down() {
    explore("pool: 1 worker, join, shutdown", at_length(3), || {
        let witness = Witness::new();
        let pool = Pool::with_threads(1);
        expect_value(&witness, pool.submit(witness.closure()));
        pool.shutdown();
        assert_eq!(witness.settle(), 1);
    });
}

#[test]
fn two_workers_start_and_end() {
    explore("pool: 2 workers, shutdown", Some(2), || Pool::with_threads(2).shutdown());
}

#[test]
fn a_job_is_joined_by_two_workers() {
    explore("pool: 2 workers, join, shutdown", Some(1), || {
        let witness = Witness::new();
        let pool = Pool::with_threads(2);
        expect_value(&witness, pool.submit(witness.closure()));
        pool.shutdown();
        assert_eq!(witness.settle(), 1);
    });
}

#[test]
fn a_job_is_joined_at_rest() {
    explore("pool: 2 workers at rest, join", Some(3), || {
        let witness = Witness::new();
        let pool = at_rest(2);
        expect_value(&witness, pool.submit(witness.closure()));
        finish(pool);
        assert_eq!(witness.settle(), 1);
    });
}

#[test]
fn idleness_comes_after_the_job() {
    explore("pool: 1 worker, wait_idle, shutdown", Some(3), || {
        let witness = Witness::new();
        let pool = Pool::with_threads(1);
        let closure = witness.closure();
        pool.spawn(move || closure().check());
        pool.wait_idle();
        assert_eq!(witness.settle(), 1);
        pool.shutdown();
    });
}

#[test]
fn idleness_comes_after_the_job_of_two_workers() {
    explore("pool: 2 workers at rest, wait_idle", Some(3), || {
        let witness = Witness::new();
        let pool = at_rest(2);
        let closure = witness.closure();
        pool.spawn(move || closure().check());
        pool.wait_idle();
        assert_eq!(witness.settle(), 1);
        finish(pool);
    });
}

#[test]
fn an_express_job_wakes_who_falls_asleep() {
    explore_in_both_modes("pool: 1 worker that falls asleep, an express job", Some(2), || {
        let witness = Witness::new();
        let pool = Pool::with_threads(1);
        expect_value(&witness, pool.submit_first(witness.closure()));
        finish(pool);
    });
}

#[test]
fn submit_against_shutdown() {
    explore("pool: 1 worker, submit, shutdown", Some(2), || {
        let witness = Witness::new();
        let pool = Pool::with_threads(1);
        let submitter = thread::spawn({
            let (pool, witness) = (pool.clone(), witness.clone());
            move || expect_end(&witness, pool.submit(witness.closure()))
        });
        pool.shutdown();
        submitter.join().unwrap();
    });
}

#[test]
fn job_against_shutdown_now() {
    explore("pool: 1 worker, submit, then shutdown_now", Some(3), || {
        let witness = Witness::new();
        let pool = Pool::with_threads(1);
        let handle = pool.submit(witness.closure());
        pool.shutdown_now();
        expect_end(&witness, handle);
    });
}

#[test]
fn job_against_drop_of_the_pool() {
    explore("pool: 1 worker, spawn, drop", Some(3), || {
        let witness = Witness::new();
        let pool = Pool::with_threads(1);
        let closure = witness.closure();
        pool.spawn(move || closure().check());
        drop(pool);
        assert_eq!(witness.settle(), 1);
    });
}

#[test]
fn cancel_against_worker() {
    explore_in_both_modes("pool: 1 worker at rest, cancel, wait_idle", Some(3), || {
        let witness = Witness::new();
        let pool = at_rest(1);
        let handle = pool.submit(witness.closure());
        let cancelled = handle.cancel();
        pool.wait_idle();
        let outcome = handle.try_join().expect("the pool was idle");
        assert_eq!(outcome.map(|value| value.check()).is_err_and(|error| error.is_cancelled()), cancelled);
        finish(pool);
        assert_eq!(witness.settle() == 0, cancelled);
    });
}

#[test]
fn cancel_elsewhere_against_idleness() {
    explore("pool: 1 worker at rest, cancel elsewhere, wait_idle", Some(1), || {
        let witness = Witness::new();
        let called = Arc::new(AtomicUsize::new(0));
        let pool = at_rest(1);
        let token = pool.submit(witness.closure()).on_complete({
            let (witness, called) = (witness.clone(), called.clone());
            move |outcome| {
                witness.check_closure_is_gone();
                let _ = outcome.map(|value| value.check());
                called.fetch_add(1, Relaxed);
            }
        });
        let canceller = thread::spawn(move || token.cancel());
        pool.wait_idle();
        assert_eq!(called.load(Relaxed), 1, "idle before the callback was done");
        let cancelled = canceller.join().unwrap();
        assert_eq!(witness.settle() == 0, cancelled);
        finish(pool);
    });
}

#[test]
fn a_sweep_loses_nothing() {
    explore_in_both_modes("pool: 1 worker at rest, cancel the first of two", Some(1), || {
        let (first, second) = (Witness::new(), Witness::new());
        let pool = at_rest(1);
        let dropped = pool.submit(first.closure());
        let joined = pool.submit(second.closure());
        let cancelled = dropped.cancel();
        drop(dropped);
        expect_value(&second, joined);
        pool.wait_idle();
        finish(pool);
        assert_eq!(first.settle() == 0, cancelled);
        assert_eq!(second.settle(), 1);
    });
}

/// A worker runs out of work while the job that is left is in a sweeper's hands.
fn explore_sweep(lane: &str, bound: Bound, submit: fn(&Pool, &Witness) -> JobHandle<Value>) {
    explore_in_both_modes(&format!("pool: 1 worker ends a job, a sweep of {lane}"), bound, move || {
        let (first, second) = (Witness::new(), Witness::new());
        let (started, end) = (Arc::new(Parker::new()), Arc::new(Parker::new()));
        let pool = at_rest(1);
        loom::stop_exploring();
        pool.spawn({
            let (started, end) = (started.clone(), end.clone());
            move || {
                started.unpark();
                end.park(Deadline::NEVER);
            }
        });
        started.park(Deadline::NEVER);
        let [dropped, joined] = [&first, &second].map(|witness| submit(&pool, witness));
        loom::explore();
        end.unpark();
        let cancelled = dropped.cancel();
        drop(dropped);
        expect_value(&second, joined);
        finish(pool);
        assert_eq!(first.settle() == 0, cancelled);
        assert_eq!(second.settle(), 1);
    });
}

#[test]
fn a_sweep_tells_who_runs_out_of_work() {
    explore_sweep("the injector", at_length(2), |pool, witness| pool.submit(witness.closure()));
}

#[test]
fn a_sweep_tells_who_runs_out_of_express_work() {
    explore_sweep("the express lane", Some(2), |pool, witness| pool.submit_first(witness.closure()));
}

/// Submits, from outside, a job that lasts until another has been run.
#[test]
fn a_long_job_keeps_nobody_waiting() {
    explore("pool: 2 workers at rest, a long job and another", Some(1), || {
        let long = Arc::new(Parker::new());
        let pool = at_rest(2);
        let first = pool.submit({
            let long = long.clone();
            move || long.park(Deadline::NEVER)
        });
        pool.spawn(move || long.unpark());
        assert!(first.join().unwrap());
        finish(pool);
    });
}

/// A job submits another and lasts until that has been run: by the other worker.
#[test]
fn a_long_job_keeps_its_child_waiting_for_nobody() {
    explore_in_both_modes("pool: 2 workers at rest, a job waits for its child", at_length(2), || {
        let long = Arc::new(Parker::new());
        let pool = at_rest(2);
        let parent = pool.submit(move || {
            let child = long.clone();
            Pool::current().unwrap().spawn(move || child.unpark());
            long.park(Deadline::NEVER)
        });
        assert!(parent.join().unwrap());
        finish(pool);
    });
}

/// The same, while the other worker has just run a short job and falls asleep.
#[test]
fn a_long_job_wakes_who_falls_asleep() {
    explore_in_both_modes("pool: 2 workers at rest, a short job, and one that waits for its child", Some(1), || {
        let long = Arc::new(Parker::new());
        let pool = at_rest(2);
        pool.spawn(|| ());
        let parent = pool.submit(move || {
            let child = long.clone();
            filch::spawn(move || child.unpark());
            long.park(Deadline::NEVER)
        });
        assert!(parent.join().unwrap());
        finish(pool);
    });
}

#[test]
fn a_job_joins_its_child() {
    explore_in_both_modes("pool: 2 workers at rest, a job joins its child", at_length(2), || {
        let witness = Witness::new();
        let pool = at_rest(2);
        let parent = pool.submit({
            let child = witness.closure();
            move || filch::submit(child).join().unwrap().check()
        });
        parent.join().unwrap();
        finish(pool);
        assert_eq!(witness.settle(), 1);
    });
}

#[test]
fn idleness_comes_after_the_child() {
    explore_in_both_modes("pool: 2 workers at rest, a job and its child, wait_idle", at_length(2), || {
        let witness = Witness::new();
        let pool = at_rest(2);
        let child = witness.closure();
        pool.spawn(move || filch::spawn(move || child().check()));
        pool.wait_idle();
        assert_eq!(witness.settle(), 1);
        finish(pool);
    });
}
