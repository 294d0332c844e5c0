//! A panic in foreign code never kills a worker and is never lost.

mod common;

use std::any::Any;
use std::panic::panic_any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread;

use common::*;
use filch::{JobError, Pool};

/// A pool whose handler notes what it is told.
fn pool_with_notes(threads: usize) -> (Pool, Notes<String>) {
    let notes = Notes::<String>::new();
    let pool = Pool::builder().threads(threads).panic_handler(notes.handler()).build().unwrap();
    (pool, notes)
}

/// Fails unless the pool has counted and reported exactly these panics, and all its workers still run jobs.
#[track_caller]
fn assert_contained(pool: &Pool, notes: &Notes<String>, counted: u64, reported: &[&str]) {
    assert_sound(pool);
    pool.wait_idle();
    assert_eq!(notes.sorted(), reported, "what the handler was told");
    assert_eq!(pool.metrics().panics, counted, "how many panics were counted");
}

#[test]
fn a_panic_in_a_job_is_in_its_handle() {
    let _watchdog = watchdog();
    let (pool, notes) = pool_with_notes(2);
    let error = pool.submit(|| -> u8 { panic!("as text") }).join().unwrap_err();
    assert!(error.is_panic() && !error.is_cancelled() && !error.is_shut_down());
    assert_eq!(error.to_string(), "the job panicked: as text");
    let number = 7;
    let error = pool.submit(move || -> u8 { panic!("formatted {number}") }).join().unwrap_err();
    assert_eq!(message(&*error.into_panic()), "formatted 7");
    let error = pool.submit(|| -> u8 { panic_any(12_u64) }).join().unwrap_err();
    assert_eq!(error.to_string(), "the job panicked: a payload that is no message");
    assert_eq!(error.into_panic().downcast_ref(), Some(&12_u64));
    assert_contained(&pool, &notes, 3, &[]);
}

#[test]
fn a_panic_in_a_spawned_job_goes_to_the_handler() {
    let _watchdog = watchdog();
    let (pool, notes) = pool_with_notes(2);
    pool.spawn(|| panic!("spawned"));
    pool.spawn_first(|| panic!("first"));
    pool.spawn_batch([|| panic!("batch"), || panic!("batch")]);
    pool.install(|| filch::spawn(|| panic!("inner")));
    pool.wait_idle();
    assert_contained(&pool, &notes, 5, &["batch", "batch", "first", "inner", "spawned"]);
}

#[test]
fn without_a_handler_panics_are_counted_and_nothing_else_happens() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    (0..10).for_each(|_| pool.spawn(|| panic!("counted")));
    pool.spawn(|| panic_any(PanicOnDrop("a payload that panics")));
    pool.wait_idle();
    assert_eq!(pool.metrics().panics, 11);
    assert_sound(&pool);
}

#[test]
fn a_panic_behind_a_dropped_handle_goes_to_the_handler() {
    let _watchdog = watchdog();
    let (pool, notes) = pool_with_notes(2);
    let gate = block(&pool);
    drop(pool.submit(|| panic!("detached before")));
    gate.open();
    pool.wait_idle();
    let handle = pool.submit(|| panic!("detached after"));
    eventually("the job has ended", || handle.is_finished());
    assert_eq!(notes.sorted(), ["detached before"], "the handle may still be joined");
    drop(handle);
    assert_contained(&pool, &notes, 2, &["detached after", "detached before"]);
}

#[test]
fn a_panic_behind_a_handle_dropped_at_any_moment_goes_to_the_handler_once() {
    let _watchdog = watchdog();
    let (pool, notes) = pool_with_notes(2);
    for round in 0..500 {
        let handle = pool.submit(|| panic!("detached"));
        spin(round % 50 * 10);
        drop(handle);
    }
    pool.wait_idle();
    assert_eq!((notes.len(), pool.metrics().panics), (500, 500));
    assert_sound(&pool);
}

#[test]
fn a_panic_in_the_drop_of_a_capture_of_a_running_job_is_the_jobs_panic() {
    let _watchdog = watchdog();
    let (pool, notes) = pool_with_notes(2);
    let (capture, other) = (PanicOnDrop("captured"), PanicOnDrop("spawned"));
    let error = pool.submit(move || drop(capture)).join().unwrap_err();
    assert_eq!(error.to_string(), "the job panicked: captured");
    pool.spawn(move || {
        let _other = &other;
    });
    pool.wait_idle();
    assert_contained(&pool, &notes, 2, &["spawned"]);
}

