//! `JobSet`: results as they are done.

mod common;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::task::start_waiting;
use common::*;
use filch::{JobError, JobSet, Pool, TrySubmitError};

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

#[test]
fn of_several_submitted_first_the_newest_starts_first() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let set = JobSet::new(&pool);
    set.submit(|| 3);
    for n in (0..3).rev() {
        set.submit_first(move || n);
    }
    gate.open();
    assert_eq!(set.as_completed().map(|(_, result)| result.unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[test]
fn try_submit_hands_a_refused_closure_back_whole() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(1).queue_capacity(1).build().unwrap();
    let (full, roomy) = (JobSet::with_capacity(&pool, 1), JobSet::new(&pool));
    full.try_submit(|| "accepted").unwrap();
    pool.wait_idle();
    let refused = full.try_submit(|| "by the set").unwrap_err();
    assert_eq!((refused.is_full(), refused.into_inner()()), (true, "by the set"));
    let gate = block(&pool);
    pool.spawn(|| ());
    let refused = roomy.try_submit(|| "by the pool").unwrap_err();
    assert_eq!((refused.is_full(), refused.into_inner()()), (true, "by the pool"));
    assert!(roomy.is_empty());
    gate.open();
    pool.shutdown();
    for set in [full, roomy] {
        let refused = set.try_submit(|| "after the end").unwrap_err();
        assert!(matches!(refused, TrySubmitError::ShutDown(_)));
        assert_eq!(refused.into_inner()(), "after the end");
    }
}

#[test]
fn len_counts_what_is_queued_running_or_undelivered() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (blocked, gate) = (block(&pool), Gate::new());
    let door = gate.doorway();
    let set = JobSet::new(&pool);
    assert_eq!((set.len(), set.is_empty()), (0, true));
    set.submit(move || door.wait());
    assert_eq!((set.len(), set.is_empty()), (1, false), "queued");
    blocked.open();
    gate.await_arrivals(1);
    assert_eq!((set.len(), set.is_empty()), (1, false), "running");
    gate.open();
    pool.wait_idle();
    assert_eq!((set.len(), set.is_empty()), (1, false), "undelivered");
    assert!(set.try_next().is_some());
    assert_eq!((set.len(), set.is_empty()), (0, true));
}

#[test]
fn as_completed_goes_on_with_what_is_submitted_meanwhile() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let set = JobSet::new(&pool);
    set.submit(|| 0);
    let mut sum = 0;
    for (_, result) in set.as_completed() {
        let n = result.unwrap();
        sum += n;
        if n < 100 {
            set.submit(move || n + 1);
        }
    }
    assert_eq!(sum, 5050);
}

#[test]
fn who_waits_gets_none_when_another_takes_the_last_result() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    for _ in 0..20 {
        let (gate, set) = (Gate::new(), Arc::new(JobSet::new(&pool)));
        let door = gate.doorway();
        set.submit(move || door.wait());
        let askers = [0, 1, 2].map(|_| {
            let set = set.clone();
            start_waiting(move || usize::from(set.next().is_some()))
        });
        gate.open();
        assert_eq!(askers.map(|asker| asker.join().unwrap()).iter().sum::<usize>(), 1);
    }
}

#[test]
fn next_timeout_of_zero_takes_what_is_there() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (set, gate) = (JobSet::new(&pool), block(&pool));
    set.submit(|| 4);
    assert!(set.next_timeout(Duration::ZERO).is_none());
    gate.open();
    pool.wait_idle();
    assert_eq!(set.next_timeout(Duration::ZERO).unwrap().1.unwrap(), 4);
}

#[test]
fn the_numbers_of_jobs_are_never_reused_in_any_set() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let pool = &pool;
    let number = |round: u32, sets: &[JobSet<()>; 2]| match round % 4 {
        0 => sets[0].submit(|| ()),
        1 => sets[1].submit_first(|| ()),
        2 => sets[0].submit_iter(|| [()]),
        _ => pool.submit(|| ()).id(),
    };
    let mut all = Vec::new();
    let shared = &[0, 1].map(|_| JobSet::new(pool));
    thread::scope(|scope| {
        let threads = [0, 1, 2].map(|thread| {
            scope.spawn(move || {
                let mut ids = Vec::new();
                for round in 0..2000 {
                    // Sets come and go, and others stay.
                    let own = [0, 1].map(|_| JobSet::new(pool));
                    ids.push(number(round, if round % 3 == thread { shared } else { &own }));
                    shared[0].try_next();
                }
                ids
            })
        });
        threads.into_iter().for_each(|thread| all.extend(thread.join().unwrap()));
    });
    let distinct: HashSet<_> = all.iter().collect();
    assert_eq!((all.len(), distinct.len()), (6000, 6000));
}
