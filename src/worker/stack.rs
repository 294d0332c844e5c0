//! Running an awaited job in place, and on a fresh stack when little of this one is left.

use std::cell::Cell;

use super::Worker;
use super::search::Found;
use super::strand::Place;
use crate::job::{Awaited, Owner, RawCell, Reason, ending};
use crate::sync::facade_thread_local;
use crate::sync::thread;

facade_thread_local! {
    /// Where the stack of this worker's thread began, and its size.
    static STACK: Cell<(usize, usize)> = Cell::new((0, 0));
}

/// Below this share of the stack left, in eighths, a job that is run in place gets a thread of its own: each starts with at least half a stack.
const LITTLE: usize = 4;

/// Below this share left, in eighths, no job is run in place even if no thread can be had.
const NEARLY_NONE: usize = 1;

/// Called at the start of a thread with `size` bytes of stack.
pub(super) fn note_bottom(size: usize) {
    STACK.with(|stack| stack.set((thread::stack_position(), size)));
}

/// Whether at least this many eighths of the stack are left.
fn has_room(eighths: usize) -> bool {
    let (start, size) = STACK.with(Cell::get);
    thread::stack_position() >= start.saturating_sub(size - size / 8 * eighths)
}

/// Whether a job may run on top of the one that runs.
pub(super) fn has_room_for_another() -> bool {
    has_room(LITTLE)
}

/// A worker's address, on its way to a thread that stands in for it.
struct StandIn<'a>(&'a Worker, Place);

// SAFETY: the worker's own thread waits until the stand-in has ended, so one thread at a time uses the worker; starting and joining
// the thread orders their accesses. The duty of the place holds for the same reason.
unsafe impl Send for StandIn<'_> {}

impl Worker {
    /// Runs the job that the caller is about to wait for, here and now, if it is one of this pool's and nobody has started it.
    ///
    /// This is the only job that a waiting worker runs: it adds no dependency that the wait does not have already.
    pub(crate) fn run_awaited(&self, cell: &RawCell) {
        let is_ours = cell.owner() == self.registry.id() && !self.registry.id().is_inherited();
        if !is_ours || !cell.may_run(self.timekeeper()) {
            return;
        }
        if self.arrived.get() {
            self.where_there_is_room(|worker| worker.claim_and_run(cell));
        } else {
            // A start hook runs before the worker counts as awake: without this the pool could seem idle.
            let run = || self.where_there_is_room(|worker| worker.claim_and_run(cell));
            ending::during(self.registry.id(), &*self.registry, None, run);
        }
    }

    /// As [`run_awaited`](Self::run_awaited), for a job of a scope, which is run whatever becomes of the pool.
    pub(crate) fn run_awaited_scoped(&self, cell: &RawCell) {
        if cell.is_queued() {
            self.where_there_is_room(|worker| {
                if cell.claim() {
                    cell.run_claimed(worker);
                }
            });
        }
    }

    /// Whether a job may run on top of the one that runs.
    pub(crate) fn has_room(&self) -> bool {
        has_room_for_another()
    }

    fn where_there_is_room(&self, run: impl Fn(&Worker) + Sync) {
        if has_room(LITTLE) {
            run(self);
        } else {
            self.on_fresh_stack(run);
        }
    }

    fn claim_and_run(&self, cell: &RawCell) {
        // The usual case, submit and join: taken from the queue like any job, it leaves no tombstone. What `newest` shows may have been stolen, and even be the
        // address of another job by now; what `pop` gives is in the queue, so it is alive, so an equal address is this very job.
        if self.queues.spawned.newest() == Some(cell.as_job()) {
            if let Some(job) = self.queues.spawned.pop() {
                return self.run(Found::Job(job));
            }
        }
        if self.registry.is_dropping() {
            cell.end_here(self, Reason::ShutDown);
        } else if let Some(awaited) = cell.claim_awaited(self) {
            let was_queued = awaited == Awaited::Queued;
            if was_queued {
                self.stats().tombstones_made.bump();
            }
            cell.run_claimed(self);
            if was_queued {
                self.registry.ran_in_place();
            }
        }
    }

    /// A chain of waits has used up this stack: a thread with a stack of its own stands in for this worker until the job has ended. If
    /// the system has no thread left, the job stays queued, for another worker.
    #[cold]
    fn on_fresh_stack(&self, run: impl Fn(&Worker) + Sync) {
        let stand_in = StandIn(self, Place::of_this_thread());
        let size = self.registry.config().stack_size;
        let run = &run;
        let started = thread::run_scoped(size, move || {
            let StandIn(worker, place) = { stand_in };
            note_bottom(size);
            // To the thread's end: the destructors of its thread-locals run in the worker's place, too, since it waits for them.
            // SAFETY: the thread whose place it is waits in `run_scoped`.
            unsafe { place.take() };
            run(worker);
        });
        if started.is_err() && has_room(NEARLY_NONE) {
            run(self);
        }
    }
}
