//! The word of a submitted job, through the real cell and handle: who runs it, who ends it, who frees it.
//!
//! Threads: 2 or 3: a worker that takes the job from its queue, a canceller, the handle's owner. Bound: none with 2 threads, 2 to 4 with 3. Property: the closure
//! is run once or dropped once, and the outcome says which; it is gone before anybody sees the end; a waiter is told; the
//! value is dropped once; the job leaves its queue once in its owner's accounts; the cell is freed once, after all uses.
//! Seen failing: the rows of `job` in `mutants`.

use filch::internals::{Cell, Executed, RawCell, handle};
use loom::thread;

use crate::case::{Case, cancel};
use crate::support::{ALL, explore};
use crate::witness::{Queued, Registered, Witness};

#[test]
fn run_against_join() {
    explore("job: run, join", ALL, || {
        let (case, queued, cell) = Case::new();
        let worker = case.run(queued);
        let outcome = case.join(handle(cell));
        assert_eq!(worker.join().unwrap(), Executed::Done);
        assert!(outcome.is_ok());
        case.settle(&outcome, false);
    });
}

#[test]
fn run_against_cancel() {
    explore("job: run, cancel", ALL, || {
        let (case, queued, cell) = Case::new();
        let worker = case.run(queued);
        let cancelled = cancel(cell.raw(), &case.witness);
        let outcome = case.join(handle(cell));
        let executed = worker.join().unwrap();
        assert_eq!(executed == Executed::Tombstone, cancelled);
        case.settle(&outcome, cancelled);
    });
}

#[test]
fn run_against_cancel_against_join() {
    explore("job: run, cancel, join", Some(2), || {
        let (case, queued, cell) = Case::new();
        let canceller = case.cancel(cell.raw().clone());
        let worker = case.run(queued);
        let outcome = case.join(handle(cell));
        let executed = worker.join().unwrap();
        let cancelled = canceller.join().unwrap();
        assert_eq!(executed == Executed::Tombstone, cancelled);
        case.settle(&outcome, cancelled);
    });
}

#[test]
fn two_cancels_against_run() {
    explore("job: run, cancel, cancel", Some(4), || {
        let (case, queued, cell) = Case::new();
        let canceller = case.cancel(cell.raw().clone());
        let worker = case.run(queued);
        let here = cancel(cell.raw(), &case.witness);
        let there = canceller.join().unwrap();
        let _ = worker.join().unwrap();
        assert!(!(here && there), "both cancels succeeded");
        let outcome = case.join(handle(cell));
        case.settle(&outcome, here || there);
    });
}

#[test]
fn run_in_place_against_run() {
    explore("job: run in place, run", ALL, || {
        let (case, queued, cell) = Case::new();
        let worker = case.run(queued);
        let in_place = run_in_place(&case, cell.raw());
        let outcome = case.join(handle(cell));
        assert_eq!(worker.join().unwrap() == Executed::Tombstone, in_place);
        case.settle(&outcome, false);
    });
}

#[test]
fn run_in_place_against_run_against_cancel() {
    explore("job: run in place, run, cancel", Some(3), || {
        let (case, queued, cell) = Case::new();
        let canceller = case.cancel(cell.raw().clone());
        let worker = case.run(queued);
        let in_place = run_in_place(&case, cell.raw());
        let outcome = case.join(handle(cell));
        let executed = worker.join().unwrap();
        let cancelled = canceller.join().unwrap();
        assert_eq!(executed == Executed::Tombstone, in_place || cancelled);
        case.settle(&outcome, cancelled);
    });
}

/// What a worker does that waits for the job.
fn run_in_place(case: &Case, cell: &RawCell) -> bool {
    let claimed = cell.claim();
    if claimed {
        cell.run_claimed(&*case.owner.owner);
    }
    claimed
}

#[test]
fn shutdown_against_cancel_against_join() {
    explore("job: shut down, cancel, join", Some(2), || {
        let (case, queued, cell) = Case::new();
        let canceller = case.cancel(cell.raw().clone());
        let owner = case.owner.owner.clone();
        let shutdown = thread::spawn(move || queued.end(&*owner));
        let outcome = case.join(handle(cell));
        assert!(outcome.is_err());
        let executed = shutdown.join().unwrap();
        let cancelled = canceller.join().unwrap();
        assert_eq!(executed == Executed::Tombstone, cancelled);
        case.settle(&outcome, cancelled);
    });
}

#[test]
fn shutdown_against_run_in_place() {
    explore("job: shut down, run in place", ALL, || {
        let (case, queued, cell) = Case::new();
        let owner = case.owner.owner.clone();
        let shutdown = thread::spawn(move || queued.end(&*owner));
        run_in_place(&case, cell.raw());
        let outcome = case.join(handle(cell));
        let _ = shutdown.join().unwrap();
        case.settle(&outcome, false);
    });
}

#[test]
fn drop_against_run() {
    explore("job: run, drop the handle", ALL, || {
        let (case, queued, cell) = Case::new();
        let worker = case.run(queued);
        drop(handle(cell));
        assert_eq!(worker.join().unwrap(), Executed::Done);
        assert_eq!(case.witness.settle(), 1);
        case.settle_owner(1, false);
    });
}

#[test]
fn drop_against_panic() {
    explore("job: panic, drop the handle", ALL, || {
        let (witness, owner) = (Witness::new(), Registered::new());
        let (job, cell) = Cell::queued(witness.panicking_closure(), owner.id);
        let worker = thread::spawn({
            let (queued, owner) = (Queued(job), owner.owner.clone());
            move || queued.run(&*owner)
        });
        let seen = handle(cell).try_join().is_ok_and(|outcome| outcome.unwrap_err().is_panic());
        assert_eq!(worker.join().unwrap(), Executed::Done);
        assert_eq!(witness.settle(), 1);
        let reports = isize::from(!seen);
        assert_eq!(owner.owner.panics(), (1, reports), "the handle has the panic, or the handler");
    });
}

#[test]
fn cancel_against_bury_against_drop() {
    explore("job: cancel, bury, drop the handle", Some(4), || {
        let (case, queued, cell) = Case::new();
        let canceller = case.cancel(cell.raw().clone());
        let owner = case.owner.owner.clone();
        let sweeper = thread::spawn(move || queued.bury().map(|queued| queued.run(&*owner)));
        drop(handle(cell));
        let executed = sweeper.join().unwrap();
        let cancelled = canceller.join().unwrap();
        assert_eq!(executed == Some(Executed::Done), !cancelled);
        let runs = case.witness.settle();
        assert_eq!(runs == 0, cancelled);
        case.settle_owner(runs, cancelled);
    });
}

#[test]
fn bury_against_join() {
    explore("job: bury, then run, join", ALL, || {
        let (case, queued, cell) = Case::new();
        let owner = case.owner.owner.clone();
        let sweeper = thread::spawn(move || queued.bury().map(|queued| queued.run(&*owner)));
        let outcome = case.join(handle(cell));
        assert_eq!(sweeper.join().unwrap(), Some(Executed::Done));
        case.settle(&outcome, false);
    });
}
