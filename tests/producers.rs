//! `JobSet::submit_iter`: jobs that give many results.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use common::task::{Task, start_waiting};
use common::*;
use filch::{JobError, JobSet, Pool};

#[test]
fn every_item_comes_out_with_the_producers_number() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    for capacity in [1, 2, 100, 10_000] {
        let set = JobSet::with_capacity(&pool, capacity);
        let id = set.submit_iter(|| 0..1000_u32);
        let items: Vec<_> = set
            .as_completed()
            .map(|(from, item)| {
                assert_eq!(from, id);
                item.unwrap()
            })
            .collect();
        assert_eq!(items, (0..1000).collect::<Vec<_>>());
        assert!(set.is_empty());
    }
}

#[test]
fn an_empty_producer_ends_the_wait() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = JobSet::<u8>::new(&pool);
    let gate = block(&pool);
    set.submit_iter(Vec::new);
    assert_eq!(set.len(), 1);
    let asker = start_waiting(move || set.next().is_none());
    gate.open();
    assert!(asker.join().unwrap());
}

#[test]
fn a_producer_gives_its_worker_back_while_the_set_is_full() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = JobSet::with_capacity(&pool, 3);
    let pulled = Arc::new(AtomicUsize::new(0));
    let counter = pulled.clone();
    set.submit_iter(move || {
        (0_u32..).inspect(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
        })
    });
    pool.wait_idle();
    // Three that are in the set, and one in hand.
    assert_eq!(pulled.load(Ordering::SeqCst), 4);
    assert_eq!(pool.submit(|| "the worker is free").join().unwrap(), "the worker is free");
    for expected in 0..100 {
        assert_eq!(set.next().unwrap().1.unwrap(), expected);
        assert!(pulled.load(Ordering::SeqCst) <= expected as usize + 5);
    }
}

#[test]
fn more_producers_than_workers_take_turns() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = JobSet::with_capacity(&pool, 1);
    for producer in 0..50_u64 {
        set.submit_iter(move || (0..20).map(move |n| producer * 20 + n));
    }
    let sum: u64 = set.as_completed().map(|(_, item)| item.unwrap()).sum();
    assert_eq!(sum, 999 * 1000 / 2);
}

#[test]
fn a_producer_and_its_consumer_share_one_worker() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    for capacity in [Some(1), Some(10), None] {
        let taken = pool.submit(move || {
            let pool = Pool::current().unwrap();
            let set = match capacity {
                Some(capacity) => JobSet::with_capacity(&pool, capacity),
                None => JobSet::new(&pool),
            };
            set.submit_iter(|| 0_u64..);
            set.as_completed().map(|(_, item)| item.unwrap()).take(1000).sum::<u64>()
        });
        assert_eq!(taken.join().unwrap(), 999 * 1000 / 2);
    }
    pool.wait_idle();
}

#[test]
fn a_panic_of_the_iterator_is_the_last_result() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    for capacity in [1, 100] {
        let set = JobSet::with_capacity(&pool, capacity);
        set.submit_iter(|| (0..10).inspect(|n| assert!(*n != 5, "five")));
        let mut results: Vec<_> = set.as_completed().map(|(_, item)| item).collect();
        assert!(results.pop().unwrap().unwrap_err().is_panic());
        assert_eq!(results.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    }
}

#[test]
fn a_queued_producer_can_be_cancelled() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let set = JobSet::new(&pool);
    let id = set.submit_iter(|| 0..5);
    assert!(set.cancel(id));
    let results: Vec<_> = set.as_completed().collect();
    assert!(matches!(results[..], [(from, Err(JobError::Cancelled))] if from == id));
    gate.open();
}

#[test]
fn a_paused_producer_stops_when_it_is_cancelled() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = JobSet::with_capacity(&pool, 2);
    let alive = Arc::new(());
    let theirs = alive.clone();
    let id = set.submit_iter(move || {
        std::iter::repeat_with(move || {
            let _ = &theirs;
            1
        })
    });
    pool.wait_idle();
    assert!(!set.cancel(id), "it had started");
    assert_eq!(Arc::strong_count(&alive), 1, "the iterator is gone");
    let results: Vec<_> = set.as_completed().map(|(_, item)| item.is_ok()).collect();
    assert_eq!(results, [true, true, false]);
}

#[test]
fn a_running_producer_stops_at_its_next_item() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = JobSet::new(&pool);
    let gate = Gate::new();
    let door = gate.doorway();
    let id = set.submit_iter(move || {
        (0..).inspect(move |n| {
            if *n == 2 {
                door.wait()
            }
        })
    });
    gate.await_arrivals(1);
    assert!(!set.cancel(id));
    gate.open();
    let results: Vec<_> = set.as_completed().map(|(_, item)| item).collect();
    assert!(matches!(results[..], [Ok(0), Ok(1), Ok(2), Err(JobError::Cancelled)]));
}

#[test]
fn dropping_a_set_drops_its_producers() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let alive = Arc::new(());
    for capacity in [1, 3, 50] {
        let set = JobSet::with_capacity(&pool, capacity);
        for _ in 0..10 {
            let theirs = alive.clone();
            set.submit_iter(move || std::iter::repeat_with(move || theirs.clone()));
        }
        set.next();
        drop(set);
        pool.wait_idle();
    }
    eventually("every iterator and item is gone", || Arc::strong_count(&alive) == 1);
    assert_eq!(pool.pending(), 0);
}

