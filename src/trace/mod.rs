//! What a subscriber of the crate `tracing` is told of a pool. Without the feature `tracing` every call here is nothing, or a call of its closure.
//!
//! A subscriber is foreign code, so each call of it is contained, and its panics are reported like any other's; the job, the sleep or the wait that it was told of goes on
//! without it. A span is made, entered, left and dropped in four steps, each contained by itself: what a panic in one leaves is never dropped while that panic unwinds,
//! which would abort. What runs inside a span does not unwind: its panics are contained further in.
//!
//! Where it is called no lock is held and nothing is half-made:
//!
//! | told of | where | what holds there |
//! |---|---|---|
//! | a job | around its closure, inside its frame | what holds while the closure runs; its captures are on the stack, or its outcome |
//! | a wait for pieces | around it, inside a job | what holds in a closure that `join` or `scope` runs there |
//! | a steal | by the thief, at once | what it took is in hand, out of every queue, as a job is that is about to start |
//! | a wake-up | by the worker that queued something and woke another | the job is queued, and the sleeper has its token |
//! | a sleep | before the worker announces it, and when it has been claimed | it searches, with nothing in hand: what a subscriber queues is found by the search that follows, or by the last look before the sleep |
//! | a thread | after its start hook, before its stop hook | what holds in the hooks |
//!
//! So a subscriber may queue jobs. It must not wait for any: a worker that searches keeps others from being woken, for as long as the subscriber takes. Threads outside the pool that wake a
//! worker say nothing: some hold jobs, or the lock of a manual clock. How long a worker searches is not told either: it is what lies between its jobs and its sleeps.

#[cfg(not(feature = "tracing"))]
mod off;
#[cfg(feature = "tracing")]
mod on;

#[cfg(not(feature = "tracing"))]
pub use off::{job, park, started, stole, stopping, wait, woke};
#[cfg(feature = "tracing")]
pub use on::{job, park, started, stole, stopping, wait, woke};

/// What the span of a job says.
#[cfg_attr(not(feature = "tracing"), expect(dead_code, reason = "nobody is told"))]
pub struct Job {
    /// How it was queued.
    pub kind: &'static str,
    /// Its number.
    pub id: Option<u64>,
    /// The worker that runs it.
    pub worker: Option<usize>,
}
