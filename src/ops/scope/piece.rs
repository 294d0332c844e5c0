//! A job of a scope: a closure in a piece of memory, and whose it is.

use std::ptr::NonNull;

use super::core::Core;
use crate::job::{Executed, Header, JobRef, Owner, Reason, Verb};
use crate::park::Latch;
use crate::sync::Track;
use crate::util::blocks::Blocks;
use crate::util::contain::contain;
use crate::worker::Worker;

/// The job. It counts in the scope's latch until it has run, so the scope is there as long.
#[repr(C)]
struct Piece<F, const IN_BLOCK: bool> {
    header: Header,
    scope: NonNull<Core>,
    closure: F,
    _track: Track<()>,
}

/// Makes a job of the scope that has been counted there. `store`: the running worker's memory for jobs.
pub(super) fn make<F: FnOnce() + Send>(closure: F, scope: &Core, store: Option<&Blocks>) -> JobRef {
    let scope = NonNull::from(scope);
    let Some(store) = store else { return boxed(scope, closure) };
    match store.put(Piece::<F, true>::new(scope, closure)) {
        Ok(piece) => piece.cast(),
        Err(piece) => boxed(scope, piece.closure),
    }
}

fn boxed<F: FnOnce() + Send>(scope: NonNull<Core>, closure: F) -> JobRef {
    NonNull::from(Box::leak(Box::new(Piece::<F, false>::new(scope, closure)))).cast()
}

impl<F: FnOnce() + Send, const IN_BLOCK: bool> Piece<F, IN_BLOCK> {
    fn new(scope: NonNull<Core>, closure: F) -> Self {
        Self { header: Header::new(Self::execute), scope, closure, _track: Track::new(()) }
    }

    /// The [`Header`]'s function.
    unsafe fn execute(job: JobRef, verb: Verb<'_>) -> Executed {
        let owner = match verb {
            Verb::Run(owner) => owner,
            // Whatever becomes of the pool, the scope waits for the job.
            Verb::End(_, Reason::Cancelled | Reason::ShutDown)
            | Verb::Bury
            | Verb::Settle(_)
            | Verb::Probe(_)
            | Verb::Fire => {
                return Executed::Kept;
            }
        };
        // SAFETY: the job is executed once, by the caller.
        let (scope, closure) = unsafe { Self::take_out(job, owner.blocks()) };
        // SAFETY: the job counts in the scope's latch until the end of `run`.
        run(unsafe { scope.as_ref() }, job, closure, owner);
        Executed::Done
    }

    /// Moves the closure out and gives the memory back, so that the closure runs without it.
    ///
    /// # Safety
    ///
    /// `job` was made here with this type, and is the caller's to consume.
    unsafe fn take_out(job: JobRef, store: Option<&Blocks>) -> (NonNull<Core>, F) {
        let job = job.cast::<Self>();
        let Self { scope, closure, .. } = if IN_BLOCK {
            // SAFETY: made by `Blocks::put` of this type, and owned by nobody else.
            unsafe { Blocks::take_out(store, job) }
        } else {
            // SAFETY: made by `Box::leak` of this type, and owned by nobody else.
            *unsafe { Box::from_raw(job.as_ptr()) }
        };
        (scope, closure)
    }
}

fn run(scope: &Core, job: JobRef, closure: impl FnOnce(), owner: &dyn Owner) {
    let latch = scope.latch();
    // SAFETY: the thread that the chain came from waits for the scope, which waits for this job.
    let contained = || unsafe { scope.outer().resume(|| owner.in_span(|| ("scoped", None), || contain(closure))) };
    owner.started();
    Worker::with_current_of(scope.registry(), |worker| {
        let result = match worker {
            Some(worker) => {
                worker.serve_scope(job, latch);
                worker.as_frame_of(latch, contained)
            }
            None => contained(),
        };
        owner.finished();
        if let Err(payload) = result {
            scope.keep(payload);
        }
        match worker {
            Some(worker) => worker.count_done(latch),
            // SAFETY: the job has counted as one.
            None => unsafe { Latch::release(latch, 1) },
        }
    });
}
