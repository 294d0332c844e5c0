//! Jobs in the frame of a thread that waits for them: `install`, `join`, and the stack job itself.
//!
//! Threads: 1 or 2 workers, the caller (main), sometimes one that shuts down or cancels. Bounds: at each model. Property: the closure runs once, on a worker or on its caller, whatever becomes of
//! the pool; the caller sees what it did and returned; nobody touches the frame once the caller may have left it.
//! Seen failing: the rows of `install` in `mutants`.

use std::sync::Arc;

use filch::Pool;
use filch::internals::{Deadline, Executed, Parker, StackJob, StackOutcome};
use loom::thread;

use crate::frame::Frame;
use crate::pool::{at_rest, finish};
use crate::support::{ALL, at_length, explore, explore_in_both_modes};
use crate::witness::{Accountant, Queued, Value, Witness};

/// Waits for a job in a frame of its own, which somebody executes elsewhere.
fn wait_for(execute: impl FnOnce(Queued) -> Executed + Send + 'static, expect: fn(StackOutcome<Closure, Value>)) {
    let witness = Witness::new();
    let parker = Parker::new();
    let closure: Closure = Box::new(witness.closure());
    let frame = Frame::new(StackJob::new(closure, |closure| closure(), parker.unparker()));
    // SAFETY: the frame stays until the job has ended; its closure and its value are Send.
    let queued = Queued(unsafe { frame.get().as_job() });
    let executor = thread::spawn(move || execute(queued));
    while !frame.get().has_ended() {
        assert!(parker.park(Deadline::NEVER));
    }
    expect(frame.leave().into_outcome());
    assert_eq!(executor.join().unwrap(), Executed::Done);
    witness.settle();
}

type Closure = Box<dyn FnOnce() -> Value + Send>;

#[test]
fn a_frame_goes_away_behind_its_job() {
    explore("install: a stack job runs", ALL, || {
        let run = |queued: Queued| queued.run(&Accountant::default());
        wait_for(run, |outcome| match outcome {
            StackOutcome::Ran(Ok(value)) => value.check(),
            _ => panic!("it has not run"),
        });
    });
}

#[test]
fn a_frame_goes_away_behind_a_refused_job() {
    explore("install: a stack job is handed back", ALL, || {
        let end = |queued: Queued| queued.end(&Accountant::default());
        wait_for(end, |outcome| match outcome {
            StackOutcome::Unrun(closure) => closure().check(),
            StackOutcome::Ran(_) => panic!("it has run"),
        });
    });
}

/// Installs a closure that borrows.
fn install(pool: &Pool, witness: &Witness) {
    let closure = witness.closure();
    let mut value = None;
    pool.install(|| value = Some(closure()));
    value.expect("it has run").check();
    witness.check_closure_is_gone();
}

#[test]
fn a_worker_runs_what_is_installed() {
    explore("install: 1 worker", Some(3), || {
        let witness = Witness::new();
        let pool = at_rest(1);
        install(&pool, &witness);
        finish(pool);
        assert_eq!(witness.settle(), 1);
    });
}

/// The caller's parker may hold a token of the first closure while the second is awaited.
#[test]
fn a_worker_runs_two_in_a_row() {
    explore("install: 1 worker, twice", Some(2), || {
        let (first, second) = (Witness::new(), Witness::new());
        let pool = at_rest(1);
        install(&pool, &first);
        install(&pool, &second);
        finish(pool);
        assert_eq!((first.settle(), second.settle()), (1, 1));
    });
}

/// While main installs, another thread does something to the pool.
fn install_against(workers: usize, action: fn(&Pool)) {
    let witness = Witness::new();
    let pool = at_rest(workers);
    let other = thread::spawn({
        let pool = pool.clone();
        move || action(&pool)
    });
    install(&pool, &witness);
    other.join().unwrap();
    finish(pool);
    assert_eq!(witness.settle(), 1);
}

#[test]
fn install_against_shutdown() {
    explore("install: 1 worker, shutdown", Some(2), || install_against(1, Pool::shutdown));
}

#[test]
fn install_against_shutdown_now() {
    explore("install: 1 worker, shutdown_now", Some(1), || install_against(1, Pool::shutdown_now));
}

#[test]
fn install_against_cancel() {
    explore("install: 1 worker, cancel_pending", at_length(2), || {
        install_against(1, |pool| assert_eq!(pool.cancel_pending(), 0));
    });
}

/// Each half lasts until the other has begun, so the second is not always taken back unstolen.
fn join_both_at_once(pool: &Pool) {
    let met = (Parker::new(), Parker::new());
    pool.join(
        || {
            met.1.unpark();
            assert!(met.0.park(Deadline::NEVER));
        },
        || {
            met.0.unpark();
            assert!(met.1.park(Deadline::NEVER));
        },
    );
}

#[test]
fn both_halves_of_a_join_run_at_once() {
    explore_in_both_modes("install: 2 workers, join whose halves wait for each other", Some(2), || {
        let pool = at_rest(2);
        join_both_at_once(&pool);
        finish(pool);
    });
}

#[test]
fn both_halves_of_a_second_join_run_at_once() {
    explore("install: 2 workers, two joins whose halves wait for each other", Some(1), || {
        let pool = at_rest(2);
        join_both_at_once(&pool);
        join_both_at_once(&pool);
        finish(pool);
    });
}

#[test]
fn a_join_gives_both_values() {
    explore_in_both_modes("install: 2 workers, join", Some(2), || {
        let (a, b) = (Witness::new(), Witness::new());
        let pool = at_rest(2);
        let values = pool.join(a.closure(), b.closure());
        values.0.check();
        values.1.check();
        drop(values);
        finish(pool);
        assert_eq!((a.settle(), b.settle()), (1, 1));
    });
}

#[test]
fn a_join_outlives_the_pool() {
    explore_in_both_modes("install: 1 worker, join, shutdown_now", Some(1), || {
        let (a, b) = (Witness::new(), Witness::new());
        let pool = Arc::new(at_rest(1));
        let other = thread::spawn({
            let pool = pool.clone();
            move || pool.shutdown_now()
        });
        let values = pool.join(a.closure(), b.closure());
        values.0.check();
        values.1.check();
        drop(values);
        other.join().unwrap();
        assert_eq!((a.settle(), b.settle()), (1, 1));
    });
}
