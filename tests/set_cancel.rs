//! `JobSet`: what becomes of jobs that are cancelled, and of those whose set is dropped.

mod common;

use std::collections::HashSet;
use std::sync::{Arc, mpsc};
use std::thread;

use common::*;
use filch::{JobError, JobSet, Pool};

#[test]
fn cancel_is_true_once_and_cancelled_comes_out() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let set = JobSet::new(&pool);
    let ids: Vec<_> = (0..100).map(|n| set.submit(move || n)).collect();
    for id in ids.iter().step_by(2) {
        assert!(set.cancel(*id));
        assert!(!set.cancel(*id));
    }
    gate.open();
    let (mut cancelled, mut done) = (HashSet::new(), 0);
    for (id, result) in set.as_completed() {
        match result {
            Ok(_) => done += 1,
            Err(error) => assert!(error.is_cancelled() && cancelled.insert(id)),
        }
    }
    assert_eq!(done, 50);
    assert_eq!(cancelled, ids.iter().step_by(2).copied().collect());
    assert!(!set.cancel(ids[0]), "delivered long ago");
}

#[test]
fn cancel_asks_a_running_job_to_stop() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = JobSet::new(&pool);
    let (send, receive) = mpsc::channel();
    let id = set.submit(move || {
        send.send(()).unwrap();
        while !filch::cancelled() {
            thread::yield_now();
        }
    });
    receive.recv().unwrap();
    assert!(!set.cancel(id));
    assert!(set.next().unwrap().1.is_ok());
}

#[test]
fn cancel_all_counts_what_never_runs() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let set = JobSet::new(&pool);
    for n in 0..10 {
        set.submit(move || n);
    }
    assert_eq!(set.cancel_all(), 10);
    assert_eq!(set.cancel_all(), 0);
    assert_eq!(set.as_completed().filter(|(_, result)| matches!(result, Err(JobError::Cancelled))).count(), 10);
    gate.open();
}

#[test]
fn a_job_of_another_set_is_not_cancelled() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let (mine, theirs) = (JobSet::new(&pool), JobSet::new(&pool));
    let id = theirs.submit(|| 1);
    mine.submit(|| 2);
    assert!(!mine.cancel(id));
    gate.open();
    assert_eq!(theirs.next().unwrap().1.unwrap(), 1);
}

#[test]
fn dropping_a_set_cancels_its_queued_jobs() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let set = JobSet::new(&pool);
    let alive = Arc::new(());
    for _ in 0..10 {
        let alive = alive.clone();
        set.submit(move || drop(alive));
    }
    drop(set);
    assert_eq!(Arc::strong_count(&alive), 1, "the closures are gone");
    gate.open();
    pool.wait_idle();
    assert_eq!(pool.metrics().cancelled, 10);
}

#[test]
fn a_running_job_outlives_its_set_and_its_result_is_dropped() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = JobSet::new(&pool);
    let gate = Gate::new();
    let door = gate.doorway();
    let alive = Arc::new(());
    let result = alive.clone();
    set.submit(move || {
        door.wait();
        result
    });
    gate.await_arrivals(1);
    drop(set);
    gate.open();
    pool.wait_idle();
    eventually("the result is dropped", || Arc::strong_count(&alive) == 1);
}

#[test]
fn a_panic_that_nobody_took_goes_to_the_panic_handler() {
    let _watchdog = watchdog();
    let reported = Counter::new();
    let counter = reported.clone();
    let pool = Pool::builder().threads(1).panic_handler(move |_| counter.add()).build().unwrap();
    let set = JobSet::new(&pool);
    set.submit(|| panic!("unread"));
    pool.wait_idle();
    assert_eq!(reported.get(), 0, "the set has it");
    drop(set);
    assert_eq!(reported.get(), 1);
}

#[test]
fn a_result_that_panics_when_it_is_dropped_unread_is_reported() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("boom");
        }
    }
    let _watchdog = watchdog();
    let reported = Counter::new();
    let counter = reported.clone();
    let pool = Pool::builder().threads(1).panic_handler(move |_| counter.add()).build().unwrap();
    let set = JobSet::new(&pool);
    for _ in 0..3 {
        set.submit(|| Bomb);
    }
    pool.wait_idle();
    drop(set);
    assert_eq!(reported.get(), 3);
    assert_eq!(pool.submit(|| 1).join().unwrap(), 1);
}

#[test]
fn a_set_dropped_by_its_own_last_job_is_sound() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    for _ in 0..100 {
        let set = Arc::new(JobSet::new(&pool));
        let theirs = set.clone();
        set.submit(move || drop(theirs));
        drop(set);
    }
    pool.wait_idle();
}

#[test]
fn a_waiting_job_can_be_cancelled() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (ran, counter) = (Counter::new(), Counter::new());
    let inner = ran.clone();
    let outcome = pool.submit(move || {
        let set = JobSet::with_capacity(&Pool::current().unwrap(), 1);
        set.submit(|| ());
        let job = inner.clone();
        let waiting = set.submit(move || job.add());
        assert!(set.cancel(waiting));
        let results: Vec<_> = set.as_completed().map(|(_, result)| result.is_ok()).collect();
        counter.add();
        results.len() == 2 && results.iter().filter(|ok| **ok).count() == 1
    });
    assert!(outcome.join().unwrap());
    assert_eq!(ran.get(), 0);
    pool.wait_idle();
    assert_eq!((pool.pending(), pool.metrics().cancelled), (0, 1));
}

