//! Faults that other pools had in their maps, done queues and callbacks, each as a test that ours does not.

mod common;

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::thread;

use common::task::start_waiting;
use common::*;
use filch::{JobSet, Pool};

#[test]
fn results_are_not_lost_at_shutdown_when_a_set_gathers_them() {
    let _watchdog = watchdog();
    for _ in 0..20 {
        let pool = Pool::with_threads(2);
        let set = JobSet::new(&pool);
        (0..500).for_each(|n| _ = set.submit(move || n));
        pool.shutdown();
        let mut results: Vec<_> = set.as_completed().map(|(_, result)| result.unwrap()).collect();
        results.sort_unstable();
        assert_eq!(results, (0..500).collect::<Vec<_>>());
    }
}

#[test]
fn failures_come_out_of_a_set_beside_results() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let set = JobSet::new(&pool);
    let fails: HashSet<_> = (0..50).map(|n| set.submit(move || -> u32 { panic!("failure {n}") })).collect();
    (0..50).for_each(|n| _ = set.submit(move || n));
    let (mut failed, mut messages) = (HashSet::new(), HashSet::new());
    for (id, result) in set.as_completed() {
        if let Err(error) = result {
            failed.insert(id);
            messages.insert(message(&*error.into_panic()));
        }
    }
    assert_eq!((failed, messages.len()), (fails, 50));
    assert_sound(&pool);
}

#[test]
fn no_failure_takes_a_worker_with_it() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let before = pool.broadcast(|_| thread::current().id());
    let set = JobSet::new(&pool);
    for _ in 0..50 {
        set.submit(|| std::panic::resume_unwind(Box::new("quietly")));
        set.submit_iter(|| (0..3).inspect(|n| assert!(*n < 2, "at the last item")).map(drop));
        pool.submit(|| ()).on_complete(|_| panic!("in the callback"));
    }
    assert_eq!(set.as_completed().filter(|(_, result)| result.is_err()).count(), 100);
    let results = pool.map_stream(0..50, 5, |n: u32| {
        if n % 2 == 0 {
            panic!("of the function")
        }
    });
    assert_eq!(results.filter(Result::is_err).count(), 25);
    pool.wait_idle();
    assert_eq!(pool.broadcast(|_| thread::current().id()), before);
    assert_sound(&pool);
}

#[test]
fn a_worker_does_not_wait_for_room_for_the_results_of_its_jobs() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = Arc::new(JobSet::with_capacity(&pool, 1));
    set.submit(|| ());
    let theirs = set.clone();
    // A job that fills the set beyond its capacity, and a thread that waits for room in it.
    pool.submit(move || (0..100).for_each(|_| _ = theirs.submit(|| ()))).join().unwrap();
    let theirs = set.clone();
    let outside = start_waiting(move || theirs.submit(|| ()));
    assert_eq!(pool.submit(|| "the worker is free").join().unwrap(), "the worker is free");
    pool.shutdown();
    outside.join().unwrap();
    assert_eq!(set.as_completed().count(), 102);
}

#[test]
fn results_are_gathered_while_jobs_submit_jobs() {
    fn grow(set: &Arc<JobSet<u32>>, depth: u32) -> u32 {
        if depth > 0 {
            for _ in 0..3 {
                let theirs = set.clone();
                set.submit(move || grow(&theirs, depth - 1));
            }
        }
        depth
    }
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    for capacity in [1, 10, 10_000] {
        let set = Arc::new(JobSet::with_capacity(&pool, capacity));
        let root = set.clone();
        set.submit(move || grow(&root, 6));
        assert_eq!(set.as_completed().count(), (3_usize.pow(7) - 1) / 2);
        pool.wait_idle();
    }
}

#[test]
fn an_idle_worker_does_not_keep_what_the_jobs_of_a_set_captured() {
    type Way = fn(&Pool, Box<dyn FnOnce() + Send>);
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let ways: [Way; 6] = [
        |pool, job| in_set(pool, |set| _ = set.submit(job)),
        |pool, job| in_set(pool, |set| _ = set.submit_first(job)),
        |pool, job| in_set(pool, |set| _ = set.submit_iter(move || std::iter::once_with(job))),
        |pool, job| _ = pool.map_stream([job], 1, |job| job()).next(),
        |pool, job| _ = pool.map_unordered([job], 1, |job| job()).next(),
        |pool, job| _ = pool.submit(|| ()).on_complete(move |_| job()),
    ];
    for way in ways {
        for panics in [false, true] {
            let captured = Arc::new(());
            let seen: Weak<()> = Arc::downgrade(&captured);
            way(
                &pool,
                Box::new(move || {
                    let _captured = captured;
                    assert!(!panics, "on the way out");
                }),
            );
            pool.wait_idle();
            assert_eq!(seen.strong_count(), 0);
        }
    }
}

fn in_set(pool: &Pool, submit: impl FnOnce(&JobSet<()>)) {
    let set = JobSet::new(pool);
    submit(&set);
    set.as_completed().for_each(drop);
    pool.wait_idle();
    assert!(set.is_empty());
}

#[test]
fn a_set_that_lives_on_keeps_nothing_of_what_it_has_delivered() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let set = JobSet::with_capacity(&pool, 3);
    let alive = Arc::new(());
    for round in 0..500 {
        let captured = alive.clone();
        if round % 2 == 0 {
            set.submit(move || captured);
        } else {
            set.submit_iter(move || std::iter::repeat_n(captured, 3));
        }
        set.as_completed().for_each(drop);
    }
    pool.wait_idle();
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn a_callback_may_gather_results_in_a_set_that_is_full() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let set = Arc::new(JobSet::with_capacity(&pool, 1));
    let gate = block(&pool);
    for n in 0..200_u32 {
        let theirs = set.clone();
        pool.submit(move || n).on_complete(move |outcome| _ = theirs.submit(move || outcome.unwrap()));
    }
    gate.open();
    pool.wait_idle();
    assert_eq!(set.len(), 200);
    let mut results: Vec<_> = set.as_completed().map(|(_, result)| result.unwrap()).collect();
    results.sort_unstable();
    assert_eq!(results, (0..200).collect::<Vec<_>>());
}
