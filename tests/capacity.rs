//! Back-pressure: outside threads wait while too many jobs are queued.

mod common;

use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use common::task::start_waiting;
use common::*;
use filch::{JobId, JobSet, Pool, TrySubmitError};

fn pool(threads: usize, capacity: usize) -> Pool {
    Pool::builder().threads(threads).queue_capacity(capacity).build().unwrap()
}

/// Runs `f` on a thread of its own.
fn aside<R: Send + 'static>(pool: &Pool, f: impl FnOnce(&Pool) -> R + Send + 'static) -> thread::JoinHandle<R> {
    let pool = pool.clone();
    thread::spawn(move || f(&pool))
}

#[test]
fn try_submit_says_full_when_the_capacity_is_reached() {
    let _watchdog = watchdog();
    let pool = pool(1, 3);
    let gate = block(&pool);
    let handles: Vec<_> = (0..3).map(|n| pool.try_submit(move || n).unwrap()).collect();
    let refused = pool.try_submit(|| 3).unwrap_err();
    assert!(refused.is_full());
    assert_eq!(refused.to_string(), "the pool's queue is full");
    assert_eq!(refused.into_inner()(), 3, "the closure comes back");
    gate.open();
    let results: Vec<_> = handles.into_iter().map(|handle| handle.join().unwrap()).collect();
    assert_eq!(results, [0, 1, 2]);
    pool.try_submit(|| ()).unwrap().join().unwrap();
}

#[test]
fn running_jobs_do_not_count() {
    let _watchdog = watchdog();
    let pool = pool(2, 1);
    let gate = block(&pool);
    let queued = pool.try_submit(|| ()).unwrap();
    assert!(pool.try_submit(|| ()).is_err());
    assert_eq!((pool.running(), pool.pending()), (2, 1));
    gate.open();
    queued.join().unwrap();
}

#[test]
fn an_outside_thread_that_submits_too_much_waits_for_room() {
    let _watchdog = watchdog();
    let ways: [fn(&Pool); 5] = [
        |pool| pool.spawn(|| ()),
        |pool| pool.spawn_first(|| ()),
        |pool| drop(pool.submit(|| ())),
        |pool| drop(pool.submit_first(|| ())),
        |pool| pool.spawn_batch([|| ()]),
    ];
    for submit in ways {
        let pool = pool(1, 2);
        let gate = block(&pool);
        submit(&pool);
        submit(&pool);
        let theirs = pool.clone();
        let submitter = start_waiting(move || submit(&theirs));
        assert_eq!(pool.pending(), 2);
        gate.open();
        submitter.join().unwrap();
        pool.wait_idle();
    }
}

#[test]
fn a_batch_larger_than_the_capacity_flows_through() {
    let _watchdog = watchdog();
    let pool = pool(2, 3);
    let runs = Counter::new();
    pool.spawn_batch((0..5000).map(|_| runs.adder()));
    pool.wait_idle();
    assert_eq!(runs.get(), 5000);
}

#[test]
fn never_more_jobs_are_queued_than_the_capacity_and_all_run() {
    let _watchdog = watchdog();
    for capacity in [1, 2, 7] {
        let pool = pool(2, capacity);
        let runs = Counter::new();
        let queued = Arc::new(AtomicIsize::new(0));
        thread::scope(|scope| {
            for seed in 0..3 {
                let (pool, runs, queued) = (&pool, &runs, &queued);
                scope.spawn(move || {
                    let mut random = Random::new(seed);
                    for _ in 0..2000 {
                        let (leaves, run) = (queued.clone(), runs.adder());
                        let job = move || {
                            leaves.fetch_sub(1, Ordering::SeqCst);
                            run();
                        };
                        match random.below(3) {
                            0 => pool.spawn(job),
                            1 => drop(pool.submit(job)),
                            _ => pool.submit(job).join().unwrap(),
                        }
                        // Counted when the submit is over, and until the job starts: one a worker may be between queue and start.
                        let most = capacity as isize + 2;
                        assert!(queued.fetch_add(1, Ordering::SeqCst) < most);
                    }
                });
            }
        });
        pool.wait_idle();
        assert_eq!(runs.get(), 6000);
        // All the room is there again.
        let gate = block(&pool);
        (0..capacity).for_each(|_| drop(pool.try_submit(|| ()).unwrap()));
        assert!(pool.try_submit(|| ()).is_err());
        drop(gate);
    }
}

