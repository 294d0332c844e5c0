//! Permits: taken, given back, waited for, refused.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::task::start_waiting;
use common::*;
use filch::{AcquireError, AcquireTimeoutError, OwnedPermit, Permit, Pool, Semaphore, TryAcquireError};

const SHORT: Duration = Duration::from_millis(20);

fn taken(semaphore: &Semaphore) -> bool {
    semaphore.try_acquire().is_err()
}

#[test]
fn it_can_be_a_static() {
    static THREE: Semaphore = Semaphore::new(3);
    let _two = THREE.acquire_many(2).unwrap();
    assert_eq!(THREE.available(), 1);
}

#[test]
fn everything_may_travel() {
    fn travels<T: Send + Sync>() {}
    travels::<Semaphore>();
    travels::<Permit<'_>>();
    travels::<OwnedPermit>();
    fn moves<T: Send>(_: &T) {}
    let semaphore = Semaphore::new(1);
    moves(&semaphore.acquire_async());
    moves(&semaphore.acquire_many_async(2));
    moves(&Arc::new(Semaphore::new(1)).acquire_async_owned());
}

#[test]
fn a_thousand_threads_pass_one_by_one() {
    // fastthreadpool's `Semaphore(1)` let them all in at once.
    let _watchdog = watchdog();
    let semaphore = Semaphore::new(1);
    let (inside, passed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..1000 {
            scope.spawn(|| {
                let _permit = semaphore.acquire().unwrap();
                assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0);
                passed.fetch_add(1, Ordering::Relaxed);
                inside.fetch_sub(1, Ordering::Relaxed);
            });
        }
    });
    assert_eq!((passed.into_inner(), semaphore.available()), (1000, 1));
}

#[test]
fn a_permit_goes_back_when_it_is_dropped_also_by_a_panic() {
    let semaphore = Semaphore::new(1);
    panic_of(|| {
        let _permit = semaphore.acquire().unwrap();
        panic!("inside");
    });
    assert_eq!(semaphore.available(), 1);
}

#[test]
fn a_forgotten_permit_stays_out_and_can_be_replaced() {
    let semaphore = Arc::new(Semaphore::new(3));
    semaphore.acquire_many(2).unwrap().forget();
    semaphore.clone().acquire_owned().unwrap().forget();
    assert_eq!(Arc::strong_count(&semaphore), 1);
    assert!(taken(&semaphore));
    semaphore.release(3);
    assert_eq!(semaphore.available(), 3);
}

#[test]
fn many_are_taken_all_at_once_or_not_at_all() {
    let semaphore = Semaphore::new(5);
    let three = semaphore.try_acquire_many(3).unwrap();
    assert_eq!(semaphore.try_acquire_many(3).unwrap_err(), TryAcquireError::NoPermits);
    assert_eq!(semaphore.acquire_many_timeout(3, SHORT).unwrap_err(), AcquireTimeoutError::TimedOut);
    assert_eq!(semaphore.available(), 2);
    drop(three);
    assert_eq!(semaphore.available(), 5);
}

#[test]
fn none_are_always_there() {
    let semaphore = Arc::new(Semaphore::new(0));
    drop(semaphore.acquire_many(0).unwrap());
    drop(semaphore.try_acquire_many(0).unwrap());
    drop(semaphore.clone().acquire_many_owned(0).unwrap());
    drop(semaphore.acquire_many_timeout(0, Duration::ZERO).unwrap());
    semaphore.release(0);
    assert_eq!(semaphore.available(), 0);
    semaphore.close();
    assert_eq!(semaphore.try_acquire_many(0).unwrap_err(), TryAcquireError::Closed);
}

#[test]
fn more_than_there_can_ever_be_are_refused_at_once() {
    let semaphore = Arc::new(Semaphore::new(1));
    for n in [Semaphore::MAX_PERMITS + 1, usize::MAX] {
        assert_eq!(semaphore.acquire_many(n).unwrap_err(), AcquireError::TooMany);
        assert_eq!(semaphore.try_acquire_many(n).unwrap_err(), TryAcquireError::TooMany);
        assert_eq!(semaphore.acquire_many_timeout(n, SHORT).unwrap_err(), AcquireTimeoutError::TooMany);
        assert_eq!(semaphore.clone().acquire_many_owned(n).unwrap_err(), AcquireError::TooMany);
    }
    assert_eq!(semaphore.try_acquire_many(Semaphore::MAX_PERMITS).unwrap_err(), TryAcquireError::NoPermits);
}

#[test]
fn as_many_as_there_can_ever_be_are_counted() {
    let semaphore = Semaphore::new(Semaphore::MAX_PERMITS);
    let all = semaphore.acquire_many(Semaphore::MAX_PERMITS).unwrap();
    assert!(taken(&semaphore));
    drop(all);
    assert_eq!(semaphore.available(), Semaphore::MAX_PERMITS);
}

