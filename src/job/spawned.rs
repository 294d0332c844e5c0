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
        if let Verb::Bury = verb {
            return Executed::Kept;
        }
        // SAFETY: made in `queued` by `Box::leak` of this type; executed once, so owned by nobody else.
        let job = unsafe { Box::from_raw(job.cast::<Self>().as_ptr()) };
        let Self { closure, .. } = *job;
        match verb {
            Verb::Run(owner) => {
                owner.left_queue();
                owner.started();
                let result = contain(closure);
                owner.finished();
                if let Err(payload) = result {
                    owner.count_panic();
                    owner.report(payload);
                }
            }
            Verb::End(owner, reason) => Self::end(owner, reason, closure),
            Verb::Bury => unreachable!("answered above"),
        }
        Executed::Done
    }

    #[cold]
    fn end(owner: &dyn Owner, reason: Reason, closure: F) {
        let dropped = contain_drop(closure);
        owner.ended_unrun(reason, false);
        dropped.unwrap_or_else(|payload| owner.report(payload));
    }
}
