//! The lengths of queues in the metrics: each job is counted in the queue that it is in.

mod common;

use std::time::Duration;

use common::*;
use filch::{ManualClock, Pool, PoolMetrics};

/// How many jobs lie in each queue: injected, express, due, and in each worker's own.
fn lengths(metrics: &PoolMetrics) -> (u64, u64, u64, Vec<u64>) {
    let own = metrics.workers.iter().map(|worker| worker.queued).collect();
    (metrics.injected, metrics.express, metrics.due, own)
}

#[test]
fn a_job_is_counted_in_the_queue_that_it_is_in() {
    let _watchdog = watchdog();
    let clock = ManualClock::new();
    let pool = Pool::builder().threads(1).clock(clock.clone()).build().unwrap();
    let delayed = pool.submit_later(Duration::from_secs(1), || ());
    let gate = Gate::new();
    let (inner, doorway) = (pool.clone(), gate.doorway());
    pool.spawn(move || {
        (0..4).for_each(|_| inner.spawn(|| ()));
        doorway.wait();
    });
    gate.await_arrivals(1);
    (0..3).for_each(|_| pool.spawn(|| ()));
    (0..2).for_each(|_| pool.spawn_first(|| ()));
    assert_eq!(lengths(&pool.metrics()), (3, 2, 0, vec![4]));
    // Waits until what is due has run, so another thread moves the clock.
    std::thread::scope(|scope| {
        scope.spawn(|| clock.advance(Duration::from_secs(1)));
        eventually("the delayed job is due", || pool.metrics().due == 1);
        let metrics = pool.metrics();
        assert_eq!(lengths(&metrics), (3, 2, 1, vec![4]));
        assert_eq!((metrics.queued, metrics.running, metrics.workers[0].running), (10, 1, 1));
        gate.open();
    });
    delayed.join().unwrap();
    pool.wait_idle();
    let metrics = pool.metrics();
    assert_eq!(lengths(&metrics), (0, 0, 0, vec![0]));
    assert_eq!((metrics.queued, metrics.running, metrics.workers[0].running), (0, 0, 0));
    assert_eq!(metrics.jobs(), 11);
}

#[test]
fn a_cancelled_job_stays_in_its_queue_until_a_worker_meets_it() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let handles: Vec<_> = (0..3).map(|n| pool.submit(move || n)).collect();
    assert!(handles[1].cancel());
    let metrics = pool.metrics();
    assert_eq!((metrics.injected, metrics.queued, metrics.cancelled), (3, 2, 1));
    gate.open();
    pool.wait_idle();
    let metrics = pool.metrics();
    assert_eq!((metrics.injected, metrics.queued), (0, 0));
}

#[test]
fn a_job_inside_another_runs_beside_it() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let inner = pool.clone();
    let look = pool.clone();
    let seen = pool.submit(move || inner.submit(move || look.metrics().workers[0].running).join().unwrap());
    assert_eq!(seen.join().unwrap(), 2);
}
