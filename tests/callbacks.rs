//! `on_complete` is called exactly once, whatever becomes of the job.

mod common;

use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use common::*;
use filch::{CancelToken, JobError, Pool};

/// The outcome as text.
fn text(outcome: Result<u32, JobError>) -> String {
    outcome.map_or_else(|error| error.to_string(), |value| value.to_string())
}

#[test]
fn a_callback_is_called_once_with_the_outcome_whatever_it_is() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let notes = Notes::<String>::new();
    let noter = || {
        let notes = notes.clone();
        move |outcome| notes.note(text(outcome))
    };
    let gate = block(&pool);
    let mut tokens = vec![pool.submit(|| 1).on_complete(noter())];
    tokens.push(pool.submit(|| panic!("oh")).on_complete(noter()));
    tokens.push(pool.submit(|| 2).on_complete(noter()));
    assert!(tokens[2].cancel());
    gate.open();
    pool.wait_idle();
    let gate = block(&pool);
    tokens.push(pool.submit(|| 3).on_complete(noter()));
    assert_eq!(pool.cancel_pending(), 1);
    tokens.push(pool.submit(|| 4).on_complete(noter()));
    let stopper = thread::spawn({
        let pool = pool.clone();
        move || pool.shutdown_now()
    });
    eventually("the queued job has been ended", || notes.len() == 5);
    gate.open();
    stopper.join().unwrap();
    tokens.push(pool.submit(|| 5).on_complete(noter()));
    assert!(tokens.iter().all(|token| !token.cancel()), "all have ended");
    drop((tokens, pool));
    let cancelled = "the job was cancelled before it started";
    let shut_down = "the pool shut down before the job started";
    assert_eq!(notes.all(), [cancelled, "1", "the job panicked: oh", cancelled, shut_down, shut_down]);
}

#[test]
fn a_callback_runs_on_the_thread_that_ends_the_job() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let notes = Notes::new();
    let noter = || {
        let notes = notes.clone();
        move |_: Result<(), JobError>| notes.note(thread::current().id())
    };
    let here = thread::current().id();
    let worker = pool.install(|| thread::current().id());

    let gate = block(&pool);
    let _token = pool.submit(|| ()).on_complete(noter());
    gate.open();
    pool.wait_idle();
    assert_eq!(notes.all(), [worker], "a worker that runs it");

    let gate = block(&pool);
    assert!(pool.submit(|| ()).on_complete(noter()).cancel());
    let _token = pool.submit(|| ()).on_complete(noter());
    assert_eq!(pool.cancel_pending(), 1);
    assert_eq!(notes.all(), [worker, here, here], "a thread that cancels it");

    let _token = pool.submit(|| ()).on_complete(noter());
    let stopper = thread::spawn({
        let pool = pool.clone();
        move || pool.shutdown_now()
    });
    eventually("the queued job has been ended", || notes.len() == 4);
    assert!(notes.all()[3] == stopper.thread().id(), "a thread that shuts the pool down");
    gate.open();
    stopper.join().unwrap();
}

#[test]
fn a_callback_runs_at_once_on_the_caller_if_the_job_has_ended() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let notes = Notes::new();
    let handle = pool.submit(|| 3);
    eventually("the job has ended", || handle.is_finished());
    let note = notes.clone();
    let token = handle.on_complete(move |outcome| note.note((outcome.unwrap(), thread::current().id())));
    assert_eq!(notes.all(), [(3, thread::current().id())]);
    assert!(!token.cancel());
}

#[test]
fn a_callback_runs_at_once_on_the_caller_also_if_the_job_has_ended_badly() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let panicked = pool.submit(|| panic!("badly"));
    pool.wait_idle();
    let gate = block(&pool);
    let cancelled = pool.submit(|| 1);
    assert!(cancelled.cancel());
    let shut_down = pool.submit(|| 2);
    let other = pool.clone();
    let stopper = thread::spawn(move || other.shutdown_now());
    eventually("the queued job has been ended", || shut_down.is_finished());
    gate.open();
    stopper.join().unwrap();
    let refused = pool.submit(|| 3);
    let notes = Notes::new();
    for handle in [panicked, cancelled, shut_down, refused] {
        let note = notes.clone();
        let _token = handle.on_complete(move |outcome| note.note((text(outcome), thread::current().id())));
    }
    let here = thread::current().id();
    let shut_down = "the pool shut down before the job started";
    let expected = ["the job panicked: badly", "the job was cancelled before it started", shut_down, shut_down];
    assert_eq!(notes.all(), expected.map(|text| (text.to_string(), here)));
}

#[test]
fn dropping_the_pool_does_not_return_before_the_callbacks_have() {
    let _watchdog = watchdog();
    let called = Counter::new();
    for _ in 0..20 {
        let pool = Pool::with_threads(2);
        for _ in 0..50 {
            let counter = called.clone();
            let _token = pool.submit(|| ()).on_complete(move |_| {
                spin(500);
                counter.add();
            });
        }
    }
    assert_eq!(called.get(), 1000);
}

#[test]
fn a_callback_set_at_any_moment_is_called_once() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let (calls, drops) = (Counter::new(), Counter::new());
    for round in 0..3000 {
        let result = drops.token();
        let handle = pool.submit(move || result);
        spin(round % 100 * 5);
        let counter = calls.clone();
        let capture = drops.token();
        let token = handle.on_complete(move |_| {
            counter.add();
            drop(capture);
        });
        if round % 3 == 0 {
            spin(round % 50);
            token.cancel();
        }
    }
    pool.wait_idle();
    assert_eq!((calls.get(), drops.get()), (3000, 6000));
}

