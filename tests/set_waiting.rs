//! `JobSet::next` inside a job: which jobs run meanwhile.

mod common;

use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread::{self, ThreadId};
use std::time::Duration;

use common::task::Task;
use common::*;
use filch::{JobSet, Pool};

fn here() -> ThreadId {
    thread::current().id()
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
fn while_a_younger_member_runs_a_waiting_worker_runs_no_older_one() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let set = Arc::new(JobSet::new(&pool));
    let [start, other, young] = [(), (), ()].map(|_| Gate::new());
    let (theirs, door, (send, receive)) = (set.clone(), start.doorway(), mpsc::channel());
    let waiter = pool.submit(move || {
        door.wait();
        send.send(Task::current()).unwrap();
        theirs.next().unwrap().0
    });
    start.await_arrivals(1);
    let door = other.doorway();
    pool.spawn(move || door.wait());
    other.await_arrivals(1);
    let ran = Counter::new();
    let older = set.submit(ran.adder());
    let door = young.doorway();
    let younger = set.submit_first(move || door.wait());
    other.open();
    young.await_arrivals(1);
    start.open();
    receive.recv().unwrap().await_sleep();
    assert_eq!(ran.get(), 0);
    young.open();
    assert_eq!(waiter.join().unwrap(), younger);
    assert_eq!(set.next().unwrap().0, older);
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
    let (theirs, (send, receive)) = (set.clone(), mpsc::channel());
    let asker = set.submit(move || {
        let inner = theirs.submit(|| 1);
        send.send((inner, theirs.next())).unwrap();
        2
    });
    // Not before: of two that ask, this thread could get the result that the member waits for.
    let (inner, taken) = receive.recv().unwrap();
    assert!(matches!(taken, Some((id, Ok(1))) if id == inner));
    assert!(matches!(set.next(), Some((id, Ok(2))) if id == asker));
}

#[test]
fn try_next_on_a_worker_runs_nothing() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let nothing = pool.submit(|| {
        let set = JobSet::new(&Pool::current().unwrap());
        set.submit(|| ());
        (0..100).all(|_| set.try_next().is_none()) && set.len() == 1
    });
    assert!(nothing.join().unwrap());
}

#[test]
fn a_member_is_run_in_place_wherever_it_is_queued_oldest_first() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let set = Arc::new(JobSet::new(&pool));
    let (gate, theirs) = (Gate::new(), set.clone());
    let door = gate.doorway();
    // One worker has the oldest member in its own queue, and is busy.
    pool.spawn(move || {
        theirs.submit(here);
        door.wait();
    });
    gate.await_arrivals(1);
    let (inner, theirs) = (Gate::new(), set.clone());
    let door = inner.doorway();
    let waiter = pool.submit(move || {
        door.wait();
        (here(), [0, 1, 2].map(|_| theirs.next().unwrap()))
    });
    inner.await_arrivals(1);
    let injected = set.submit(here);
    let express = set.submit_first(here);
    inner.open();
    let (waiter, results) = waiter.join().unwrap();
    let ids = results.each_ref().map(|(id, _)| *id);
    // The waiter may have run the oldest before it came to the door.
    assert_eq!(ids[1..], [injected, express]);
    assert_eq!(results.map(|(_, thread)| thread.unwrap()), [waiter; 3]);
}

