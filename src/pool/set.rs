//! Sets and streams on a pool.

use super::Pool;
use crate::job::JobError;
use crate::set::{JobSet, Ordered, Unordered};

impl<T: Send + 'static> JobSet<T> {
    /// Makes an empty set, to hold any number of jobs of `pool`.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// let set = filch::JobSet::<String>::new(&pool);
    /// assert!(set.is_empty());
    /// ```
    pub fn new(pool: &Pool) -> Self {
        Self::on(&pool.registry, None)
    }

    /// Makes an empty set, to hold at most `n` jobs of `pool` that are queued, running, or done and not taken. 0 counts as 1.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// let set = filch::JobSet::with_capacity(&pool, 2);
    /// for n in 0..2 {
    ///     set.submit(move || n);
    /// }
    /// assert!(set.try_submit(|| 2).is_err());
    /// ```
    pub fn with_capacity(pool: &Pool, n: usize) -> Self {
        Self::on(&pool.registry, Some(n.max(1)))
    }
}

impl Pool {
    /// Applies `f` to the items of an iterator on the pool's workers. The results come in the order of the items.
    ///
    /// The items are pulled inside `next()`, on the caller's thread, and never more than `buffer` (at least 1) of those whose results have not been returned. A panic of
    /// the iterator comes out of `next()`; a panic of `f` is a result. Dropped half-way, the stream cancels the jobs that are queued. It does not keep the pool alive.
    ///
    /// # Blocking
    ///
    /// `next()` blocks as [`JobHandle::join`](crate::JobHandle::join) and [`submit`](Self::submit).
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(2);
    /// let squares: Result<Vec<u64>, _> = pool.map_stream(0..5, 2, |n: u64| n * n).collect();
    /// assert_eq!(squares?, [0, 1, 4, 9, 16]);
    /// # Ok::<(), filch::JobError>(())
    /// ```
    pub fn map_stream<I, R, F>(
        &self,
        iter: I,
        buffer: usize,
        f: F,
    ) -> impl Iterator<Item = Result<R, JobError>> + use<I, R, F>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        R: Send + 'static,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
    {
        Ordered::new(&self.registry, iter.into_iter(), buffer, f)
    }

    /// As [`map_stream`](Self::map_stream), but the results come in the order in which they are done.
    ///
    /// # Blocking
    ///
    /// `next()` blocks as [`JobSet::next`] and [`submit`](Self::submit).
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(2);
    /// let sum: u64 = pool.map_unordered(0..5, 4, |n: u64| n * n).map(Result::unwrap).sum();
    /// assert_eq!(sum, 30);
    /// ```
    pub fn map_unordered<I, R, F>(
        &self,
        iter: I,
        buffer: usize,
        f: F,
    ) -> impl Iterator<Item = Result<R, JobError>> + use<I, R, F>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        R: Send + 'static,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
    {
        Unordered::new(&self.registry, iter.into_iter(), buffer, f)
    }
}