#[test]
fn a_panic_in_the_drop_of_a_capture_that_never_ran_goes_to_the_handler() {
    let _watchdog = watchdog();
    let (pool, notes) = pool_with_notes(2);
    let gate = block(&pool);
    let captures = ["handle", "spawned", "submitted", "shutdown", "after"].map(PanicOnDrop);
    let [by_handle, spawned, submitted, by_shutdown, after] = captures.map(|capture| move || drop(capture));
    assert!(pool.submit(by_handle).cancel());
    pool.spawn(spawned);
    let submitted = pool.submit(submitted);
    assert_eq!(pool.cancel_pending(), 2);
    assert!(submitted.join().unwrap_err().is_cancelled());
    pool.spawn(by_shutdown);
    let stopper = thread::spawn({
        let pool = pool.clone();
        move || pool.shutdown_now()
    });
    eventually("the shutdown has dropped what was queued", || notes.len() == 4);
    gate.open();
    stopper.join().unwrap();
    pool.spawn(after);
    assert_eq!(notes.sorted(), ["after", "handle", "shutdown", "spawned", "submitted"]);
    assert_eq!(pool.metrics().panics, 5, "how many panics were counted");
}

#[test]
fn a_panic_in_the_drop_of_a_result_that_nobody_reads_goes_to_the_handler() {
    let _watchdog = watchdog();
    let (pool, notes) = pool_with_notes(2);
    let gate = block(&pool);
    drop(pool.submit(|| PanicOnDrop("on a worker")));
    gate.open();
    pool.wait_idle();
    let handle = pool.submit(|| PanicOnDrop("on the caller"));
    eventually("the job has ended", || handle.is_finished());
    drop(handle);
    assert_contained(&pool, &notes, 2, &["on a worker", "on the caller"]);
}

#[test]
fn a_panic_in_a_callback_goes_to_the_handler() {
    let _watchdog = watchdog();
    let (pool, notes) = pool_with_notes(2);
    let gate = block(&pool);
    let _token = pool.submit(|| ()).on_complete(|_| panic!("on a worker"));
    let token = pool.submit(|| ()).on_complete(|_| panic!("on the canceller"));
    assert!(token.cancel());
    gate.open();
    let handle = pool.submit(|| ());
    eventually("the job has ended", || handle.is_finished());
    let _token = handle.on_complete(|_| panic!("at once"));
    pool.wait_idle();
    assert_contained(&pool, &notes, 3, &["at once", "on a worker", "on the canceller"]);
}

#[test]
fn a_callback_gets_the_panic_and_what_it_drops_is_its_own_affair() {
    let _watchdog = watchdog();
    let (pool, notes) = pool_with_notes(2);
    let (send, receive) = mpsc::channel();
    let _token =
        pool.submit(|| panic!("passed on")).on_complete(move |outcome: Result<(), _>| send.send(outcome).unwrap());
    assert_eq!(receive.recv().unwrap().unwrap_err().to_string(), "the job panicked: passed on");
    let _token = pool.submit(|| PanicOnDrop("in the callback")).on_complete(drop);
    pool.wait_idle();
    assert_contained(&pool, &notes, 2, &["in the callback"]);
}

