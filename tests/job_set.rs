//! `JobSet`: results as they are done.

mod common;

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
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
fn next_timeout_on_a_worker_runs_nothing() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let nothing = pool.submit(|| {
        let set = JobSet::new(&Pool::current().unwrap());
        set.submit(|| ());
        let nothing = set.next_timeout(Duration::from_millis(5)).is_none();
        nothing && set.len() == 1
    });
    assert!(nothing.join().unwrap());
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

// Capacity.

#[test]
fn a_submitter_outside_waits_while_the_set_is_full() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = Arc::new(JobSet::with_capacity(&pool, 2));
    set.submit(|| 0);
    set.submit(|| 1);
    pool.wait_idle();
    assert!(set.try_submit(|| 9).unwrap_err().is_full(), "results count until they are taken");
    let submitted = Counter::new();
    let (theirs, counter) = (set.clone(), submitted.clone());
    let submitter = thread::spawn(move || {
        theirs.submit(|| 2);
        counter.add();
    });
    thread::sleep(Duration::from_millis(30));
    assert_eq!(submitted.get(), 0);
    assert!(set.next().is_some());
    submitter.join().unwrap();
    assert_eq!(set.as_completed().count(), 2);
}

#[test]
fn one_thread_that_submits_and_takes_gets_along_with_capacity_1() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let set = JobSet::with_capacity(&pool, 1);
    for n in 0..1000 {
        set.submit(move || n);
        assert_eq!(set.next().unwrap().1.unwrap(), n);
    }
}

#[test]
fn inside_the_pool_jobs_wait_in_the_set() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let set = Arc::new(JobSet::with_capacity(&pool, 2));
    let theirs = set.clone();
    let most = Arc::new(AtomicUsize::new(0));
    let started = most.clone();
    let producer = pool.submit(move || {
        for n in 0..100_u32 {
            let started = started.clone();
            theirs.submit(move || {
                started.fetch_add(1, Ordering::SeqCst);
                n
            });
        }
    });
    producer.join().unwrap();
    assert_eq!(set.len(), 100);
    pool.wait_idle();
    for taken in 0..100 {
        assert!(most.load(Ordering::SeqCst) <= taken + 2, "no more than two are beyond the set's door");
        assert!(set.next().is_some());
    }
    assert!(set.next().is_none());
    assert_eq!(most.load(Ordering::SeqCst), 100);
}

#[test]
fn a_consumer_and_its_jobs_share_one_worker() {
    let _watchdog = watchdog();
    for capacity in [1, 3, 1000] {
        let pool = Pool::with_threads(1);
        let sum = pool.submit(move || {
            let set = JobSet::with_capacity(&Pool::current().unwrap(), capacity);
            for n in 0..100_u32 {
                set.submit(move || n);
            }
            set.as_completed().map(|(_, result)| result.unwrap()).sum::<u32>()
        });
        assert_eq!(sum.join().unwrap(), 4950);
    }
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
fn a_shutdown_runs_the_jobs_that_wait_in_a_full_set() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let set = Arc::new(JobSet::with_capacity(&pool, 1));
    let theirs = set.clone();
    let producer = pool.submit(move || {
        for n in 0..20 {
            theirs.submit(move || n);
        }
    });
    producer.join().unwrap();
    pool.shutdown();
    let mut results: Vec<_> = set.as_completed().map(|(_, result)| result.unwrap()).collect();
    results.sort_unstable();
    assert_eq!(results, (0..20).collect::<Vec<_>>());
}

#[test]
fn a_shutdown_wakes_a_submitter_that_waits_for_room_in_the_set() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = Arc::new(JobSet::with_capacity(&pool, 1));
    set.submit(|| 1);
    let theirs = set.clone();
    let submitter = thread::spawn(move || theirs.submit(|| 2));
    thread::sleep(Duration::from_millis(20));
    pool.shutdown();
    let late = submitter.join().unwrap();
    let mut results: Vec<_> = set.as_completed().collect();
    results.retain(|(id, _)| *id == late);
    assert!(matches!(results[..], [(_, Err(JobError::ShutDown))]));
}

