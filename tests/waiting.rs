//! A wait inside a job adds no dependency that the program did not have.

mod common;

use std::future::Future;
use std::pin::pin;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use common::task::Task;
use common::*;
use filch::{JobError, JobHandle, Pool};

fn here() -> ThreadId {
    thread::current().id()
}

#[test]
fn a_join_inside_a_job_runs_the_awaited_job_itself() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let same_thread = pool.submit(|| filch::submit(here).join().unwrap() == here());
    assert!(same_thread.join().unwrap());
    assert!(pool.install(|| filch::submit(here).join().unwrap() == here()), "install is inside too");
}

#[test]
fn the_awaited_job_is_claimed_wherever_it_is_queued() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    // One worker has it in its own queue and is busy; the other waits for it.
    let gate = Gate::new();
    let doorway = gate.doorway();
    let (send, receive) = mpsc::channel();
    pool.spawn(move || {
        send.send(filch::submit(here)).unwrap();
        // Not before somebody has run it.
        doorway.wait();
    });
    let of_other = receive.recv().unwrap();
    let busy = Gate::new();
    let doorway = busy.doorway();
    let (send, receive) = mpsc::channel::<[JobHandle<ThreadId>; 3]>();
    let waiter = pool.submit(move || {
        doorway.wait();
        receive.recv().unwrap().map(|handle| handle.join().unwrap() == here())
    });
    // The other worker may run the first one before it comes to the waiter: then it has been claimed there.
    busy.await_arrivals(1);
    let injected = pool.submit(here);
    let express = pool.submit_first(here);
    send.send([of_other, injected, express]).unwrap();
    busy.open();
    assert_eq!(waiter.join().unwrap(), [true; 3], "own queue of another, injected, express");
    drop(gate);
}

#[test]
fn a_join_inside_a_job_never_runs_anything_else() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = Gate::new();
    let doorway = gate.doorway();
    let unrelated = Counter::new();
    let inside = unrelated.clone();
    let handle = pool.submit(move || {
        doorway.wait();
        filch::spawn(inside.adder());
        let awaited = filch::submit(|| 1);
        filch::spawn(inside.adder());
        Pool::current().unwrap().spawn_first(inside.adder());
        let sum = awaited.join().unwrap() + filch::join(|| 1, || 1).0;
        (sum, inside.get())
    });
    gate.await_arrivals(1);
    (0..10).for_each(|_| pool.spawn(unrelated.adder()));
    drop(pool.submit_first(unrelated.adder()));
    gate.open();
    assert_eq!(handle.join().unwrap(), (2, 0), "(sum, others run meanwhile)");
    pool.wait_idle();
    assert_eq!(unrelated.get(), 14);
}

#[test]
fn a_worker_that_waits_for_a_job_on_another_runs_nothing() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let gate = Gate::new();
    let doorway = gate.doorway();
    let slow = pool.submit(move || doorway.wait());
    gate.await_arrivals(1);
    let unrelated = Counter::new();
    let other = unrelated.adder();
    let (send, about_to_wait) = mpsc::channel();
    let waiter = pool.submit(move || {
        filch::spawn(other);
        send.send(Task::current()).unwrap();
        slow.join().unwrap();
    });
    about_to_wait.recv().unwrap().await_sleep();
    assert_eq!(unrelated.get(), 0);
    gate.open();
    waiter.join().unwrap();
    pool.wait_idle();
    assert_eq!(unrelated.get(), 1);
}

#[test]
fn a_lock_may_be_held_across_a_join() {
    let _watchdog = watchdog();
    for threads in [1, 2, 3] {
        let pool = Pool::with_threads(threads);
        let total = Arc::new(Mutex::new(0_u64));
        for round in 0..400 {
            // Every one takes the lock that the others hold while they wait.
            let job = |n: u64| {
                let total = total.clone();
                move || {
                    let mut held = lock(&total);
                    let subs: Vec<_> = (0..n % 3 + 1).map(|_| filch::submit(|| 1)).collect();
                    let nested = filch::submit(|| filch::submit(|| 1).join().unwrap());
                    *held += subs.into_iter().map(|sub| sub.join().unwrap()).sum::<u64>();
                    *held += nested.join().unwrap() + filch::join(|| 1, || 1).1;
                }
            };
            pool.spawn(job(round));
            pool.submit_first(job(round + 1)).on_complete(|outcome| outcome.unwrap());
            let inner = (job(round), job(round + 1));
            pool.spawn(move || {
                filch::spawn(inner.0);
                filch::submit(inner.1).on_complete(|outcome| outcome.unwrap());
            });
        }
        pool.wait_idle();
        let expected: u64 = (0..400).map(|round| 2 * (round % 3 + 3 + (round + 1) % 3 + 3)).sum();
        assert_eq!(*lock(&total), expected);
        assert_eq!(pool.metrics().panics, 0);
    }
}