#[test]
fn the_pool_is_not_idle_before_a_callback_has_returned() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let gate = Gate::new();
    let doorway = gate.doorway();
    let blocked = block(&pool);
    let _token = pool.submit(|| ()).on_complete(move |_| doorway.wait());
    blocked.open();
    gate.await_arrivals(1);
    assert!(!pool.wait_idle_timeout(Duration::from_millis(20)));
    gate.open();
    pool.wait_idle();
}

#[test]
fn the_pool_is_not_idle_before_a_cancelled_jobs_callback_has_returned() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let ways: [fn(&Pool, CancelToken) -> bool; 2] = [|_, token| token.cancel(), |pool, _| pool.cancel_pending() == 1];
    for cancel in ways {
        let blocked = block(&pool);
        let gate = Gate::new();
        let doorway = gate.doorway();
        let token = pool.submit(|| ()).on_complete(move |_| doorway.wait());
        let canceller = thread::spawn({
            let pool = pool.clone();
            move || cancel(&pool, token)
        });
        gate.await_arrivals(1);
        blocked.open();
        assert!(!pool.wait_idle_timeout(Duration::from_millis(20)));
        gate.open();
        pool.wait_idle();
        assert!(canceller.join().unwrap());
    }
}

#[test]
fn shutdown_does_not_return_before_a_callback_has() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let gate = Gate::new();
    let doorway = gate.doorway();
    let (called, finished) = (Counter::new(), Counter::new());
    let done = finished.clone();
    let blocked = block(&pool);
    let _token = pool.submit(|| ()).on_complete(move |_| {
        doorway.wait();
        done.add();
    });
    blocked.open();
    gate.await_arrivals(1);
    let late = called.clone();
    let _second = pool.submit(|| ()).on_complete(move |_| late.add());
    assert!(!pool.shutdown_timeout(Duration::from_millis(20)));
    gate.open();
    pool.shutdown();
    assert_eq!((finished.get(), called.get()), (1, 1));
}

#[test]
fn shutdown_does_not_return_before_the_callback_of_a_job_cancelled_elsewhere_has() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let blocked = block(&pool);
    let gate = Gate::new();
    let doorway = gate.doorway();
    let token = pool.submit(|| ()).on_complete(move |_| doorway.wait());
    let canceller = thread::spawn(move || token.cancel());
    gate.await_arrivals(1);
    blocked.open();
    assert!(!pool.shutdown_timeout(Duration::from_millis(50)), "the callback has not returned");
    gate.open();
    pool.shutdown();
    assert!(canceller.join().unwrap());
}

#[test]
fn a_callback_gets_the_result_itself() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let drops = Counter::new();
    let (send, receive) = mpsc::channel();
    let token = drops.token();
    let _token = pool.submit(move || token).on_complete(move |outcome| send.send(outcome.unwrap()).unwrap());
    let result = receive.recv().unwrap();
    pool.shutdown();
    drop(pool);
    assert_eq!(drops.get(), 0);
    drop(result);
    assert_eq!(drops.get(), 1);
}

#[test]
fn what_a_callback_captured_is_dropped_with_it() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let drops = Counter::new();
    let capture = Arc::new(drops.token());
    let captured = capture.clone();
    let token = pool.submit(|| ()).on_complete(move |_| drop(captured));
    pool.wait_idle();
    drop(capture);
    assert_eq!(drops.get(), 1, "although the token is still there");
    drop(token);
}

#[test]
fn dropping_the_token_changes_nothing() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let (send, receive) = mpsc::channel();
    drop(pool.submit(|| 9).on_complete(move |outcome| send.send(outcome.unwrap()).unwrap()));
    gate.open();
    assert_eq!(receive.recv().unwrap(), 9);
}

#[test]
fn a_token_outlives_its_pool() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let token = pool.submit(|| ()).on_complete(|_| ());
    drop(pool);
    assert!(!token.clone().cancel());
    assert!(format!("{token:?}").contains("CancelToken"));
}

#[test]
fn a_callback_may_use_the_pool() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (send, receive) = mpsc::channel();
    let _token = pool.submit(|| 1).on_complete(move |first| {
        let second = filch::submit(|| 2).join().unwrap();
        let third = filch::join(|| 3, || 4);
        let _token = filch::submit(move || second).on_complete(move |fourth| {
            send.send((first.unwrap(), second, third, fourth.unwrap())).unwrap();
        });
    });
    assert_eq!(receive.recv().unwrap(), (1, 2, (3, 4), 2));
    let own = pool.clone();
    let (send, receive) = mpsc::channel();
    let gate = block(&pool);
    let _token = pool.submit(|| ()).on_complete(move |_| send.send(panic_of(|| own.wait_idle())).unwrap());
    gate.open();
    assert!(receive.recv().unwrap().contains("inside a job"));
}

#[test]
fn a_callback_may_follow_a_poll() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let mut handle = pool.submit(|| 6);
    assert!(std::pin::Pin::new(&mut handle).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let (send, receive) = mpsc::channel();
    let _token = handle.on_complete(move |outcome| send.send(outcome.unwrap()).unwrap());
    gate.open();
    assert_eq!(receive.recv().unwrap(), 6);
}

#[test]
fn the_callbacks_of_a_chain_nest_on_no_stack() {
    fn next(left: u32, done: mpsc::Sender<()>) {
        if left == 0 {
            return done.send(()).unwrap();
        }
        let _token = filch::submit(|| ()).on_complete(move |_| next(left - 1, done));
    }
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (send, receive) = mpsc::channel();
    pool.spawn(|| next(100_000, send));
    receive.recv().unwrap();
}