#[test]
fn a_full_set_does_not_keep_a_shutdown_waiting() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = JobSet::with_capacity(&pool, 3);
    for n in 0..3 {
        set.submit(move || n);
    }
    pool.shutdown();
    assert_eq!(set.len(), 3);
    assert_eq!(set.as_completed().count(), 3);
}

// Any-of waits: DESIGN of waiting inside a job.

#[test]
fn a_waiting_worker_runs_the_oldest_member_and_no_strangers() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let strangers = Counter::new();
    let stranger = strangers.clone();
    let order = pool.submit(move || {
        let pool = Pool::current().unwrap();
        let set = JobSet::new(&pool);
        for n in 0..5 {
            set.submit(move || n);
            let stranger = stranger.clone();
            pool.spawn(move || stranger.add());
        }
        let order: Vec<_> = set.as_completed().map(|(_, result)| result.unwrap()).collect();
        (order, stranger.get())
    });
    assert_eq!(order.join().unwrap(), (vec![0, 1, 2, 3, 4], 0));
    pool.wait_idle();
    assert_eq!(strangers.get(), 5);
}

#[test]
fn while_a_member_runs_a_waiting_worker_runs_none() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let (gate, ran) = (Gate::new(), Counter::new());
    let (door, arrivals, counter) = (gate.doorway(), Arc::new(gate), ran.clone());
    let gate = arrivals.clone();
    let waiter = pool.submit(move || {
        let set = JobSet::new(&Pool::current().unwrap());
        let running = set.submit(move || door.wait());
        // The other worker takes it.
        arrivals.await_arrivals(1);
        set.submit(move || counter.add());
        set.next().unwrap().0 == running
    });
    gate.await_arrivals(1);
    thread::sleep(Duration::from_millis(30));
    assert_eq!(ran.get(), 0);
    gate.open();
    assert!(waiter.join().unwrap());
}

#[test]
fn a_member_may_submit_to_its_own_set() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let set = Arc::new(JobSet::with_capacity(&pool, 4));
    fn grow(set: &Arc<JobSet<u32>>, depth: u32) {
        for _ in 0..2 {
            let theirs = set.clone();
            set.submit(move || {
                if depth > 0 {
                    grow(&theirs, depth - 1);
                }
                depth
            });
        }
    }
    let root = set.clone();
    set.submit(move || {
        grow(&root, 5);
        6
    });
    assert_eq!(set.as_completed().count(), 127);
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
fn a_member_that_asks_its_own_set_does_not_count_as_running() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = Arc::new(JobSet::new(&pool));
    let theirs = set.clone();
    set.submit(move || {
        theirs.submit(|| 1);
        theirs.next().unwrap().1.unwrap() + 1
    });
    // Not before: the inner result would come out here as well as there.
    pool.wait_idle();
    assert_eq!(set.next().unwrap().1.unwrap(), 2);
}

#[test]
fn a_job_that_waits_in_a_set_takes_no_room_in_the_pools_queue() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(1).queue_capacity(1).build().unwrap();
    let set = Arc::new(JobSet::with_capacity(&pool, 1));
    let theirs = set.clone();
    let submitter = pool.submit(move || {
        for n in 0..5 {
            theirs.submit(move || n);
        }
    });
    submitter.join().unwrap();
    pool.wait_idle();
    pool.try_submit(|| ()).unwrap().join().unwrap();
    assert_eq!(set.as_completed().count(), 5);
    pool.wait_idle();
    let gate = block(&pool);
    assert_eq!([pool.try_submit(|| ()).is_ok(), pool.try_submit(|| ()).is_ok()], [true, false]);
    gate.open();
}

#[test]
fn a_try_that_the_pool_refuses_passes_its_room_on() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(2).queue_capacity(1).build().unwrap();
    for _ in 0..200 {
        let set = Arc::new(JobSet::with_capacity(&pool, 1));
        let theirs = set.clone();
        // Keeps the pool's queue full most of the time.
        let inside = pool.submit(move || {
            for n in 0..3 {
                theirs.submit(move || n);
            }
        });
        let mut tried = 0;
        while !inside.is_finished() {
            tried += usize::from(set.try_submit(|| 7).is_ok());
        }
        inside.join().unwrap();
        assert_eq!(set.as_completed().count(), 3 + tried);
    }
}