#[test]
fn a_counter_that_would_overflow_stays_as_it_is() {
    assert!(panic_of(|| _ = Semaphore::new(Semaphore::MAX_PERMITS + 1)).contains("at most"));
    let semaphore = Semaphore::new(Semaphore::MAX_PERMITS);
    for n in [1, Semaphore::MAX_PERMITS, usize::MAX] {
        let message = panic_of(|| semaphore.release(n));
        assert!(message.contains("at most 2^31 - 1 permits") && message.contains(&n.to_string()), "{message}");
    }
    assert_eq!(semaphore.available(), Semaphore::MAX_PERMITS);
    // Added while others were out: what is too much is gone, and nothing else has changed.
    let out = semaphore.acquire_many(10).unwrap();
    semaphore.release(10);
    drop(out);
    assert_eq!(semaphore.available(), Semaphore::MAX_PERMITS);
    assert!(!semaphore.is_closed() && !taken(&semaphore));
}

#[test]
fn a_counter_that_overflows_at_once_in_many_threads_ends_at_the_most() {
    for _ in 0..200 {
        let semaphore = Semaphore::new(Semaphore::MAX_PERMITS);
        let mut out = Vec::new();
        for n in [Semaphore::MAX_PERMITS, Semaphore::MAX_PERMITS, 5] {
            out.push(semaphore.acquire_many(n).unwrap());
            semaphore.release(n);
        }
        thread::scope(|scope| out.into_iter().for_each(|permits| _ = scope.spawn(move || drop(permits))));
        assert_eq!(semaphore.available(), Semaphore::MAX_PERMITS);
    }
}

#[test]
fn who_waits_is_woken_by_a_permit() {
    let _watchdog = watchdog();
    let semaphore = Arc::new(Semaphore::new(1));
    let permit = semaphore.acquire().unwrap();
    let waiter = start_waiting({
        let semaphore = semaphore.clone();
        move || semaphore.acquire().map(drop)
    });
    drop(permit);
    assert_eq!(waiter.join().unwrap(), Ok(()));
    assert_eq!(semaphore.available(), 1);
}

#[test]
fn permits_that_come_at_once_wake_as_many() {
    let _watchdog = watchdog();
    let semaphore = Arc::new(Semaphore::new(0));
    let wait = |semaphore: Arc<Semaphore>| start_waiting(move || semaphore.acquire_owned().map(OwnedPermit::forget));
    let waiters: Vec<_> = (0..40).map(|_| wait(semaphore.clone())).collect();
    semaphore.release(40);
    waiters.into_iter().for_each(|waiter| waiter.join().unwrap().unwrap());
    assert_eq!(semaphore.available(), 0);
}

#[test]
fn the_first_in_line_is_the_first_to_go() {
    let _watchdog = watchdog();
    let semaphore = Arc::new(Semaphore::new(0));
    let order = Notes::new();
    let waiters: Vec<_> = (0..5)
        .map(|n| {
            let (semaphore, order) = (semaphore.clone(), order.clone());
            start_waiting(move || {
                let _permit = semaphore.acquire().unwrap();
                order.note(n);
            })
        })
        .collect();
    semaphore.release(1);
    waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
    assert_eq!(order.all(), [0, 1, 2, 3, 4]);
}

#[test]
fn who_wants_many_is_served_before_those_behind() {
    let _watchdog = watchdog();
    let semaphore = Arc::new(Semaphore::new(0));
    let order = Notes::new();
    let wait = |n: usize| {
        let (semaphore, order) = (semaphore.clone(), order.clone());
        start_waiting(move || {
            let permits = semaphore.acquire_many(n).unwrap();
            order.note(n);
            permits.forget();
        })
    };
    let waiters = [wait(3), wait(1)];
    semaphore.release(1);
    semaphore.release(1);
    assert_eq!(order.len(), 0);
    semaphore.release(2);
    waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
    assert_eq!(order.len(), 2);
    assert_eq!(semaphore.available(), 0);
}

#[test]
fn a_time_limit_is_kept() {
    let _watchdog = watchdog();
    let semaphore = Arc::new(Semaphore::new(0));
    let start = Instant::now();
    assert_eq!(semaphore.acquire_timeout(SHORT).unwrap_err(), AcquireTimeoutError::TimedOut);
    assert_eq!(semaphore.clone().acquire_timeout_owned(SHORT).unwrap_err(), AcquireTimeoutError::TimedOut);
    assert!(start.elapsed() >= 2 * SHORT);
    assert_eq!(semaphore.acquire_timeout(Duration::ZERO).unwrap_err(), AcquireTimeoutError::TimedOut);
    semaphore.release(1);
    assert!(semaphore.acquire_timeout(Duration::ZERO).is_ok());
}

