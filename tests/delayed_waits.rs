//! Waiting for delayed jobs, from inside and outside the pool.

mod common;

use std::time::{Duration, Instant};

use common::*;
use filch::{JobSet, ManualClock, Pool, WaitPolicy};

const HOUR: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(20);

#[test]
fn the_only_worker_runs_what_it_joins_when_that_is_due() {
    let _watchdog = watchdog();
    for policy in [WaitPolicy::Isolated, WaitPolicy::HelpAny] {
        let pool = Pool::builder().threads(1).wait_policy(policy).build().unwrap();
        let outer = pool.submit(|| {
            let start = Instant::now();
            let index = Pool::current().unwrap().submit_later(SOON, filch::current_worker_index).join().unwrap();
            (start.elapsed(), index)
        });
        let (passed, index) = outer.join().unwrap();
        assert!(passed >= SOON && index == Some(0), "{policy:?}");
        assert_eq!((pool.delayed(), pool.pending()), (0, 0));
        assert_sound(&pool);
    }
}

#[test]
fn a_waiting_worker_runs_nothing_else_meanwhile() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let order = Notes::new();
    let (inner, other) = (order.clone(), order.clone());
    let outer = pool.submit(move || {
        let pool = Pool::current().unwrap();
        let awaited = pool.submit_later(SOON, move || inner.note("awaited"));
        pool.spawn(move || other.note("other"));
        pool.spawn_later(SOON / 2, || ());
        awaited.join().unwrap();
    });
    outer.join().unwrap();
    pool.wait_idle();
    assert_eq!(order.all(), ["awaited", "other"]);
}

#[test]
fn a_cancel_or_the_end_frees_a_worker_that_waits() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (send, receive) = std::sync::mpsc::channel();
    let waits = pool.submit(move || {
        let handle = Pool::current().unwrap().submit_later(HOUR, || ());
        let (forward, outcome) = std::sync::mpsc::channel();
        let token = handle.on_complete(move |result| forward.send(result).unwrap());
        send.send(token).unwrap();
        outcome.recv().unwrap().unwrap_err().is_cancelled()
    });
    assert!(receive.recv().unwrap().cancel());
    assert!(waits.join().unwrap());
    let waits = pool.submit(|| {
        let handle = Pool::current().unwrap().submit_later(HOUR, || ());
        handle.join().unwrap_err().is_shut_down()
    });
    eventually("it waits", || pool.delayed() == 1 && pool.running() == 1);
    pool.shutdown();
    assert!(waits.join().unwrap());
}

#[test]
fn time_limits_of_waits_are_kept() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let handle = pool.submit_later(HOUR, || ());
    let start = Instant::now();
    let handle = handle.join_timeout(SOON).unwrap_err();
    assert!(start.elapsed() >= SOON && handle.try_join().is_err());
}

#[test]
fn joins_race_with_the_moment() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let runs = Counter::new();
    let outer: Vec<_> = (0..2000_u64)
        .map(|n| {
            let run = runs.adder();
            pool.submit(move || {
                let handle = Pool::current().unwrap().submit_later(Duration::from_micros(n % 97), run);
                spin(n % 1000);
                handle.join().unwrap();
            })
        })
        .collect();
    outer.into_iter().for_each(|handle| handle.join().unwrap());
    pool.wait_idle();
    assert_eq!((runs.get(), pool.delayed(), pool.pending()), (2000, 0, 0));
}

#[test]
fn a_set_gives_delayed_results_in_the_order_in_which_they_come() {
    let _watchdog = watchdog();
    let clock = ManualClock::new();
    let pool = Pool::builder().threads(1).clock(clock.clone()).build().unwrap();
    let set = JobSet::new(&pool);
    let ids = [3, 1, 2].map(|n| set.submit_later(SOON * n, move || n));
    assert_eq!((set.len(), pool.delayed()), (3, 3));
    clock.advance(SOON * 3);
    let all: Vec<_> = set.as_completed().map(|(id, result)| (id, result.unwrap())).collect();
    assert_eq!(all, [(ids[1], 1), (ids[2], 2), (ids[0], 3)]);
}

