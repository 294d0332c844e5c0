//! Semaphores: never more inside than permits, and nobody waits for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use filch::Semaphore;

use crate::ledger::Ledger;
use crate::support::{builder, end, pool, start};

scenarios! { with_limits many_at_once closing tasks spare_threads_while_waiting }

/// Who is inside. Plain `std` on purpose.
#[derive(Default)]
struct Room(AtomicUsize);

impl Room {
    fn visit(&self, weight: usize, most: usize) {
        let before = self.0.fetch_add(weight, Ordering::SeqCst);
        assert!(before + weight <= most, "{before} and {weight} permits of {most} are out");
        shuttle::thread::yield_now();
        self.0.fetch_sub(weight, Ordering::SeqCst);
    }
}

/// Three threads and 6 jobs on 3 workers want one of 2 permits, some of them not for long.
fn with_limits() {
    let (pool, ledger) = (pool(3), Ledger::new());
    let shared = Arc::new((Semaphore::new(2), Room::default()));
    let visits = |shared: &(Semaphore, Room), rounds: usize| {
        for round in 0..rounds {
            let permit = match round % 3 {
                0 => shared.0.acquire().ok(),
                1 => shared.0.acquire_timeout(Duration::from_micros(50)).ok(),
                _ => shared.0.try_acquire().ok(),
            };
            if permit.is_some() {
                shared.1.visit(1, 2);
            }
        }
    };
    for _ in 0..6 {
        let (token, shared) = (ledger.token(), shared.clone());
        pool.spawn(move || {
            token.run();
            visits(&shared, 9);
        });
    }
    let thread = |_| {
        let shared = shared.clone();
        start(move || visits(&shared, 9))
    };
    end((0..3).map(thread).collect());
    pool.wait_idle();
    ledger.check_all_ran();
    assert_eq!(shared.0.available(), 2);
}

/// Few and many permits at once: who wants all of them gets them, too.
fn many_at_once() {
    let shared = Arc::new((Semaphore::new(3), Room::default()));
    let thread = |need: usize| {
        let shared = shared.clone();
        start(move || {
            for round in 0..8 {
                if round % 4 == 3 {
                    if let Ok(_permit) = shared.0.acquire_many_timeout(need, Duration::from_millis(1)) {
                        shared.1.visit(need, 3);
                    }
                } else {
                    let _permit = shared.0.acquire_many(need).expect("never closed");
                    shared.1.visit(need, 3);
                }
            }
        })
    };
    end([1, 1, 2, 3, 1, 2].map(thread).into());
    assert_eq!(shared.0.available(), 3);
}

/// A close lets all who wait go.
fn closing() {
    let semaphore = Arc::new(Semaphore::new(1));
    let thread = |_| {
        let semaphore = semaphore.clone();
        start(move || {
            while semaphore.acquire().is_ok() {
                shuttle::thread::yield_now();
            }
        })
    };
    let threads: Vec<_> = (0..5).map(thread).collect();
    for _ in 0..5 {
        shuttle::thread::yield_now();
    }
    semaphore.close();
    end(threads);
    assert!(semaphore.is_closed());
}

/// Tasks among threads; some tasks are dropped while they wait.
fn tasks() {
    let shared = Arc::new((Semaphore::new(1), Room::default()));
    let task = |index: usize| {
        let shared = shared.clone();
        start(move || {
            for round in 0..6 {
                if (index + round) % 3 == 0 {
                    let mut given_up = Box::pin(shared.0.acquire_async());
                    shuttle::future::block_on(std::future::poll_fn(|context| {
                        let _ = given_up.as_mut().poll(context);
                        std::task::Poll::Ready(())
                    }));
                }
                let _permit = shuttle::future::block_on(shared.0.acquire_async()).expect("never closed");
                shared.1.visit(1, 1);
            }
        })
    };
    let thread = |_| {
        let shared = shared.clone();
        start(move || {
            for _ in 0..6 {
                let _permit = shared.0.acquire().expect("never closed");
                shared.1.visit(1, 1);
            }
        })
    };
    end((0..3).map(task).chain((0..2).map(thread)).collect());
    assert_eq!(shared.0.available(), 1);
}

/// Jobs that wait for a permit which a job behind them gives: the last of 5 threads runs it.
fn spare_threads_while_waiting() {
    let pool = builder(2).spare_threads(3).build().expect("threads");
    let (semaphore, ledger) = (Arc::new(Semaphore::new(0)), Ledger::new());
    for _ in 0..4 {
        let (token, semaphore) = (ledger.token(), semaphore.clone());
        pool.spawn(move || {
            token.run();
            semaphore.acquire().expect("never closed").forget();
        });
    }
    for _ in 0..4 {
        let (token, semaphore) = (ledger.token(), semaphore.clone());
        pool.spawn_first(move || {
            token.run();
            semaphore.release(1);
        });
    }
    pool.wait_idle();
    ledger.check_all_ran();
    assert_eq!(semaphore.available(), 0);
}