#[test]
fn a_lock_may_be_held_across_a_fork_join_call() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let total = Arc::new(Mutex::new(0_u64));
    for round in 0..2000 {
        let total = total.clone();
        pool.spawn(move || {
            let mut held = lock(&total);
            let (a, b) = filch::join(|| filch::join(|| 1, || 1), || filch::join(|| spin(round % 50), || 1));
            *held += a.0 + a.1 + b.1;
        });
    }
    pool.wait_idle();
    assert_eq!(*lock(&total), 6000);
}

#[test]
fn a_timed_wait_never_runs_a_job() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let handle = pool.submit(|| {
        let start = Instant::now();
        let queued = filch::submit(|| 3);
        let queued = queued.join_timeout(Duration::from_millis(20)).expect_err("nobody could run it");
        let queued = queued.join_timeout(Duration::ZERO).expect_err("nobody could run it");
        let queued = queued.try_join().expect_err("nobody could run it");
        assert!(!queued.is_finished());
        (start.elapsed() >= Duration::from_millis(20), queued.join().unwrap())
    });
    assert_eq!(handle.join().unwrap(), (true, 3));
}

#[test]
fn a_timed_wait_ends_as_soon_as_the_job_does() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    for timeout in [Duration::from_secs(3600), Duration::MAX] {
        let gate = Gate::new();
        let doorway = gate.doorway();
        let handle = pool.submit(move || doorway.wait());
        thread::scope(|scope| {
            scope.spawn(|| {
                gate.await_arrivals(1);
                gate.open();
            });
            handle.join_timeout(timeout).expect("it has ended").unwrap();
        });
    }
}

#[test]
fn a_wait_that_timed_out_can_be_taken_up_again() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = Gate::new();
    let doorway = gate.doorway();
    let mut handle = pool.submit(move || doorway.wait());
    for _ in 0..20 {
        handle = handle.join_timeout(Duration::from_millis(1)).expect_err("the gate is shut");
    }
    gate.open();
    handle.join().unwrap();
}

#[test]
fn a_poll_never_runs_a_job() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let handle = pool.submit(|| {
        let mut future = pin!(filch::submit(|| 3));
        let mut context = Context::from_waker(Waker::noop());
        let polls: Vec<_> = (0..100).map(|_| future.as_mut().poll(&mut context).is_pending()).collect();
        polls.into_iter().all(|pending| pending)
    });
    assert!(handle.join().unwrap());
}

#[test]
fn an_outside_thread_that_joins_runs_no_job() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    for _ in 0..200 {
        assert_ne!(pool.submit(here).join().unwrap(), here());
    }
}

#[test]
fn a_tree_of_jobs_that_join_their_children_gives_its_sum() {
    fn fib(n: u64) -> u64 {
        if n < 2 {
            return n;
        }
        // The younger one is awaited first, or the older one: in either order it may have been stolen.
        let (a, b) = (filch::submit(move || fib(n - 1)), filch::submit(move || fib(n - 2)));
        let (first, second) = if n % 2 == 0 { (a, b) } else { (b, a) };
        first.join().unwrap() + second.join().unwrap()
    }
    let _watchdog = watchdog();
    for threads in [1, 2, 3] {
        let pool = Pool::with_threads(threads);
        for _ in 0..10 {
            assert_eq!(pool.install(|| fib(15)), 610);
        }
        pool.wait_idle();
        assert_eq!((pool.pending(), pool.running()), (0, 0));
    }
}

fn nested(depth: usize) -> usize {
    if depth == 0 { 0 } else { filch::submit(move || nested(depth - 1)).join().unwrap() + 1 }
}

#[test]
fn joins_nest_a_thousand_deep_on_one_worker() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    assert_eq!(pool.submit(|| nested(1000)).join().unwrap(), 1000);
    assert_eq!(pool.running(), 0);
    assert_sound(&pool);
}

#[test]
fn joins_nest_deeper_than_a_small_stack_reaches() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(2).stack_size(256 * 1024).build().unwrap();
    assert_eq!(pool.submit(|| nested(5000)).join().unwrap(), 5000);
    assert_sound(&pool);
}

