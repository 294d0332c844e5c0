//! Calls that may borrow from their caller, since they return when all is done: fork-join and scopes.

use super::Pool;
use crate::ops::{self, Scope};
use crate::worker::Worker;

/// # Fork-join
///
/// These calls may borrow from the caller. They work from inside and from outside the pool, nest to any depth, and always complete: after a shutdown on the calling
/// thread. A cancel or a shutdown does not touch them or what they have queued.
///
/// While a worker waits for a part that another one has taken, it runs parts of that very part, if there are some, and nothing else: a lock may be held
/// across the call ([`WaitPolicy::HelpAny`](crate::WaitPolicy::HelpAny) is for those who want it otherwise).
///
/// Each level of nesting takes stack: of the 2 MiB that a worker has by default some hundred bytes a level in an optimised build, and several times that in a debug build.
/// [`PoolBuilder::stack_size`](crate::PoolBuilder::stack_size) sets more.
impl Pool {
    /// Runs `f` on a worker and returns its result. It may borrow from the caller.
    ///
    /// On a worker of this pool it runs right there, and after a shutdown on the calling thread. A cancel or a shutdown does not touch it.
    ///
    /// # Blocking
    ///
    /// Blocks until `f` has returned. There is no timed form, because `f` may borrow from the caller.
    ///
    /// # Panics
    ///
    /// Re-raises a panic of `f`.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(2);
    /// let words = vec!["borrowed", "words"];
    /// assert_eq!(pool.install(|| words.len()), 2);
    /// ```
    pub fn install<R: Send, F: FnOnce() -> R + Send>(&self, f: F) -> R {
        ops::install(&self.registry, f)
    }

    /// Runs two closures, potentially at the same time, and returns both results. They may borrow from the caller.
    ///
    /// `b` is offered to other workers while `a` runs on this one. If nobody has taken it by then, it runs here too.
    ///
    /// # Blocking
    ///
    /// Blocks until both have returned. There is no timed form, because the closures may borrow from the caller.
    ///
    /// # Panics
    ///
    /// Re-raises a panic of `a` or `b`, `a`'s first, when both have ended.
    ///
    /// ```
    /// fn fib(pool: &filch::Pool, n: u32) -> u64 {
    ///     if n < 2 {
    ///         return n.into();
    ///     }
    ///     let (a, b) = pool.join(|| fib(pool, n - 1), || fib(pool, n - 2));
    ///     a + b
    /// }
    /// assert_eq!(fib(&filch::Pool::with_threads(2), 15), 610);
    /// ```
    #[inline]
    pub fn join<A, B, RA, RB>(&self, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce() -> RA + Send,
        B: FnOnce() -> RB + Send,
        RA: Send,
        RB: Send,
    {
        ops::join(&self.registry, |_| a(), |_| b())
    }

    /// As [`join`](Self::join), and hands each closure the [`Worker`] that it runs on, whose own [`join`](Worker::join) need not ask which thread this is.
    ///
    /// It is the fastest form for deep recursion.
    ///
    /// # Blocking
    ///
    /// As [`join`](Self::join).
    ///
    /// # Panics
    ///
    /// As [`join`](Self::join).
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
    /// let (a, b) = pool.join_context(|worker| fib(worker, 14), |worker| fib(worker, 13));
    /// assert_eq!(a + b, 610);
    /// ```
    #[inline]
    pub fn join_context<A, B, RA, RB>(&self, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(&Worker) -> RA + Send,
        B: FnOnce(&Worker) -> RB + Send,
        RA: Send,
        RB: Send,
    {
        ops::join(&self.registry, a, b)
    }

    /// Calls `f` with a [`Scope`], whose jobs may borrow whatever outlives this call, and waits for all of them.
    ///
    /// `f` itself runs on the calling thread. Jobs may spawn further ones.
    ///
    /// # Blocking
    ///
    /// Blocks until every job of the scope has ended; a worker runs them meanwhile. There is no timed form, because they may borrow from the caller.
    ///
    /// # Panics
    ///
    /// Re-raises, when all jobs have ended, a panic of `f`, or else the first one of a job that no [handle](crate::ScopedHandle) has returned.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(2);
    /// let mut squares = [0; 100];
    /// pool.scope(|scope| {
    ///     for (n, square) in squares.iter_mut().enumerate() {
    ///         scope.spawn(move || *square = n * n);
    ///     }
    /// });
    /// assert_eq!(squares[99], 9801);
    /// ```
    pub fn scope<'env, R, F>(&self, f: F) -> R
    where
        F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
    {
        ops::scope(&self.registry, f)
    }

    /// Runs `f` once on every worker, with the worker's index, and returns the results by index. `f` may borrow from the caller.
    ///
    /// A worker comes to it when it has ended the job that it runs: so a job must not make a broadcast if another worker waits for that very job, as one half of a
    /// [`join`](Self::join) or a job of a [`scope`](Self::scope). Called on a worker of this pool, `f` runs there at once, and while the worker waits for
    /// the others it takes part in other broadcasts: two at a time do not wait for each other. After a shutdown `f` runs on the calling thread, for every index.
    ///
    /// # Blocking
    ///
    /// Blocks until `f` has returned everywhere. There is no timed form, because `f` may borrow from the caller.
    ///
    /// # Panics
    ///
    /// Re-raises the first panic of `f`, by index, when all have ended.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(3);
    /// assert_eq!(pool.broadcast(|index| index * 10), [0, 10, 20]);
    /// ```
    pub fn broadcast<R: Send, F: Fn(usize) -> R + Sync>(&self, f: F) -> Vec<R> {
        ops::broadcast(&self.registry, f)
    }
}
