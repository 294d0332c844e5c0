//! Jobs with a delay.

mod common;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant, SystemTime};

use common::*;
use filch::{ManualClock, Pool};

const HOUR: Duration = Duration::from_secs(3600);

/// A pool with one worker, and the clock it goes by.
fn manual() -> (Pool, ManualClock) {
    let clock = ManualClock::new();
    (Pool::builder().threads(1).clock(clock.clone()).build().unwrap(), clock)
}

#[test]
fn none_starts_early() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let mut random = Random::new(1);
    let handles: Vec<_> = (0..2000)
        .map(|_| {
            let (start, delay) = (Instant::now(), Duration::from_micros(random.below(100_000)));
            pool.submit_later(delay, move || (start.elapsed(), delay))
        })
        .collect();
    for handle in handles {
        let (passed, delay) = handle.join().unwrap();
        assert!(passed >= delay, "{delay:?} had not passed: {passed:?}");
    }
    assert_eq!((pool.delayed(), pool.pending()), (0, 0));
}

#[test]
fn a_moment_of_either_clock_may_be_given() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (instant, system) = (Instant::now() + Duration::from_millis(10), SystemTime::now() + Duration::from_millis(10));
    let by_instant = pool.submit_at(instant, Instant::now);
    let by_system = pool.submit_at(system, SystemTime::now);
    assert!(by_instant.join().unwrap() >= instant);
    assert!(by_system.join().unwrap() >= system);
}

#[test]
fn zero_and_the_past_mean_at_once_and_the_longest_delay_never() {
    let _watchdog = watchdog();
    let (pool, clock) = manual();
    assert_eq!(pool.submit_later(Duration::ZERO, || 1).join().unwrap(), 1);
    assert_eq!(pool.submit_at(clock.now(), || 2).join().unwrap(), 2);
    assert_eq!(pool.submit_at(SystemTime::UNIX_EPOCH, || 3).join().unwrap(), 3);
    let delays = [Duration::MAX, Duration::from_secs(u64::MAX / 2), Duration::from_secs(600 * 365 * 86_400)];
    let never = delays.map(|delay| pool.submit_later(delay, || unreachable!()));
    clock.advance(Duration::from_secs(500 * 365 * 86_400));
    assert_eq!(pool.delayed(), 3);
    drop(pool);
    assert!(never.into_iter().all(|handle: filch::JobHandle<()>| handle.join().unwrap_err().is_shut_down()));
}

#[test]
fn they_run_by_deadline_and_equal_ones_in_the_order_of_submission() {
    let _watchdog = watchdog();
    let (pool, clock) = manual();
    let order = Notes::new();
    let delays = [50, 10, 30, 10, 0, 50, 1_000_000, 10];
    for (number, delay) in delays.into_iter().enumerate() {
        let order = order.clone();
        pool.spawn_later(Duration::from_millis(delay), move || order.note(number));
    }
    clock.advance(HOUR);
    assert_eq!(order.all(), [4, 1, 3, 7, 2, 0, 5, 6]);
}

#[test]
fn what_is_due_goes_before_ordinary_jobs_and_behind_express_ones() {
    let _watchdog = watchdog();
    let (pool, clock) = manual();
    let gate = block(&pool);
    let order = Notes::new();
    let note = |what: &'static str| {
        let order = order.clone();
        move || order.note(what)
    };
    pool.spawn(note("ordinary"));
    pool.spawn_later(Duration::from_secs(2), note("second"));
    pool.spawn_later(Duration::from_secs(1), note("first"));
    let advancing = std::thread::spawn(move || clock.advance(HOUR));
    // The clock stops at the first deadline until that job has run.
    eventually("the first is due", || pool.pending() == 2);
    pool.spawn_first(note("express"));
    gate.open();
    advancing.join().unwrap();
    pool.wait_idle();
    let order = order.all();
    assert_eq!(order[..2], ["express", "first"]);
    assert_eq!(order.len(), 4);
}

#[test]
fn they_count_as_delayed_until_they_are_due_and_as_pending_then() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let handle = pool.submit_later(Duration::from_millis(5), || ());
    assert_eq!((pool.delayed(), pool.pending()), (1, 0));
    eventually("it is due", || pool.pending() == 1);
    assert_eq!(pool.delayed(), 0);
    gate.open();
    handle.join().unwrap();
}

#[test]
fn wait_idle_does_not_wait_for_what_is_not_due() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    pool.spawn_later(HOUR, || unreachable!());
    pool.wait_idle();
    assert_eq!(pool.delayed(), 1);
}

#[test]
fn a_cancelled_one_drops_its_closure_at_once_and_never_runs() {
    let _watchdog = watchdog();
    let (pool, clock) = manual();
    let drops = Counter::new();
    let token = drops.token();
    let handle = pool.submit_later(HOUR, move || drop(token));
    assert_eq!((drops.get(), pool.delayed()), (0, 1));
    assert!(handle.cancel());
    assert_eq!((drops.get(), pool.delayed()), (1, 0));
    assert!(!handle.cancel());
    clock.advance(2 * HOUR);
    assert!(handle.join().unwrap_err().is_cancelled());
    assert_eq!((pool.metrics().cancelled, pool.metrics().jobs()), (1, 0));
}

#[test]
fn a_cancel_and_the_moment_race_and_one_wins() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let mut random = Random::new(7);
    let mut cancelled = 0;
    for _ in 0..3000 {
        let runs = Counter::new();
        let counted = runs.clone();
        let handle = pool.submit_later(Duration::from_micros(random.below(200)), move || counted.add());
        spin(random.below(20_000));
        let was_cancelled = handle.cancel();
        cancelled += usize::from(was_cancelled);
        assert_eq!(handle.join().is_err(), was_cancelled);
        assert_eq!(runs.get(), usize::from(!was_cancelled));
    }
    assert_eq!(pool.metrics().cancelled, cancelled as u64);
}

