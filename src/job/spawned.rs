//! A job without a handle: a closure in a piece of memory, and nothing else.

use std::ptr::NonNull;

use super::{Executed, Header, JobRef, Owner, Reason, Verb};
use crate::sync::Track;
use crate::util::blocks::Blocks;
use crate::util::contain::{contain, contain_drop};

/// A spawned job: in a box of its own size, or in one of the blocks that workers keep.
#[repr(C)]
pub struct Spawned<F, const IN_BLOCK: bool> {
    header: Header,
    closure: F,
    _track: Track<()>,
}

/// Makes a job to be queued. `store`: the running worker's memory for jobs.
#[inline]
pub fn spawned<F: FnOnce() + Send + 'static>(closure: F, store: Option<&Blocks>) -> JobRef {
    let Some(store) = store else { return boxed(closure) };
    match store.put(Spawned::<F, true>::new(closure)) {
        Ok(job) => job.cast(),
        Err(job) => boxed(job.closure),
    }
}

fn boxed<F: FnOnce() + Send + 'static>(closure: F) -> JobRef {
    NonNull::from(Box::leak(Box::new(Spawned::<F, false>::new(closure)))).cast()
}

impl<F: FnOnce() + Send + 'static, const IN_BLOCK: bool> Spawned<F, IN_BLOCK> {
    fn new(closure: F) -> Self {
        Self { header: Header::new(Self::execute), closure, _track: Track::new(()) }
    }

    /// The [`Header`]'s function.
    unsafe fn execute(job: JobRef, verb: Verb<'_>) -> Executed {
        match verb {
            Verb::Bury => return Executed::Kept,
            Verb::Probe => {}
            Verb::Run(owner) => {
                // SAFETY: the job was not kept: it is executed once.
                let closure = unsafe { Self::take_out(job, owner.blocks()) };
                owner.left_queue();
                owner.started();
                let result = contain(closure);
                owner.finished();
                result.unwrap_or_else(|payload| owner.report(payload));
            }
            Verb::End(owner, reason) => {
                // SAFETY: as above.
                let closure = unsafe { Self::take_out(job, owner.blocks()) };
                end(owner, reason, closure);
            }
        }
        Executed::Done
    }

    /// Moves the closure out and gives the memory back, so that the closure runs without it.
    ///
    /// # Safety
    ///
    /// `job` was made by [`spawned`] with this type, and is the caller's to consume.
    #[inline]
    unsafe fn take_out(job: JobRef, store: Option<&Blocks>) -> F {
        let job = job.cast::<Self>();
        let Self { closure, .. } = if IN_BLOCK {
            // SAFETY: made by `Blocks::put` of this type, and owned by nobody else.
            unsafe { Blocks::take_out(store, job) }
        } else {
            // SAFETY: made by `Box::leak` of this type, and owned by nobody else.
            *unsafe { Box::from_raw(job.as_ptr()) }
        };
        closure
    }
}

#[cold]
fn end<F>(owner: &dyn Owner, reason: Reason, closure: F) {
    // First, so that a destructor which submits finds the room that this job leaves.
    owner.ended_unrun(reason, false);
    contain_drop(closure).unwrap_or_else(|payload| owner.report(payload));
}
