//! What every queued thing begins with: the function that knows how to run it or end it.

use std::ptr::NonNull;

use super::Owner;

/// A queued job: one word. Whoever takes it from a queue must [`execute`](Header::execute) it exactly once.
pub type JobRef = NonNull<Header>;

/// The first field of every job.
#[derive(Debug)]
#[repr(C)]
pub struct Header {
    execute: unsafe fn(JobRef, Verb<'_>) -> Executed,
}

/// What to do with a job taken from a queue.
#[derive(Clone, Copy)]
pub enum Verb<'a> {
    /// Run it here and now.
    Run(&'a dyn Owner),
    /// End it without running it.
    End(&'a dyn Owner, Reason),
    /// If it is a tombstone, free it; if it lies in the injector, move it out of there; else leave it alone.
    Bury,
    /// It lies at this place of the timers' wheel: if it is a tombstone, free it; else note the place.
    Settle(usize),
    /// Leave it alone, and answer whether it is to be ended for this reason when all that is queued is, one after another: `Done`, or `Kept` if not.
    Probe(Reason),
    /// The timers say that it is due: if it is a tombstone, free it; else it is queued from now on, and `Kept`.
    Fire,
}

/// Why a job ends without having run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// One of the `cancel` calls.
    Cancelled,
    /// The pool shut down, or had already.
    ShutDown,
}

/// What became of a job taken from a queue.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Executed {
    /// It was live, and the verb was carried out.
    Done,
    /// It had been cancelled or run in place before: only its tombstone was queued.
    Tombstone,
    /// The verb did not apply: the job is still the caller's to queue.
    Kept,
    /// It lies elsewhere now, and is still the caller's to queue, by this word.
    Moved(JobRef),
}

impl Header {
    /// Makes the first field of a job of the type that `execute` expects.
    pub fn new(execute: unsafe fn(JobRef, Verb<'_>) -> Executed) -> Self {
        Self { execute }
    }

    /// Carries out the verb.
    ///
    /// # Safety
    ///
    /// 1. `job` was taken from a queue (or never entered one), and so is the caller's alone to execute.
    /// 2. It is executed once, unless the answer is [`Executed::Kept`].
    #[inline(always)]
    pub unsafe fn execute(job: JobRef, verb: Verb<'_>) -> Executed {
        // SAFETY: by duty 1 the job has not been executed yet, and until then it is alive.
        let execute = unsafe { job.as_ref() }.execute;
        // SAFETY: the header was made together with the job, of the type that the function expects; duties 1 and 2 are passed on.
        unsafe { execute(job, verb) }
    }
}
