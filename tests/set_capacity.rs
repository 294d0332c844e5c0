//! `JobSet::with_capacity`: jobs that wait for room in the set.

mod common;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use common::task::start_waiting;
use common::*;
use filch::{JobError, JobId, JobSet, Pool};

#[test]
fn a_submitter_outside_waits_while_the_set_is_full() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = Arc::new(JobSet::with_capacity(&pool, 2));
    set.submit(|| 0);
    set.submit(|| 1);
    pool.wait_idle();
    assert!(set.try_submit(|| 9).unwrap_err().is_full(), "results count until they are taken");
    let ways: [fn(&JobSet<i32>) -> JobId; 2] = [|set| set.submit(|| 2), |set| set.submit_first(|| 2)];
    for submit in ways {
        let theirs = set.clone();
        let submitter = start_waiting(move || submit(&theirs));
        assert_eq!(set.len(), 2);
        assert!(set.next().is_some());
        submitter.join().unwrap();
        pool.wait_idle();
    }
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
    let submitter = start_waiting(move || theirs.submit(|| 2));
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

#[test]
fn a_capacity_of_0_counts_as_1() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = JobSet::with_capacity(&pool, 0);
    assert!(set.try_submit(|| 1).is_ok());
    assert!(set.try_submit(|| 2).is_err());
    assert_eq!(set.next().unwrap().1.unwrap(), 1);
    assert!(set.try_submit(|| 3).is_ok());
}

#[test]
fn a_cancelled_job_counts_until_it_is_taken() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let set = JobSet::with_capacity(&pool, 1);
    let id = set.submit(|| ());
    assert!(set.cancel(id));
    assert!(set.try_submit(|| ()).is_err());
    assert!(set.try_next().unwrap().1.is_err());
    assert!(set.try_submit(|| ()).is_ok());
    gate.open();
}

#[test]
fn a_try_inside_the_pool_is_never_refused_and_waits_in_the_set() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(1).queue_capacity(1).build().unwrap();
    let set = Arc::new(JobSet::with_capacity(&pool, 1));
    let (theirs, runs) = (set.clone(), Counter::new());
    let counter = runs.clone();
    let accepted = pool.submit(move || (0..10).filter(|_| theirs.try_submit(counter.adder()).is_ok()).count());
    assert_eq!(accepted.join().unwrap(), 10);
    pool.wait_idle();
    assert_eq!((runs.get(), set.len()), (1, 10));
    assert!(set.try_submit(|| ()).is_err(), "outside there is no room");
    assert_eq!(set.as_completed().filter(|(_, result)| result.is_ok()).count(), 10);
    assert_eq!(runs.get(), 10);
}

#[test]
fn jobs_that_wait_in_the_set_go_before_an_outside_thread_and_in_order() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = Arc::new(JobSet::with_capacity(&pool, 1));
    let theirs = set.clone();
    let inside = pool.submit(move || (0..10).map(|n| theirs.submit(move || n)).collect::<Vec<_>>());
    inside.join().unwrap();
    let theirs = set.clone();
    let outside = start_waiting(move || theirs.submit(|| 10));
    let results: Vec<_> = (0..10).map(|_| set.next().unwrap().1.unwrap()).collect();
    assert_eq!(results, (0..10).collect::<Vec<_>>());
    outside.join().unwrap();
    assert_eq!(set.next().unwrap().1.unwrap(), 10);
}

#[test]
fn waiting_submitters_all_get_their_turn() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    for capacity in [1, 2, 8] {
        let set = Arc::new(JobSet::with_capacity(&pool, capacity));
        let submitters: Vec<_> = (0..4_u32)
            .map(|thread| {
                let set = set.clone();
                thread::spawn(move || {
                    for n in 0..500 {
                        set.submit(move || thread * 500 + n);
                    }
                })
            })
            .collect();
        let mut results = Vec::new();
        while results.len() < 2000 {
            assert!(set.len() <= capacity);
            results.extend(set.next_timeout(PATIENCE).map(|(_, result)| result.unwrap()));
        }
        submitters.into_iter().for_each(|submitter| submitter.join().unwrap());
        results.sort_unstable();
        assert_eq!(results, (0..2000).collect::<Vec<_>>());
    }
}

#[test]
fn a_shutdown_with_a_full_set_does_not_hang_and_everything_comes_out() {
    let _watchdog = watchdog();
    let ways: [fn(Pool); 3] = [|pool| pool.shutdown(), |pool| pool.shutdown_now(), drop];
    for shut_down in ways {
        for _ in 0..20 {
            let pool = Pool::builder().threads(2).queue_capacity(2).build().unwrap();
            let set = Arc::new(JobSet::with_capacity(&pool, 2));
            let theirs = set.clone();
            let inside = pool.submit(move || [0; 5].map(|n| theirs.submit(move || n)).len());
            inside.join().unwrap();
            set.submit_iter(|| 0..100);
            let submitters = [0, 1].map(|n| {
                let set = set.clone();
                start_waiting(move || set.submit(move || n))
            });
            shut_down(pool);
            for submitter in submitters {
                submitter.join().unwrap();
            }
            let seen: HashSet<_> = set.as_completed().map(|(id, _)| id).collect();
            assert_eq!(seen.len(), 5 + 1 + 2, "from inside, the producer, and from outside");
            assert!(set.is_empty());
        }
    }
}