#[test]
fn submits_from_inside_count_but_never_wait_and_are_never_refused() {
    let _watchdog = watchdog();
    let pool = pool(1, 2);
    let runs = Counter::new();
    let gate = Gate::new();
    let (doorway, counter) = (gate.doorway(), runs.clone());
    let inside = pool.submit(move || {
        let pool = Pool::current().unwrap();
        (0..10).for_each(|_| filch::spawn(counter.adder()));
        (0..10).for_each(|_| pool.spawn_first(counter.adder()));
        pool.spawn_batch((0..10).map(|_| counter.adder()));
        let tried: Vec<_> = (0..10).map(|_| pool.try_submit(counter.adder())).collect();
        doorway.wait();
        tried.into_iter().filter(|tried| tried.is_ok()).count()
    });
    gate.await_arrivals(1);
    assert!(pool.try_submit(|| ()).unwrap_err().is_full(), "they count");
    assert_eq!(pool.pending(), 40);
    gate.open();
    assert_eq!(inside.join().unwrap(), 10);
    pool.wait_idle();
    assert_eq!(runs.get(), 40);
    let gate = block(&pool);
    drop((pool.try_submit(|| ()).unwrap(), pool.try_submit(|| ()).unwrap()));
    assert!(pool.try_submit(|| ()).is_err());
    drop(gate);
}

#[test]
fn a_job_of_another_pool_is_an_outside_thread() {
    let _watchdog = watchdog();
    let (bounded, other) = (pool(1, 1), Pool::with_threads(1));
    let gate = block(&bounded);
    bounded.spawn(|| ());
    let handle = other.submit({
        let bounded = bounded.clone();
        move || bounded.try_submit(|| ()).is_err()
    });
    assert!(handle.join().unwrap());
    gate.open();
}

#[test]
fn install_and_join_wait_for_no_room() {
    let _watchdog = watchdog();
    let pool = pool(1, 1);
    let gate = block(&pool);
    pool.spawn(|| ());
    let installer = aside(&pool, |pool| pool.install(|| pool.join(|| 1, || 2)));
    eventually("it is queued although the queue is full", || pool.pending() == 2);
    gate.open();
    assert_eq!(installer.join().unwrap(), (1, 2));
}

#[test]
fn shutdown_wakes_every_waiting_submitter_with_shut_down() {
    let _watchdog = watchdog();
    for round in 0..100 {
        let pool = pool(1, 1);
        let gate = block(&pool);
        let queued = pool.submit(|| ());
        let drops = Counter::new();
        let submitters: Vec<_> = (0..3)
            .map(|_| {
                let token = drops.token();
                aside(&pool, move |pool| pool.submit(move || drop(token)).join())
            })
            .collect();
        spin(round * 1000);
        if round % 2 == 0 {
            assert!(!pool.shutdown_timeout(Duration::ZERO));
        } else {
            let stopper = aside(&pool, Pool::shutdown_now);
            assert!(queued.join().unwrap_err().is_shut_down());
            gate.open();
            stopper.join().unwrap();
        }
        // They are woken although the worker is still busy.
        for submitter in submitters {
            let error = submitter.join().unwrap().unwrap_err();
            assert!(error.is_shut_down(), "round {round}: {error}");
        }
        assert_eq!(drops.get(), 3, "their closures are dropped");
        gate.open();
        assert!(matches!(pool.try_submit(|| ()), Err(TrySubmitError::ShutDown(_))));
    }
}

#[test]
fn cancelled_jobs_make_room_for_a_waiting_submitter() {
    let _watchdog = watchdog();
    let pool = pool(1, 2);
    for cancel_all in [false, true] {
        let gate = block(&pool);
        let (first, second) = (pool.submit(|| ()), pool.submit(|| ()));
        let theirs = pool.clone();
        let submitter = start_waiting(move || theirs.submit(|| 8));
        if cancel_all {
            assert_eq!(pool.cancel_pending(), 2)
        } else {
            assert!(second.cancel())
        }
        let third = submitter.join().unwrap();
        gate.open();
        assert_eq!(third.join().unwrap(), 8);
        assert_eq!(first.join().is_ok(), !cancel_all);
    }
}

#[test]
fn a_job_that_its_waiter_runs_in_place_makes_room() {
    let _watchdog = watchdog();
    let pool = pool(1, 1);
    let gate = Gate::new();
    let doorway = gate.doorway();
    let (send, receive) = mpsc::channel::<filch::JobHandle<u8>>();
    let (done, go_on) = mpsc::channel();
    let handle = pool.submit(move || {
        let in_place = receive.recv().unwrap().join().unwrap();
        done.send(()).unwrap();
        doorway.wait();
        in_place
    });
    eventually("it runs", || pool.pending() == 0);
    send.send(pool.submit(|| 5)).unwrap();
    go_on.recv().unwrap();
    let next = pool.try_submit(|| 6).expect("there is room again");
    assert!(pool.try_submit(|| 7).is_err());
    gate.open();
    assert_eq!((handle.join().unwrap(), next.join().unwrap()), (5, 6));
}