/// A waker that panics when it wakes.
struct Rude(&'static str);

impl Wake for Rude {
    fn wake(self: Arc<Self>) {
        panic!("{}", self.0);
    }
}

#[test]
fn a_panic_in_a_waker_goes_to_the_handler() {
    let _watchdog = watchdog();
    let (pool, notes) = pool_with_notes(2);
    let gate = block(&pool);
    let poll = |text| {
        let mut handle = pool.submit(|| 4);
        let waker = Waker::from(Arc::new(Rude(text)));
        assert!(std::pin::Pin::new(&mut handle).poll(&mut Context::from_waker(&waker)).is_pending());
        handle
    };
    let (ran, cancelled, dropped) = (poll("on a worker"), poll("on the canceller"), poll("of nobody"));
    assert!(cancelled.cancel());
    drop(dropped);
    gate.open();
    eventually("the job has ended", || ran.is_finished());
    assert_eq!(ran.join().unwrap(), 4);
    assert!(cancelled.join().unwrap_err().is_cancelled());
    pool.wait_idle();
    // Nobody waits for the third any more; whether its waker is called is the pool's choice.
    let reported: Vec<_> = notes.sorted().into_iter().filter(|text| text != "of nobody").collect();
    assert_eq!(reported, ["on a worker", "on the canceller"]);
    assert_sound(&pool);
}

#[test]
fn a_panic_in_the_handler_itself_is_counted() {
    let _watchdog = watchdog();
    let calls = Counter::new();
    let counter = calls.clone();
    let handler = move |_: Box<dyn Any + Send>| {
        counter.add();
        panic!("in the handler");
    };
    let pool = Pool::builder().threads(2).panic_handler(handler).build().unwrap();
    (0..5).for_each(|_| pool.spawn(|| panic!("in a job")));
    pool.wait_idle();
    assert_eq!((calls.get(), pool.metrics().panics), (5, 10));
    assert_sound(&pool);
}

#[test]
fn a_payload_that_panics_in_its_drop_harms_nobody() {
    let _watchdog = watchdog();
    let (pool, notes) = pool_with_notes(2);
    pool.spawn(|| panic_any(PanicOnDrop("in a handler")));
    drop(pool.submit(|| panic_any(PanicOnDrop("in a handler"))));
    pool.wait_idle();
    assert_sound(&pool);
    assert_eq!(notes.sorted(), ["(no message)", "(no message)"]);
    assert_eq!(pool.metrics().panics, 4, "two of jobs, two of the handler that dropped the payloads");

    /// Panics for ever.
    struct Endless;
    impl Drop for Endless {
        fn drop(&mut self) {
            panic_any(Endless);
        }
    }
    let silent = Pool::with_threads(2);
    silent.spawn(|| panic_any(Endless));
    drop(silent.submit(|| panic_any(Endless)));
    silent.wait_idle();
    assert_sound(&silent);
}

#[test]
fn a_panic_in_the_iterator_of_a_batch_reaches_the_caller_and_what_it_gave_runs() {
    let _watchdog = watchdog();
    for capacity in [None, Some(1000)] {
        let builder = Pool::builder().threads(2);
        let pool = capacity.map_or(Pool::builder().threads(2), |n| builder.queue_capacity(n)).build().unwrap();
        let runs = Counter::new();
        let jobs = |n| {
            let jobs = (0..n).map(|_| runs.adder());
            jobs.chain(std::iter::once_with(|| panic!("in the iterator")))
        };
        assert_eq!(panic_of(|| pool.spawn_batch(jobs(10))), "in the iterator");
        pool.wait_idle();
        assert_eq!(runs.get(), 10);
        assert_eq!(panic_of(|| pool.install(|| pool.spawn_batch(jobs(10)))), "in the iterator");
        pool.wait_idle();
        assert_eq!(runs.get(), 20);
        assert_sound(&pool);
    }
}

#[test]
fn install_re_raises_the_panic() {
    let _watchdog = watchdog();
    let (pool, notes) = pool_with_notes(2);
    assert_eq!(panic_of(|| pool.install(|| panic!("outside"))), "outside");
    assert_eq!(pool.install(|| panic_of(|| pool.install(|| panic!("inside")))), "inside");
    let payload = payload_of(|| pool.install(|| panic_any(5_u16)));
    assert_eq!(payload.downcast_ref(), Some(&5_u16));
    assert_sound(&pool);
    assert_eq!(notes.len(), 0, "the caller has it");
}

#[test]
fn join_re_raises_a_panic_when_both_have_ended() {
    let _watchdog = watchdog();
    for threads in [1, 2] {
        let (pool, notes) = pool_with_notes(threads);
        for round in 0..200 {
            let ended = Counter::new();
            let well = || {
                spin(round * 20);
                ended.add();
            };
            let (a, b) = (|| panic!("a"), || panic!("b"));
            assert_eq!(panic_of(|| pool.join(a, well)), "a");
            assert_eq!(ended.get(), 1);
            assert_eq!(panic_of(|| pool.join(well, b)), "b");
            assert_eq!(ended.get(), 2);
            assert_eq!(panic_of(|| pool.join(a, b)), "a", "the first one's");
            assert_eq!(panic_of(|| pool.join(|| pool.join(well, || pool.join(well, b)), well)), "b");
            assert_eq!(ended.get(), 5);
        }
        assert_sound(&pool);
        assert_eq!((notes.all(), pool.metrics().panics), (vec![String::from("b"); 200], 200), "the second of two");
    }
}

#[test]
fn a_stolen_half_that_panics_is_waited_for() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let meeting = Meeting::of(2);
    let ended = AtomicUsize::new(0);
    let message = panic_of(|| {
        pool.join(
            || {
                meeting.attend();
                panic!("at once")
            },
            || {
                meeting.attend();
                spin(1_000_000);
                ended.fetch_add(1, Ordering::SeqCst);
            },
        )
    });
    assert_eq!((message.as_str(), ended.load(Ordering::SeqCst)), ("at once", 1));
    assert_sound(&pool);
}

