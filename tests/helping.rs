//! `WaitPolicy::HelpAny`: a worker that waits runs whatever is queued.

mod common;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use common::*;
use filch::{JobSet, Pool, WaitPolicy};

fn helping(threads: usize) -> Pool {
    Pool::builder().threads(threads).wait_policy(WaitPolicy::HelpAny).build().unwrap()
}

#[test]
fn a_timed_wait_or_a_poll_runs_no_job_even_on_a_worker_that_helps() {
    let _watchdog = watchdog();
    let pool = helping(1);
    let ran = Counter::new();
    let counter = ran.clone();
    let handle = pool.submit(move || {
        let pool = Pool::current().unwrap();
        pool.spawn(counter.adder());
        let queued = pool.submit(counter.adder());
        let set = JobSet::new(&pool);
        set.submit(counter.adder());
        let queued = queued.join_timeout(Duration::from_millis(5)).unwrap_err().try_join().unwrap_err();
        assert!(set.next_timeout(Duration::from_millis(5)).is_none() && set.try_next().is_none());
        assert!(pin!(queued).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        counter.get()
    });
    assert_eq!(handle.join().unwrap(), 0);
    pool.wait_idle();
    assert_eq!(ran.get(), 2, "the set has taken its job with it");
}

#[test]
fn helping_works_through_sets_and_streams_on_one_worker() {
    let _watchdog = watchdog();
    let pool = helping(1);
    let (strangers, counter) = (Counter::new(), Counter::new());
    let stranger = strangers.clone();
    let sum = pool.submit(move || {
        let pool = Pool::current().unwrap();
        let set = JobSet::with_capacity(&pool, 3);
        for n in 0..20_u32 {
            pool.spawn(stranger.adder());
            set.submit(move || n);
        }
        set.submit_iter(|| 0..20);
        let of_set: u32 = set.as_completed().map(|(_, n)| n.unwrap()).sum();
        let ordered: u32 = pool.map_stream(0..20, 3, |n: u32| n).map(Result::unwrap).sum();
        let unordered: u32 = pool.map_unordered(0..20, 3, |n: u32| n).map(Result::unwrap).sum();
        counter.add();
        [of_set, ordered, unordered]
    });
    assert_eq!(sum.join().unwrap(), [380, 190, 190]);
    pool.wait_idle();
    assert_eq!(strangers.get(), 20);
}

#[test]
fn helping_stops_when_little_of_the_stack_is_left() {
    let _watchdog = watchdog();
    let builder = Pool::builder().threads(2).wait_policy(WaitPolicy::HelpAny).stack_size(512 * 1024);
    let pool = builder.build().unwrap();
    let set = Arc::new(JobSet::new(&pool));
    let (gate, started) = (Gate::new(), Counter::new());
    let door = gate.doorway();
    set.submit(move || door.wait());
    gate.await_arrivals(1);
    // Each waits for the member that runs, and helps with the next one meanwhile.
    for _ in 0..5000 {
        let (set, counter) = (set.clone(), started.clone());
        pool.spawn(move || {
            counter.add();
            set.next();
        });
    }
    eventually("the other worker helps no more", || {
        let before = started.get();
        std::thread::sleep(Duration::from_millis(20));
        before > 0 && before == started.get()
    });
    assert!(started.get() < 5000);
    gate.open();
    pool.wait_idle();
    assert_eq!(started.get(), 5000);
}
