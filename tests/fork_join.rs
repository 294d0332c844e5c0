//! `join`, `join_context` and `install`: results, borrowing, panics, the pool's end, and how deep they nest.

mod common;

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use common::*;
use filch::{Pool, Worker};

fn fib(pool: &Pool, n: u32) -> u64 {
    if n < 2 {
        return n.into();
    }
    let (a, b) = pool.join(|| fib(pool, n - 1), || fib(pool, n - 2));
    a + b
}

fn fib_on(worker: &Worker, n: u32) -> u64 {
    if n < 2 {
        return n.into();
    }
    let (a, b) = worker.join(|worker| fib_on(worker, n - 1), |worker| fib_on(worker, n - 2));
    a + b
}

/// From outside, on a worker, on one of another pool, and after shutdown.
fn everywhere(check: impl Fn(&Pool) + Sync) {
    let _watchdog = watchdog();
    let other = Pool::with_threads(1);
    for threads in [1, 2, 4, 64] {
        let pool = Pool::with_threads(threads);
        check(&pool);
        pool.install(|| check(&pool));
        other.install(|| check(&pool));
        assert_sound(&pool);
        pool.shutdown();
        check(&pool);
    }
}

#[test]
fn join_returns_both_results() {
    everywhere(|pool| {
        assert_eq!(pool.join(|| 1, || "two"), (1, "two"));
        assert_eq!(fib(pool, 14), 377);
        assert_eq!(pool.install(|| filch::join(|| 1, || 2)), (1, 2));
    });
}

#[test]
fn join_context_returns_both_results() {
    everywhere(|pool| {
        assert_eq!(pool.join_context(|_| 1, |_| "two"), (1, "two"));
        assert_eq!(pool.join_context(|worker| fib_on(worker, 14), |worker| fib_on(worker, 13)), (377, 233));
        assert_eq!(pool.install(|| filch::join_context(|_| 1, |_| 2)), (1, 2));
    });
}

#[test]
fn both_closures_may_borrow_and_change_what_they_borrow() {
    fn sort(pool: &Pool, numbers: &mut [u64]) {
        if numbers.len() < 2 {
            return;
        }
        let pivot = numbers[0];
        let (mut low, mut high) = (0, numbers.len());
        let mut next = 1;
        while next < high {
            if numbers[next] < pivot {
                numbers.swap(low, next);
                low += 1;
                next += 1;
            } else {
                high -= 1;
                numbers.swap(next, high);
            }
        }
        let (left, right) = numbers.split_at_mut(low);
        pool.join(|| sort(pool, left), || sort(pool, &mut right[1..]));
    }
    everywhere(|pool| {
        let mut random = Random::new(7);
        let mut numbers: Vec<u64> = (0..3000).map(|_| random.below(10_000)).collect();
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        sort(pool, &mut numbers);
        assert_eq!(numbers, sorted);
    });
}

#[test]
fn the_worker_handed_to_a_closure_is_the_one_it_runs_on() {
    let _watchdog = watchdog();
    for threads in [1, 2, 4] {
        let pool = Pool::with_threads(threads);
        fn check(worker: &Worker, depth: u32) {
            assert_eq!(Some(worker.index()), filch::current_worker_index());
            if depth > 0 {
                worker.join(|worker| check(worker, depth - 1), |worker| check(worker, depth - 1));
            }
        }
        pool.join_context(|worker| check(worker, 8), |worker| check(worker, 8));
        pool.shutdown();
        pool.join_context(|worker| assert_eq!(worker.index(), threads), |worker| assert_eq!(worker.index(), threads));
    }
}

#[test]
fn the_closures_run_at_the_same_time_if_a_worker_is_free() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    for _ in 0..200 {
        let both = Meeting::of(2);
        assert_eq!(pool.join(|| both.attend(), || both.attend()), (true, true));
        let both = Meeting::of(2);
        assert_eq!(pool.join_context(|_| both.attend(), |_| both.attend()), (true, true));
    }
}

#[test]
fn a_waiter_takes_part_in_what_it_waits_for() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    for _ in 0..200 {
        let (taken, both) = (AtomicBool::new(false), Meeting::of(2));
        let wait_for_thief = || {
            while !taken.load(Ordering::SeqCst) {
                thread::yield_now();
            }
        };
        // The thief offers one half of its part, and does not end before somebody else has run it: only the one that waits can.
        let part = || {
            taken.store(true, Ordering::SeqCst);
            pool.join(|| both.attend(), || both.attend())
        };
        assert_eq!(pool.join(wait_for_thief, part), ((), (true, true)));
    }
}

#[test]
fn more_closures_than_a_deque_holds_are_run() {
    fn chain(pool: &Pool, left: usize, run: &AtomicUsize) {
        if left > 0 {
            let count = || {
                run.fetch_add(1, Ordering::SeqCst);
            };
            pool.join(|| chain(pool, left - 1, run), count);
        }
    }
    let _watchdog = watchdog();
    for threads in [1, 2, 4] {
        let pool = Pool::builder().threads(threads).stack_size(32 << 20).build().unwrap();
        let run = AtomicUsize::new(0);
        pool.install(|| chain(&pool, 3000, &run));
        assert_eq!(run.into_inner(), 3000);
    }
}

#[test]
fn join_does_not_wait_for_room() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(1).queue_capacity(1).build().unwrap();
    let gate = block(&pool);
    assert!(pool.try_submit(|| ()).is_ok(), "the only place");
    let theirs = pool.clone();
    let joined = task::start_waiting(move || theirs.join(|| 1, || 2));
    gate.open();
    assert_eq!(joined.join().unwrap(), (1, 2));
    assert_eq!(fib(&pool, 12), 144);
}

