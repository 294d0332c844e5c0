//! Job numbers, handed out in blocks so that no counter is shared by every submit.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

/// The identity of a job. Never reused in the life of the process.
///
/// Numbers grow along the submissions of one thread; between threads their order means nothing.
///
/// ```
/// let pool = filch::Pool::with_threads(1);
/// let (a, b) = (pool.submit(|| 1), pool.submit(|| 2));
/// assert_ne!(a.id(), b.id());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(u64);

/// Numbers that a thread takes at once.
const BLOCK: u64 = 1024;

static NEXT_BLOCK: AtomicU64 = AtomicU64::new(0);

std::thread_local! {
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

impl JobId {
    /// How far it is behind another one.
    pub(crate) fn distance_from(self, earlier: Self) -> usize {
        self.0.saturating_sub(earlier.0) as usize
    }

    /// The number so far behind this one.
    pub(crate) fn after(self, distance: usize) -> Self {
        Self(self.0 + distance as u64)
    }

    /// The number itself.
    pub(super) fn number(self) -> u64 {
        self.0
    }

    /// A number that no other job has.
    pub(crate) fn new() -> Self {
        NEXT.with(|next| {
            let mut id = next.get();
            if id % BLOCK == 0 {
                id = NEXT_BLOCK.fetch_add(BLOCK, Ordering::Relaxed);
            }
            next.set(id + 1);
            Self(id)
        })
    }
}

/// Numbers that grow along all that come from it, whichever threads ask.
#[derive(Debug, Default)]
pub struct JobIds(u64);

impl JobIds {
    /// A number that no other job has.
    pub fn next(&mut self) -> JobId {
        if self.0 % BLOCK == 0 {
            self.0 = NEXT_BLOCK.fetch_add(BLOCK, Ordering::Relaxed);
        }
        self.0 += 1;
        JobId(self.0 - 1)
    }
}

impl std::fmt::Display for JobId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "job {}", self.0)
    }
}

#[cfg(all(test, not(filch_loom)))]
mod tests {
    use super::JobId;

    #[test]
    fn grows_within_a_thread_and_differs_between_threads() {
        let take = || (0..5000).map(|_| JobId::new()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(take)).collect();
        let mut all = Vec::new();
        for ids in threads.into_iter().map(|thread| thread.join().unwrap()) {
            assert!(ids.is_sorted());
            all.extend(ids);
        }
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