#[test]
fn a_set_that_is_dropped_with_waiting_jobs_drops_them() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let alive = Arc::new(());
    let theirs = alive.clone();
    let all = pool.submit(move || {
        let set = JobSet::with_capacity(&Pool::current().unwrap(), 1);
        for _ in 0..50 {
            let alive = theirs.clone();
            set.submit(move || drop(alive));
        }
    });
    all.join().unwrap();
    pool.wait_idle();
    assert_eq!(Arc::strong_count(&alive), 1);
    assert_eq!(pool.pending(), 0);
}

#[test]
fn cancel_drops_the_closure_at_once_on_the_cancelling_thread() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let dropped_on = Notes::new();
    let closure = || {
        let notes = dropped_on.clone();
        let capture = OnDrop(move || notes.note(thread::current().id()));
        move || drop(capture)
    };
    let here = thread::current().id();
    let gate = block(&pool);
    let set = JobSet::new(&pool);
    let id = set.submit(closure());
    set.submit(closure());
    let capture = closure();
    set.submit_iter(move || {
        capture();
        [()]
    });
    assert!(set.cancel(id));
    assert_eq!(dropped_on.all(), [here]);
    assert_eq!(set.cancel_all(), 2);
    assert_eq!(dropped_on.all(), [here; 3]);
    set.submit(closure());
    drop(set);
    assert_eq!(dropped_on.all(), [here; 4]);
    gate.open();
}

#[test]
fn a_panic_in_the_drop_of_a_cancelled_capture_goes_to_the_handler() {
    let _watchdog = watchdog();
    let notes = Notes::<String>::new();
    let pool = Pool::builder().threads(1).panic_handler(notes.handler()).build().unwrap();
    let gate = block(&pool);
    let set = JobSet::new(&pool);
    let bomb = || {
        let capture = PanicOnDrop("dropped unrun");
        move || drop(capture)
    };
    let id = set.submit(bomb());
    for _ in 0..4 {
        set.submit(bomb());
    }
    assert!(set.cancel(id));
    assert_eq!(notes.len(), 1);
    assert_eq!(set.cancel_all(), 4);
    assert_eq!(set.as_completed().filter(|(_, result)| matches!(result, Err(JobError::Cancelled))).count(), 5);
    set.submit(bomb());
    drop(set);
    assert_eq!(notes.all(), ["dropped unrun"; 6]);
    gate.open();
    assert_sound(&pool);
}

#[test]
fn cancel_all_asks_running_jobs_to_stop() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let (set, gate) = (JobSet::new(&pool), Gate::new());
    for _ in 0..2 {
        let door = gate.doorway();
        set.submit(move || {
            door.arrive();
            eventually("somebody cancels it", filch::cancelled);
        });
    }
    gate.await_arrivals(2);
    set.submit(|| ());
    assert_eq!(set.cancel_all(), 1);
    assert_eq!(set.as_completed().filter(|(_, result)| result.is_ok()).count(), 2);
}

#[test]
fn cancel_of_a_job_that_is_done_is_false_and_leaves_its_result_alone() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = JobSet::new(&pool);
    let id = set.submit(|| 5);
    pool.wait_idle();
    assert!(!set.cancel(id));
    assert_eq!(set.cancel_all(), 0);
    assert_eq!(set.next().unwrap().1.unwrap(), 5);
}

#[test]
fn what_the_pool_cancels_comes_out_as_cancelled() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let set = JobSet::new(&pool);
    let mut ids = vec![set.submit(|| 1), set.submit_first(|| 2), set.submit_iter(|| [3])];
    assert_eq!(pool.cancel_pending(), 3);
    let mut seen = Vec::new();
    for (id, result) in set.as_completed() {
        assert!(result.unwrap_err().is_cancelled());
        seen.push(id);
    }
    seen.sort();
    ids.sort();
    assert_eq!(seen, ids);
    gate.open();
}

#[test]
fn the_number_of_a_delivered_job_cancels_nothing() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = JobSet::new(&pool);
    // Their memory is free again by the time the others are queued.
    let mut old: Vec<_> = (0..300).map(|_| set.submit(|| ())).collect();
    old.extend((0..100).map(|_| set.submit_iter(|| [(), ()])));
    assert_eq!(set.as_completed().count(), 500);
    let gate = block(&pool);
    let runs = Counter::new();
    for _ in 0..400 {
        set.submit(runs.adder());
    }
    assert!(old.into_iter().all(|id| !set.cancel(id)));
    gate.open();
    assert!(set.as_completed().all(|(_, result)| result.is_ok()));
    assert_eq!(runs.get(), 400);
}

#[test]
fn of_equal_jobs_the_one_of_the_number_is_cancelled() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let set = JobSet::new(&pool);
    let ids: Vec<_> = (0..10).map(|_| set.submit(|| ())).collect();
    assert!(set.cancel(ids[4]));
    gate.open();
    let cancelled: Vec<_> = set.as_completed().filter(|(_, result)| result.is_err()).map(|(id, _)| id).collect();
    assert_eq!(cancelled, [ids[4]]);
}
