//! While a worker waits for parts of a fork-join call it runs nothing but parts of that call.
//!
//! First the programs that end in a deadlock or a panic where a waiter runs whatever it finds: see rayon's issues 592, 872, 1205, 1251 and 1253. Then each
//! rule by itself.

mod common;

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, RwLock};
use std::thread;

use common::*;
use filch::Pool;

/// Something that the inner calls do: short, and such that others come and take part.
fn work(n: usize) -> usize {
    if n % 3 == 0 {
        thread::yield_now();
    }
    spin(50);
    n
}

const INNER: usize = 24;
const INNER_SUM: usize = INNER * (INNER - 1) / 2;

/// The sum of the inner work, by the call that `kind` chooses.
fn inner(pool: &Pool, kind: usize) -> usize {
    fn by_join(pool: &Pool, numbers: Range<usize>) -> usize {
        if numbers.len() == 1 {
            return work(numbers.start);
        }
        let middle = numbers.start + numbers.len() / 2;
        let (a, b) = pool.join(|| by_join(pool, numbers.start..middle), || by_join(pool, middle..numbers.end));
        a + b
    }
    let sum = AtomicUsize::new(0);
    let add = |n| {
        sum.fetch_add(work(n), Ordering::Relaxed);
    };
    match kind % 6 {
        0 => return pool.map(0..INNER, work).iter().sum(),
        1 => return by_join(pool, 0..INNER),
        2 => pool.for_each(0..INNER, add),
        3 => pool.scope(|scope| (0..INNER).for_each(|n| scope.spawn(move || add(n)))),
        4 => {
            return pool.scope(|scope| {
                let handles: Vec<_> = (0..INNER).map(|n| scope.submit(move || work(n))).collect();
                handles.into_iter().map(|handle| handle.join().unwrap()).sum()
            });
        }
        _ => return pool.map_reduce(0..INNER, 0, work, |a, b| a + b),
    }
    sum.into_inner()
}

/// Runs `item` many times at once, by calls of each kind, on pools of several sizes.
fn outer(rounds: usize, item: impl Fn(&Pool, usize) + Sync) {
    let _watchdog = watchdog();
    for threads in [1, 2, 4] {
        let pool = Pool::with_threads(threads);
        let (pool, item) = (&pool, &item);
        pool.for_each(0..rounds, |n| item(pool, n));
        pool.scope(|scope| (0..rounds).for_each(|n| scope.spawn(move || item(pool, n))));
        fn by_join(items: Range<usize>, pool: &Pool, item: &(impl Fn(&Pool, usize) + Sync)) {
            match items.len() {
                0 => {}
                1 => item(pool, items.start),
                len => {
                    let middle = items.start + len / 2;
                    pool.join(|| by_join(items.start..middle, pool, item), || by_join(middle..items.end, pool, item));
                }
            }
        }
        by_join(0..rounds, pool, item);
        thread::scope(|threads| {
            for k in 0..3 {
                threads.spawn(move || (0..rounds / 3).for_each(|n| pool.install(|| item(pool, 3 * n + k))));
            }
        });
    }
}

#[test]
fn a_mutex_may_be_held_across_a_parallel_call() {
    let mutex = Mutex::new(0);
    outer(120, |pool, n| {
        let mut sum = mutex.lock().unwrap();
        *sum += inner(pool, n);
    });
    assert_eq!(mutex.into_inner().unwrap(), 3 * 4 * 120 * INNER_SUM);
}

#[test]
fn a_read_lock_may_be_held_across_a_parallel_call_while_writers_wait() {
    let lock = RwLock::new(0);
    outer(120, |pool, n| {
        if n % 4 == 0 {
            *lock.write().unwrap() += 1;
        } else {
            let read = lock.read().unwrap();
            assert_eq!(inner(pool, n), INNER_SUM);
            drop(read);
        }
    });
}

#[test]
fn a_thread_local_may_be_borrowed_across_a_parallel_call() {
    thread_local! {
        static BUFFER: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    }
    outer(120, |pool, n| {
        BUFFER.with(|buffer| {
            let mut buffer = buffer.try_borrow_mut().expect("another item runs on top of this one");
            buffer.push(inner(pool, n));
        });
    });
}

#[test]
fn a_once_lock_may_be_filled_by_a_parallel_call() {
    let places: Vec<OnceLock<usize>> = (0..30).map(|_| OnceLock::new()).collect();
    outer(120, |pool, n| {
        assert_eq!(*places[n % 30].get_or_init(|| inner(pool, n)), INNER_SUM);
    });
}

#[test]
fn no_worker_begins_a_second_item_while_one_waits_for_another_pool() {
    thread_local! {
        static BUSY: Cell<bool> = const { Cell::new(false) };
    }
    let (cheap, most) = (Pool::with_threads(3), AtomicUsize::new(0));
    let running = AtomicUsize::new(0);
    outer(60, |pool, n| {
        assert!(!BUSY.replace(true), "an item on top of another");
        most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        assert_eq!(cheap.install(|| inner(&cheap, n)) + inner(&cheap, n), 2 * INNER_SUM);
        running.fetch_sub(1, Ordering::SeqCst);
        BUSY.set(false);
        drop(pool.clone());
    });
    // Each worker has one at a time, and by fork-join the thread of the test does not take part.
    assert!(most.into_inner() <= 4);
}

thread_local! {
    /// Whether this thread waits in a call that strangers must not be run in.
    static WAITING: Cell<bool> = const { Cell::new(false) };
}

/// Fails if it is run on top of a call that waits.
fn stranger() {
    assert!(!WAITING.get(), "run on top of a call that it is no part of");
}

