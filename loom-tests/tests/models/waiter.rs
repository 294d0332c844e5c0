//! Telling the one who waits for a job: a thread with a time limit, a task, a callback.
//!
//! Threads: 2 or 3: a worker that runs the job, sometimes a canceller, the handle's owner. Bounds: at each model. Property: the waiter that was registered last
//! is told, each waker is dropped, a callback is called once and sees the outcome; and all that `job` says.
//! Seen failing: the rows of `waiter` in `mutants`.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use filch::internals::{Deadline, Executed, Parker, Unparker, handle};
use filch::{JobError, JobHandle};
use loom::thread;

use crate::case::Case;
use crate::support::{ALL, at_length, explore};
use crate::witness::{Value, Witness};

/// A task that is polled by hand. Its waker unparks whoever does that.
struct Task {
    parker: Parker,
    bell: Arc<Bell>,
}

struct Bell(Unparker);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Task {
    fn new() -> Self {
        let parker = Parker::new();
        let bell = Arc::new(Bell(parker.unparker().clone()));
        Self { parker, bell }
    }

    fn poll(&self, handle: &mut JobHandle<Value>) -> Poll<Result<Value, JobError>> {
        let waker = Waker::from(self.bell.clone());
        Pin::new(handle).poll(&mut Context::from_waker(&waker))
    }

    /// Polls and waits for the waker, until there is an outcome.
    fn finish(&self, case: &Case, handle: &mut JobHandle<Value>) -> Result<(), JobError> {
        loop {
            match self.poll(handle) {
                Poll::Ready(outcome) => return case.look(outcome),
                Poll::Pending => assert!(self.parker.park(Deadline::NEVER)),
            }
        }
    }

    /// At the end: nobody has a waker any more.
    fn settle(&self) {
        assert_eq!(Arc::strong_count(&self.bell), 1, "a waker was not dropped");
    }
}

/// What a callback leaves behind.
#[derive(Default)]
struct Called {
    with_value: AtomicUsize,
    with_error: AtomicUsize,
}

impl Called {
    fn callback(self: &Arc<Self>, witness: &Witness) -> impl FnOnce(Result<Value, JobError>) + Send + 'static {
        let (called, witness) = (self.clone(), witness.clone());
        move |outcome| {
            witness.check_closure_is_gone();
            let count = match outcome {
                Ok(value) => {
                    value.check();
                    &called.with_value
                }
                Err(_) => &called.with_error,
            };
            count.fetch_add(1, Relaxed);
        }
    }

    fn settle(&self, case: &Case, cancelled: bool) {
        let runs = case.witness.settle();
        let counts = (self.with_value.load(Relaxed), self.with_error.load(Relaxed));
        assert_eq!(counts, if runs == 1 { (1, 0) } else { (0, 1) }, "calls with a value and with an error");
        case.settle_owner(runs, cancelled);
    }
}

#[test]
fn timed_join_against_run() {
    explore("waiter: run, timed join", Some(4), || {
        let (case, queued, cell) = Case::new();
        let worker = case.run(queued);
        let outcome = match handle(cell).join_timeout(Duration::from_secs(1)) {
            Ok(outcome) => case.look(outcome),
            Err(handle) => case.join(handle),
        };
        assert_eq!(worker.join().unwrap(), Executed::Done);
        case.settle(&outcome, false);
    });
}

#[test]
fn timed_join_twice_against_run() {
    explore("waiter: run, timed join twice, drop", Some(3), || {
        let (case, queued, cell) = Case::new();
        let worker = case.run(queued);
        let limit = Duration::from_secs(1);
        let outcome = handle(cell).join_timeout(limit).or_else(|handle| handle.join_timeout(limit));
        // A handle that has not had the outcome is dropped here.
        let _ = outcome.map(|outcome| case.look(outcome).unwrap());
        assert_eq!(worker.join().unwrap(), Executed::Done);
        assert_eq!(case.witness.settle(), 1);
        case.settle_owner(1, false);
    });
}

/// The thread's parker may hold a token of the first job while the second is awaited.
#[test]
fn two_joins_against_run() {
    explore("waiter: run two, join two", at_length(4), || {
        let (first, first_queued, first_cell) = Case::new();
        let (second, second_queued, second_cell) = Case::new();
        let worker = thread::spawn({
            let owners = (first.owner.owner.clone(), second.owner.owner.clone());
            move || (first_queued.run(&*owners.0), second_queued.run(&*owners.1))
        });
        let outcomes = (first.join(handle(first_cell)), second.join(handle(second_cell)));
        assert_eq!(worker.join().unwrap(), (Executed::Done, Executed::Done));
        first.settle(&outcomes.0, false);
        second.settle(&outcomes.1, false);
    });
}

