//! The jobs of a scope that may not lie on a worker's fork-join deque: spawned from outside the pool, or inside another fork-join call, or too many.
//!
//! They lie in a queue of the scope's own. Its waiter takes them there. Other workers come by a *ticket*, a word in the pool's ordinary queues that stands for
//! all of them: at most one is queued at a time. Whoever takes the ticket takes one job, queues the ticket again if there are more, and runs the
//! job. So no job waits without a ticket, and no ticket is queued for each job.
//!
//! A pusher adds its job and then raises `has_ticket`; a taker lowers it and then looks for a job. Both are read-modify-writes of one word, so either the
//! pusher finds it lowered, and queues a ticket, or the taker finds the job.

use std::ptr::NonNull;
use std::sync::Arc;

use crate::job::{Executed, Header, JobRef, Reason, Verb};
use crate::park::Unparker;
use crate::queue::{Backlog, InTransit};
use crate::registry::{Lane, Registry, retry};
use crate::sync::{AtomicBool, Ordering};
use crate::worker::Worker;

/// The queue. It is its own ticket, and outlives the scope if that is still queued then.
#[repr(C)]
pub(super) struct Aside {
    header: Header,
    jobs: Backlog<InTransit<Header>>,
    has_ticket: AtomicBool,
    /// Of the thread that waits for the scope: told if the pool ends before the ticket is taken.
    unparker: Unparker,
}

impl Aside {
    pub(super) fn new(unparker: Unparker) -> Self {
        let header = Header::new(execute);
        Self { header, jobs: Backlog::new(), has_ticket: AtomicBool::new(false), unparker }
    }

    /// Adds a job.
    ///
    /// # Safety
    ///
    /// `this` comes from `Arc::into_raw`, and the caller has a reference.
    pub(super) unsafe fn push(this: NonNull<Self>, job: JobRef, registry: &Registry) {
        // SAFETY: the caller's reference keeps it.
        unsafe { this.as_ref() }.jobs.push(InTransit(job));
        // SAFETY: passed on.
        unsafe { Self::queue_ticket(this, registry) };
    }

    /// Takes the oldest job.
    pub(super) fn take(&self) -> Option<JobRef> {
        retry(|| self.jobs.steal()).map(|InTransit(job)| job)
    }

    /// Sees to it that a ticket is queued.
    ///
    /// # Safety
    ///
    /// As for [`push`](Self::push).
    unsafe fn queue_ticket(this: NonNull<Self>, registry: &Registry) {
        // SAFETY: the caller's reference keeps it.
        let aside = unsafe { this.as_ref() };
        // Ordering: Release: who lowers it sees our job. Acquire is for the pair's other half.
        if aside.has_ticket.swap(true, Ordering::AcqRel) {
            return;
        }
        // SAFETY: it lies in an `Arc`, and the caller has a reference (duty).
        unsafe { Arc::increment_strong_count(this.as_ptr()) };
        let ticket = this.cast();
        Worker::with_current_of(registry, |worker| match worker {
            Some(worker) => worker.push(ticket, Lane::Back),
            None => registry.inject(ticket, Lane::Back),
        });
    }

    /// Takes one job and runs it, and queues the ticket again if there are more.
    ///
    /// # Safety
    ///
    /// As for [`push`](Self::push).
    unsafe fn run_one(this: NonNull<Self>) {
        Worker::with_current(|worker| {
            let worker = worker.expect("workers run what is queued");
            // SAFETY: the caller's reference keeps it.
            let aside = unsafe { this.as_ref() };
            let Some(job) = aside.take() else { return };
            if !aside.jobs.is_empty() {
                // SAFETY: passed on.
                unsafe { Self::queue_ticket(this, worker.registry()) };
            }
            worker.run_piece(job);
        });
    }
}

/// The [`Header`]'s function.
unsafe fn execute(ticket: JobRef, verb: Verb<'_>) -> Executed {
    if matches!(verb, Verb::End(_, Reason::Cancelled) | Verb::Bury | Verb::Settle(_) | Verb::Probe(_) | Verb::Fire) {
        // The scope waits for its jobs.
        return Executed::Kept;
    }
    let this = ticket.cast::<Aside>();
    // SAFETY: the ticket stands for a reference.
    let aside = unsafe { Arc::from_raw(this.as_ptr()) };
    // Ordering: Acquire: we see the jobs of those who found it raised.
    aside.has_ticket.swap(false, Ordering::AcqRel);
    match verb {
        // SAFETY: `aside` is a reference, until the end of this function.
        Verb::Run(_) => unsafe { Aside::run_one(this) },
        // The scope's own thread runs them.
        _ => aside.unparker.unpark(),
    }
    Executed::Done
}
