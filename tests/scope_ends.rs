//! What becomes of a scope's panics, and that everything is over and dropped when it returns, also while the pool ends.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use common::*;
use filch::{JobError, Pool};

/// A pool whose handler takes notes.
fn noting(threads: usize) -> (Pool, Notes<String>) {
    let notes = Notes::new();
    (Pool::builder().threads(threads).panic_handler(notes.handler()).build().unwrap(), notes)
}

/// From outside, on a worker, and after shutdown. The notes taken by then are as `expected` says.
fn everywhere(expected: &[&str], check: impl Fn(&Pool) + Sync) {
    let _watchdog = watchdog();
    for threads in [1, 2, 4] {
        let (pool, notes) = noting(threads);
        check(&pool);
        assert_eq!(notes.sorted(), expected, "from outside");
        let (pool, notes) = noting(threads);
        pool.install(|| check(&pool));
        assert_eq!(notes.sorted(), expected, "on a worker");
        assert_sound(&pool);
        let (pool, notes) = noting(threads);
        pool.shutdown();
        check(&pool);
        assert_eq!(notes.sorted(), expected, "after shutdown");
    }
}

#[test]
fn a_panic_of_the_closure_is_raised_when_all_jobs_have_ended() {
    everywhere(&[], |pool| {
        let run = AtomicUsize::new(0);
        let message = panic_of(|| {
            pool.scope(|scope| {
                for _ in 0..200 {
                    scope.spawn(|| {
                        thread::yield_now();
                        run.fetch_add(1, Ordering::SeqCst);
                    });
                }
                panic!("the closure");
            });
        });
        assert_eq!((message.as_str(), run.into_inner()), ("the closure", 200));
    });
}

#[test]
fn a_panic_of_the_closure_comes_before_those_of_jobs_and_these_are_reported() {
    everywhere(&["job 0", "job 1", "job 2"], |pool| {
        let message = panic_of(|| {
            pool.scope(|scope| {
                (0..3).for_each(|n| scope.spawn(move || panic!("job {n}")));
                panic!("the closure");
            });
        });
        assert_eq!(message, "the closure");
    });
}

#[test]
fn a_panic_of_a_job_is_raised_when_all_jobs_have_ended() {
    everywhere(&[], |pool| {
        let run = AtomicUsize::new(0);
        let message = panic_of(|| {
            pool.scope(|scope| {
                scope.spawn(|| panic!("a job"));
                for _ in 0..200 {
                    scope.spawn(|| {
                        run.fetch_add(1, Ordering::SeqCst);
                    });
                }
            });
        });
        assert_eq!((message.as_str(), run.into_inner()), ("a job", 200));
    });
}

#[test]
fn of_the_panics_of_jobs_the_first_is_raised_and_the_others_are_reported() {
    let _watchdog = watchdog();
    for threads in [1, 2, 4] {
        let (pool, notes) = noting(threads);
        let check = || panic_of(|| pool.scope(|scope| (0..10).for_each(|n| scope.spawn(move || panic!("job {n}")))));
        for raised in [check(), pool.install(check)] {
            let mut all = notes.all();
            all.push(raised);
            all.sort();
            all.dedup();
            assert_eq!(all.len(), 10, "{all:?}");
        }
        assert_eq!(notes.len(), 18);
    }
}

#[test]
fn a_panic_that_a_handle_has_returned_is_not_raised() {
    everywhere(&[], |pool| {
        let caught = pool.scope(|scope| match scope.submit(|| -> u8 { panic!("a job") }).join() {
            Err(JobError::Panicked(payload)) => payload.to_string(),
            other => panic!("{other:?}"),
        });
        assert!(caught.contains("a job"));
    });
}

#[test]
fn a_panic_whose_handle_is_dropped_is_raised() {
    everywhere(&[], |pool| {
        let dropped_at_once = || pool.scope(|scope| drop(scope.submit(|| panic!("a job"))));
        assert_eq!(panic_of(dropped_at_once), "a job");
        let dropped_when_done = || {
            pool.scope(|scope| {
                let handle = scope.submit(|| panic!("a job"));
                drop(scope.submit(|| ()).join());
                while !handle.is_finished() && !pool.is_shut_down() && pool.threads() > 1 {
                    thread::yield_now();
                }
                drop(handle);
            });
        };
        if Pool::current().is_none() {
            assert_eq!(panic_of(dropped_when_done), "a job");
        }
    });
}

#[test]
fn a_job_of_which_a_further_one_panics_goes_on() {
    everywhere(&[], |pool| {
        let run = AtomicUsize::new(0);
        let message = panic_of(|| {
            pool.scope(|scope| {
                scope.spawn(|| {
                    scope.spawn(|| panic!("an inner job"));
                    run.fetch_add(1, Ordering::SeqCst);
                });
            });
        });
        assert_eq!((message.as_str(), run.into_inner()), ("an inner job", 1));
    });
}

#[test]
fn the_result_of_a_scope_whose_job_has_panicked_is_dropped_and_may_panic() {
    everywhere(&["a result"], |pool| {
        let call = || {
            pool.scope(|scope| {
                scope.spawn(|| panic!("a job"));
                PanicOnDrop("a result")
            })
        };
        assert_eq!(panic_of(call), "a job");
    });
}

