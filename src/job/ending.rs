//! Ending jobs on a thread that is not running them: a cancel, a shutdown that drops what is queued.
//!
//! What that thread does (destructors of captures, callbacks) belongs to the pool's work: it is not idle meanwhile. So the thread itself
//! must not wait for the pool to be idle, and is asked here.

use super::{Owner, OwnerId};
use crate::sync::facade_thread_local;

/// One such action, on the stack of the function that does it.
struct Frame {
    owner: OwnerId,
    outer: *const Frame,
}

facade_thread_local! {
    /// The innermost action.
    static INNERMOST: std::cell::Cell<*const Frame> = std::cell::Cell::new(std::ptr::null());
}

/// Ends an action, also on unwinding.
struct End<'a>(&'a dyn Owner, *const Frame);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let _ = INNERMOST.try_with(|cell| cell.set(self.1));
        self.0.end_ending();
    }
}

/// Runs `f`, which ends jobs of the pool `id`. The pool is not idle until it has returned.
pub fn during<R>(id: OwnerId, owner: &dyn Owner, f: impl FnOnce() -> R) -> R {
    let frame = Frame { owner: id, outer: innermost() };
    owner.begin_ending();
    let _end = End(owner, frame.outer);
    let _ = INNERMOST.try_with(|cell| cell.set(&frame));
    f()
}

/// Whether this thread is ending jobs of the pool `id`.
pub fn is_ending(id: OwnerId) -> bool {
    let mut next = innermost();
    // SAFETY: a frame in the chain is on the stack of a function that has not returned.
    while let Some(frame) = unsafe { next.as_ref() } {
        if frame.owner == id {
            return true;
        }
        next = frame.outer;
    }
    false
}

fn innermost() -> *const Frame {
    INNERMOST.try_with(|frame| frame.get()).unwrap_or(std::ptr::null())
}
