//! `WorkerLocal`: a value for each worker.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Weak};
use std::thread;

use common::task::start_waiting;
use common::*;
use filch::{Pool, WorkerLocal};

#[test]
fn a_value_is_made_on_its_worker_when_it_is_first_asked_for() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(3);
    let made = Arc::new(AtomicUsize::new(0));
    let counter = made.clone();
    let local = WorkerLocal::new(move |index| {
        counter.fetch_add(1, Ordering::SeqCst);
        (index, thread::current().id())
    });
    assert_eq!(made.load(Ordering::SeqCst), 0);
    for _ in 0..10 {
        let here = pool.broadcast(|index| local.with(|value| *value == (index, thread::current().id())));
        assert_eq!(here, [true, true, true]);
    }
    assert_eq!(made.load(Ordering::SeqCst), 3);
}

#[test]
fn each_worker_has_its_own_value() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let local = Arc::new(WorkerLocal::new(|_| 0_u64));
    for _ in 0..10_000 {
        let local = local.clone();
        pool.spawn(move || local.with(|count| *count += 1));
    }
    pool.wait_idle();
    assert_eq!(pool.broadcast(|_| local.with(|count| *count)).iter().sum::<u64>(), 10_000);
}

#[test]
fn two_pools_have_values_of_their_own() {
    let _watchdog = watchdog();
    let (a, b) = (Pool::with_threads(2), Pool::with_threads(2));
    let local = WorkerLocal::new(|_| 0);
    a.broadcast(|_| local.with(|value| *value += 1));
    b.broadcast(|_| local.with(|value| *value += 10));
    assert_eq!(a.broadcast(|_| local.with(|value| *value)), [1, 1]);
    assert_eq!(b.broadcast(|_| local.with(|value| *value)), [10, 10]);
}

#[test]
fn a_new_worker_does_not_inherit_the_value_of_one_that_ended() {
    let _watchdog = watchdog();
    let local = WorkerLocal::new(|_| 0);
    for _ in 0..50 {
        let pool = Pool::with_threads(2);
        assert_eq!(pool.broadcast(|_| local.with(|value| std::mem::replace(value, 1))), [0, 0]);
    }
}

#[test]
fn off_a_worker_there_is_one_spare_value() {
    let _watchdog = watchdog();
    let local = WorkerLocal::new(|index| (index, 0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..1000).for_each(|_| local.with(|(_, count)| *count += 1)));
        }
    });
    assert_eq!(local.with(|value| *value), (usize::MAX, 4000));
}

#[test]
fn calling_it_inside_itself_panics_and_leaves_it_sound() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let local = Arc::new(WorkerLocal::new(|_| 0));
    let again = |local: &WorkerLocal<i32>| {
        let inner = catch_unwind(AssertUnwindSafe(|| local.with(|value| local.with(|again| *value += *again))));
        local.with(|value| *value += 1);
        let message = inner.unwrap_err();
        message.downcast_ref::<&str>().is_some_and(|text| text.contains("inside itself"))
    };
    assert!(again(&local), "off the workers");
    let inside = local.clone();
    assert!(pool.submit(move || again(&inside)).join().unwrap(), "on a worker");
    assert_eq!(pool.install(|| local.with(|value| *value)), 1);
}

#[test]
fn a_job_run_in_place_counts_as_inside() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let local = Arc::new(WorkerLocal::new(|_| 0));
    let outer = local.clone();
    let inner = pool.submit(move || {
        let inner = outer.clone();
        outer.with(|_| filch::submit(move || inner.with(|value| *value)).join())
    });
    assert!(inner.join().unwrap().unwrap_err().is_panic());
    assert_eq!(pool.install(|| local.with(|value| *value)), 0);
}

#[test]
fn another_local_may_be_used_inside() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (a, b) = (WorkerLocal::new(|_| 1), WorkerLocal::new(|_| 2));
    assert_eq!(pool.install(|| a.with(|a| b.with(|b| *a + *b))), 3);
    assert_eq!(a.with(|a| b.with(|b| *a + *b)), 3);
}

