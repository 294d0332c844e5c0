//! `broadcast`, `yield_now` and the wait policy.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use common::task::{Task, start_waiting};
use common::*;
use filch::{Pool, WaitPolicy};

#[test]
fn a_broadcast_runs_once_on_every_worker() {
    let _watchdog = watchdog();
    for threads in [1, 2, 8, 64] {
        let pool = Pool::with_threads(threads);
        for _ in 0..20 {
            let seen = pool.broadcast(|index| (index, filch::current_worker_index()));
            assert_eq!(seen, (0..threads).map(|index| (index, Some(index))).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_broadcast_may_borrow() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let words = ["a".to_string(), "b".to_string()];
    assert_eq!(pool.broadcast(|index| words[index].as_str()), ["a", "b"]);
}

#[test]
fn a_broadcast_reaches_workers_that_are_busy_when_they_are_done() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let gate = block(&pool);
    let theirs = pool.clone();
    let broadcast = start_waiting(move || theirs.broadcast(|index| index));
    gate.open();
    assert_eq!(broadcast.join().unwrap(), [0, 1]);
}

#[test]
fn a_broadcast_reaches_workers_that_never_run_out_of_jobs() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    fn again(pool: &Pool, gate: Arc<Gate>) {
        let inner = pool.clone();
        pool.spawn(move || {
            if gate.arrived() == 0 {
                again(&inner, gate);
            }
        });
    }
    let gate = Arc::new(Gate::new());
    for _ in 0..4 {
        again(&pool, gate.clone());
    }
    assert_eq!(pool.broadcast(|index| index), [0, 1]);
    let door = gate.doorway();
    gate.open();
    door.wait();
    pool.wait_idle();
}

#[test]
fn two_broadcasts_at_once_both_end() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    for _ in 0..200 {
        let both = Arc::new(Barrier::new(2));
        let broadcast = |both: Arc<Barrier>| {
            move || {
                both.wait();
                Pool::current().unwrap().broadcast(|index| index)
            }
        };
        let handles = [pool.submit(broadcast(both.clone())), pool.submit(broadcast(both))];
        for handle in handles {
            assert_eq!(handle.join().unwrap(), [0, 1]);
        }
    }
}

#[test]
fn many_broadcasts_from_everywhere_end() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..200).for_each(|_| assert_eq!(pool.broadcast(|index| index).len(), 4)));
        }
        for _ in 0..50 {
            pool.submit(|| Pool::current().unwrap().broadcast(|index| index)).join().unwrap();
        }
    });
}

#[test]
fn a_broadcast_inside_a_broadcast_ends() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(3);
    let sums = pool.broadcast(|_| Pool::current().unwrap().broadcast(|index| index).iter().sum::<usize>());
    assert_eq!(sums, [3, 3, 3]);
}

#[test]
fn a_broadcast_while_a_worker_waits_ends_when_it_has_waited() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let (gate, waits) = (Gate::new(), Counter::new());
    let (door, counter) = (gate.doorway(), waits.clone());
    let waiter = pool.submit(move || {
        let inner = filch::submit(move || door.wait());
        while inner.is_finished() {}
        counter.add();
        inner.join().unwrap();
    });
    eventually("a worker waits", || waits.get() == 1);
    let theirs = pool.clone();
    let broadcast = start_waiting(move || theirs.broadcast(|index| index));
    gate.open();
    assert_eq!(broadcast.join().unwrap(), [0, 1]);
    waiter.join().unwrap();
}

#[test]
fn the_first_panic_is_raised_again_after_all_have_ended() {
    let _watchdog = watchdog();
    let reported = Counter::new();
    let counter = reported.clone();
    let pool = Pool::builder().threads(3).panic_handler(move |_| counter.add()).build().unwrap();
    let ended = Counter::new();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        pool.broadcast(|index| {
            ended.add();
            if index > 0 {
                std::panic::panic_any(index);
            }
        })
    }));
    assert_eq!(*panic.unwrap_err().downcast::<usize>().unwrap(), 1);
    assert_eq!((ended.get(), reported.get()), (3, 1));
    assert_eq!(pool.broadcast(|index| index), [0, 1, 2]);
}

#[test]
fn after_a_shutdown_a_broadcast_runs_on_the_caller() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    pool.shutdown();
    let me = thread::current().id();
    assert_eq!(pool.broadcast(|index| (index, thread::current().id() == me)), [(0, true), (1, true)]);
}

#[test]
fn a_broadcast_that_meets_a_shutdown_ends() {
    let _watchdog = watchdog();
    for _ in 0..200 {
        let pool = Pool::with_threads(2);
        let other = pool.clone();
        let shutdown = thread::spawn(move || other.shutdown_now());
        assert_eq!(pool.broadcast(|index| index), [0, 1]);
        shutdown.join().unwrap();
    }
}

#[test]
fn a_pool_is_not_idle_while_a_broadcast_is_posted() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    for _ in 0..20 {
        let (gate, runs) = (block(&pool), Counter::new());
        let (theirs, counter) = (pool.clone(), runs.clone());
        let broadcast = start_waiting(move || theirs.broadcast(|_| counter.add()).len());
        gate.open();
        pool.wait_idle();
        assert_eq!(runs.get(), 1);
        assert_eq!(broadcast.join().unwrap(), 1);
    }
}

