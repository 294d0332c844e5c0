//! One function over many items.

use std::ops::Range;

use super::Pool;
use crate::ops::{self, ParallelItems};

/// # Data-parallel calls
///
/// They work like the fork-join calls above. The items are shared out as workers come for them, in runs of neighbours that get smaller the more workers come; nothing is
/// allocated for each item. When a call of the function has panicked, no worker begins another run; the items that are left are dropped, and the panic is re-raised when all
/// workers have left the call.
impl Pool {
    /// Calls `f` with every item and returns the results in the items' order.
    ///
    /// # Blocking
    ///
    /// Blocks until all is done. There is no timed form, because `f` may borrow from the caller.
    ///
    /// # Panics
    ///
    /// Re-raises a panic of `f`. The results that there are by then are dropped.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(2);
    /// let names = vec!["ada", "grace"];
    /// assert_eq!(pool.map(&names, |name| name.to_uppercase()), ["ADA", "GRACE"]);
    /// assert_eq!(pool.map(1..4, |n| n * n), [1, 4, 9]);
    /// ```
    pub fn map<I, R, F>(&self, items: I, f: F) -> Vec<R>
    where
        I: ParallelItems,
        R: Send,
        F: Fn(I::Item) -> R + Sync,
    {
        ops::map(&self.registry, items, f)
    }

    /// As [`map`](Self::map), with a state that `init` makes for each run of items on the thread that works through it: a buffer, a random generator.
    ///
    /// A call makes about as many states as workers take part, and some more if they take items from each other.
    ///
    /// # Blocking
    ///
    /// As [`map`](Self::map).
    ///
    /// # Panics
    ///
    /// Re-raises a panic of `init` or `f`.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(2);
    /// let texts = pool.map_with(0..3, String::new, |buffer, n| {
    ///     buffer.clear();
    ///     buffer.push_str(&"ab".repeat(n));
    ///     buffer.len()
    /// });
    /// assert_eq!(texts, [0, 2, 4]);
    /// ```
    pub fn map_with<I, S, R, N, F>(&self, items: I, init: N, f: F) -> Vec<R>
    where
        I: ParallelItems,
        R: Send,
        N: Fn() -> S + Sync,
        F: Fn(&mut S, I::Item) -> R + Sync,
    {
        ops::map_with(&self.registry, items, init, f)
    }

    /// Calls `f` with every item.
    ///
    /// # Blocking
    ///
    /// As [`map`](Self::map).
    ///
    /// # Panics
    ///
    /// Re-raises a panic of `f`.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(2);
    /// let mut numbers = vec![1, 2, 3];
    /// pool.for_each(&mut numbers, |number| *number *= 2);
    /// assert_eq!(numbers, [2, 4, 6]);
    /// ```
    pub fn for_each<I, F>(&self, items: I, f: F)
    where
        I: ParallelItems,
        F: Fn(I::Item) + Sync,
    {
        ops::for_each(&self.registry, items, f);
    }

    /// Calls `f` with parts of the range that do not overlap and together are all of it.
    ///
    /// For loops whose body is so short that a call for each item would show. How long the parts are depends on the time that they take: a few
    /// microseconds each, if an item takes less.
    ///
    /// # Blocking
    ///
    /// As [`map`](Self::map).
    ///
    /// # Panics
    ///
    /// Re-raises a panic of `f`.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// let pool = filch::Pool::with_threads(2);
    /// let numbers: Vec<u64> = (0..100_000).collect();
    /// let sum = AtomicU64::new(0);
    /// pool.for_range(0..numbers.len(), |part| {
    ///     sum.fetch_add(numbers[part].iter().sum(), Ordering::Relaxed);
    /// });
    /// assert_eq!(sum.into_inner(), 4_999_950_000);
    /// ```
    pub fn for_range<F>(&self, range: Range<usize>, f: F)
    where
        F: Fn(Range<usize>) + Sync,
    {
        ops::for_range(&self.registry, range, f);
    }

    /// Calls `map` with every item and puts the results together with `reduce`, neighbours first, in the items' order.
    ///
    /// The result is `reduce(identity, …)` of all, or `identity` if there are no items. `reduce` must be associative: how its calls are nested is not
    /// fixed. It need not be commutative.
    ///
    /// # Blocking
    ///
    /// As [`map`](Self::map).
    ///
    /// # Panics
    ///
    /// Re-raises a panic of `map` or `reduce`.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(2);
    /// let words = ["some", "words", "in", "order"];
    /// let text = pool.map_reduce(&words, String::new(), |word| word.to_string(), |a, b| a + &b);
    /// assert_eq!(text, "somewordsinorder");
    /// ```
    pub fn map_reduce<I, R, F, G>(&self, items: I, identity: R, map: F, reduce: G) -> R
    where
        I: ParallelItems,
        R: Send,
        F: Fn(I::Item) -> R + Sync,
        G: Fn(R, R) -> R + Sync,
    {
        ops::map_reduce(&self.registry, items, identity, map, reduce)
    }
}
