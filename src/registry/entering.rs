//! How jobs from outside come in: whether they may, where they are queued, and who is told.

use super::{Refusal, Registry};
use crate::job::{self, Header, JobRef, Reason, Verb};
use crate::sync::{Ordering, fence, full_fence};

/// Where a job enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Behind everything that its thread has queued.
    Back,
    /// Before everything that is queued.
    Express,
    /// Behind everything that is due, and before what is ordinary.
    Due,
}

impl Registry {
    /// Asks to queue one job: from inside the pool always granted while it is open; from outside the capacity decides, and `wait` says
    /// whether to wait for room.
    pub fn admit(&self, inside: bool, wait: bool) -> Result<(), Refusal> {
        if self.is_closed() {
            return Err(Refusal::ShutDown);
        }
        match &self.gate {
            None => Ok(()),
            // A thread that ends jobs of the pool may hold the ones that fill the queue.
            Some(gate) if inside || job::ending::is_ending(self.id) => {
                gate.force();
                Ok(())
            }
            Some(gate) if wait => gate.enter(|| self.is_closed()),
            Some(gate) => gate.try_enter(),
        }
    }

    /// Counts a job that has been admitted before as queued, or as not queued any more: it waits elsewhere in between.
    pub fn count_queued(&self, is_queued: bool) {
        match &self.gate {
            Some(gate) if is_queued => gate.force(),
            Some(gate) => gate.leave(),
            None => {}
        }
    }

    /// Ends a job that was not admitted.
    #[cold]
    pub fn refuse(&self, job: JobRef) {
        if let Some(gate) = &self.gate {
            gate.force();
        }
        // SAFETY: the job never entered a queue.
        let _ = unsafe { Header::execute(job, Verb::End(self, Reason::ShutDown)) };
    }

    /// Queues a job from outside the pool's workers, and wakes a worker if that is needed.
    pub fn inject(&self, job: JobRef, lane: Lane) {
        self.push_shared(job, lane);
        // Ordering: PushFence; the injector's push is a SeqCst exchange.
        match lane {
            Lane::Back | Lane::Due => fence::after_exchange(),
            Lane::Express => full_fence(Ordering::SeqCst),
        }
        self.tell_from_outside();
    }

    /// Queues a closure from outside the pool's workers, as [`inject`](Self::inject).
    #[inline]
    pub fn inject_closure<F: FnOnce() + Send + 'static>(&self, closure: F) {
        self.push_shared_closure(closure);
        // Ordering: PushFence: a SeqCst exchange.
        fence::after_exchange();
        self.tell_from_outside();
    }

    /// Pushes a closure to the shared queue, without waking anybody.
    #[inline]
    pub fn push_shared_closure<F: FnOnce() + Send + 'static>(&self, closure: F) {
        self.shared.push_closure(closure);
    }

    /// Pushes to a shared queue, without waking anybody.
    pub fn push_shared(&self, job: JobRef, lane: Lane) {
        self.shared.push(job, lane);
    }

    /// Called after a push to the injector, whose exchange is SeqCst as are the loads here, or after a push and a full fence (`sleep/README.md`).
    pub(super) fn tell_from_outside(&self) {
        if self.lifecycle.is_drained() {
            // The last worker left between our look at `closed` and our push.
            self.end_queued(Reason::ShutDown);
        } else {
            self.sleep.notify_from_outside();
        }
    }
}
