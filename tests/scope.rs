//! `Pool::scope`, `Scope` and `ScopedHandle`: what is run, where, and what is over when the scope returns.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

use common::*;
use filch::{JobError, Pool, Scope, ScopedHandle, WaitPolicy};

/// From a thread outside the pool, on one of its workers, on one of another pool, and after shutdown.
fn everywhere(check: impl Fn(&Pool) + Sync) {
    let _watchdog = watchdog();
    let other = Pool::with_threads(1);
    for threads in [1, 2, 4] {
        let pool = Pool::with_threads(threads);
        check(&pool);
        pool.install(|| check(&pool));
        other.install(|| check(&pool));
        let helping = Pool::builder().threads(threads).wait_policy(WaitPolicy::HelpAny).build().unwrap();
        helping.install(|| check(&helping));
        pool.wait_idle();
        assert_eq!((pool.pending(), pool.running()), (0, 0));
        pool.shutdown();
        check(&pool);
    }
}

#[test]
fn a_scope_returns_what_its_closure_returns_when_all_jobs_have_ended() {
    everywhere(|pool| {
        let mut squares = vec![0; 300];
        let text = pool.scope(|scope| {
            for (n, square) in squares.iter_mut().enumerate() {
                scope.spawn(move || *square = n * n);
            }
            String::from("done")
        });
        assert!(squares.iter().enumerate().all(|(n, square)| *square == n * n));
        assert_eq!(text, "done");
        assert_eq!(pool.scope(|_| 7), 7);
    });
}

#[test]
fn the_closure_of_a_scope_runs_on_the_calling_thread() {
    everywhere(|pool| {
        let here = thread::current().id();
        assert_eq!(pool.scope(|_| thread::current().id()), here);
        let not_send = std::rc::Rc::new(5);
        assert_eq!(*pool.scope(|_| not_send.clone()), 5);
    });
}

#[test]
fn the_jobs_of_a_scope_run_on_the_workers_of_its_pool() {
    let _watchdog = watchdog();
    let (pool, other) = (Pool::with_threads(2), Pool::with_threads(1));
    let check = || {
        pool.scope(|scope| {
            for _ in 0..100 {
                scope.spawn(|| assert_eq!(Pool::current().unwrap().threads(), 2));
            }
        });
    };
    check();
    other.install(check);
    pool.install(check);
}

fn tree<'scope>(scope: &'scope Scope<'scope, '_>, depth: u32, leaves: &'scope AtomicUsize) {
    if depth == 0 {
        leaves.fetch_add(1, Ordering::SeqCst);
        return;
    }
    scope.spawn(move || tree(scope, depth - 1, leaves));
    scope.spawn(move || tree(scope, depth - 1, leaves));
}

#[test]
fn jobs_may_spawn_further_ones() {
    everywhere(|pool| {
        let leaves = AtomicUsize::new(0);
        pool.scope(|scope| tree(scope, 9, &leaves));
        assert_eq!(leaves.into_inner(), 512);
    });
}

#[test]
fn a_chain_of_jobs_each_of_which_spawns_the_next_is_followed_to_its_end() {
    fn link<'scope>(scope: &'scope Scope<'scope, '_>, left: usize, run: &'scope AtomicUsize) {
        run.fetch_add(1, Ordering::SeqCst);
        if left > 0 {
            scope.spawn(move || link(scope, left - 1, run));
        }
    }
    everywhere(|pool| {
        let run = AtomicUsize::new(0);
        pool.scope(|scope| link(scope, 5000, &run));
        assert_eq!(run.into_inner(), 5001);
    });
}

#[test]
fn scopes_nest() {
    fn sum(pool: &Pool, numbers: &[u64]) -> u64 {
        if numbers.len() <= 3 {
            return numbers.iter().sum();
        }
        let (left, right) = numbers.split_at(numbers.len() / 2);
        let (mut a, mut b) = (0, 0);
        pool.scope(|scope| {
            scope.spawn(|| a = sum(pool, left));
            scope.spawn(|| b = sum(pool, right));
        });
        a + b
    }
    everywhere(|pool| {
        let numbers: Vec<u64> = (0..500).collect();
        assert_eq!(sum(pool, &numbers), 124_750);
    });
}

