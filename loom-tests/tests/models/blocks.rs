//! `src/util/blocks.rs` and `src/job/spawned.rs`: memory goes with a job from the worker that spawns to the one that runs, which puts its own jobs there.
//!
//! Threads: 2 workers, each with a store and a deque. Bound: none. Property: every job runs once, with all that its maker wrote, although its memory is used
//! again as soon as it has been taken out: before the closure runs, the block holds something else. What a worker has too much of comes back by way of the depot.
//! Seen failing: the rows of `blocks` in `mutants`.

use std::panic::resume_unwind;
use std::ptr::NonNull;
use std::sync::Arc;

use filch::internals::{
    Blocks, Depot, DequeOwner, Header, JobRef, Owner, Payload, Reason, Steal, Stealer, Symmetric, deque, spawned,
};
use loom::thread;

use crate::ledger::{Element, Ledger};
use crate::support::{ALL, explore};
use crate::witness::Queued;

/// As large as a block.
type Poison = [u8; 64];
const POISON: Poison = [0xDD; 64];

/// What a worker keeps for itself.
struct Store(Blocks);

impl Store {
    /// Uses a block as the next job would.
    fn recycle(&self) {
        if let Ok(block) = self.0.put(POISON) {
            // SAFETY: put just now, and not used again.
            unsafe { Blocks::take_out(Some(&self.0), block) };
        }
    }
}

/// Told of a job when its memory has been given back.
impl Owner for Store {
    fn blocks(&self) -> Option<&Blocks> {
        Some(&self.0)
    }

    fn started(&self) {
        self.recycle();
    }

    fn ended_unrun(&self, _reason: Reason, _queued: bool) {
        self.recycle();
    }

    fn begin_ending(&self) {}

    fn end_ending(&self) {}

    fn count_panic(&self) {}

    fn report(&self, payload: Payload) {
        resume_unwind(payload);
    }
}

/// What a closure captures: it lies in the block.
struct Capture {
    element: NonNull<Element>,
    ledger: NonNull<Ledger>,
    /// The complement of `element`.
    check: usize,
}

// SAFETY: the model keeps the ledger until all threads have ended.
unsafe impl Send for Capture {}

impl Capture {
    fn check(&self) {
        assert_eq!(self.check, !self.element.as_ptr().addr(), "the closure was overwritten");
    }

    fn take(&self) {
        self.check();
        // SAFETY: as for `Send`.
        unsafe { self.ledger.as_ref() }.take(self.element);
    }
}

/// A closure that is not run is dropped: that counts as its run.
struct TakenWhenDropped(Capture);

impl Drop for TakenWhenDropped {
    fn drop(&mut self) {
        self.0.take();
    }
}

type Thief = Stealer<Header, Symmetric, 2>;

/// What a worker does, a letter each: `s` spawns, `p` pops and runs, `t` tries to steal from the other and runs, `e` tries to steal and ends the job unrun. What is left on its deque
/// when it is through it runs.
struct Worker {
    store: Store,
    own: DequeOwner<Header, Symmetric, 2>,
    other: Thief,
    ledger: Arc<Ledger>,
    /// The first number of its jobs.
    next: usize,
}

impl Worker {
    fn follow(&mut self, script: &str) {
        for step in script.chars() {
            match step {
                's' => drop(self.spawn()),
                'p' => self.run(self.own.pop()),
                't' => self.run(self.steal()),
                'e' => self.end(self.steal()),
                other => unreachable!("no step {other}"),
            }
        }
    }

    fn spawn(&mut self) -> JobRef {
        let element = self.ledger.make(self.next);
        self.next += 1;
        let capture = Capture { element, ledger: NonNull::from(&*self.ledger), check: !element.as_ptr().addr() };
        let closure = TakenWhenDropped(capture);
        let job = spawned(move || drop(closure), Some(&self.store.0));
        self.own.push(job).expect("the script leaves room");
        job
    }

    fn steal(&self) -> Option<JobRef> {
        match self.other.steal() {
            Steal::Success(job) => Some(job),
            Steal::Empty | Steal::Retry => None,
        }
    }

    fn run(&self, job: Option<JobRef>) {
        job.map(|job| Queued(job).run(&self.store));
    }

    fn end(&self, job: Option<JobRef>) {
        job.map(|job| Queued(job).end(&self.store));
    }

    fn finish(self) {
        while let Some(job) = self.own.pop() {
            self.run(Some(job));
        }
    }
}

fn explore_scripts(main: &'static str, other: &'static str) {
    explore(&format!("blocks: {main}, {other}"), ALL, move || {
        let jobs = |script: &str| script.matches('s').count();
        // Main begins with two of its own.
        let ledger = Ledger::new(2 + jobs(main) + jobs(other));
        let ((main_owner, main_stealer), (other_owner, other_stealer)) = (deque(), deque());
        let depot = Arc::<Depot>::default();
        let store = || Store(Blocks::new(depot.clone()));
        let worker = |own, other, next| Worker { store: store(), own, other, ledger: ledger.clone(), next };
        let mut here = worker(main_owner, other_stealer, 0);
        let first = here.spawn();
        here.follow("p");
        assert_eq!(here.spawn(), first, "memory is used again");
        let there = {
            let start = 2 + jobs(main);
            let there = Moved(worker(other_owner, main_stealer, start));
            thread::spawn(move || {
                let mut worker = { there }.0;
                worker.follow(other);
                worker.finish();
            })
        };
        here.follow(main);
        here.finish();
        there.join().unwrap();
        ledger.assert_all_taken();
    });
}

/// A worker on its way to its thread.
struct Moved(Worker);

// SAFETY: it has not begun.
unsafe impl Send for Moved {}

#[test]
fn a_thief_keeps_the_block_and_spawns_into_it() {
    explore_scripts("t", "ts");
}

#[test]
fn a_block_comes_back() {
    explore_scripts("pst", "tsp");
}

#[test]
fn a_store_is_full() {
    explore_scripts("st", "stst");
}

#[test]
fn a_block_of_a_job_that_does_not_run() {
    explore_scripts("ps", "es");
}
