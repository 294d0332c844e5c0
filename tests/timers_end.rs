//! The end of a pool that has delayed and periodic jobs.

mod common;

use std::sync::mpsc;
use std::time::{Duration, Instant};

use common::*;
use filch::{JobError, Pool};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn every_way_to_end_a_pool_ends_its_timers_with_shut_down() {
    let _watchdog = watchdog();
    let ends: [fn(Pool); 4] = [
        |pool| pool.shutdown(),
        |pool| pool.shutdown_now(),
        |pool| assert!(pool.shutdown_timeout(Duration::from_secs(20))),
        drop,
    ];
    for end in ends {
        let pool = Pool::with_threads(2);
        let drops = Counter::new();
        let (token, other) = (drops.token(), drops.token());
        let handle = pool.submit_later(HOUR, move || drop(token));
        let schedule = pool.schedule(HOUR, move || _ = &other);
        let start = Instant::now();
        end(pool);
        assert!(start.elapsed() < Duration::from_secs(10));
        assert_eq!((drops.get(), schedule.is_active()), (2, false));
        assert!(handle.join().unwrap_err().is_shut_down());
    }
}

#[test]
fn nothing_fires_after_shutdown_has_returned() {
    let _watchdog = watchdog();
    for turn in 0..60 {
        let pool = Pool::with_threads(2);
        let (runs, callbacks) = (Counter::new(), Counter::new());
        for n in 0..200 {
            let (run, callback) = (runs.clone(), callbacks.clone());
            let handle = pool.submit_later(Duration::from_micros(n * 10), move || run.add());
            let _ = handle.on_complete(move |_| callback.add());
        }
        let counted = runs.clone();
        let schedule = pool.schedule(Duration::from_micros(30), move || counted.add());
        spin(turn * 1000);
        if turn % 2 == 0 {
            pool.shutdown()
        } else {
            pool.shutdown_now()
        }
        let after = (runs.get(), schedule.runs(), callbacks.get());
        assert_eq!(after.2, 200, "every callback has been called");
        std::thread::sleep(Duration::from_millis(3));
        assert_eq!((runs.get(), schedule.runs(), callbacks.get()), after);
    }
}

#[test]
fn submits_race_with_the_end_and_each_ends_once() {
    let _watchdog = watchdog();
    for turn in 0..100 {
        let pool = Pool::with_threads(1);
        let drops = Counter::new();
        let other = pool.clone();
        let token = || drops.token();
        let handles: Vec<_> = std::thread::scope(|scope| {
            let submits = scope.spawn(move || {
                let submit = |n: u64| {
                    let token = token();
                    other.submit_later(Duration::from_micros(n % 3 * 50), move || drop(token))
                };
                (0..300).map(submit).collect()
            });
            spin(turn * 300);
            pool.shutdown();
            submits.join().unwrap()
        });
        let ends = handles.into_iter().map(|handle: filch::JobHandle<()>| handle.join());
        assert!(ends.into_iter().all(|end| matches!(end, Ok(()) | Err(JobError::ShutDown))));
        assert_eq!(drops.get(), 300);
    }
}

#[test]
fn a_schedule_keeps_no_pool_alive_unless_it_captures_it() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (send, receive) = mpsc::channel();
    let schedule = pool.schedule(Duration::from_millis(1), move || {
        let _ = send.send(Pool::current().unwrap().threads());
    });
    assert_eq!(receive.recv().unwrap(), 1);
    drop(pool);
    // A run may have had the last handle.
    eventually("the schedule has ended", || !schedule.is_active());
    assert!(receive.iter().count() < 1000, "the closure is gone");
}

