//! Loops over data: one file a contestant.

pub(crate) mod filch;
pub(crate) mod filch_for_range;
pub(crate) mod orx_parallel;
pub(crate) mod rayon;
pub(crate) mod sequential;
pub(crate) mod std_threads;

/// What runs the steps of a loop, potentially at the same time.
///
/// The loop starts inside the pool, or on the thread outside where that becomes a worker.
pub(crate) trait Looper: Sync + Sized + 'static {
    /// Starts the pool.
    fn start(workers: usize) -> Self;

    /// The sum of the items.
    fn sum(&'static self, items: &[u64]) -> u64;

    /// Puts `f(item)` in the place of each item.
    fn map_in_place(&'static self, items: &mut [u64], f: impl Fn(u64) -> u64 + Copy + Send + Sync);

    /// Does `work` for each number below `items`.
    fn for_each(&'static self, items: usize, work: impl Fn(usize) + Send + Sync);

    /// How many heavy fences the pool has executed so far, if it counts them.
    fn heavies(&self) -> Option<u64> {
        None
    }
}

/// A started contestant.
pub(super) struct Loops<L>(pub(super) L);