#[test]
fn a_shutdown_stops_the_producers_of_a_full_set() {
    let _watchdog = watchdog();
    for now in [false, true] {
        let pool = Pool::with_threads(2);
        let set = JobSet::with_capacity(&pool, 2);
        for _ in 0..4 {
            set.submit_iter(|| 0_u32..);
        }
        set.next().unwrap().1.unwrap();
        if now {
            pool.shutdown_now()
        } else {
            pool.shutdown()
        }
        let ended = set.as_completed().filter(|(_, item)| matches!(item, Err(JobError::ShutDown))).count();
        assert_eq!(ended, 4);
    }
}

#[test]
fn after_a_shutdown_a_producer_comes_out_as_shut_down() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = JobSet::with_capacity(&pool, 1);
    pool.shutdown();
    set.submit_iter(|| 0..3);
    let results: Vec<_> = set.as_completed().collect();
    assert!(matches!(results[..], [(_, Err(JobError::ShutDown))]));
}

#[test]
fn producers_consumers_and_cancels_at_once_lose_nothing() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let alive = Counter::new();
    for round in 0..100_u64 {
        let set = JobSet::with_capacity(&pool, 1 + round as usize % 5);
        let made = Counter::new();
        let taken = AtomicUsize::new(0);
        thread::scope(|scope| {
            let ids: Vec<_> = (0..6)
                .map(|_| {
                    let (made, alive) = (made.clone(), alive.clone());
                    set.submit_iter(move || {
                        (0..50).map(move |_| {
                            made.add();
                            alive.token()
                        })
                    })
                })
                .collect();
            for _ in 0..2 {
                scope.spawn(|| {
                    while let Some((_, item)) = set.next() {
                        taken.fetch_add(usize::from(item.is_ok()), Ordering::SeqCst);
                    }
                });
            }
            for id in ids.into_iter().step_by(2) {
                set.cancel(id);
            }
        });
        // A cancelled producer may drop the one item that it had in hand.
        assert!(set.is_empty() && taken.into_inner() + 3 >= made.get());
        drop(set);
        pool.wait_idle();
    }
    assert_eq!(pool.pending(), 0);
}

#[test]
fn a_producer_leaves_no_trace_in_the_pools_capacity() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(1).queue_capacity(2).build().unwrap();
    for capacity in [1, 3] {
        let set = JobSet::with_capacity(&pool, capacity);
        set.submit_iter(|| 0..10);
        assert_eq!(set.as_completed().count(), 10);
        let id = set.submit_iter(|| 0..);
        set.next().unwrap().1.unwrap();
        set.cancel(id);
        set.as_completed().for_each(drop);
        set.submit_iter(|| 0..);
        set.next().unwrap().1.unwrap();
    }
    pool.wait_idle();
    let gate = block(&pool);
    assert_eq!([1, 2, 3].map(|_| pool.try_submit(|| ()).is_ok()), [true, true, false]);
    gate.open();
}

#[test]
fn a_producer_in_place_leaves_no_trace_in_the_sets_capacity() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = Arc::new(JobSet::with_capacity(&pool, 1));
    pool.install(|| {
        let (theirs, mut n) = (set.clone(), 0);
        set.submit_iter(move || {
            std::iter::from_fn(move || {
                n += 1;
                if n > 1 {
                    theirs.try_next();
                    panic!("at the second item");
                }
                Some(1)
            })
        });
        set.submit(|| 9);
        while set.next().is_some() {}
    });
    assert!(set.try_submit(|| 0).is_ok());
    assert!(set.try_submit(|| 0).is_err());
}

#[test]
fn a_producer_in_place_gives_the_thread_back_after_each_item() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    for capacity in [Some(1), None] {
        pool.install(|| {
            let set = match capacity {
                Some(capacity) => JobSet::with_capacity(&Pool::current().unwrap(), capacity),
                None => JobSet::new(&Pool::current().unwrap()),
            };
            let handled = Arc::new(AtomicUsize::new(0));
            let theirs = handled.clone();
            // Each item is pulled when the one before has been handled.
            let pulled = (0..100).inspect(move |n| assert!(theirs.load(Ordering::SeqCst) + 2 > *n));
            set.submit_iter(move || pulled);
            while let Some((_, item)) = set.next() {
                assert_eq!(item.unwrap(), handled.fetch_add(1, Ordering::SeqCst));
            }
        });
    }
}

#[test]
fn a_worker_that_waits_looks_again_when_a_producer_has_ended() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let inner = pool.clone();
    pool.install(|| {
        let set = JobSet::new(&inner);
        let (started, starts) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let waiter = Task::current();
        set.submit_iter(move || {
            started.send(()).unwrap();
            std::iter::from_fn(move || {
                waiter.await_sleep();
                None::<u32>
            })
        });
        starts.recv().unwrap();
        // The other worker takes this next, so nobody but the one that waits can run the member.
        inner.spawn_first(move || released.recv().unwrap());
        set.submit(|| 1);
        assert_eq!(set.next().unwrap().1.unwrap(), 1);
        release.send(()).unwrap();
    });
}
