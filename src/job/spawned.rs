//! A job without a handle: a closure in a piece of memory, and nothing else.

use std::ptr::NonNull;

use super::{Executed, Header, JobRef, Owner, Reason, Verb};
use crate::queue::{self, Injector};
use crate::sync::Track;
use crate::util::blocks::Blocks;
use crate::util::contain::{contain, contain_drop};

/// Where a spawned job lies.
type Place = u8;
/// In a box of its own size.
const BOXED: Place = 0;
/// In one of the blocks that workers keep.
const IN_BLOCK: Place = 1;
/// In the injector.
const IN_INJECTOR: Place = 2;

/// A spawned job.
#[repr(C)]
pub struct Spawned<F, const PLACE: Place> {
    header: Header,
    closure: F,
    _track: Track<()>,
}

/// Makes a job to be queued. `store`: the running worker's memory for jobs.
#[inline]
pub fn spawned<F: FnOnce() + Send + 'static>(closure: F, store: Option<&Blocks>) -> JobRef {
    let Some(store) = store else { return boxed(closure) };
    match store.put(Spawned::<F, IN_BLOCK>::new(closure)) {
        Ok(job) => job.cast(),
        Err(job) => boxed(job.closure),
    }
}

/// Makes a job and adds it to the injector: in there, if it fits.
#[inline]
pub fn inject<F: FnOnce() + Send + 'static>(closure: F, injector: &Injector<Header>) {
    // SAFETY: a spawned job begins with its header.
    if let Err(job) = unsafe { injector.push_job(Spawned::<F, IN_INJECTOR>::new(closure)) } {
        injector.push(boxed(job.closure));
    }
}

fn boxed<F: FnOnce() + Send + 'static>(closure: F) -> JobRef {
    NonNull::from(Box::leak(Box::new(Spawned::<F, BOXED>::new(closure)))).cast()
}

impl<F: FnOnce() + Send + 'static, const PLACE: Place> Spawned<F, PLACE> {
    fn new(closure: F) -> Self {
        Self { header: Header::new(Self::execute), closure, _track: Track::new(()) }
    }

    /// The [`Header`]'s function.
    unsafe fn execute(job: JobRef, verb: Verb<'_>) -> Executed {
        match verb {
            Verb::Bury if PLACE == IN_INJECTOR => {
                // SAFETY: the job is not executed by the old word any more.
                return Executed::Moved(boxed(unsafe { Self::take_out(job, None) }));
            }
            Verb::Bury | Verb::Settle(_) | Verb::Fire => return Executed::Kept,
            Verb::Probe(_) => {}
            Verb::Run(owner) => {
                // SAFETY: the job was not kept: it is executed once.
                let closure = unsafe { Self::take_out(job, Some(owner)) };
                owner.left_queue();
                owner.started();
                let result = owner.in_span(|| ("spawned", None), || contain(closure));
                owner.finished();
                result.unwrap_or_else(|payload| owner.report(payload));
            }
            Verb::End(owner, reason) => {
                // SAFETY: as above.
                let closure = unsafe { Self::take_out(job, Some(owner)) };
                end(owner, reason, closure);
            }
        }
        Executed::Done
    }

    /// Moves the closure out and gives the memory back, so that the closure runs without it.
    ///
    /// # Safety
    ///
    /// `job` was made here with this type, and is the caller's to consume.
    #[inline]
    unsafe fn take_out(job: JobRef, owner: Option<&dyn Owner>) -> F {
        let job = job.cast::<Self>();
        let Self { closure, .. } = match PLACE {
            // SAFETY: made by `Blocks::put` of this type, and owned by nobody else.
            IN_BLOCK => unsafe { Blocks::take_out(owner.and_then(Owner::blocks), job) },
            // SAFETY: moved by `Injector::push_job`, of this type, and taken from there by the caller.
            IN_INJECTOR => unsafe { queue::take_out(job, owner.and_then(Owner::released)) },
            // SAFETY: made by `Box::leak` of this type, and owned by nobody else.
            _ => *unsafe { Box::from_raw(job.as_ptr()) },
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
