//! The counters of one worker. It alone writes them; sums are made on demand.

use crate::sync::Counter;

/// Counters that only grow.
#[derive(Debug, Default)]
pub struct Stats {
    /// Closures begun.
    pub started: Counter,
    /// Closures ended.
    pub finished: Counter,
    /// Jobs taken from another worker.
    pub steals: Counter,
    /// Tries to take one that met an empty deque or a faster thief.
    pub failed_steals: Counter,
    /// Times it slept.
    pub parks: Counter,
    /// Other workers it woke.
    pub wakes: Counter,
    /// Heavy fences it paid for.
    pub heavies: Counter,
    /// Jobs it ran in place while they were queued: each leaves a tombstone.
    pub tombstones_made: Counter,
    /// Tombstones it took from a queue.
    pub tombstones_met: Counter,
}

impl Stats {
    /// Closures it is inside of.
    pub fn running(&self) -> usize {
        // In this order: what is finished has started.
        let finished = self.finished.get();
        self.started.get().saturating_sub(finished) as usize
    }
}