#[test]
fn jobs_are_never_run_on_top_of_a_call_that_waits() {
    let _watchdog = watchdog();
    for threads in [1, 2, 4] {
        let notes = Notes::new();
        let pool = Pool::builder().threads(threads).panic_handler(notes.handler()).build().unwrap();
        let end = AtomicBool::new(false);
        thread::scope(|scope| {
            // A flood of all kinds of jobs, from outside.
            scope.spawn(|| {
                while !end.load(Ordering::SeqCst) {
                    pool.spawn(stranger);
                    pool.spawn_first(stranger);
                    drop(pool.submit(stranger));
                    pool.install(stranger);
                    pool.join(stranger, stranger);
                    pool.for_each(0..3, |_| stranger());
                    pool.scope(|scope| (0..3).for_each(|_| scope.spawn(stranger)));
                }
            });
            for n in 0..300 {
                let sum = pool.install(|| {
                    // And from this very worker.
                    filch::spawn(stranger);
                    drop(filch::submit(stranger));
                    WAITING.set(true);
                    let sum = inner(&pool, n);
                    WAITING.set(false);
                    sum
                });
                assert_eq!(sum, INNER_SUM);
            }
            end.store(true, Ordering::SeqCst);
        });
        pool.wait_idle();
        assert_eq!(notes.all(), [""; 0]);
    }
}

/// Waits for a flag that another worker sets.
fn await_flag(flag: &AtomicBool) {
    while !flag.load(Ordering::SeqCst) {
        thread::yield_now();
    }
}

/// Gives a worker that waits plenty of opportunities to do what it must not do.
fn tempt() {
    for _ in 0..100 {
        thread::sleep(std::time::Duration::from_micros(100));
    }
}

#[test]
fn a_waiter_is_not_given_what_its_thief_offered_before() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    for _ in 0..20 {
        let [started, ended] = [const { AtomicBool::new(false) }; 2];
        let offers = AtomicUsize::new(0);
        // Both workers are in here: the one offers a part, and the other comes to it by a yield, on top of an offer of its own.
        let waiter = || {
            pool.install(|| {
                while offers.load(Ordering::SeqCst) == 0 {
                    thread::yield_now();
                }
                let wait_for_thief = || {
                    await_flag(&started);
                    WAITING.set(true);
                };
                let part = || {
                    started.store(true, Ordering::SeqCst);
                    tempt();
                    ended.store(true, Ordering::SeqCst);
                };
                pool.join(wait_for_thief, part);
                WAITING.set(false);
            });
        };
        let thief = || {
            pool.install(|| {
                let yield_on_top = || {
                    offers.store(1, Ordering::SeqCst);
                    while !ended.load(Ordering::SeqCst) {
                        filch::yield_now();
                    }
                };
                pool.join(yield_on_top, stranger);
            });
        };
        thread::scope(|threads| {
            threads.spawn(thief);
            threads.spawn(waiter);
        });
    }
}

#[test]
fn a_waiter_for_a_part_is_not_given_the_jobs_that_it_spawns_in_an_outer_scope() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    for round in 0..20 {
        let (started, inside) = (AtomicBool::new(false), round % 2 == 0);
        let run = AtomicUsize::new(0);
        let call = || {
            pool.scope(|scope| {
                let both = || {
                    let wait_for_thief = || {
                        await_flag(&started);
                        WAITING.set(true);
                    };
                    let part = || {
                        for _ in 0..10 {
                            scope.spawn(|| {
                                stranger();
                                run.fetch_add(1, Ordering::SeqCst);
                            });
                        }
                        started.store(true, Ordering::SeqCst);
                        tempt();
                    };
                    pool.join(wait_for_thief, part);
                    WAITING.set(false);
                };
                if inside { both() } else { pool.install(both) }
            });
        };
        if inside {
            pool.install(call)
        } else {
            call()
        }
        assert_eq!(run.into_inner(), 10);
    }
}

#[test]
fn a_waiter_for_a_part_is_not_given_the_jobs_that_it_spawns_in_the_pool() {
    let _watchdog = watchdog();
    let notes = Notes::new();
    let pool = Pool::builder().threads(2).panic_handler(notes.handler()).build().unwrap();
    for _ in 0..20 {
        let started = AtomicBool::new(false);
        let wait_for_thief = || {
            await_flag(&started);
            WAITING.set(true);
        };
        let part = || {
            for _ in 0..10 {
                filch::spawn(stranger);
                drop(filch::submit(stranger));
            }
            started.store(true, Ordering::SeqCst);
            tempt();
        };
        pool.install(|| {
            pool.join(wait_for_thief, part);
            WAITING.set(false);
        });
    }
    pool.wait_idle();
    assert_eq!(notes.all(), [""; 0]);
}

#[test]
fn a_waiter_for_an_inner_scope_is_not_given_the_jobs_of_an_outer_one() {
    let _watchdog = watchdog();
    for threads in [1, 2, 4] {
        let pool = Pool::with_threads(threads);
        for n in 0..100 {
            pool.install(|| {
                pool.scope(|outer| {
                    (0..20).for_each(|_| outer.spawn(stranger));
                    WAITING.set(true);
                    pool.scope(|inner| {
                        (0..20).for_each(|n| {
                            inner.spawn(move || {
                                work(n);
                                // Part of the outer scope, not of the inner one.
                                outer.spawn(stranger);
                            });
                        });
                    });
                    assert_eq!(inner(&pool, n), INNER_SUM);
                    WAITING.set(false);
                });
            });
        }
    }
}