#[test]
fn jobs_may_be_spawned_from_inside_fork_join_calls_and_inner_scopes() {
    everywhere(|pool| {
        let run = AtomicUsize::new(0);
        let count = || {
            run.fetch_add(1, Ordering::SeqCst);
        };
        pool.scope(|scope| {
            let both = || {
                scope.spawn(count);
                pool.join(|| scope.spawn(count), || scope.spawn(count));
                scope.spawn(count);
            };
            scope.spawn(both);
            both();
            pool.join(both, both);
            pool.for_each(0..20, |_| both());
            pool.scope(|inner| {
                inner.spawn(both);
                both();
                inner.spawn(move || inner.spawn(both));
            });
            pool.install(both);
        });
        assert_eq!(run.into_inner(), 28 * 4);
    });
}

#[test]
fn jobs_may_be_spawned_from_other_threads_inside_the_scope() {
    everywhere(|pool| {
        let run = AtomicUsize::new(0);
        pool.scope(|scope| {
            thread::scope(|threads| {
                for _ in 0..3 {
                    threads.spawn(|| {
                        for _ in 0..200 {
                            scope.spawn(|| {
                                run.fetch_add(1, Ordering::SeqCst);
                            });
                        }
                    });
                }
            });
        });
        assert_eq!(run.into_inner(), 600);
    });
}

#[test]
fn more_jobs_than_a_deque_holds_are_run() {
    everywhere(|pool| {
        let run = AtomicUsize::new(0);
        pool.scope(|scope| {
            for n in 0..3000 {
                let run = &run;
                scope.spawn(move || {
                    run.fetch_add(1, Ordering::SeqCst);
                    if n % 1500 == 0 {
                        (0..1500).for_each(|_| {
                            scope.spawn(|| {
                                run.fetch_add(1, Ordering::SeqCst);
                            });
                        });
                    }
                });
            }
        });
        assert_eq!(run.into_inner(), 6000);
    });
}

#[test]
fn all_workers_take_part_in_a_scope() {
    let _watchdog = watchdog();
    for threads in [2, 4] {
        let pool = Pool::with_threads(threads);
        let all = || {
            let meeting = Meeting::of(threads);
            pool.scope(|scope| {
                (0..threads).for_each(|_| scope.spawn(|| assert!(meeting.attend(), "they do not meet")))
            });
        };
        all();
        pool.install(all);
        // The jobs that lie on no deque, too.
        let meeting = Meeting::of(threads);
        pool.install(|| {
            pool.scope(|scope| {
                pool.join(
                    || (0..threads).for_each(|_| scope.spawn(|| assert!(meeting.attend(), "they do not meet"))),
                    || (),
                );
            });
        });
    }
}

#[test]
fn a_scope_does_not_wait_for_room() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(1).queue_capacity(1).build().unwrap();
    let gate = block(&pool);
    assert!(pool.try_submit(|| ()).is_ok(), "the only place");
    let theirs = pool.clone();
    let scope = task::start_waiting(move || {
        let run = AtomicUsize::new(0);
        theirs.scope(|scope| {
            for _ in 0..100 {
                scope.spawn(|| {
                    run.fetch_add(1, Ordering::SeqCst);
                });
                drop(scope.submit(|| run.fetch_add(1, Ordering::SeqCst)));
            }
        });
        run.into_inner()
    });
    gate.open();
    assert_eq!(scope.join().unwrap(), 200);
    pool.wait_idle();
    assert_eq!(pool.pending(), 0);
}

#[test]
fn handles_return_the_results() {
    everywhere(|pool| {
        let words = ["some", "words"].map(String::from);
        let lengths = pool.scope(|scope| {
            let handles: Vec<_> = words.iter().map(|word| scope.submit(|| word.as_str())).collect();
            handles.into_iter().map(|handle| handle.join().unwrap().len()).collect::<Vec<_>>()
        });
        assert_eq!(lengths, [4, 5]);
    });
}

