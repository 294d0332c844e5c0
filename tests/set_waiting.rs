//! `JobSet::next` inside a job: which jobs run meanwhile.

mod common;

use std::sync::{Arc, mpsc};
use std::time::Duration;

use common::task::Task;
use common::*;
use filch::{JobSet, Pool};

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
    let (gate, ran) = (Arc::new(Gate::new()), Counter::new());
    let (arrivals, counter) = (gate.clone(), ran.clone());
    let (send, receive) = mpsc::channel();
    let waiter = pool.submit(move || {
        let set = JobSet::new(&Pool::current().unwrap());
        let door = arrivals.doorway();
        let running = set.submit(move || door.wait());
        // The other worker takes it.
        arrivals.await_arrivals(1);
        set.submit(move || counter.add());
        send.send(Task::current()).unwrap();
        set.next().unwrap().0 == running
    });
    receive.recv().unwrap().await_sleep();
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
fn a_member_that_asks_its_own_set_does_not_count_as_running() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = Arc::new(JobSet::new(&pool));
    let theirs = set.clone();
    set.submit(move || {
        theirs.submit(|| 1);
        theirs.next().unwrap().1.unwrap() + 1
    });
    assert_eq!(set.next().unwrap().1.unwrap(), 2);
}