#[test]
fn a_panic_of_either_closure_is_raised_when_both_have_ended() {
    everywhere(|pool| {
        let ended = AtomicUsize::new(0);
        let end = || {
            thread::yield_now();
            ended.fetch_add(1, Ordering::SeqCst);
        };
        assert_eq!(panic_of(|| pool.join(|| panic!("a"), end)), "a");
        assert_eq!(panic_of(|| pool.join(end, || panic!("b"))), "b");
        assert_eq!(panic_of(|| pool.join_context(|_| panic!("a"), |_| end())), "a");
        assert_eq!(panic_of(|| pool.join_context(|_| end(), |_| panic!("b"))), "b");
        assert_eq!(ended.into_inner(), 4);
    });
}

/// A pool of two whose handler takes notes.
fn noting() -> (Pool, Notes<String>) {
    let notes = Notes::new();
    (Pool::builder().threads(2).panic_handler(notes.handler()).build().unwrap(), notes)
}

#[test]
fn of_two_panics_that_of_a_is_raised_and_that_of_b_is_reported() {
    let _watchdog = watchdog();
    let (pool, notes) = noting();
    // At the same time, then one after the other.
    let both = Meeting::of(2);
    let together = || pool.join(|| -> u8 { panic!("a {}", both.attend()) }, || -> u8 { panic!("b {}", both.attend()) });
    assert_eq!(panic_of(together), "a true");
    assert_eq!(notes.sorted(), ["b true"]);
    assert_eq!(panic_of(|| pool.join(|| -> u8 { panic!("a") }, || -> u8 { panic!("b") })), "a");
    pool.shutdown();
    assert_eq!(panic_of(|| pool.join(|| -> u8 { panic!("a") }, || -> u8 { panic!("b") })), "a");
    assert_eq!(notes.sorted(), ["b", "b", "b true"]);
}

#[test]
fn the_result_left_by_a_panic_is_dropped_and_may_panic_itself() {
    let _watchdog = watchdog();
    let (pool, notes) = noting();
    for round in 1..=2 {
        let (both, bad) = (Meeting::of(2), || PanicOnDrop("a result"));
        let stolen = || {
            pool.join(
                || -> u8 { panic!("a {}", both.attend()) },
                || {
                    both.attend();
                    bad()
                },
            )
        };
        assert_eq!(panic_of(stolen), "a true");
        assert_eq!(panic_of(|| pool.join(|| -> u8 { panic!("a") }, bad)), "a");
        assert_eq!(panic_of(|| pool.join(bad, || -> u8 { panic!("b") })), "b");
        assert_eq!(notes.all(), vec!["a result"; 3 * round]);
    }
    assert_sound(&pool);
}

#[test]
fn a_panic_comes_up_through_many_levels_and_every_result_is_dropped_once() {
    fn levels(pool: &Pool, depth: u32, made: &Counter, drops: &Counter) -> Token {
        if depth == 0 {
            made.add();
            return drops.token();
        }
        let (left, _right) = pool.join(
            || levels(pool, depth - 1, made, drops),
            || {
                if depth == 3 && made.get() > 20 {
                    resume_unwind(Box::new("deep inside"));
                }
                levels(pool, depth - 1, made, drops)
            },
        );
        left
    }
    everywhere(|pool| {
        let (made, drops) = (Counter::new(), Counter::new());
        assert_eq!(panic_of(|| drop(levels(pool, 8, &made, &drops))), "deep inside");
        assert_eq!(made.get(), drops.get());
        assert!(made.get() > 20);
    });
}

#[test]
fn closures_are_dropped_once_run_or_not() {
    everywhere(|pool| {
        let drops = Counter::new();
        for _ in 0..100 {
            let (a, b) = (drops.token(), drops.token());
            pool.join(move || drop(a), move || drop(b));
        }
        assert_eq!(drops.get(), 200);
    });
}

#[test]
fn fork_join_is_complete_while_the_pool_ends() {
    let _watchdog = watchdog();
    for round in 0..150 {
        let pool = Pool::with_threads(1 + round % 3);
        thread::scope(|threads| {
            for _ in 0..2 {
                threads.spawn(|| (0..20).for_each(|_| assert_eq!(fib(&pool, 9), 34)));
            }
            threads.spawn(|| assert_eq!(pool.install(|| fib(&pool, 14)), 377));
            spin(round as u64 * 30);
            match round % 3 {
                0 => pool.shutdown(),
                1 => pool.shutdown_now(),
                _ => drop(pool.cancel_pending()),
            }
        });
    }
}

#[test]
fn a_shutdown_inside_a_closure_harms_nobody() {
    let _watchdog = watchdog();
    for threads in [1, 2, 4] {
        let pool = Pool::with_threads(threads);
        let sum = pool.join(
            || fib(&pool, 12),
            || {
                pool.shutdown_now();
                fib(&pool, 12)
            },
        );
        assert_eq!(sum, (144, 144));
    }
}

#[test]
fn two_pools_that_join_in_each_other_both_end() {
    let _watchdog = watchdog();
    fn across(here: &Pool, there: &Pool, depth: u32) -> u64 {
        if depth == 0 {
            return 1;
        }
        let (a, b) = here.join(|| across(here, there, depth - 1), || there.install(|| fib(there, 8)));
        a + b
    }
    let (a, b) = (Pool::with_threads(2), Pool::with_threads(2));
    assert_eq!(across(&a, &b, 50), 1 + 50 * 21);
}

#[test]
fn after_shutdown_both_closures_run_on_the_calling_thread() {
    let pool = Pool::with_threads(2);
    pool.shutdown();
    let here = thread::current().id();
    let id = || thread::current().id();
    assert_eq!(pool.join(id, id), (here, here));
    assert_eq!(pool.join_context(|worker| worker.join(|_| id(), |_| id()), |_| id()), ((here, here), here));
}