#[test]
fn a_pool_is_not_idle_while_a_broadcast_runs() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let gate = Gate::new();
    let (theirs, door) = (pool.clone(), gate.doorway());
    let broadcast = thread::spawn(move || theirs.broadcast(|_| door.wait()).len());
    gate.await_arrivals(2);
    assert!(!pool.wait_idle_timeout(Duration::from_millis(5)));
    gate.open();
    assert_eq!(broadcast.join().unwrap(), 2);
    pool.wait_idle();
}

#[test]
fn a_broadcast_from_a_start_hook_ends() {
    let _watchdog = watchdog();
    let seen = Counter::new();
    let counter = seen.clone();
    let hook = move |_| Pool::current().unwrap().broadcast(|_| counter.add()).clear();
    let pool = Pool::builder().threads(2).on_thread_start(hook).build().unwrap();
    pool.wait_idle();
    eventually("both hooks have broadcast", || seen.get() == 4);
}

#[test]
fn yield_now_runs_one_queued_job() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let order = pool.submit(|| {
        let (send, receive) = mpsc::channel();
        for n in 0..3 {
            let send = send.clone();
            filch::spawn(move || send.send(n).unwrap());
        }
        let before = receive.try_iter().count();
        filch::yield_now();
        let one = receive.try_iter().count();
        filch::yield_now();
        filch::yield_now();
        filch::yield_now();
        (before, one, receive.try_iter().count())
    });
    assert_eq!(order.join().unwrap(), (0, 1, 2));
    filch::yield_now();
}

#[test]
fn yield_now_over_and_over_does_not_overflow_the_stack() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    fn deeper(left: Arc<std::sync::atomic::AtomicUsize>) {
        use std::sync::atomic::Ordering;
        if left.load(Ordering::Relaxed) > 0 {
            left.fetch_sub(1, Ordering::Relaxed);
            let inner = left.clone();
            filch::spawn(move || deeper(inner));
            filch::yield_now();
        }
    }
    let left = Arc::new(std::sync::atomic::AtomicUsize::new(200_000));
    let inner = left.clone();
    pool.spawn(move || deeper(inner));
    pool.wait_idle();
    assert_eq!(left.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[test]
fn an_isolated_worker_runs_no_stranger_while_it_waits() {
    let _watchdog = watchdog();
    let (ran, _) = strangers_run_during_a_wait(WaitPolicy::Isolated);
    assert_eq!(ran, 0);
}

#[test]
fn a_helping_worker_runs_strangers_while_it_waits() {
    let _watchdog = watchdog();
    let (ran, result) = strangers_run_during_a_wait(WaitPolicy::HelpAny);
    assert_eq!((ran, result), (10, 7));
}

/// One worker waits for a job that the other runs; how many spawned jobs run meanwhile, and the job's result.
fn strangers_run_during_a_wait(policy: WaitPolicy) -> (usize, i32) {
    let pool = Pool::builder().threads(2).wait_policy(policy).build().unwrap();
    let gate = Gate::new();
    let (door, strangers) = (gate.doorway(), Counter::new());
    let long = pool.submit(move || {
        door.wait();
        7
    });
    gate.await_arrivals(1);
    let (send, receive) = mpsc::channel();
    let waiter = pool.submit(move || {
        send.send(Task::current()).unwrap();
        long.join().unwrap()
    });
    let task = receive.recv().unwrap();
    for _ in 0..10 {
        pool.spawn(strangers.adder());
    }
    if policy == WaitPolicy::HelpAny {
        eventually("the strangers have run", || strangers.get() == 10);
    } else {
        task.await_sleep();
    }
    let ran = strangers.get();
    gate.open();
    let result = waiter.join().unwrap();
    pool.wait_idle();
    (ran, result)
}

#[test]
fn a_worker_that_helps_while_it_asks_a_set_runs_strangers() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(2).wait_policy(WaitPolicy::HelpAny).build().unwrap();
    let gate = Gate::new();
    let door = gate.doorway();
    let set = filch::JobSet::new(&pool);
    set.submit(move || door.wait());
    gate.await_arrivals(1);
    let waiter = pool.submit(move || set.next().unwrap().1.is_ok());
    let stranger = Counter::new();
    pool.spawn(stranger.adder());
    eventually("the stranger has run", || stranger.get() == 1);
    gate.open();
    assert!(waiter.join().unwrap());
}

#[test]
fn two_pools_that_broadcast_to_each_other_both_end() {
    let _watchdog = watchdog();
    let (a, b) = (Pool::with_threads(1), Pool::with_threads(1));
    for _ in 0..100 {
        let both = Arc::new(Barrier::new(2));
        let broadcast_to = |other: &Pool| {
            let (other, both) = (other.clone(), both.clone());
            move || {
                both.wait();
                other.broadcast(|index| index)
            }
        };
        let handles = [a.submit(broadcast_to(&b)), b.submit(broadcast_to(&a))];
        for handle in handles {
            assert_eq!(handle.join().unwrap(), [0]);
        }
    }
}