#[test]
fn an_endless_time_limit_ends_with_the_permit() {
    let _watchdog = watchdog();
    for limit in [Duration::MAX, Duration::from_secs(u64::MAX / 4), Duration::from_secs(3600)] {
        let semaphore = Arc::new(Semaphore::new(0));
        let waiter = start_waiting({
            let semaphore = semaphore.clone();
            move || semaphore.acquire_timeout(limit).map(drop)
        });
        semaphore.release(1);
        assert_eq!(waiter.join().unwrap(), Ok(()));
    }
}

#[test]
fn who_gives_up_leaves_no_trace() {
    let _watchdog = watchdog();
    let semaphore = Arc::new(Semaphore::new(0));
    let patient = start_waiting({
        let semaphore = semaphore.clone();
        move || semaphore.acquire_many(2).map(Permit::forget)
    });
    assert!(semaphore.acquire_timeout(SHORT).is_err());
    semaphore.release(2);
    patient.join().unwrap().unwrap();
    assert_eq!(semaphore.available(), 0);
    semaphore.release(1);
    assert!(!taken(&semaphore));
}

#[test]
fn when_the_first_gives_up_the_next_gets_what_was_too_little() {
    let _watchdog = watchdog();
    let semaphore = Arc::new(Semaphore::new(1));
    let greedy = start_waiting({
        let semaphore = semaphore.clone();
        move || semaphore.acquire_many_timeout(2, Duration::from_millis(300)).map(drop)
    });
    let permit = semaphore.try_acquire().unwrap();
    let modest = start_waiting({
        let semaphore = semaphore.clone();
        move || semaphore.acquire().map(drop)
    });
    drop(permit);
    assert_eq!(greedy.join().unwrap(), Err(AcquireTimeoutError::TimedOut));
    assert_eq!(modest.join().unwrap(), Ok(()));
    assert_eq!(semaphore.available(), 1);
}

#[test]
fn closing_sends_all_away_and_keeps_all_out() {
    let _watchdog = watchdog();
    let semaphore = Arc::new(Semaphore::new(1));
    let permit = semaphore.acquire().unwrap();
    let waiters: Vec<_> = (0..40)
        .map(|n| {
            let semaphore = semaphore.clone();
            start_waiting(move || semaphore.acquire_many(1 + n % 3).map(drop))
        })
        .collect();
    semaphore.close();
    semaphore.close();
    waiters.into_iter().for_each(|waiter| assert_eq!(waiter.join().unwrap(), Err(AcquireError::Closed)));
    drop(permit);
    assert!(semaphore.is_closed());
    assert_eq!(semaphore.available(), 1);
    assert_eq!(semaphore.acquire().unwrap_err(), AcquireError::Closed);
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::Closed);
    assert_eq!(semaphore.acquire_timeout(SHORT).unwrap_err(), AcquireTimeoutError::Closed);
    assert_eq!(semaphore.clone().acquire_owned().unwrap_err(), AcquireError::Closed);
    semaphore.release(1);
    assert_eq!(semaphore.available(), 2);
}

#[test]
fn an_owned_permit_keeps_its_semaphore() {
    let permit = Arc::new(Semaphore::new(1)).acquire_owned().unwrap();
    drop(permit);
}

#[test]
fn jobs_of_a_pool_are_limited() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(4);
    let limit = Arc::new(Semaphore::new(2));
    let inside = Arc::new(AtomicUsize::new(0));
    for _ in 0..500 {
        let (permit, inside) = (limit.clone().acquire_owned().unwrap(), inside.clone());
        pool.spawn(move || {
            assert!(inside.fetch_add(1, Ordering::SeqCst) < 2);
            thread::yield_now();
            inside.fetch_sub(1, Ordering::SeqCst);
            drop(permit);
        });
    }
    pool.wait_idle();
    assert_eq!((pool.metrics().panics, limit.available()), (0, 2));
}

#[test]
fn a_permit_of_a_cancelled_job_comes_back() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let limit = Arc::new(Semaphore::new(1));
    let gate = block(&pool);
    let permit = limit.clone().acquire_owned().unwrap();
    let job = pool.submit(move || drop(permit));
    assert!(job.cancel());
    assert_eq!(limit.available(), 1);
    gate.open();
}

#[test]
fn errors_and_guards_speak() {
    let semaphore = Arc::new(Semaphore::new(2));
    assert_eq!(format!("{semaphore:?}"), "Semaphore { available: 2, closed: false, .. }");
    assert_eq!(format!("{:?}", semaphore.acquire_many(2).unwrap()), "Permit { count: 2, .. }");
    assert_eq!(format!("{:?}", semaphore.clone().acquire_owned().unwrap()), "OwnedPermit { count: 1, .. }");
    let texts = [
        AcquireError::Closed.to_string(),
        TryAcquireError::NoPermits.to_string(),
        AcquireTimeoutError::TimedOut.to_string(),
        AcquireTimeoutError::TooMany.to_string(),
    ];
    assert!(texts.iter().all(|text| text.contains("permits") || text.contains("closed")), "{texts:?}");
}
