//! Running two closures, potentially at the same time.

use std::panic::resume_unwind;
use std::ptr::NonNull;
use std::sync::Arc;

use super::install::install;
use crate::job::{Owner, StackJob, StackOutcome};
use crate::registry::Registry;
use crate::util::contain::{Payload, contain, contain_drop};
use crate::worker::Worker;

/// Runs both closures and returns both results; when both have ended, a panic is re-raised, `a`'s first.
#[inline]
pub fn join<A, B, RA, RB>(registry: &Arc<Registry>, a: A, b: B) -> (RA, RB)
where
    A: FnOnce(&Worker) -> RA + Send,
    B: FnOnce(&Worker) -> RB + Send,
    RA: Send,
    RB: Send,
{
    Worker::with_current_of(registry, |worker| match worker {
        Some(worker) => worker.join(a, b),
        None => join_from_outside(registry, a, b),
    })
}

#[cold]
fn join_from_outside<A, B, RA, RB>(registry: &Arc<Registry>, a: A, b: B) -> (RA, RB)
where
    A: FnOnce(&Worker) -> RA + Send,
    B: FnOnce(&Worker) -> RB + Send,
    RA: Send,
    RB: Send,
{
    install(registry, || {
        Worker::with_current_of(registry, |worker| match worker {
            Some(worker) => worker.join(a, b),
            None => Worker::stand_in(registry).join(a, b),
        })
    })
}

impl Worker {
    /// As [`Pool::join`](crate::Pool::join), from one closure to the next without a look at the thread. The closures are handed the worker that they run on.
    ///
    /// # Blocking
    ///
    /// Blocks until both have returned.
    ///
    /// # Panics
    ///
    /// Re-raises a panic of `a` or `b`, `a`'s first, when both have ended.
    ///
    /// ```
    /// use filch::{Pool, Worker};
    ///
    /// fn fib(worker: &Worker, n: u32) -> u64 {
    ///     if n < 2 {
    ///         return n.into();
    ///     }
    ///     let (a, b) = worker.join(|worker| fib(worker, n - 1), |worker| fib(worker, n - 2));
    ///     a + b
    /// }
    /// let pool = Pool::with_threads(2);
    /// assert_eq!(pool.join_context(|worker| fib(worker, 14), |worker| fib(worker, 13)), (377, 233));
    /// ```
    #[inline]
    pub fn join<A, B, RA, RB>(&self, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(&Worker) -> RA + Send,
        B: FnOnce(&Worker) -> RB + Send,
        RA: Send,
        RB: Send,
    {
        let piece = StackJob::new(b, on_this_worker, self.unparker());
        // SAFETY: it stays in this frame until it is taken back or has ended, below; `B` and `RB` are Send.
        let word = unsafe { piece.as_job() };
        let Some(position) = self.push_piece(word) else {
            // SAFETY: the word came back; this is all that is taken.
            return self.join_in_line(a, unsafe { piece.take_closure() });
        };
        let offered = &piece;
        let a = match contain(|| a(self)) {
            Ok(a) => a,
            Err(payload) => self.raise_after(payload, move || self.end_piece(offered, position)),
        };
        if !self.retract_piece(position) {
            return self.join_stolen(a, move || self.end_stolen_piece(offered, position));
        }
        // SAFETY: pieces are taken back in the reverse order of pushing, so what was taken back is ours; this is all that is taken.
        let b = unsafe { piece.take_closure() };
        match contain(|| b(self)) {
            Ok(b) => (a, b),
            Err(payload) => self.raise_after(payload, || Ok(a)),
        }
    }

    /// There is no room for more pieces: one after the other.
    #[cold]
    fn join_in_line<RA, RB>(&self, a: impl FnOnce(&Worker) -> RA, b: impl FnOnce(&Worker) -> RB) -> (RA, RB) {
        match (contain(|| a(self)), contain(|| b(self))) {
            (Ok(a), Ok(b)) => (a, b),
            (Err(payload), b) => self.raise_after(payload, || b),
            (Ok(a), Err(payload)) => self.raise_after(payload, || Ok(a)),
        }
    }

    /// A thief has the second closure.
    #[cold]
    fn join_stolen<RA, RB>(&self, a: RA, b: impl FnOnce() -> Result<RB, Payload>) -> (RA, RB) {
        match b() {
            Ok(b) => (a, b),
            Err(payload) => self.raise_after(payload, || Ok(a)),
        }
    }

    /// Raises a panic again, after the other closure has ended too. What is left of that is dropped before the unwinding, in which a second panic would
    /// abort.
    #[cold]
    pub(super) fn raise_after<R>(&self, payload: Payload, other: impl FnOnce() -> Result<R, Payload>) -> ! {
        let dropped = other().and_then(contain_drop);
        dropped.unwrap_or_else(|payload| self.registry().report(payload));
        resume_unwind(payload)
    }

    /// Runs a piece that this worker offers at a position, or waits for it if a thief has it.
    pub(super) fn end_piece<F, R, C>(&self, piece: &StackJob<'_, F, R, C>, position: i64) -> Result<R, Payload>
    where
        F: FnOnce(&Worker) -> R,
        C: Fn(F) -> R,
    {
        if self.retract_piece(position) {
            // SAFETY: taken back just now; this is all that is taken.
            let f = unsafe { piece.take_closure() };
            return contain(|| f(self));
        }
        self.end_stolen_piece(piece, position)
    }

    /// Waits for a piece that a thief has, and runs nothing but parts of it.
    pub(super) fn end_stolen_piece<F, R, C>(&self, piece: &StackJob<'_, F, R, C>, position: i64) -> Result<R, Payload>
    where
        F: FnOnce(&Worker) -> R,
        C: Fn(F) -> R,
    {
        self.wait_for_piece(NonNull::from(piece).cast(), position, || piece.has_ended());
        // SAFETY: it has ended; this is all that is taken.
        match unsafe { piece.take_outcome() } {
            StackOutcome::Ran(result) => result,
            StackOutcome::Unrun(f) => contain(|| f(self)),
        }
    }
}

/// How a thief calls a closure that wants its worker.
pub(super) fn on_this_worker<F: FnOnce(&Worker) -> R, R>(f: F) -> R {
    Worker::with_current(|worker| f(worker.expect("pieces are run by workers")))
}