#[test]
fn a_handle_says_when_its_job_has_ended() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = Gate::new();
    pool.scope(|scope| {
        let door = gate.doorway();
        let handle = scope.submit(move || door.wait());
        gate.await_arrivals(1);
        assert!(!handle.is_finished());
        gate.open();
        eventually("the job has ended", || handle.is_finished());
        handle.join().unwrap();
    });
}

#[test]
fn a_job_that_nobody_has_started_runs_where_its_handle_is_joined() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    pool.install(|| {
        pool.scope(|scope| {
            let here = thread::current().id();
            let handles: Vec<_> = (0..2000).map(|_| scope.submit(|| thread::current().id())).collect();
            handles.into_iter().for_each(|handle| assert_eq!(handle.join().unwrap(), here));
            // From inside a job of it, too.
            scope.spawn(move || assert_eq!(scope.submit(|| thread::current().id()).join().unwrap(), here));
        });
    });
    pool.wait_idle();
    assert_eq!((pool.pending(), pool.running()), (0, 0));
}

#[test]
fn joining_its_own_handle_inside_a_job_would_deadlock() {
    everywhere(|pool| {
        let (send, answers) = mpsc::channel();
        let (filled, wait) = mpsc::channel();
        pool.scope(|scope| {
            let wait = Mutex::new(wait);
            // Nothing that lives as long as the scope could hold it.
            let place: &Mutex<Option<ScopedHandle<'_, ()>>> = Box::leak(Box::new(Mutex::new(None)));
            let own = scope.submit(move || {
                // On a pool of one, or after shutdown, this runs when the scope's closure has ended.
                lock(&wait).recv().unwrap();
                let own = lock(place).take().unwrap();
                send.send(matches!(own.join(), Err(JobError::WouldDeadlock))).unwrap();
            });
            *lock(place) = Some(own);
            filled.send(()).unwrap();
        });
        assert_eq!(answers.recv(), Ok(true));
    });
}

#[test]
fn a_dropped_handle_lets_its_job_run() {
    everywhere(|pool| {
        let run = AtomicUsize::new(0);
        pool.scope(|scope| (0..100).for_each(|_| drop(scope.submit(|| run.fetch_add(1, Ordering::SeqCst)))));
        assert_eq!(run.into_inner(), 100);
    });
}

#[test]
fn a_handle_can_be_joined_by_another_thread_inside_the_scope() {
    let _watchdog = watchdog();
    let check = |pool: &Pool| {
        let sum = pool.scope(|scope| {
            let handles: Vec<_> = (0..20).map(|n| scope.submit(move || n)).collect();
            // A worker of the pool, or a thread that is none.
            let (first, second): (Vec<_>, Vec<_>) = handles.into_iter().enumerate().partition(|(n, _)| n % 2 == 0);
            let all = |handles: Vec<(usize, ScopedHandle<'_, i32>)>| {
                handles.into_iter().map(|(_, handle)| handle.join().unwrap()).sum::<i32>()
            };
            let first = scope.submit(move || all(first));
            let second = thread::scope(|threads| threads.spawn(move || all(second)).join().unwrap());
            first.join().unwrap() + second
        });
        assert_eq!(sum, 190);
    };
    for pool in [1, 2, 4].map(Pool::with_threads) {
        (0..20).for_each(|_| check(&pool));
        pool.shutdown();
        check(&pool);
    }
}

#[test]
fn a_worker_that_helps_runs_strangers_while_it_waits_for_a_scope() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(2).wait_policy(WaitPolicy::HelpAny).build().unwrap();
    let theirs = pool.clone();
    pool.install(move || {
        let gate = Gate::new();
        theirs.scope(|scope| {
            let door = gate.doorway();
            scope.spawn(move || door.wait());
            gate.await_arrivals(1);
            // The other worker is busy until this has run: only the one that waits is left.
            let opener = gate.doorway();
            theirs.spawn(move || opener.open());
        });
    });
}