#[test]
fn the_last_handle_may_go_in_a_capture_of_a_timer() {
    let _watchdog = watchdog();
    // In a run, in a cancel, and in the closure of a schedule that cancels itself.
    let pool = Pool::with_threads(1);
    let captured = pool.clone();
    let handle = pool.submit_later(Duration::from_millis(1), move || drop(captured));
    drop(pool);
    handle.join().unwrap();

    let pool = Pool::with_threads(1);
    let captured = pool.clone();
    let handle = pool.submit_later(HOUR, move || drop(captured));
    drop(pool);
    assert!(handle.cancel());
    assert!(handle.join().unwrap_err().is_cancelled());

    let pool = Pool::with_threads(1);
    let captured = pool.clone();
    let schedule = pool.schedule(Duration::from_millis(1), move || _ = captured.cancel_timers());
    drop(pool);
    eventually("it has cancelled itself", || !schedule.is_active());
}

#[test]
fn destructors_and_callbacks_at_the_end_may_use_the_pool() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let refused = Notes::new();
    let (inner, noted) = (pool.clone(), refused.clone());
    let _ = pool.submit_later(HOUR, || ()).on_complete(move |outcome| {
        noted.note(outcome.unwrap_err().is_shut_down());
        noted.note(inner.submit_later(HOUR, || ()).join().unwrap_err().is_shut_down());
        noted.note(inner.schedule(HOUR, || ()).is_active());
        noted.note(inner.cancel_timers() > 0);
        inner.shutdown();
    });
    pool.shutdown();
    assert_eq!(refused.all(), [true, true, false, false]);
}

#[test]
fn one_that_ends_others_may_wait_for_them() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let second = pool.submit_later(HOUR, || ());
    let (send, receive) = mpsc::channel();
    let second = std::sync::Mutex::new(Some(second));
    let on_drop = OnDrop(move || {
        let handle = lock(&second).take().unwrap();
        send.send(handle.join().unwrap_err().is_cancelled()).unwrap();
    });
    let first = pool.submit_later(HOUR, move || drop(on_drop));
    assert_eq!(pool.cancel_timers(), 2);
    assert!(receive.recv().unwrap());
    assert!(first.join().unwrap_err().is_cancelled());
}

#[test]
fn a_closure_of_a_schedule_that_goes_at_the_end_may_wait_for_a_queued_job() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let (send, receive) = mpsc::channel();
    let queued = std::sync::Mutex::new(Some(pool.submit(|| ())));
    let on_drop = OnDrop(move || {
        let handle = lock(&queued).take().unwrap();
        send.send(handle.join().unwrap_err().is_shut_down()).unwrap();
    });
    // Its first run is queued, too, behind the other job.
    let at_once = filch::ScheduleOptions::fixed_rate(HOUR).start(Instant::now());
    drop(pool.schedule_with(at_once, move || _ = &on_drop));
    let ending = std::thread::spawn(move || pool.shutdown_now());
    assert!(receive.recv().unwrap());
    gate.open();
    ending.join().unwrap();
}

#[test]
fn the_process_exits_with_timers_pending() {
    const NAME: &str = "the_process_exits_with_timers_pending";
    let start = Instant::now();
    in_child(NAME, || {
        let pool = Pool::global();
        drop(pool.submit_later(HOUR, || ()));
        drop(pool.schedule(Duration::from_millis(1), || ()));
        drop(pool.schedule(HOUR, || ()));
        // A pool of one's own that nobody drops.
        let own = std::mem::ManuallyDrop::new(Pool::with_threads(1));
        drop(own.submit_later(HOUR, || ()));
        std::thread::sleep(Duration::from_millis(20));
    });
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_job_may_start_the_timers_while_its_pool_is_joined() {
    let _watchdog = watchdog();
    for turn in 0..100 {
        let pool = Pool::with_threads(1);
        let job = pool.submit(move || {
            let pool = Pool::current().expect("inside");
            while !pool.is_shut_down() {
                std::thread::yield_now();
            }
            // Soon or late after the other thread has gone on to join this one.
            spin(turn * 1000);
            pool.submit_later(HOUR, || ()).join()
        });
        pool.shutdown();
        assert!(job.join().unwrap().unwrap_err().is_shut_down());
    }
}
