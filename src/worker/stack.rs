//! Running an awaited job in place, and on a fresh stack when little of this one is left.

use std::cell::Cell;

use super::Worker;
use crate::job::RawCell;
use crate::job::frame::Chain;
use crate::sync::facade_thread_local;
use crate::sync::thread;

facade_thread_local! {
    /// The address below which jobs are not run in place: half of the stack is left there. 0: not known.
    static LOW_MARK: Cell<usize> = Cell::new(0);
}

/// Called at the start of a thread with `size` bytes of stack.
pub(super) fn note_bottom(size: usize) {
    LOW_MARK.with(|mark| mark.set(thread::stack_position().saturating_sub(size / 2)));
}

fn has_room() -> bool {
    thread::stack_position() >= LOW_MARK.with(Cell::get)
}

/// A worker's address, on its way to a thread that stands in for it.
struct StandIn<'a>(&'a Worker, Chain);

// SAFETY: the worker's own thread waits until the stand-in has ended, so one thread at a time uses the worker; starting and joining
// the thread orders their accesses. The chain's duty holds for the same reason.
unsafe impl Send for StandIn<'_> {}

impl Worker {
    /// Runs the job that the caller is about to wait for, here and now, if it is one of this pool's and nobody has started it.
    ///
    /// This is the only job that a waiting worker runs: it adds no dependency that the wait does not have already.
    pub fn run_awaited(&self, cell: &RawCell) {
        if cell.owner() != self.registry.id() || cell.has_ended() {
            return;
        }
        if has_room() {
            self.claim_and_run(cell);
        } else {
            self.run_on_fresh_stack(cell);
        }
    }

    fn claim_and_run(&self, cell: &RawCell) {
        if cell.claim() {
            self.stats().tombstones_made.bump();
            cell.run_claimed(self);
        }
    }

    /// A chain of waits has used up this stack: a thread with a stack of its own stands in for this worker until the job has ended. If
    /// the system has no thread left, the job stays queued, for another worker.
    #[cold]
    fn run_on_fresh_stack(&self, cell: &RawCell) {
        let stand_in = StandIn(self, Chain::current());
        let size = self.registry.config().stack_size;
        let _ = thread::run_scoped(size, move || {
            let StandIn(worker, chain) = { stand_in };
            note_bottom(size);
            // SAFETY: the thread that the chain came from waits in `run_scoped`.
            worker.enter(|| unsafe { chain.resume(|| worker.claim_and_run(cell)) });
        });
    }
}
