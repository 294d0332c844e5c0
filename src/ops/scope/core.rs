//! What the jobs of a scope share: their count, the first panic, and the jobs that lie on no worker's deque.

use std::ptr::NonNull;
use std::sync::Arc;

use super::aside::Aside;
use super::piece;
use crate::job::frame::Chain;
use crate::job::{Header, JobRef, Owner, Verb};
use crate::park::{Latch, Parker, Unparker};
use crate::registry::Registry;
use crate::sync::time::Deadline;
use crate::sync::{AtomicPtr, Mutex, Ordering, lock};
use crate::util::contain::Payload;
use crate::worker::Worker;

/// Lies in the frame of the thread that waits; each job has its address, and counts in its latch.
pub(super) struct Core {
    latch: Latch,
    registry: Arc<Registry>,
    unparker: Unparker,
    /// The jobs that the waiting thread is inside of: the scope's are part of them.
    outer: Chain,
    panic: Mutex<Option<Payload>>,
    /// An `Arc`, made when the first job is put aside.
    aside: AtomicPtr<Aside>,
}

// SAFETY: the chain is only used by jobs of the scope, for which its thread waits; the rest may be shared anyway.
unsafe impl Sync for Core {}

impl Core {
    pub(super) fn new(registry: Arc<Registry>, unparker: Unparker) -> Self {
        Self {
            latch: Latch::new(unparker.clone()),
            registry,
            unparker,
            outer: Chain::current(),
            panic: Mutex::new(None),
            aside: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    /// The count of jobs; also the scope's identity.
    pub(super) fn latch(&self) -> NonNull<Latch> {
        NonNull::from(&self.latch)
    }

    pub(super) fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    pub(super) fn outer(&self) -> Chain {
        self.outer
    }

    /// Queues a job. Called from inside the scope: by its own closure or by one of its jobs. Returns its word if it lies on this worker's deque.
    pub(super) fn spawn<F: FnOnce() + Send>(&self, f: F) -> Option<JobRef> {
        Worker::with_current_of(&self.registry, |worker| match worker {
            Some(worker) => {
                worker.count_one(self.latch());
                let job = piece::make(f, self, Some(worker.blocks()));
                if let Err(job) = worker.push_scoped(self.latch(), job) {
                    self.put_aside(job);
                    return None;
                }
                Some(job)
            }
            None => {
                self.latch.add(1);
                self.put_aside(piece::make(f, self, None));
                None
            }
        })
    }

    #[cold]
    fn put_aside(&self, job: JobRef) {
        let aside = NonNull::new(self.aside.load(Ordering::Acquire)).unwrap_or_else(|| self.make_aside());
        // SAFETY: once made it is there as long as the scope, which has a reference.
        unsafe { Aside::push(aside, job, &self.registry) };
    }

    fn make_aside(&self) -> NonNull<Aside> {
        let new = Arc::into_raw(Arc::new(Aside::new(self.unparker.clone()))).cast_mut();
        // Ordering: Release publishes it; Acquire, to see that of another thread which was faster.
        let exchanged = self.aside.compare_exchange(std::ptr::null_mut(), new, Ordering::AcqRel, Ordering::Acquire);
        let current = match exchanged {
            Ok(_) => new,
            Err(other) => {
                // SAFETY: from `into_raw`, and nobody else has it.
                drop(unsafe { Arc::from_raw(new) });
                other
            }
        };
        NonNull::new(current).expect("made just now, or before")
    }

    /// Takes a job that was put aside.
    fn take_aside(&self) -> Option<JobRef> {
        // SAFETY: as in `put_aside`.
        unsafe { self.aside.load(Ordering::Acquire).as_ref() }?.take()
    }

    /// Runs what is left and waits for what others run. On the worker that opened the scope when its deque had this bottom.
    pub(super) fn wait_on(&self, worker: &Worker, base: i64) {
        worker.run_offers_down_to(base);
        worker.settle_credit();
        if !self.latch.leave() {
            let run_aside = || self.take_aside().map(|job| worker.run_piece(job)).is_some();
            worker.wait_for(self.latch().as_ptr().addr(), || self.latch.has_ended(), run_aside);
        }
        worker.frame_ended(base);
    }

    /// Waits for what workers run. If the pool has ended, this thread runs what is left.
    pub(super) fn wait_outside(&self, parker: &Parker) {
        if self.latch.leave() {
            return;
        }
        while !self.latch.has_ended() {
            if self.run_what_the_pool_will_not() {
                continue;
            }
            parker.park(Deadline::NEVER);
        }
    }

    /// Runs a job on this thread, which is no worker, if the pool has ended. False: there is none, or the pool goes on.
    pub(super) fn run_what_the_pool_will_not(&self) -> bool {
        let job = if self.registry.is_closed() { self.take_aside() } else { None };
        let Some(job) = job else { return false };
        // SAFETY: taken from the queue just now.
        let _ = unsafe { Header::execute(job, Verb::Run(&*self.registry)) };
        true
    }

    /// Keeps the first panic of a job, to be raised by the scope; the others go to the panic handler.
    pub(super) fn keep(&self, payload: Payload) {
        let mut kept = lock(&self.panic);
        if kept.is_none() {
            *kept = Some(payload);
            return;
        }
        drop(kept);
        self.report(payload);
    }

    pub(super) fn take_panic(&self) -> Option<Payload> {
        lock(&self.panic).take()
    }

    pub(super) fn report(&self, payload: Payload) {
        self.registry.report(payload);
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        let aside = self.aside.load(Ordering::Acquire);
        if !aside.is_null() {
            // SAFETY: from `into_raw`; the scope's own reference.
            drop(unsafe { Arc::from_raw(aside) });
        }
    }
}
