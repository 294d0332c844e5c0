//! With the feature `tracing`. While no subscriber wants this level, each call costs one relaxed load.

use tracing::{Level, Span, debug, level_enabled, trace, trace_span};

use super::Job;
use crate::util::contain::{Payload, contain, contain_drop};

/// Runs a job's closure in its span. `report` is given the panics of a subscriber.
#[inline(always)]
pub fn job<R>(label: impl FnOnce() -> Job, report: impl Fn(Payload), run: impl FnOnce() -> R) -> R {
    let span = || {
        let Job { kind, id, worker } = label();
        trace_span!(target: "filch::job", "filch.job", kind, worker, id)
    };
    within(span, report, run)
}

/// Does `park`, in which a worker sleeps until it is woken, if it finds no work before.
#[inline(always)]
pub fn park<R>(worker: usize, report: impl Fn(Payload), park: impl FnOnce() -> R) -> R {
    within(|| trace_span!(target: "filch::worker", "filch.park", worker), report, park)
}

/// Does `wait`, in which a worker waits inside a job for pieces of it that others run.
#[inline(always)]
pub fn wait<R>(worker: usize, report: impl Fn(Payload), wait: impl FnOnce() -> R) -> R {
    within(|| trace_span!(target: "filch::worker", "filch.wait", worker), report, wait)
}

/// A worker is about to look for its first job.
pub fn started(worker: usize, report: impl Fn(Payload)) {
    tell(|| debug!(name: "filch.start", target: "filch::worker", worker), report);
}

/// A worker has run its last job.
pub fn stopping(worker: usize, report: impl Fn(Payload)) {
    tell(|| debug!(name: "filch.stop", target: "filch::worker", worker), report);
}

/// A worker has woken another one.
pub fn woke(worker: usize, report: impl Fn(Payload)) {
    tell(|| trace!(name: "filch.wake", target: "filch::worker", worker), report);
}

/// A worker has taken something from another one.
pub fn stole(worker: usize, victim: usize, report: impl Fn(Payload)) {
    tell(|| trace!(name: "filch.steal", target: "filch::worker", worker, victim), report);
}

#[cold]
#[inline(never)]
fn tell(event: impl FnOnce(), report: impl Fn(Payload)) {
    contain(event).unwrap_or_else(report);
}

/// Does `run`, which does not unwind, in a span, if a subscriber wants it.
#[inline(always)]
fn within<R>(span: impl FnOnce() -> Span, report: impl Fn(Payload), run: impl FnOnce() -> R) -> R {
    if level_enabled!(Level::TRACE) { within_span(span, report, run) } else { run() }
}

/// A copy of its own of `run`: who has no subscriber pays for no more than the look.
#[cold]
#[inline(never)]
fn within_span<R>(span: impl FnOnce() -> Span, report: impl Fn(Payload), run: impl FnOnce() -> R) -> R {
    let entered = enter(span, &report);
    let result = run();
    if let Some(span) = entered {
        leave(span, &report);
    }
    result
}

/// `None`: nobody wants it, or the subscriber has panicked.
fn enter(span: impl FnOnce() -> Span, report: &impl Fn(Payload)) -> Option<Span> {
    let span = contain(span).map_err(report).ok().filter(|span| !span.is_disabled())?;
    match contain(|| span.with_subscriber(|(id, subscriber)| subscriber.enter(id))) {
        Ok(_) => Some(span),
        Err(payload) => {
            report(payload);
            contain_drop(span).unwrap_or_else(report);
            None
        }
    }
}

fn leave(span: Span, report: &impl Fn(Payload)) {
    contain(|| span.with_subscriber(|(id, subscriber)| subscriber.exit(id))).map(drop).unwrap_or_else(report);
    contain_drop(span).unwrap_or_else(report);
}
