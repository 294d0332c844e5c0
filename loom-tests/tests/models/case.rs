//! What models of one submitted job share: its parts, the threads that meet there, and what must hold at the end.

use filch::internals::{Cell, CellRef, Executed, RawCell};
use filch::{JobError, JobHandle};
use loom::thread::{self, JoinHandle};

use crate::witness::{Queued, Registered, Value, Witness};

/// One job and all that is kept of it.
pub struct Case {
    pub witness: Witness,
    pub owner: Registered,
}

impl Case {
    /// A queued job: its end in the queue, and the cell of its handle.
    pub fn new() -> (Self, Queued, CellRef<Value>) {
        let (witness, owner) = (Witness::new(), Registered::new());
        let (job, cell) = Cell::queued(witness.closure(), owner.id);
        (Self { witness, owner }, Queued(job), cell)
    }

    /// A worker on a thread of its own runs the job.
    pub fn run(&self, queued: Queued) -> JoinHandle<Executed> {
        let owner = self.owner.owner.clone();
        thread::spawn(move || queued.run(&*owner))
    }

    /// A thread of its own cancels the job, and sees what it may see then.
    pub fn cancel(&self, cell: RawCell) -> JoinHandle<bool> {
        let witness = self.witness.clone();
        thread::spawn(move || cancel(&cell, &witness))
    }

    /// Joins the handle and compares the outcome with what the other threads did.
    pub fn join(&self, handle: JobHandle<Value>) -> Result<(), JobError> {
        self.look(handle.join())
    }

    /// Sees what one may see who has the outcome.
    pub fn look(&self, outcome: Result<Value, JobError>) -> Result<(), JobError> {
        self.witness.check_closure_is_gone();
        self.owner.owner.check_nothing_runs();
        outcome.map(|value| value.check())
    }

    /// At the end: `outcome` is the handle's, `cancelled` says whether a cancel succeeded.
    pub fn settle(&self, outcome: &Result<(), JobError>, cancelled: bool) {
        let runs = self.witness.settle();
        assert_eq!(runs == 1, outcome.is_ok(), "{runs} runs, and the handle says {outcome:?}");
        assert_eq!(cancelled, outcome.as_ref().is_err_and(JobError::is_cancelled), "the handle says {outcome:?}");
        self.settle_owner(runs, cancelled);
    }

    pub fn settle_owner(&self, runs: isize, cancelled: bool) {
        self.owner.owner.settle(runs, isize::from(cancelled));
        assert_eq!(self.owner.owner.panics(), (0, 0));
    }
}

/// Cancels the job, and sees what a canceller may see then.
pub fn cancel(cell: &RawCell, witness: &Witness) -> bool {
    let cancelled = cell.cancel();
    if cancelled {
        witness.check_closure_is_gone();
    }
    cancelled
}