#[test]
fn a_panic_of_init_leaves_no_value_and_the_next_call_tries_again() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let tries = AtomicUsize::new(0);
    let tries = Arc::new(tries);
    let counter = tries.clone();
    let local = Arc::new(WorkerLocal::new(move |_| match counter.fetch_add(1, Ordering::SeqCst) {
        0 => panic!("not yet"),
        n => n,
    }));
    let theirs = local.clone();
    assert!(pool.submit(move || theirs.with(|value| *value)).join().unwrap_err().is_panic());
    assert_eq!(pool.install(|| local.with(|value| *value)), 1);
}

#[test]
fn a_panic_inside_leaves_the_value_as_it_is() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let local = WorkerLocal::new(|_| 0);
    let blow = |value: &mut i32| {
        *value = 5;
        panic!("half-way");
    };
    assert!(catch_unwind(AssertUnwindSafe(|| pool.install(|| local.with(blow)))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| local.with(blow))).is_err());
    assert_eq!((pool.install(|| local.with(|value| *value)), local.with(|value| *value)), (5, 5));
}

#[test]
fn every_value_is_dropped_once_with_the_local() {
    let _watchdog = watchdog();
    let dropped = Counter::new();
    let tokens = dropped.clone();
    let pool = Pool::with_threads(2);
    let local = WorkerLocal::new(move |_| tokens.token());
    pool.broadcast(|_| local.with(|_| ()));
    local.with(|_| ());
    drop(pool);
    assert_eq!(dropped.get(), 0);
    drop(local);
    assert_eq!(dropped.get(), 3);
}

#[test]
fn values_that_panic_when_they_are_dropped_are_all_dropped() {
    let _watchdog = watchdog();
    let dropped = Counter::new();
    let tokens = dropped.clone();
    let pool = Pool::with_threads(3);
    let local = WorkerLocal::new(move |_| (tokens.token(), PanicOnDrop("boom")));
    pool.broadcast(|_| local.with(|_| ()));
    drop(local);
    assert_eq!(dropped.get(), 3);
    assert_eq!(pool.broadcast(|index| index), [0, 1, 2]);
}

#[test]
fn many_workers_at_once_make_their_first_values() {
    let _watchdog = watchdog();
    const THREADS: usize = 32;
    let pool = Pool::with_threads(THREADS);
    for _ in 0..20 {
        let local = WorkerLocal::new(|index| index);
        let start = Barrier::new(THREADS);
        let values = pool.broadcast(|_| {
            start.wait();
            local.with(|value| *value)
        });
        assert_eq!(values, (0..THREADS).collect::<Vec<_>>());
    }
}

#[test]
fn an_init_that_asks_for_its_own_value_panics() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let local = Arc::new_cyclic(|own: &Weak<WorkerLocal<i32>>| {
        let (own, tries) = (own.clone(), AtomicUsize::new(0));
        WorkerLocal::new(move |_| match tries.fetch_add(1, Ordering::SeqCst) {
            0 => own.upgrade().unwrap().with(|value| *value),
            _ => 6,
        })
    });
    let theirs = local.clone();
    let message = pool.submit(move || panic_of(|| theirs.with(|_| ()))).join().unwrap();
    assert!(message.contains("inside itself"), "{message}");
    assert_eq!(pool.install(|| local.with(|value| *value)), 6);
    assert_eq!(local.with(|value| *value), 6);
}

#[test]
fn a_thread_off_the_workers_waits_until_the_spare_value_is_free() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let local = Arc::new(WorkerLocal::new(|_| 0));
    let gate = Gate::new();
    let (first, door) = (local.clone(), gate.doorway());
    let first = thread::spawn(move || {
        first.with(|value| {
            door.wait();
            *value = 1;
        });
    });
    gate.await_arrivals(1);
    let second = local.clone();
    let second = start_waiting(move || second.with(|value| *value));
    assert_eq!(pool.install(|| local.with(|value| *value)), 0, "a worker does not wait for it");
    gate.open();
    first.join().unwrap();
    assert_eq!(second.join().unwrap(), 1);
}

#[test]
fn values_are_dropped_on_the_thread_that_drops_the_local() {
    let _watchdog = watchdog();
    let dropped_on = Notes::new();
    let notes = dropped_on.clone();
    let pool = Pool::with_threads(2);
    let local = WorkerLocal::new(move |_| {
        let notes = notes.clone();
        OnDrop(move || notes.note(thread::current().id()))
    });
    pool.broadcast(|_| local.with(|_| ()));
    local.with(|_| ());
    drop(local);
    assert_eq!(dropped_on.all(), [thread::current().id(); 3]);
}
