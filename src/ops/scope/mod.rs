//! Scopes: jobs that borrow from the function that waits for all of them.

mod aside;
mod core;
mod handle;
mod piece;

use std::marker::PhantomData;
use std::panic::resume_unwind;
use std::sync::Arc;

pub use handle::ScopedHandle;

use self::core::Core;
use crate::park::{self, Parker, Unparker};
use crate::registry::Registry;
use crate::util::contain::{contain, contain_drop};
use crate::worker::Worker;

/// Where the jobs of a [`Pool::scope`](crate::Pool::scope) are spawned. Its jobs may use it too.
///
/// `'scope` is the time until the last job has ended, `'env` that of what the jobs borrow.
pub struct Scope<'scope, 'env: 'scope> {
    core: Core,
    /// Invariant, as for `std::thread::Scope`: neither lifetime may be taken for a shorter one.
    _scope: PhantomData<&'scope mut &'scope ()>,
    _env: PhantomData<&'env mut &'env ()>,
}

/// Calls `f` with a scope, waits for the scope's jobs, and raises a panic again: that of `f` before those of the jobs.
pub fn scope<'env, R, F>(registry: &Arc<Registry>, f: F) -> R
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
{
    Worker::with_current_of(registry, |worker| match worker {
        Some(worker) => scope_on(registry, worker, f),
        None => park::with_current(|parker| scope_outside(registry, parker, f)),
    })
}

fn scope_on<'env, R, F>(registry: &Arc<Registry>, worker: &Worker, f: F) -> R
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
{
    let scope = Scope::new(registry, worker.unparker());
    let base = worker.next_position();
    let result = worker.as_frame_of(scope.core.latch(), || contain(|| f(&scope)));
    scope.core.wait_on(worker, base);
    end(&scope.core, result)
}

fn scope_outside<'env, R, F>(registry: &Arc<Registry>, parker: &Parker, f: F) -> R
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
{
    registry.id().assert_not_inherited();
    let scope = Scope::new(registry, parker.unparker());
    let result = contain(|| f(&scope));
    scope.core.wait_outside(parker);
    end(&scope.core, result)
}

/// All jobs have ended: the result of the scope's own closure, or a panic again.
fn end<R>(core: &Core, result: Result<R, crate::util::contain::Payload>) -> R {
    let (payload, left_over) = match (result, core.take_panic()) {
        (Ok(value), None) => return value,
        (Ok(value), Some(payload)) => (payload, contain_drop(value)),
        (Err(payload), None) => (payload, Ok(())),
        (Err(payload), Some(second)) => (payload, Err(second)),
    };
    left_over.unwrap_or_else(|payload| core.report(payload));
    resume_unwind(payload)
}

impl<'scope, 'env> Scope<'scope, 'env> {
    fn new(registry: &Arc<Registry>, unparker: &Unparker) -> Self {
        Self { core: Core::new(registry.clone(), unparker.clone()), _scope: PhantomData, _env: PhantomData }
    }

    /// Queues a job that may borrow whatever outlives the scope, and may spawn further jobs in it.
    ///
    /// A panic in it is re-raised by the scope, when all its jobs have ended. It never waits for room: a scope does not count against the pool's
    /// [`queue_capacity`](crate::PoolBuilder::queue_capacity).
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(2);
    /// let mut parts = [1, 2, 3];
    /// pool.scope(|scope| {
    ///     for part in &mut parts {
    ///         scope.spawn(move || *part *= 10);
    ///     }
    /// });
    /// assert_eq!(parts, [10, 20, 30]);
    /// ```
    pub fn spawn<F: FnOnce() + Send + 'scope>(&'scope self, f: F) {
        let _ = self.core.spawn(f);
    }

    /// Queues a job and returns a handle to its result.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(2);
    /// let text = String::from("some text");
    /// let (words, bytes) = pool.scope(|scope| {
    ///     let words = scope.submit(|| text.split(' ').count());
    ///     let bytes = scope.submit(|| text.len());
    ///     (words.join().unwrap(), bytes.join().unwrap())
    /// });
    /// assert_eq!((words, bytes), (2, 9));
    /// ```
    pub fn submit<T: Send + 'scope, F: FnOnce() -> T + Send + 'scope>(&'scope self, f: F) -> ScopedHandle<'scope, T> {
        handle::submit(&self.core, f)
    }
}

impl std::fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}