#[test]
fn the_only_worker_runs_the_members_it_waits_for() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let outer = pool.submit(|| {
        let set = JobSet::new(&Pool::current().unwrap());
        let start = Instant::now();
        [3, 1, 2].into_iter().for_each(|n| _ = set.submit_later(SOON * n, move || (n, start.elapsed())));
        set.submit(|| (0, Duration::ZERO));
        set.as_completed().map(|(_, result)| result.unwrap()).collect::<Vec<_>>()
    });
    // In which order depends on how busy the machine is: of several that are due the oldest is run.
    let mut came = outer.join().unwrap();
    came.sort();
    assert!(came.iter().all(|(n, after)| *after >= SOON * *n), "{came:?}");
    assert_eq!(came.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!((pool.delayed(), pool.pending()), (0, 0));
}

#[test]
fn a_member_that_comes_later_and_is_due_sooner_is_not_missed() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = std::sync::Arc::new(JobSet::new(&pool));
    set.submit_later(HOUR, || "never");
    let waits = pool.submit({
        let set = set.clone();
        move || set.next().unwrap().1.unwrap()
    });
    eventually("the worker waits", || pool.running() == 1);
    std::thread::sleep(SOON);
    set.submit_later(SOON, || "soon");
    assert_eq!(waits.join().unwrap(), "soon");
    assert_eq!(set.cancel_all(), 1);
}

#[test]
fn a_set_cancels_delayed_members_one_by_one_all_and_when_it_goes() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let drops = Counter::new();
    let set = JobSet::new(&pool);
    let member = || {
        let token = drops.token();
        set.submit_later(HOUR, move || drop(token))
    };
    let first = member();
    (0..5).for_each(|_| _ = member());
    assert!(set.cancel(first) && !set.cancel(first));
    assert_eq!((drops.get(), pool.delayed(), set.cancel_all()), (1, 5, 5));
    assert_eq!((drops.get(), set.as_completed().filter(|(_, result)| result.is_err()).count()), (6, 6));
    member();
    drop(set);
    assert_eq!((drops.get(), pool.delayed()), (7, 0));
}

#[test]
fn a_bounded_set_counts_delayed_members_from_the_start() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = JobSet::with_capacity(&pool, 2);
    let first = set.submit_later(HOUR, || 0);
    set.submit_later(SOON, || 1);
    assert!(set.try_submit(|| 2).unwrap_err().is_full());
    assert_eq!(set.next().unwrap().1.unwrap(), 1);
    assert!(set.try_submit(|| 2).is_ok());
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| set.submit_later(Duration::ZERO, || 3));
        std::thread::sleep(SOON);
        assert!(!waits.is_finished(), "the set is full");
        assert!(set.cancel(first));
        let mut results: Vec<_> = set.as_completed().filter_map(|(_, result)| result.ok()).collect();
        waits.join().unwrap();
        results.extend(set.as_completed().filter_map(|(_, result)| result.ok()));
        assert_eq!(results, [2, 3]);
    });
    // Inside the pool nobody waits.
    let set = std::sync::Arc::new(JobSet::with_capacity(&pool, 1));
    let inside = set.clone();
    pool.install(|| (0..3).for_each(|n| _ = inside.submit_later(SOON, move || n)));
    assert_eq!(set.as_completed().count(), 3);
}

#[test]
fn after_a_shutdown_delayed_members_come_out_as_shut_down() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = JobSet::new(&pool);
    set.submit_later(HOUR, || ());
    pool.shutdown();
    set.submit_later(SOON, || ());
    assert!(set.as_completed().all(|(_, result)| result.unwrap_err().is_shut_down()));
    assert!(set.is_empty());
}

#[test]
fn a_worker_that_helps_does_so_while_a_member_is_delayed() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(1).wait_policy(WaitPolicy::HelpAny).build().unwrap();
    let outcome = pool.submit(|| {
        let pool = Pool::current().unwrap();
        let set = std::sync::Arc::new(JobSet::new(&pool));
        let delayed = set.submit_later(HOUR, || ());
        let other = set.clone();
        // Only this worker can run it.
        pool.spawn(move || assert!(other.cancel(delayed)));
        set.next().unwrap().1.unwrap_err().is_cancelled()
    });
    assert!(outcome.join().unwrap());
}