#[test]
fn cancel_timers_leaves_the_queue_alone_and_cancel_pending_the_timers() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let queued = pool.submit(|| "queued");
    let delayed: Vec<_> = (0..100).map(|_| pool.submit_later(HOUR, || ())).collect();
    let schedule = pool.schedule(HOUR, || ());
    assert_eq!(pool.cancel_timers(), 101);
    assert!(delayed.into_iter().all(|handle| handle.join().unwrap_err().is_cancelled()));
    assert!(!schedule.is_active());
    let later = pool.submit_later(Duration::from_millis(1), || "later");
    assert_eq!(pool.delayed() + pool.pending(), 2);
    eventually("it is due", || pool.pending() == 2);
    let last = pool.submit_later(HOUR, || ());
    assert_eq!(pool.cancel_pending(), 2);
    assert!(queued.join().unwrap_err().is_cancelled() && later.join().unwrap_err().is_cancelled());
    assert_eq!(pool.delayed(), 1);
    assert!(last.cancel());
    gate.open();
}

#[test]
fn a_panic_is_in_the_handle_and_without_one_goes_to_the_handler() {
    let _watchdog = watchdog();
    let panics = Notes::new();
    let pool = Pool::builder().threads(1).panic_handler(panics.handler()).build().unwrap();
    let handle = pool.submit_later(Duration::from_millis(1), || panic!("in the handle"));
    assert!(handle.join().unwrap_err().is_panic());
    pool.spawn_later(Duration::from_millis(1), || panic!("to the handler"));
    eventually("the handler is told", || panics.len() == 1);
    assert_eq!(panics.all(), ["to the handler"]);
    assert_sound(&pool);
}

#[test]
fn a_panic_of_a_capture_that_a_cancel_drops_goes_to_the_handler() {
    let _watchdog = watchdog();
    let panics = Notes::new();
    let pool = Pool::builder().threads(1).panic_handler(panics.handler()).build().unwrap();
    let capture = PanicOnDrop("a capture");
    let handle = pool.submit_later(HOUR, move || drop(capture));
    assert!(handle.cancel());
    assert_eq!(panics.all(), ["a capture"]);
    assert!(handle.join().unwrap_err().is_cancelled());
    assert_sound(&pool);
}

#[test]
fn callbacks_and_futures_are_told() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (send, receive) = mpsc::channel();
    let _ = pool.submit_later(Duration::from_millis(1), || 5).on_complete(move |outcome| send.send(outcome).unwrap());
    assert_eq!(receive.recv().unwrap().unwrap(), 5);
    let (send, receive) = mpsc::channel();
    let token = pool.submit_later(HOUR, || 6).on_complete(move |outcome| send.send(outcome).unwrap());
    assert!(token.cancel());
    assert!(receive.recv().unwrap().unwrap_err().is_cancelled());
}

#[test]
fn a_full_queue_neither_blocks_nor_refuses_them() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(1).queue_capacity(1).build().unwrap();
    let gate = block(&pool);
    pool.spawn(|| ());
    assert!(pool.try_submit(|| ()).is_err());
    let handles: Vec<_> = (0..10).map(|n| pool.submit_later(Duration::from_millis(n), move || n)).collect();
    eventually("all are due", || pool.pending() == 11);
    assert!(handles[3].cancel());
    gate.open();
    let sum: u64 = handles.into_iter().filter_map(|handle| handle.join().ok()).sum();
    assert_eq!(sum, 45 - 3);
    pool.wait_idle();
    // Every one of them has left the count.
    assert!(pool.try_submit(|| ()).is_ok());
    pool.wait_idle();
    assert!(pool.try_submit(|| ()).is_ok());
}

#[test]
fn over_aligned_closures_and_results_fit() {
    #[derive(Clone, Copy)]
    #[repr(align(256))]
    struct Wide(u64);
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let wide = Wide(41);
    let handle = pool.submit_later(Duration::from_millis(1), move || {
        assert!((&raw const wide).addr() % 256 == 0);
        Wide(wide.0 + 1)
    });
    assert_eq!(handle.join().unwrap().0, 42);
    assert!(pool.submit_later(HOUR, move || wide).cancel());
}

#[test]
fn many_threads_insert_and_cancel() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let ran = Arc::new(AtomicU64::new(0));
    let sum: u64 = std::thread::scope(|scope| {
        let insert = |seed: u64| {
            let (pool, ran) = (&pool, &ran);
            move || {
                let mut random = Random::new(seed);
                let mut cancelled = 0;
                let mut kept = Vec::new();
                for _ in 0..5000 {
                    let ran = ran.clone();
                    let delay = Duration::from_micros(random.below(20_000));
                    let handle = pool.submit_later(delay, move || _ = ran.fetch_add(1, Ordering::Relaxed));
                    if random.below(2) == 0 { kept.push(handle) } else { cancelled += u64::from(handle.cancel()) }
                }
                kept.into_iter().for_each(|handle| handle.join().unwrap());
                cancelled
            }
        };
        let threads: Vec<_> = (0..4).map(|seed| scope.spawn(insert(seed))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    pool.wait_idle();
    assert_eq!(ran.load(Ordering::Relaxed) + sum, 20_000);
    assert_eq!(pool.delayed(), 0);
}
