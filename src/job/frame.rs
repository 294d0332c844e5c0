//! The jobs that the current thread is inside of, innermost first.

use std::ptr::NonNull;

use super::cell::Head;
use super::{JobId, periodic};
use crate::sync::{AtomicU64, facade_thread_local};

/// One job being run on this thread, on the stack of the function that runs it.
#[derive(Debug)]
struct Frame {
    job: Job,
    outer: *const Frame,
}

/// What is being run.
#[derive(Debug, Clone, Copy)]
enum Job {
    /// A submitted job.
    Submitted(NonNull<Head>),
    /// The state of a periodic one.
    Periodic(NonNull<AtomicU64>),
}

impl Frame {
    fn head(&self) -> Option<NonNull<Head>> {
        match self.job {
            Job::Submitted(head) => Some(head),
            Job::Periodic(_) => None,
        }
    }
}

facade_thread_local! {
    /// The innermost frame.
    static INNERMOST: std::cell::Cell<*const Frame> = std::cell::Cell::new(std::ptr::null());
}

fn innermost() -> *const Frame {
    INNERMOST.try_with(|frame| frame.get()).unwrap_or(std::ptr::null())
}

fn set_innermost(frame: *const Frame) {
    // A thread whose thread-locals are gone runs no jobs: there is nothing to restore.
    let _ = INNERMOST.try_with(|cell| cell.set(frame));
}

/// Restores the frame that was innermost before, also on unwinding.
struct Restore(*const Frame);

impl Drop for Restore {
    fn drop(&mut self) {
        set_innermost(self.0);
    }
}

/// Runs `f` as the job at `head`.
pub(super) fn enter<R>(head: NonNull<Head>, f: impl FnOnce() -> R) -> R {
    enter_job(Job::Submitted(head), f)
}

/// Runs `f` as the periodic job with this state.
pub(super) fn enter_periodic<R>(state: &AtomicU64, f: impl FnOnce() -> R) -> R {
    enter_job(Job::Periodic(NonNull::from(state)), f)
}

fn enter_job<R>(job: Job, f: impl FnOnce() -> R) -> R {
    let frame = Frame { job, outer: innermost() };
    let _restore = Restore(frame.outer);
    set_innermost(&frame);
    f()
}

/// The chain of frames, to be continued on another thread while this one waits for it.
#[derive(Debug, Clone, Copy)]
pub struct Chain(*const Frame);

// SAFETY: the frames live on a stack whose thread waits while the chain is in use elsewhere (the duty of `Chain::resume`).
unsafe impl Send for Chain {}

impl Chain {
    /// No frames.
    pub const NONE: Self = Self(std::ptr::null());

    /// Makes these frames this thread's, in place of those that it has.
    ///
    /// # Safety
    ///
    /// The thread that the chain came from waits until this one has another chain.
    pub unsafe fn install(self) {
        set_innermost(self.0);
    }

    /// This thread's frames.
    pub fn current() -> Self {
        Self(innermost())
    }

    /// Runs `f` with these frames as the outer ones.
    ///
    /// # Safety
    ///
    /// The thread that the chain came from waits until `f` has returned.
    pub unsafe fn resume<R>(self, f: impl FnOnce() -> R) -> R {
        let _restore = Restore(innermost());
        set_innermost(self.0);
        f()
    }
}

/// Whether this thread is inside the job at `head`.
pub(super) fn contains(head: NonNull<Head>) -> bool {
    let mut next = innermost();
    // SAFETY: a frame in the chain is on the stack of a function that has not returned.
    while let Some(frame) = unsafe { next.as_ref() } {
        if frame.head() == Some(head) {
            return true;
        }
        next = frame.outer;
    }
    false
}

/// The jobs with a number that this thread is inside of, innermost first.
pub fn ids() -> Vec<JobId> {
    let mut ids = Vec::new();
    let mut next = innermost();
    // SAFETY: as in `contains`.
    while let Some(frame) = unsafe { next.as_ref() } {
        // SAFETY: the function that made the frame holds a reference to the cell until it returns.
        ids.extend(frame.head().map(|head| unsafe { head.as_ref() }.id));
        next = frame.outer;
    }
    ids
}

/// The delayed and periodic jobs that this thread is inside of, each by a number of its own.
pub fn timed_frames() -> Vec<usize> {
    let mut timed = Vec::new();
    let mut next = innermost();
    // SAFETY: as in `contains`.
    while let Some(frame) = unsafe { next.as_ref() } {
        let is_timed = match frame.job {
            // SAFETY: the function that made the frame holds a reference to the cell until it returns.
            Job::Submitted(head) => unsafe { head.as_ref() }.vtable.node.is_some(),
            Job::Periodic(_) => true,
        };
        timed.extend(is_timed.then(|| next.addr()));
        next = frame.outer;
    }
    timed
}

/// Whether the innermost job with a handle or a schedule has been asked to stop. `None` outside such a job.
pub fn cancel_requested() -> Option<bool> {
    // SAFETY: as in `contains`.
    let frame = unsafe { innermost().as_ref() }?;
    Some(match frame.job {
        // SAFETY: the function that made the frame holds a reference to the cell until it returns.
        Job::Submitted(head) => unsafe { head.as_ref() }.word.cancel_requested(),
        // SAFETY: that of a job which the function holds.
        Job::Periodic(state) => periodic::is_stopping(unsafe { state.as_ref() }),
    })
}