#[test]
fn waiting_submitters_all_get_their_turn() {
    let _watchdog = watchdog();
    let pool = pool(2, 1);
    for _ in 0..200 {
        let gate = block(&pool);
        pool.spawn(|| ());
        let submitters: Vec<_> =
            (0..4).map(|n| aside(&pool, move |pool| pool.submit(move || n).join().unwrap())).collect();
        gate.open();
        let results: Vec<_> = submitters.into_iter().map(|submitter| submitter.join().unwrap()).collect();
        assert_eq!(results, [0, 1, 2, 3]);
    }
}

#[test]
fn queued_jobs_of_every_kind_count() {
    let _watchdog = watchdog();
    let ways: [fn(&Pool, &JobSet<()>); 9] = [
        |pool, _| pool.spawn(|| ()),
        |pool, _| pool.spawn_first(|| ()),
        |pool, _| pool.spawn_batch([|| ()]),
        |pool, _| drop(pool.submit(|| ())),
        |pool, _| drop(pool.submit_first(|| ())),
        |pool, _| drop(pool.try_submit(|| ()).unwrap()),
        |_, set| _ = set.submit(|| ()),
        |_, set| _ = set.submit_first(|| ()),
        |_, set| _ = set.submit_iter(|| [(), ()]),
    ];
    for submit in ways {
        let pool = pool(1, 2);
        let set = JobSet::new(&pool);
        let gate = block(&pool);
        submit(&pool, &set);
        assert_eq!(pool.pending(), 1);
        submit(&pool, &set);
        assert!(pool.try_submit(|| ()).unwrap_err().is_full());
        gate.open();
        pool.wait_idle();
        let gate = block(&pool);
        assert_eq!([(), (), ()].map(|_| pool.try_submit(|| ()).is_ok()), [true, true, false], "all have left");
        gate.open();
    }
}

#[test]
fn the_jobs_of_sets_and_streams_wait_for_room_in_the_pool() {
    let _watchdog = watchdog();
    let ways: [fn(&Pool) -> usize; 5] = [
        |pool| submit_and_take(pool, |set| set.submit(|| 1)),
        |pool| submit_and_take(pool, |set| set.submit_first(|| 1)),
        |pool| submit_and_take(pool, |set| set.submit_iter(|| [1])),
        |pool| pool.map_stream(0..5, 1, |n: u32| n).filter(Result::is_ok).count(),
        |pool| pool.map_unordered(0..5, 2, |n: u32| n).filter(Result::is_ok).count(),
    ];
    for (way, expected) in ways.into_iter().zip([1, 1, 1, 5, 5]) {
        let pool = pool(1, 1);
        let gate = block(&pool);
        pool.spawn(|| ());
        let theirs = pool.clone();
        let user = start_waiting(move || way(&theirs));
        assert_eq!(pool.pending(), 1);
        gate.open();
        assert_eq!(user.join().unwrap(), expected);
    }
}

/// How many results a set gives after this.
fn submit_and_take(pool: &Pool, submit: fn(&JobSet<u32>) -> JobId) -> usize {
    let set = JobSet::new(pool);
    let id = submit(&set);
    set.as_completed().filter(|(from, result)| *from == id && result.is_ok()).count()
}

#[test]
fn sets_and_streams_inside_the_pool_never_wait_for_its_room() {
    let _watchdog = watchdog();
    let pool = pool(1, 1);
    let sum = pool.submit(|| {
        let pool = Pool::current().unwrap();
        (0..3).for_each(|_| pool.spawn(|| ()));
        let set = JobSet::new(&pool);
        (0..10).for_each(|n| assert!(set.try_submit(move || n).is_ok()));
        set.submit_iter(|| 0..10);
        let of_set: u32 = set.as_completed().map(|(_, n)| n.unwrap()).sum();
        let ordered: u32 = pool.map_stream(0..10, 4, |n: u32| n).map(Result::unwrap).sum();
        let unordered: u32 = pool.map_unordered(0..10, 4, |n: u32| n).map(Result::unwrap).sum();
        [of_set, ordered, unordered]
    });
    assert_eq!(sum.join().unwrap(), [90, 45, 45]);
}
