//! A job on the stack of a thread that waits for it.

use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use super::{Executed, Header, JobRef, Reason, Verb};
use crate::park::Unparker;
use crate::sync::{AtomicU32, Ordering, UnsafeCell};
use crate::util::contain::{Payload, contain};

/// Queued, or being run.
const PENDING: u32 = 0;
/// Run: the body holds the value.
const DONE: u32 = 1;
/// Run: the body holds a panic's payload.
const PANICKED: u32 = 2;
/// Handed back: the body still holds the closure, for the waiting thread to run.
const REFUSED: u32 = 3;

/// A job in the frame of the function that waits for it, which borrows what that frame has.
///
/// `body` belongs to whoever took the job from its queue until `state` leaves PENDING, and to the waiting thread from then on.
#[repr(C)]
pub struct StackJob<F, R> {
    header: Header,
    state: AtomicU32,
    unparker: Unparker,
    body: UnsafeCell<Body<F, R>>,
}

union Body<F, R> {
    closure: ManuallyDrop<F>,
    value: ManuallyDrop<R>,
    payload: ManuallyDrop<Payload>,
}

/// What became of a stack job.
#[derive(Debug)]
pub enum StackOutcome<F, R> {
    /// It ran.
    Ran(Result<R, Payload>),
    /// It did not, and never will: here is the closure.
    Unrun(F),
}

impl<F: FnOnce() -> R, R> StackJob<F, R> {
    /// Makes a job that unparks the waiting thread when it has ended.
    pub fn new(closure: F, unparker: Unparker) -> Self {
        let body = UnsafeCell::new(Body { closure: ManuallyDrop::new(closure) });
        Self { header: Header::new(Self::execute), state: AtomicU32::new(PENDING), unparker, body }
    }

    /// The word to queue.
    ///
    /// # Safety
    ///
    /// 1. The job stays where it is until [`has_ended`](Self::has_ended), or until the caller has taken the word out of the queue itself.
    /// 2. What the closure borrows and returns may be used on another thread.
    pub unsafe fn as_job(&self) -> JobRef {
        NonNull::from(self).cast()
    }

    /// Whether the outcome is there.
    pub fn has_ended(&self) -> bool {
        // Ordering: Acquire pairs with `publish`.
        self.state.load(Ordering::Acquire) != PENDING
    }

    /// The outcome of a job that has ended, or that its caller has taken out of the queue.
    pub fn into_outcome(self) -> StackOutcome<F, R> {
        let state = self.state.load(Ordering::Acquire);
        self.body.with_mut(|body| {
            // SAFETY: the job is out of every queue and nobody runs it: the body is ours.
            let body = unsafe { &mut *body };
            match state {
                // SAFETY: the state says what the body holds, and `self` is consumed: it is moved out once.
                DONE => StackOutcome::Ran(Ok(unsafe { ManuallyDrop::take(&mut body.value) })),
                // SAFETY: as above.
                PANICKED => StackOutcome::Ran(Err(unsafe { ManuallyDrop::take(&mut body.payload) })),
                // SAFETY: as above; PENDING and REFUSED: nobody has touched the closure.
                _ => StackOutcome::Unrun(unsafe { ManuallyDrop::take(&mut body.closure) }),
            }
        })
    }

    /// The [`Header`]'s function.
    unsafe fn execute(job: JobRef, verb: Verb<'_>) -> Executed {
        // SAFETY: `as_job` made the word from a job of this type, which stays until it has ended (duty 1 there).
        let job = unsafe { job.cast::<Self>().as_ref() };
        let state = match verb {
            // A cancel is not for fork-join work: somebody waits for it.
            Verb::End(_, Reason::Cancelled) | Verb::Bury => return Executed::Kept,
            Verb::End(_, Reason::ShutDown) => REFUSED,
            Verb::Run(_) => job.run(),
        };
        job.publish(state);
        Executed::Done
    }

    fn run(&self) -> u32 {
        // SAFETY: taken from the queue by this thread alone: the body is ours, and holds the closure.
        let closure = self.body.with_mut(|body| unsafe { ManuallyDrop::take(&mut (*body).closure) });
        let (body, state) = match contain(closure) {
            Ok(value) => (Body { value: ManuallyDrop::new(value) }, DONE),
            Err(payload) => (Body { payload: ManuallyDrop::new(payload) }, PANICKED),
        };
        // SAFETY: still ours; the closure has been moved out.
        self.body.with_mut(|place| unsafe { place.write(body) });
        state
    }

    fn publish(&self, state: u32) {
        // The frame may be gone as soon as the state is stored: take what we need before.
        let unparker = self.unparker.clone();
        // Ordering: Release publishes the body to `has_ended`.
        self.state.store(state, Ordering::Release);
        unparker.unpark();
    }
}