#[test]
fn task_against_run() {
    explore("waiter: run, poll", ALL, || {
        let (case, queued, cell) = Case::new();
        let worker = case.run(queued);
        let task = Task::new();
        let outcome = task.finish(&case, &mut handle(cell));
        assert_eq!(worker.join().unwrap(), Executed::Done);
        task.settle();
        case.settle(&outcome, false);
    });
}

#[test]
fn another_task_against_run() {
    explore("waiter: run, poll, poll with another waker", Some(4), || {
        let (case, queued, cell) = Case::new();
        let worker = case.run(queued);
        let (first, second) = (Task::new(), Task::new());
        let mut handle = handle(cell);
        let outcome = match first.poll(&mut handle) {
            Poll::Ready(outcome) => case.look(outcome),
            Poll::Pending => second.finish(&case, &mut handle),
        };
        assert_eq!(worker.join().unwrap(), Executed::Done);
        first.settle();
        second.settle();
        case.settle(&outcome, false);
    });
}

#[test]
fn task_then_thread_against_run() {
    explore("waiter: run, poll, join", Some(4), || {
        let (case, queued, cell) = Case::new();
        let worker = case.run(queued);
        let task = Task::new();
        let mut handle = handle(cell);
        let outcome = match task.poll(&mut handle) {
            Poll::Ready(outcome) => case.look(outcome),
            Poll::Pending => case.join(handle),
        };
        assert_eq!(worker.join().unwrap(), Executed::Done);
        task.settle();
        case.settle(&outcome, false);
    });
}

#[test]
fn task_dropped_against_run() {
    explore("waiter: run, poll, drop", ALL, || {
        let (case, queued, cell) = Case::new();
        let worker = case.run(queued);
        let task = Task::new();
        let mut handle = handle(cell);
        let _ = task.poll(&mut handle).map(|outcome| case.look(outcome).unwrap());
        drop(handle);
        // At once, or as soon as whoever ends the job has told it.
        assert_eq!(worker.join().unwrap(), Executed::Done);
        task.settle();
        assert_eq!(case.witness.settle(), 1);
        case.settle_owner(1, false);
    });
}

#[test]
fn task_against_run_against_cancel() {
    explore("waiter: run, cancel, poll", at_length(3), || {
        let (case, queued, cell) = Case::new();
        let canceller = case.cancel(cell.raw().clone());
        let worker = case.run(queued);
        let task = Task::new();
        let outcome = task.finish(&case, &mut handle(cell));
        let _ = worker.join().unwrap();
        let cancelled = canceller.join().unwrap();
        task.settle();
        case.settle(&outcome, cancelled);
    });
}

#[test]
fn callback_against_run() {
    explore("waiter: run, on_complete", ALL, || {
        let (case, queued, cell) = Case::new();
        let worker = case.run(queued);
        let called = Arc::new(Called::default());
        drop(handle(cell).on_complete(called.callback(&case.witness)));
        assert_eq!(worker.join().unwrap(), Executed::Done);
        called.settle(&case, false);
    });
}

#[test]
fn callback_against_run_against_cancel() {
    explore("waiter: run, on_complete, cancel", at_length(3), || {
        let (case, queued, cell) = Case::new();
        let canceller = case.cancel(cell.raw().clone());
        let worker = case.run(queued);
        let called = Arc::new(Called::default());
        let token = handle(cell).on_complete(called.callback(&case.witness));
        let here = token.cancel();
        let _ = worker.join().unwrap();
        let there = canceller.join().unwrap();
        assert!(!(here && there), "both cancels succeeded");
        called.settle(&case, here || there);
    });
}

#[test]
fn callback_against_shutdown() {
    explore("waiter: shut down, on_complete", ALL, || {
        let (case, queued, cell) = Case::new();
        let owner = case.owner.owner.clone();
        let shutdown = thread::spawn(move || queued.end(&*owner));
        let called = Arc::new(Called::default());
        drop(handle(cell).on_complete(called.callback(&case.witness)));
        assert_eq!(shutdown.join().unwrap(), Executed::Done);
        called.settle(&case, false);
    });
}

#[test]
fn panicking_callback_against_run() {
    explore("waiter: run, on_complete that panics", ALL, || {
        let (case, queued, cell) = Case::new();
        let worker = case.run(queued);
        let called = Arc::new(Called::default());
        let callback = called.callback(&case.witness);
        let token = handle(cell).on_complete(|outcome| {
            callback(outcome);
            std::panic::resume_unwind(Box::new("expected"));
        });
        drop(token);
        assert_eq!(worker.join().unwrap(), Executed::Done);
        assert_eq!(case.witness.settle(), 1);
        assert_eq!(case.owner.owner.panics(), (1, 1), "the handler gets the callback's panic");
    });
}
