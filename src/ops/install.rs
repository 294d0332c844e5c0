//! Running a closure on a worker while its caller waits.

use std::panic::resume_unwind;
use std::sync::Arc;

use crate::job::{StackJob, StackOutcome};
use crate::park::{self, Parker};
use crate::registry::{Lane, Registry};
use crate::sync::time::Deadline;
use crate::worker::Worker;

/// Runs `f` on a worker and returns its result; a panic is re-raised. On a worker of the pool, and after shutdown, on the calling thread.
pub fn install<R, F>(registry: &Arc<Registry>, f: F) -> R
where
    R: Send,
    F: FnOnce() -> R + Send,
{
    let inside = Worker::with_current_of(registry, |worker| worker.is_some());
    if inside || registry.is_closed() {
        return f();
    }
    let outcome = park::with_current(|parker| {
        let job = StackJob::new(f, |f| f(), parker.unparker());
        // SAFETY: `job` stays in this frame until it has ended, two lines down; `F` and `R` are Send.
        registry.inject(unsafe { job.as_job() }, Lane::Back);
        wait(parker, || job.has_ended());
        job.into_outcome()
    });
    match outcome {
        StackOutcome::Ran(Ok(value)) => value,
        StackOutcome::Ran(Err(payload)) => resume_unwind(payload),
        StackOutcome::Unrun(f) => f(),
    }
}

/// Blocks until `done` holds; whoever makes it hold unparks `parker` afterwards.
pub(super) fn wait(parker: &Parker, done: impl Fn() -> bool) {
    if !park::spin_until(&done) {
        while !done() {
            parker.park(Deadline::NEVER);
        }
    }
}
