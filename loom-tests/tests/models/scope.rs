//! Scopes on whole pools: jobs on the worker's deque, jobs put aside, the count, panics, and the end of a pool meanwhile.
//!
//! Threads: 1 or 2 workers, the caller (main), sometimes one that shuts down or cancels. Bounds: at each model. Property: every job of a scope runs once, whatever becomes
//! of the pool, and the scope returns when all have ended, and what they did is visible then; nobody touches the scope after that.
//! Seen failing: the rows of `scope` in `mutants`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use filch::Pool;
use loom::thread;

use crate::pool::{at_rest, finish};
use crate::support::{at_length, explore, explore_in_both_modes};
use crate::witness::Witness;

/// Spawns a job for each witness; all have run when the scope returns.
fn spawn_each(pool: &Pool, witnesses: &[Witness]) {
    pool.scope(|scope| {
        for witness in witnesses {
            let closure = witness.closure();
            scope.spawn(move || closure().check());
        }
    });
    for witness in witnesses {
        assert_eq!(witness.settle(), 1);
    }
}

fn witnesses<const N: usize>() -> [Witness; N] {
    std::array::from_fn(|_| Witness::new())
}

#[test]
fn a_scope_outside_waits_for_its_job() {
    explore("scope: 1 worker, outside, one job", Some(3), || {
        let pool = at_rest(1);
        spawn_each(&pool, &witnesses::<1>());
        finish(pool);
    });
}

#[test]
fn a_scope_outside_waits_for_two_jobs() {
    explore("scope: 1 worker, outside, two jobs", Some(2), || {
        let pool = at_rest(1);
        spawn_each(&pool, &witnesses::<2>());
        finish(pool);
    });
}

#[test]
fn two_workers_run_the_jobs_of_a_scope_outside() {
    explore_in_both_modes("scope: 2 workers, outside, two jobs", Some(1), || {
        let pool = at_rest(2);
        spawn_each(&pool, &witnesses::<2>());
        finish(pool);
    });
}

#[test]
fn a_scope_inside_waits_for_its_job() {
    explore_in_both_modes("scope: 2 workers, inside, one job", Some(1), || {
        let pool = at_rest(2);
        pool.install(|| spawn_each(&pool, &witnesses::<1>()));
        finish(pool);
    });
}

/// The deque has room for two.
#[test]
fn a_scope_puts_aside_what_the_deque_has_no_room_for() {
    explore("scope: 2 workers, inside, three jobs", Some(1), || {
        let pool = at_rest(2);
        pool.install(|| spawn_each(&pool, &witnesses::<3>()));
        finish(pool);
    });
}

/// Nobody else could run what is put aside.
#[test]
fn the_only_worker_runs_what_it_has_put_aside() {
    explore("scope: 1 worker, inside, three jobs", Some(2), || {
        let pool = at_rest(1);
        pool.install(|| spawn_each(&pool, &witnesses::<3>()));
        finish(pool);
    });
}

#[test]
fn a_job_spawns_another() {
    explore("scope: 2 workers, inside, a job of a job", Some(1), || {
        let (first, second) = (Witness::new(), Witness::new());
        let pool = at_rest(2);
        pool.install(|| {
            pool.scope(|scope| {
                let (outer, inner) = (first.closure(), second.closure());
                scope.spawn(move || {
                    scope.spawn(move || inner().check());
                    outer().check();
                });
            });
            assert_eq!((first.settle(), second.settle()), (1, 1));
        });
        finish(pool);
    });
}

#[test]
fn a_panic_comes_when_all_jobs_have_ended() {
    explore("scope: 2 workers, inside, a panic", Some(1), || {
        let (bad, good) = (Witness::new(), Witness::new());
        let pool = at_rest(2);
        pool.install(|| {
            let result = catch_unwind(AssertUnwindSafe(|| {
                pool.scope(|scope| {
                    let (bad, good) = (bad.panicking_closure(), good.closure());
                    scope.spawn(move || bad().check());
                    scope.spawn(move || good().check());
                });
            }));
            assert!(result.is_err());
            assert_eq!((bad.settle(), good.settle()), (1, 1));
        });
        finish(pool);
    });
}

#[test]
fn a_handle_gives_the_result() {
    explore("scope: 1 worker, outside, submit", Some(2), || {
        let witness = Witness::new();
        let pool = at_rest(1);
        let closure = witness.closure();
        pool.scope(|scope| scope.submit(closure).join().unwrap().check());
        finish(pool);
        assert_eq!(witness.settle(), 1);
    });
}

#[test]
fn a_handle_is_joined_where_its_job_may_run_elsewhere() {
    explore("scope: 2 workers, inside, submit", Some(1), || {
        let witness = Witness::new();
        let pool = at_rest(2);
        let closure = witness.closure();
        pool.install(|| pool.scope(|scope| scope.submit(closure).join().unwrap().check()));
        finish(pool);
        assert_eq!(witness.settle(), 1);
    });
}

/// While main waits for a scope, another thread does something to the pool.
fn scope_against(action: fn(&Pool)) {
    let pool = at_rest(1);
    let other = thread::spawn({
        let pool = pool.clone();
        move || action(&pool)
    });
    spawn_each(&pool, &witnesses::<1>());
    other.join().unwrap();
    finish(pool);
}

#[test]
fn a_scope_against_shutdown() {
    explore("scope: 1 worker, outside, shutdown", Some(2), || scope_against(Pool::shutdown));
}

#[test]
fn a_scope_against_shutdown_now() {
    explore("scope: 1 worker, outside, shutdown_now", Some(1), || scope_against(Pool::shutdown_now));
}

#[test]
fn a_scope_against_cancel() {
    explore("scope: 1 worker, outside, cancel_pending", at_length(2), || {
        scope_against(|pool| assert_eq!(pool.cancel_pending(), 0));
    });
}
