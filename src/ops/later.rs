//! Queueing jobs for later.

use std::sync::Arc;
use std::time::SystemTime;

use super::{Due, JobHandle, When};
use crate::job::Cell;
use crate::registry::Registry;
use crate::worker;

/// Has a closure run at a moment, if nobody cancels it before.
pub fn submit_at<T, F>(registry: &Arc<Registry>, when: When, f: F) -> JobHandle<T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let due = due(registry, when);
    if registry.is_closed() {
        let (job, cell) = Cell::queued(f, registry.id());
        registry.refuse(job);
        return JobHandle::new(cell);
    }
    let (node, cell) = Cell::delayed(f, registry.id(), due.time, due.delay);
    // SAFETY: made just now: the timers' reference is still ours.
    unsafe { registry.take_timed(node, due.is_now()) };
    JobHandle::new(cell)
}

/// When that is for the pool, whose timers run now.
pub fn due(registry: &Arc<Registry>, when: When) -> Due {
    let due = when.due(registry.timing().clock(), SystemTime::now);
    if !due.is_now() {
        start_timers(registry);
    }
    due
}

/// Starts the timers' thread, if need be.
pub fn start_timers(registry: &Arc<Registry>) {
    let started = registry.start_timers(worker::timer_main);
    started.unwrap_or_else(|error| panic!("the system refused the thread for timers: {error}"));
}
