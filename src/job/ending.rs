//! Ending jobs on a thread that is not running them: a cancel, a shutdown that drops what is queued.
//!
//! What that thread does (destructors of captures, callbacks) belongs to the pool's work: it is not idle meanwhile. So the thread itself
//! must not wait for the pool to be idle, nor for room in its queue, nor for a job that it holds itself; it is asked here.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use super::{JobRef, Owner, OwnerId, RawCell, Reason};
use crate::sync::facade_thread_local;

/// One such action, on the stack of the function that does it.
struct Frame {
    owner: OwnerId,
    in_hand: Option<*const InHand>,
    outer: *const Frame,
}

/// Jobs that a thread has taken out of their queues, or from the timers, to end them all.
pub struct InHand {
    reason: Reason,
    jobs: RefCell<VecDeque<JobRef>>,
    ended: Cell<usize>,
    is_timed: bool,
}

impl InHand {
    /// Takes the jobs in hand.
    pub fn new(reason: Reason, jobs: Vec<JobRef>) -> Self {
        Self { reason, jobs: RefCell::new(jobs.into()), ended: Cell::new(0), is_timed: false }
    }

    /// Takes jobs in hand that came from the timers.
    pub fn timed(reason: Reason, jobs: Vec<JobRef>) -> Self {
        Self { is_timed: true, ..Self::new(reason, jobs) }
    }

    /// Whether they came from the timers.
    pub fn is_timed(&self) -> bool {
        self.is_timed
    }

    /// The next job to end.
    pub fn next(&self) -> Option<JobRef> {
        self.jobs.borrow_mut().pop_front()
    }

    /// Why they end.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Counts one that was live.
    pub fn count(&self) {
        self.ended.set(self.ended.get() + 1);
    }

    /// How many were live.
    pub fn ended(&self) -> usize {
        self.ended.get()
    }
}

facade_thread_local! {
    /// The innermost action.
    static INNERMOST: Cell<*const Frame> = Cell::new(std::ptr::null());
}

/// Ends an action, also on unwinding.
struct End<'a>(&'a dyn Owner, *const Frame);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let _ = INNERMOST.try_with(|cell| cell.set(self.1));
        self.0.end_ending();
    }
}

/// The chain of actions, to be continued on another thread while this one waits for it.
#[derive(Debug, Clone, Copy)]
pub struct Chain(*const Frame);

// SAFETY: the frames live on a stack whose thread waits while the chain is in use elsewhere (the duty of `Chain::install`).
unsafe impl Send for Chain {}

impl Chain {
    /// No actions.
    pub const NONE: Self = Self(std::ptr::null());

    /// This thread's actions.
    pub fn current() -> Self {
        Self(innermost())
    }

    /// Makes these actions this thread's, in place of those that it has.
    ///
    /// # Safety
    ///
    /// The thread that the chain came from waits until this one has another chain.
    pub unsafe fn install(self) {
        let _ = INNERMOST.try_with(|cell| cell.set(self.0));
    }
}

/// Runs `f`, which ends jobs of the pool `id`. The pool is not idle until it has returned.
pub fn during<R>(id: OwnerId, owner: &dyn Owner, in_hand: Option<&InHand>, f: impl FnOnce() -> R) -> R {
    let frame = Frame { owner: id, in_hand: in_hand.map(std::ptr::from_ref), outer: innermost() };
    owner.begin_ending();
    let _end = End(owner, frame.outer);
    let _ = INNERMOST.try_with(|cell| cell.set(&frame));
    f()
}

/// Called by a thread that is about to wait for the job. If it holds the job itself, to end it later, it ends it now.
pub fn end_if_in_hand(cell: &RawCell) {
    for frame in frames() {
        // SAFETY: `during` borrows what is in hand for longer than its frame is in the chain.
        let in_hand = frame.in_hand.and_then(|in_hand| unsafe { in_hand.as_ref() });
        if let Some(in_hand) = in_hand.filter(|in_hand| in_hand.jobs.borrow().contains(&cell.as_job())) {
            let ended = cell.owner().find().is_some_and(|owner| cell.end_here(&*owner, in_hand.reason));
            if ended {
                in_hand.count();
            }
        }
    }
}

/// Calls `f` with each job of the pool `id` that this thread holds, to end them now. Called before it waits for something that others may need these for.
pub fn empty_hands(id: OwnerId, f: impl Fn(&InHand, JobRef)) {
    for frame in frames().filter(|frame| frame.owner == id) {
        // SAFETY: as in `end_if_in_hand`.
        let Some(in_hand) = frame.in_hand.and_then(|in_hand| unsafe { in_hand.as_ref() }) else { continue };
        while let Some(job) = in_hand.next() {
            f(in_hand, job);
        }
    }
}

/// Whether this thread is ending jobs of the pool `id`.
pub fn is_ending(id: OwnerId) -> bool {
    frames().any(|frame| frame.owner == id)
}

/// The actions that this thread is inside of, innermost first.
fn frames<'a>() -> impl Iterator<Item = &'a Frame> {
    // SAFETY: a frame in the chain is on the stack of a function that has not returned, and that called us.
    let frame = |pointer: *const Frame| unsafe { pointer.as_ref() };
    std::iter::successors(frame(innermost()), move |inner| frame(inner.outer))
}

fn innermost() -> *const Frame {
    INNERMOST.try_with(|frame| frame.get()).unwrap_or(std::ptr::null())
}