#[test]
fn next_runs_nothing_on_a_worker_of_another_pool() {
    let _watchdog = watchdog();
    let [own, other] = [1, 1].map(Pool::with_threads);
    let set = JobSet::new(&other);
    let on_other = other.install(here);
    let threads = own.install(|| {
        for _ in 0..100 {
            set.submit(here);
        }
        set.as_completed().map(|(_, thread)| thread.unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(threads, vec![on_other; 100]);
}

#[test]
fn a_lock_may_be_held_while_a_job_waits_for_a_set_or_a_stream() {
    let _watchdog = watchdog();
    for threads in [1, 2, 3] {
        let pool = Pool::with_threads(threads);
        let total = Arc::new(Mutex::new(0_u32));
        for round in 0..100 {
            // Every one takes the lock that the others hold while they wait.
            let job = || {
                let total = total.clone();
                move || {
                    let pool = Pool::current().unwrap();
                    let mut held = lock(&total);
                    let set = if round % 2 == 0 { JobSet::new(&pool) } else { JobSet::with_capacity(&pool, 2) };
                    for _ in 0..round % 4 {
                        set.submit(|| 1);
                    }
                    set.submit_iter(|| [1, 1, 1]);
                    *held += set.as_completed().map(|(_, n)| n.unwrap()).sum::<u32>();
                    *held += pool.map_stream(0..4, 2, |_: u32| 1).map(Result::unwrap).sum::<u32>();
                    *held += pool.map_unordered(0..4, 3, |_: u32| 1).map(Result::unwrap).sum::<u32>();
                }
            };
            pool.spawn(job());
            let (first, second) = (job(), job());
            pool.spawn(move || {
                filch::spawn(first);
                filch::spawn(second);
            });
        }
        pool.wait_idle();
        assert_eq!(*lock(&total), (0..100).map(|round| 3 * (round % 4 + 11)).sum());
        assert_eq!(pool.metrics().panics, 0);
    }
}

#[test]
fn sets_nest_deeper_than_a_small_stack_reaches() {
    fn nested(depth: u32) -> u32 {
        if depth == 0 {
            return 0;
        }
        let set = JobSet::new(&Pool::current().unwrap());
        set.submit(move || nested(depth - 1));
        set.next().unwrap().1.unwrap() + 1
    }
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(1).stack_size(256 * 1024).build().unwrap();
    assert_eq!(pool.submit(|| nested(1000)).join().unwrap(), 1000);
    assert_sound(&pool);
}

#[test]
fn a_worker_that_waits_and_may_run_nothing_sleeps() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let ways: [fn(&Gate); 3] = [
        |gate| {
            let door = gate.doorway();
            let elsewhere = filch::submit(move || door.wait());
            gate.await_arrivals(1);
            elsewhere.join().unwrap();
        },
        |gate| {
            let (set, door) = (JobSet::new(&Pool::current().unwrap()), gate.doorway());
            set.submit(move || door.wait());
            gate.await_arrivals(1);
            set.submit(|| ());
            set.next().unwrap().1.unwrap();
        },
        |gate| {
            let (own, door) = (filch::current_worker_index(), gate.doorway());
            let elsewhere = |index| {
                if Some(index) != own {
                    door.wait();
                }
            };
            Pool::current().unwrap().broadcast(elsewhere);
        },
    ];
    for way in ways {
        let gate = Arc::new(Gate::new());
        let (send, receive) = mpsc::channel();
        let inner = gate.clone();
        let waiter = pool.submit(move || {
            send.send(Task::current()).unwrap();
            way(&inner);
        });
        let task = receive.recv().unwrap();
        gate.await_arrivals(1);
        task.await_sleep();
        gate.open();
        waiter.join().unwrap();
    }
}

#[test]
fn members_that_wait_for_their_own_set_do_not_count_as_running_for_each_other() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    for _ in 0..50 {
        let set = Arc::new(JobSet::<u32>::new(&pool));
        let both_run = Arc::new(Barrier::new(2));
        for _ in 0..2 {
            let (theirs, both_run) = (set.clone(), both_run.clone());
            set.submit(move || {
                both_run.wait();
                theirs.next().unwrap().1.unwrap()
            });
        }
        set.submit(|| 7);
        // Each gets another's result; the one that is left is for us.
        pool.wait_idle();
        assert_eq!(set.next().unwrap().1.unwrap(), 7);
    }
}

#[test]
fn a_worker_that_waits_runs_a_member_that_is_submitted_then() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = Arc::new(JobSet::new(&pool));
    let theirs = set.clone();
    let (send, task) = mpsc::channel();
    set.submit(move || {
        send.send(Task::current()).unwrap();
        theirs.next().unwrap().1.unwrap() + 1
    });
    task.recv().unwrap().await_sleep();
    set.submit(|| 1);
    pool.wait_idle();
    assert_eq!(set.next().unwrap().1.unwrap(), 2);
}
