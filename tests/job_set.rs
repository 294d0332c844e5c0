//! `JobSet`: results as they are done.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::*;
use filch::{JobError, JobSet, Pool};

#[test]
fn every_result_comes_out_once_with_its_number() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let set = JobSet::new(&pool);
    let mut expected: Vec<_> = (0..1000_u32).map(|n| (set.submit(move || n), n)).collect();
    assert_eq!(set.len(), 1000);
    let mut seen: Vec<_> = set.as_completed().map(|(id, result)| (id, result.unwrap())).collect();
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected);
    assert!(set.is_empty() && set.next().is_none() && set.try_next().is_none());
}

#[test]
fn results_come_in_the_order_in_which_they_are_done() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let set = JobSet::new(&pool);
    let gate = Gate::new();
    let door = gate.doorway();
    let slow = set.submit(move || {
        door.wait();
    });
    gate.await_arrivals(1);
    let quick = set.submit(|| ());
    assert_eq!(set.next().unwrap().0, quick);
    gate.open();
    assert_eq!(set.next().unwrap().0, slow);
}

#[test]
fn next_is_none_when_nothing_is_outstanding() {
    let _watchdog = watchdog();
    let set = JobSet::<()>::new(&Pool::with_threads(1));
    assert!(set.next().is_none());
    assert!(set.next_timeout(Duration::MAX).is_none());
    assert!(set.try_next().is_none());
}

#[test]
fn a_panic_comes_out_as_a_result() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = JobSet::new(&pool);
    let id = set.submit(|| -> u8 { panic!("no luck") });
    let (from, result) = set.next().unwrap();
    assert_eq!(from, id);
    assert!(result.unwrap_err().is_panic());
}

#[test]
fn submit_first_goes_before_what_is_queued() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let set = JobSet::new(&pool);
    set.submit(|| "ordinary");
    set.submit_first(|| "urgent");
    gate.open();
    let order: Vec<_> = set.as_completed().map(|(_, result)| result.unwrap()).collect();
    assert_eq!(order, ["urgent", "ordinary"]);
}

#[test]
fn next_timeout_keeps_its_time_and_runs_nothing() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let set = JobSet::new(&pool);
    set.submit(|| ());
    let start = Instant::now();
    assert!(set.next_timeout(Duration::from_millis(30)).is_none());
    assert!(start.elapsed() >= Duration::from_millis(30));
    assert_eq!(set.len(), 1);
    gate.open();
    assert!(set.next_timeout(PATIENCE).is_some());
}

#[test]
fn several_threads_take_each_result_once() {
    let _watchdog = watchdog();
    const JOBS: usize = 20_000;
    let pool = Pool::with_threads(2);
    let set = JobSet::new(&pool);
    let taken = AtomicUsize::new(0);
    let sum = AtomicUsize::new(0);
    let take = || {
        while taken.load(Ordering::Relaxed) < JOBS {
            if let Some((_, result)) = set.next() {
                sum.fetch_add(result.unwrap(), Ordering::Relaxed);
                taken.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        (0..3).for_each(|_| drop(scope.spawn(take)));
        for n in 0..JOBS {
            set.submit(move || n);
        }
    });
    assert_eq!(sum.into_inner(), JOBS * (JOBS - 1) / 2);
    assert!(set.is_empty());
}

#[test]
fn a_set_does_not_keep_its_pool_alive() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = JobSet::new(&pool);
    set.submit(|| 1);
    drop(pool);
    assert_eq!(set.next().unwrap().1.unwrap(), 1, "the shutdown ran it");
    set.submit(|| 2);
    assert!(set.next().unwrap().1.unwrap_err().is_shut_down());
    assert!(matches!(set.try_submit(|| 3), Err(filch::TrySubmitError::ShutDown(_))));
    assert!(set.next().is_none());
}

#[test]
fn shutdown_now_lets_every_job_come_out() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let set = JobSet::with_capacity(&pool, 5);
    for n in 0..5 {
        set.submit(move || n);
    }
    let stop = pool.clone();
    let stopper = thread::spawn(move || stop.shutdown_now());
    eventually("the jobs are dropped", || pool.is_shut_down());
    gate.open();
    stopper.join().unwrap();
    assert_eq!(set.as_completed().filter(|(_, result)| matches!(result, Err(JobError::ShutDown))).count(), 5);
}