#[test]
fn captures_results_and_payloads_may_panic_when_they_are_dropped() {
    everywhere(&["one"], |pool| {
        let capture = PanicOnDrop("a capture");
        assert_eq!(panic_of(|| pool.scope(|scope| scope.spawn(move || drop(capture)))), "a capture");
        pool.scope(|scope| {
            let error = scope.submit(|| panic_any(PanicOnDrop("a payload"))).join().unwrap_err();
            // Dropping the error drops the payload.
            let again = payload_of(|| drop(error));
            assert_eq!(message(&*again), "a payload");
        });
        let payloads = catch_unwind(AssertUnwindSafe(|| {
            pool.scope(|scope| {
                scope.spawn(|| panic!("one"));
                panic_any(PanicOnDrop("a payload"));
            });
        }));
        std::mem::forget(payloads);
    });
}

/// Counts what is made and what is dropped.
#[derive(Default)]
struct Book {
    made: AtomicUsize,
    dropped: AtomicUsize,
}

struct Entry<'a>(&'a Book);

impl Book {
    fn entry(&self) -> Entry<'_> {
        self.made.fetch_add(1, Ordering::SeqCst);
        Entry(self)
    }

    #[track_caller]
    fn is_closed_with(&self, entries: usize) {
        let counts = (self.made.load(Ordering::SeqCst), self.dropped.load(Ordering::SeqCst));
        assert_eq!(counts, (entries, entries), "(made, dropped)");
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

/// Everything that a scope may be given; when it returns all of it has been dropped once, and each job has run.
fn keep_books(pool: &Pool) {
    const JOBS: usize = 60;
    let (closures, results, payloads, run) = (Book::default(), Book::default(), Book::default(), AtomicUsize::new(0));
    pool.scope(|scope| {
        for n in 0..JOBS {
            let (capture, other) = (closures.entry(), closures.entry());
            let (run, results, payloads) = (&run, &results, &payloads);
            scope.spawn(move || {
                run.fetch_add(1, Ordering::SeqCst);
                if n % 3 == 0 {
                    scope.spawn(move || drop(capture));
                }
            });
            let handle = scope.submit(move || {
                let _other = other;
                run.fetch_add(1, Ordering::SeqCst);
                let _payload = (n % 5 == 0).then(|| payloads.entry());
                results.entry()
            });
            match n % 4 {
                0 => drop(handle),
                1 => drop(handle.join().unwrap()),
                2 => scope.spawn(move || drop(handle)),
                _ => scope.spawn(move || drop(handle.join().unwrap())),
            }
        }
    });
    assert_eq!(run.into_inner(), 2 * JOBS);
    closures.is_closed_with(2 * JOBS);
    results.is_closed_with(JOBS);
    payloads.is_closed_with(JOBS / 5);
}

#[test]
fn everything_is_dropped_once_before_the_scope_returns() {
    everywhere(&[], |pool| (0..10).for_each(|_| keep_books(pool)));
}

#[test]
fn a_payload_is_dropped_once() {
    struct Payload(Counter);
    impl Drop for Payload {
        fn drop(&mut self) {
            self.0.add();
        }
    }
    let _watchdog = watchdog();
    for threads in [1, 2] {
        let (pool, drops) = (Pool::builder().threads(threads).panic_handler(drop).build().unwrap(), Counter::new());
        let check = || {
            payload_of(|| {
                pool.scope(|scope| {
                    for _ in 0..10 {
                        let payload = Payload(drops.clone());
                        scope.spawn(move || panic_any(payload));
                        let payload = Payload(drops.clone());
                        drop(scope.submit(move || panic_any(payload)));
                        let payload = Payload(drops.clone());
                        drop(scope.submit(move || panic_any(payload)).join());
                    }
                });
            })
        };
        drop(check());
        drop(pool.install(check));
        assert_eq!(drops.get(), 60);
    }
}

#[test]
fn a_scope_is_complete_while_the_pool_ends_and_its_queue_is_cancelled() {
    let _watchdog = watchdog();
    for round in 0..200 {
        let pool = Pool::with_threads(1 + round % 3);
        let others = Arc::new(Mutex::new(0));
        thread::scope(|threads| {
            threads.spawn(|| keep_books(&pool));
            threads.spawn(|| pool.install(|| keep_books(&pool)));
            let (theirs, others) = (pool.clone(), others.clone());
            // A scope inside a job, which may be dropped.
            drop(pool.try_submit(move || {
                keep_books(&theirs);
                *lock(&others) += 1;
            }));
            spin(round as u64 * 20);
            match round % 4 {
                0 => pool.shutdown(),
                1 => pool.shutdown_now(),
                2 => drop(pool.cancel_pending()),
                _ => drop(pool.clone()),
            }
        });
        pool.shutdown();
        assert_eq!((pool.pending(), pool.running()), (0, 0), "round {round}");
        assert!(*lock(&others) <= 1);
    }
}
