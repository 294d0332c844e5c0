//! Fork-join: one file a contestant.
//!
//! The recursion is written out for each, the way that its documentation shows. What they hand down differs: a worker,
//! a scope that changes, nothing. One recursion for all would cost some of them more than a join does.

pub(crate) mod chili;
pub(crate) mod filch;
pub(crate) mod filch_context;
#[cfg(feature = "forte")]
pub(crate) mod forte;
pub(crate) mod rayon;
pub(crate) mod sequential;

use crate::workload::Node;

/// What runs two closures, potentially at the same time.
///
/// The recursion starts inside the pool, or on the thread outside where that becomes a worker.
pub(crate) trait Forker: Sync + Sized + 'static {
    /// Starts the pool.
    fn start(workers: usize) -> Self;

    /// The Fibonacci number of `n`, forking for both smaller ones, down to 0 and 1.
    fn fib(&'static self, n: u64) -> u64;

    /// The sum of the values in a tree, forking at every node for its two subtrees.
    fn sum(&'static self, tree: &'static Node) -> u64;

    /// How many heavy fences the pool has executed so far, if it counts them.
    fn heavies(&self) -> Option<u64> {
        None
    }
}

/// A started contestant.
pub(super) struct Forks<F>(pub(super) F);
