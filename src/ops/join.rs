//! Running two closures, potentially at the same time.

use std::panic::resume_unwind;
use std::sync::Arc;

use super::install::{install, wait};
use crate::job::{Owner, StackJob, StackOutcome};
use crate::park;
use crate::registry::Registry;
use crate::util::contain::{Payload, contain, contain_drop};
use crate::worker::Worker;

/// Runs both closures and returns both results; when both have ended, a panic is re-raised, `a`'s first.
pub fn join<A, B, RA, RB>(registry: &Arc<Registry>, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA + Send,
    B: FnOnce() -> RB + Send,
    RA: Send,
    RB: Send,
{
    Worker::with_current_of(registry, |worker| match worker {
        Some(worker) => both(registry, join_on(worker, a, b)),
        None if registry.is_closed() => both(registry, (contain(a), contain(b))),
        None => install(registry, || join(registry, a, b)),
    })
}

type Results<RA, RB> = (Result<RA, Payload>, Result<RB, Payload>);

/// Both values, or a panic again, `a`'s before `b`'s. What is left over then is dropped before the unwinding, in which a second panic would abort.
fn both<RA, RB>(registry: &Registry, results: Results<RA, RB>) -> (RA, RB) {
    let (payload, left_over) = match results {
        (Ok(a), Ok(b)) => return (a, b),
        (Ok(a), Err(payload)) => (payload, contain_drop(a)),
        (Err(payload), Ok(b)) => (payload, contain_drop(b)),
        (Err(payload), Err(second)) => (payload, Err(second)),
    };
    left_over.unwrap_or_else(|payload| registry.report(payload));
    resume_unwind(payload)
}

/// Offers `b` to thieves while `a` runs. If it has been taken, waits for it and runs nothing else.
fn join_on<A, B, RA, RB>(worker: &Worker, a: A, b: B) -> Results<RA, RB>
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB,
{
    park::with_current(|parker| {
        let job = StackJob::new(b, parker.unparker());
        // SAFETY: `job` stays in this frame until it is popped or has ended, below; `join` asks that `B` and `RB` are Send.
        let pushed = worker.push_piece(unsafe { job.as_job() }).is_ok();
        let a = contain(a);
        if pushed && worker.pop_piece().is_none() {
            // Pieces are popped in the reverse order of pushing, so an empty deque means that ours was stolen.
            wait(parker, || job.has_ended());
        }
        let b = match job.into_outcome() {
            StackOutcome::Ran(result) => result,
            StackOutcome::Unrun(b) => contain(b),
        };
        (a, b)
    })
}
