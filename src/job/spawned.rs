//! A job without a handle: a closure in a box, and nothing else.

use std::ptr::NonNull;

use super::{Executed, Header, JobRef, Owner, Reason, Verb};
use crate::sync::Track;
use crate::util::contain::{contain, contain_drop};

/// A spawned job.
#[repr(C)]
pub struct Spawned<F> {
    header: Header,
    closure: F,
    _track: Track<()>,
}

impl<F: FnOnce() + Send + 'static> Spawned<F> {
    /// Makes a job to be queued.
    pub fn queued(closure: F) -> JobRef {
        let job = Self { header: Header::new(Self::execute), closure, _track: Track::new(()) };
        NonNull::from(Box::leak(Box::new(job))).cast()
    }

    /// The [`Header`]'s function.
    unsafe fn execute(job: JobRef, verb: Verb<'_>) -> Executed {
        match verb {
            Verb::Bury => return Executed::Kept,
            Verb::Probe => return Executed::Done,
            Verb::Run(_) | Verb::End(..) => {}
        }
        // SAFETY: the job was not kept: it is executed once.
        let closure = unsafe { Self::unbox(job) };
        match verb {
            Verb::Run(owner) => {
                owner.left_queue();
                owner.started();
                let result = contain(closure);
                owner.finished();
                result.unwrap_or_else(|payload| owner.report(payload));
            }
            Verb::End(owner, reason) => Self::end(owner, reason, closure),
            Verb::Bury | Verb::Probe => unreachable!("answered above"),
        }
        Executed::Done
    }

    /// Moves the closure out and frees the box, so that the closure runs without it.
    ///
    /// # Safety
    ///
    /// `job` was made by [`queued`](Self::queued), and is the caller's to consume.
    unsafe fn unbox(job: JobRef) -> F {
        // SAFETY: made by `Box::leak` of this type, and owned by nobody else.
        let job = unsafe { Box::from_raw(job.cast::<Self>().as_ptr()) };
        let Self { closure, .. } = *job;
        closure
    }

    #[cold]
    fn end(owner: &dyn Owner, reason: Reason, closure: F) {
        let dropped = contain_drop(closure);
        owner.ended_unrun(reason, false);
        dropped.unwrap_or_else(|payload| owner.report(payload));
    }
}