#[test]
fn a_join_that_panics_survives_what_its_other_half_drops() {
    in_child("a_join_that_panics_survives_what_its_other_half_drops", || {
        let _watchdog = watchdog();
        let pool = Pool::with_threads(2);
        assert_eq!(panic_of(|| pool.join(|| panic!("a"), || PanicOnDrop("the result"))), "a");
        assert_eq!(panic_of(|| pool.join(|| panic!("a"), || panic_any(PanicOnDrop("the payload")))), "a");
        let inside = || pool.join(|| panic!("a"), || PanicOnDrop("the result"));
        assert_eq!(panic_of(|| pool.install(inside)), "a");
        let first: fn() -> PanicOnDrop = || PanicOnDrop("the result");
        assert_eq!(panic_of(|| pool.join(first, || panic!("b"))), "b");
        assert_sound(&pool);
    });
}

#[test]
fn an_awaited_job_that_panics_in_place_leaves_the_waiting_one_whole() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let handle = pool.submit(|| {
        let errors = (0..100).filter(|_| filch::submit(|| panic!("in place")).join().is_err()).count();
        (errors, filch::cancelled())
    });
    assert_eq!(handle.join().unwrap(), (100, false));
    assert_eq!((pool.running(), pool.metrics().panics), (0, 100));
}

#[test]
fn a_panic_leaves_every_worker_at_work() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(4);
    for _ in 0..200 {
        let meeting = Meeting::of(4);
        for _ in 0..4 {
            let meeting = meeting.clone();
            pool.spawn(move || {
                meeting.attend();
                panic!("all at once");
            });
        }
    }
    pool.wait_idle();
    assert_eq!(pool.metrics().panics, 800);
    assert_sound(&pool);
}

#[test]
fn a_panic_in_a_hook_goes_to_the_handler_and_the_worker_goes_on() {
    let _watchdog = watchdog();
    let notes = Notes::<String>::new();
    let builder = Pool::builder().threads(2).panic_handler(notes.handler());
    let builder =
        builder.on_thread_start(|index| panic!("start {index}")).on_thread_stop(|index| panic!("stop {index}"));
    let pool = builder.build().unwrap();
    assert_contained(&pool, &notes, 2, &["start 0", "start 1"]);
    pool.shutdown();
    assert_eq!(notes.sorted(), ["start 0", "start 1", "stop 0", "stop 1"]);
    assert_eq!(pool.metrics().panics, 4);
}

#[test]
fn a_handler_may_use_the_pool() {
    let _watchdog = watchdog();
    let (send, receive) = mpsc::channel();
    let send = Mutex::new(send);
    let handler = move |_: Box<dyn Any + Send>| {
        let send = lock(&send).clone();
        let twice = filch::submit(|| 21).join().unwrap() * 2;
        filch::spawn(move || send.send(twice).unwrap());
    };
    let pool = Pool::builder().threads(1).panic_handler(handler).build().unwrap();
    pool.spawn(|| panic!("handled"));
    assert_eq!(receive.recv().unwrap(), 42);
}

#[test]
fn job_errors_print_what_happened() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let cancelled = pool.submit(|| ());
    cancelled.cancel();
    let cancelled = cancelled.join().unwrap_err();
    gate.open();
    pool.shutdown();
    let shut_down = pool.submit(|| ()).join().unwrap_err();
    assert_eq!(cancelled.to_string(), "the job was cancelled before it started");
    assert_eq!(shut_down.to_string(), "the pool shut down before the job started");
    assert_eq!(JobError::WouldDeadlock.to_string(), "a job waited for its own end");
    assert!(panic_of(|| shut_down.into_panic()).contains("did not panic"));
}