#[test]
fn fork_join_calls_nest_a_thousand_deep_on_one_worker() {
    fn depth(pool: &Pool, n: usize) -> usize {
        if n == 0 { 0 } else { pool.join(|| depth(pool, n - 1), || 1).0 + 1 }
    }
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(1).stack_size(16 * 1024 * 1024).build().unwrap();
    assert_eq!(pool.install(|| depth(&pool, 1000)), 1000);
    // Deeper than the queue of pieces is long.
    assert_eq!(pool.install(|| depth(&pool, 3000)), 3000);
}

/// How many links a chain has: a million only when asked for.
fn chain_length() -> usize {
    if long() { 1_000_000 } else { 50_000 }
}

/// Submits a chain of jobs of which each joins the one before, and returns the last.
fn chain(length: usize) -> JobHandle<usize> {
    let first = filch::submit(|| 1_usize);
    (1..length).fold(first, |before, _| filch::submit(move || before.join().unwrap() + 1))
}

#[test]
fn a_long_chain_of_joins_submitted_outside_ends() {
    let _watchdog = watchdog();
    for threads in [1, 2] {
        let pool = Pool::with_threads(threads);
        let first = pool.submit(|| 1_usize);
        let last = (1..chain_length()).fold(first, |before, _| pool.submit(move || before.join().unwrap() + 1));
        assert_eq!(last.join().unwrap(), chain_length(), "{threads} threads");
    }
}

#[test]
fn a_long_chain_of_joins_that_nest_ends() {
    let _watchdog = watchdog();
    for threads in [1, 2] {
        let pool = Pool::with_threads(threads);
        // The newest starts first, and waits for the one before, which waits for the one before.
        assert_eq!(pool.install(|| chain(chain_length()).join().unwrap()), chain_length(), "{threads} threads");
        let last = pool.install(|| chain(chain_length()));
        assert_eq!(last.join().unwrap(), chain_length(), "{threads} threads");
        assert_sound(&pool);
    }
}

#[test]
fn a_long_chain_may_be_abandoned() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let first = pool.submit(|| 1_usize);
    let last = (1..50_000).fold(first, |before, _| pool.submit(move || before.join().map_or(0, |n| n + 1)));
    assert!(last.cancel());
    assert_eq!(pool.cancel_pending(), 49_999);
    gate.open();
    assert!(last.join().unwrap_err().is_cancelled());
}

/// Runs a job that is given its own handle.
fn with_own_handle<T: Send + 'static>(pool: &Pool, job: impl FnOnce(JobHandle<T>) -> T + Send + 'static) {
    let (send, receive) = mpsc::channel();
    let own = pool.submit(move || job(receive.recv().unwrap()));
    send.send(own).unwrap();
}

#[test]
fn joining_ones_own_handle_is_would_deadlock() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (send, receive) = mpsc::channel();
    with_own_handle(&pool, move |own| send.send(own.join()).unwrap());
    assert!(matches!(receive.recv().unwrap(), Err(JobError::WouldDeadlock)));
    assert_sound(&pool);
}

#[test]
fn joining_the_handle_of_an_outer_job_is_would_deadlock() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (send, receive) = mpsc::channel();
    let job = move |own: JobHandle<()>| {
        let inner = filch::submit(move || filch::submit(move || own.join()).join().unwrap());
        send.send(inner.join().unwrap()).unwrap();
    };
    with_own_handle(&pool, job);
    assert!(matches!(receive.recv().unwrap(), Err(JobError::WouldDeadlock)));
}

#[test]
fn joining_the_handle_of_an_outer_job_many_stacks_away_is_would_deadlock() {
    fn deep(n: usize, own: JobHandle<()>) -> Result<(), JobError> {
        if n == 0 { own.join() } else { filch::submit(move || deep(n - 1, own)).join().unwrap() }
    }
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(1).stack_size(256 * 1024).build().unwrap();
    let (send, receive) = mpsc::channel();
    with_own_handle(&pool, move |own: JobHandle<()>| send.send(deep(2000, own)).unwrap());
    assert!(matches!(receive.recv().unwrap(), Err(JobError::WouldDeadlock)));
}

#[test]
fn joining_ones_own_handle_in_a_fork_join_piece_is_would_deadlock() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (send, receive) = mpsc::channel();
    with_own_handle(&pool, move |own: JobHandle<()>| send.send(filch::join(|| (), || own.join()).1).unwrap());
    assert!(matches!(receive.recv().unwrap(), Err(JobError::WouldDeadlock)));
}

