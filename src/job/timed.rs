//! What a job needs to wait for its time.

use std::ptr::NonNull;

use super::JobRef;
use crate::sync::{AtomicPtr, AtomicU64, Ordering};

/// The part of a delayed or periodic job that its pool's timers see.
#[derive(Debug)]
pub struct Node {
    job: JobRef,
    /// In nanoseconds since the beginning of the timers' clock.
    deadline: AtomicU64,
    /// In the timers' inbox: the node below; whoever pushes or takes the node writes and reads it. In the wheel: its place there, as an odd number, which
    /// whoever has the wheel writes and reads; it may have left that place, or the wheel, since.
    at: AtomicPtr<Node>,
}

// SAFETY: the job is on its way to the one who takes it from the timers, and may cross threads as in any queue.
unsafe impl Send for Node {}
// SAFETY: as above; all else is atomic.
unsafe impl Sync for Node {}

impl Node {
    /// The node of a job.
    pub fn new(job: JobRef, deadline: u64) -> Self {
        Self { job, deadline: AtomicU64::new(deadline), at: AtomicPtr::new(std::ptr::null_mut()) }
    }

    /// Sets the job, for one who knew the node's place only when it was there.
    pub fn set_job(&mut self, job: JobRef) {
        self.job = job;
    }

    /// The word by which the job is queued.
    pub fn job(&self) -> JobRef {
        self.job
    }

    /// When it is due.
    pub fn deadline(&self) -> u64 {
        // Ordering: Relaxed: a number by itself. The timers get it with the node.
        self.deadline.load(Ordering::Relaxed)
    }

    /// Sets when it is due next: for one who has the timers' reference to the job.
    pub fn set_deadline(&self, deadline: u64) {
        self.deadline.store(deadline, Ordering::Relaxed);
    }

    /// The node below.
    pub fn next(&self) -> Option<NonNull<Node>> {
        // Ordering: Relaxed: the word of the inbox publishes it.
        NonNull::new(self.at.load(Ordering::Relaxed))
    }

    /// Puts the node onto another one.
    pub fn set_next(&self, next: *mut Node) {
        self.at.store(next, Ordering::Relaxed);
    }

    /// Notes the place in the wheel.
    pub fn settle(&self, place: usize) {
        // Ordering: Relaxed: the wheel's lock publishes it.
        self.at.store(std::ptr::without_provenance_mut(place << 1 | 1), Ordering::Relaxed);
    }

    /// The place in the wheel that was noted last, unless the node is in the inbox.
    pub fn place(&self) -> Option<usize> {
        let at = self.at.load(Ordering::Relaxed).addr();
        (at & 1 == 1).then_some(at >> 1)
    }
}
