//! A job on the stack of a thread that waits for it.

use std::ptr::NonNull;

use super::body::Body;
use super::frame::Chain;
use super::{Executed, Header, JobRef, Owner, Reason, Verb};
use crate::park::Unparker;
use crate::sync::{AtomicU32, Ordering};
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
pub struct StackJob<'a, F, R, C> {
    header: Header,
    state: AtomicU32,
    /// Of the waiting thread.
    unparker: &'a Unparker,
    /// The jobs that the waiting thread is inside of: this one is part of them, wherever it runs.
    outer: Chain,
    body: Body<F, R>,
    /// How the closure is called by one who took the job from a queue.
    call: C,
}

/// What became of a stack job.
#[derive(Debug)]
pub enum StackOutcome<F, R> {
    /// It ran.
    Ran(Result<R, Payload>),
    /// It did not, and never will: here is the closure.
    Unrun(F),
}

impl<'a, F, R, C: Fn(F) -> R> StackJob<'a, F, R, C> {
    /// Makes a job that unparks the waiting thread when it has ended. Who takes it from a queue runs `call(closure)`.
    #[inline(always)]
    pub fn new(closure: F, call: C, unparker: &'a Unparker) -> Self {
        let state = AtomicU32::new(PENDING);
        let outer = Chain::current();
        Self { header: Header::new(Self::execute), state, unparker, outer, body: Body::new(closure), call }
    }

    /// The word to queue.
    ///
    /// # Safety
    ///
    /// 1. The job stays where it is until [`has_ended`](Self::has_ended), or until the caller has taken the word out of the queue itself.
    /// 2. What the closure borrows and returns may be used on another thread.
    #[inline(always)]
    pub unsafe fn as_job(&self) -> JobRef {
        NonNull::from(self).cast()
    }

    /// Whether the outcome is there.
    pub fn has_ended(&self) -> bool {
        // Ordering: Relaxed: whoever takes the outcome acquires it.
        self.state.load(Ordering::Relaxed) != PENDING
    }

    /// Takes the closure of a job that nobody has executed.
    ///
    /// # Safety
    ///
    /// 1. The job never entered a queue, or the caller has taken the word out of it itself.
    /// 2. Nothing else is taken of the job.
    #[inline(always)]
    pub unsafe fn take_closure(&self) -> F {
        // SAFETY: nobody has executed the job (duty 1), so the body is ours and holds the closure, which is taken once (duty 2).
        unsafe { self.body.take_closure() }
    }

    /// The outcome of a job that has ended, or that its caller has taken out of the queue.
    pub fn into_outcome(self) -> StackOutcome<F, R> {
        // SAFETY: `self` is consumed.
        unsafe { self.take_outcome() }
    }

    /// As [`into_outcome`](Self::into_outcome).
    ///
    /// # Safety
    ///
    /// Nothing else is taken of the job.
    pub unsafe fn take_outcome(&self) -> StackOutcome<F, R> {
        // Ordering: Acquire pairs with `publish`.
        match self.state.load(Ordering::Acquire) {
            // SAFETY: the job is out of every queue and nobody runs it, so the body is ours. The state says what it holds; it is taken once (duty).
            DONE => StackOutcome::Ran(Ok(unsafe { self.body.take_value() })),
            // SAFETY: as above.
            PANICKED => StackOutcome::Ran(Err(unsafe { self.body.take_payload() })),
            // SAFETY: as above; PENDING and REFUSED: nobody has touched the closure.
            _ => StackOutcome::Unrun(unsafe { self.body.take_closure() }),
        }
    }

    /// The [`Header`]'s function.
    unsafe fn execute(job: JobRef, verb: Verb<'_>) -> Executed {
        let job = job.cast::<Self>();
        let state = match verb {
            // A cancel is not for fork-join work: somebody waits for it.
            Verb::End(_, Reason::Cancelled) | Verb::Bury | Verb::Settle(_) | Verb::Probe(_) | Verb::Fire => {
                return Executed::Kept;
            }
            Verb::End(_, Reason::ShutDown) => REFUSED,
            // SAFETY: `as_job` made the word from a job of this type, which stays until it has ended (duty 1 there).
            Verb::Run(owner) => unsafe { job.as_ref() }.run(owner),
        };
        // SAFETY: as above; it has not ended yet.
        unsafe { Self::publish(job, state) };
        Executed::Done
    }

    fn run(&self, owner: &dyn Owner) -> u32 {
        // SAFETY: taken from the queue by this thread alone: the body is ours, and holds the closure.
        let closure = unsafe { self.body.take_closure() };
        owner.started();
        // SAFETY: the thread that the chain came from waits until this job has ended.
        let result =
            unsafe { self.outer.resume(|| owner.in_span(|| ("piece", None), || contain(|| (self.call)(closure)))) };
        owner.finished();
        let state = if result.is_ok() { DONE } else { PANICKED };
        // SAFETY: still ours, and empty.
        unsafe { self.body.put(result) };
        state
    }

    /// Ends the job. The frame may be gone as soon as the state is stored: no reference to the whole of it is held across that.
    ///
    /// # Safety
    ///
    /// `job` points to a job that has not ended, and that the caller executes.
    unsafe fn publish(job: NonNull<Self>, state: u32) {
        // SAFETY: not ended, so alive (duty).
        let unparker = unsafe { job.as_ref() }.unparker.clone();
        // SAFETY: as above; the reference is to the word alone.
        let word = unsafe { &(*job.as_ptr()).state };
        // Ordering: Release publishes the body to `take_outcome`.
        word.store(state, Ordering::Release);
        unparker.unpark();
    }
}