#[test]
fn joining_ones_own_handle_in_a_piece_that_another_worker_runs_is_would_deadlock() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let (send, receive) = mpsc::channel();
    let job = move |own: JobHandle<()>| {
        let meeting = Meeting::of(2);
        let second = || (meeting.attend(), own.join());
        send.send(filch::join(|| meeting.attend(), second).1).unwrap();
    };
    with_own_handle(&pool, job);
    assert!(matches!(receive.recv().unwrap(), (true, Err(JobError::WouldDeadlock))));
}

#[test]
fn joining_ones_own_handle_on_a_worker_of_another_pool_is_would_deadlock() {
    let _watchdog = watchdog();
    let [pool, other] = [1, 1].map(Pool::with_threads);
    let (send, receive) = mpsc::channel();
    with_own_handle(&pool, move |own: JobHandle<()>| send.send(other.install(|| own.join())).unwrap());
    assert!(matches!(receive.recv().unwrap(), Err(JobError::WouldDeadlock)));
}

#[test]
fn a_timed_wait_for_ones_own_end_runs_into_its_limit() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (send, receive) = mpsc::channel();
    let job = move |own: JobHandle<()>| send.send(own.join_timeout(Duration::from_millis(5)).is_err()).unwrap();
    with_own_handle(&pool, job);
    assert!(receive.recv().unwrap());
}

#[test]
fn a_job_that_has_ended_can_be_joined_from_anywhere() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let ended = pool.submit(|| 8);
    pool.wait_idle();
    assert_eq!(pool.install(|| ended.join().unwrap()), 8);
}

#[test]
fn wait_idle_inside_a_job_panics_with_a_clear_message() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let own = pool.clone();
    let message = pool.submit(move || panic_of(|| own.wait_idle())).join().unwrap();
    assert_eq!(message, "wait_idle was called inside a job or callback of the same pool: it would wait for itself");
    let own = pool.clone();
    let timed = pool.submit(move || panic_of(|| own.wait_idle_timeout(Duration::from_secs(1)))).join().unwrap();
    assert!(timed.starts_with("wait_idle_timeout was called inside a job or callback"), "{timed}");
    let message = pool.install(|| panic_of(|| pool.wait_idle()));
    assert!(message.contains("inside a job"), "{message}");
    assert_eq!(pool.join(|| panic_of(|| pool.wait_idle()), || ()).0, message);
}

#[test]
fn wait_idle_of_another_pool_is_allowed_inside_a_job() {
    let _watchdog = watchdog();
    let [inner, outer] = [1, 1].map(Pool::with_threads);
    let runs = Counter::new();
    let job = {
        let runs = runs.clone();
        move || {
            inner.spawn(runs.adder());
            inner.wait_idle();
            runs.get()
        }
    };
    assert_eq!(outer.submit(job).join().unwrap(), 1);
}

#[test]
fn jobs_may_join_jobs_of_another_pool() {
    let _watchdog = watchdog();
    let [a, b] = [2, 2].map(Pool::with_threads);
    let handles: Vec<_> = (0..200_u64)
        .map(|n| {
            let b = b.clone();
            a.submit(move || {
                let theirs = b.submit(move || filch::submit(move || n).join().unwrap() + 1);
                let own = filch::submit(move || n);
                theirs.join().unwrap() + own.join().unwrap() + b.install(|| b.join(|| 1, || 1).0)
            })
        })
        .collect();
    let sum: u64 = handles.into_iter().map(|handle| handle.join().unwrap()).sum();
    assert_eq!(sum, (0..200).map(|n| 2 * n + 2).sum());
}

#[test]
fn a_job_of_another_pool_runs_on_that_pools_workers() {
    let _watchdog = watchdog();
    let [a, b] = [1, 1].map(Pool::with_threads);
    let b_thread = b.install(here);
    let theirs = a.install(|| b.submit(here).join().unwrap());
    assert_eq!(theirs, b_thread);
    assert_eq!(a.install(|| b.install(here)), b_thread);
    assert_eq!(a.install(|| b.join(here, here)), (b_thread, b_thread));
}

#[test]
fn the_free_functions_use_the_pool_of_the_current_job() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let thread = pool.install(here);
    assert_eq!(pool.install(|| filch::submit(here).join().unwrap()), thread);
    assert_eq!(pool.install(|| filch::join(here, here)), (thread, thread));
    let (send, receive) = mpsc::channel();
    pool.install(|| filch::spawn(move || send.send(here()).unwrap()));
    assert_eq!(receive.recv().unwrap(), thread);
    assert_ne!(filch::submit(here).join().unwrap(), thread, "outside it is the global pool");
    assert_eq!(filch::join(|| 1, || 2), (1, 2));
    assert_eq!(filch::current_worker_index(), None);
    assert!(Pool::current().is_none());
}
