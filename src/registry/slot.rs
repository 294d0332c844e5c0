//! One worker as the others see it, and the queues that only it has.

use crossbeam_utils::CachePadded;

use super::{Mailbox, Registry, Serving, Stats};
use crate::job::{Header, JobRef};
use crate::queue::{Asymmetric, DequeOwner, Steal, Stealer, Symmetric, deque, no_deque};
use crate::util::limits::{FORK_JOIN_CAPACITY, SPAWN_CAPACITY};

/// What thieves and observers see of one worker.
pub struct Slot {
    pub(super) fork_join: Stealer<Header, Asymmetric, FORK_JOIN_CAPACITY>,
    pub(super) spawned: Stealer<Header, Symmetric, SPAWN_CAPACITY>,
    /// What the worker is at, for those who wait for it.
    pub serving: Serving,
    /// Jobs that only this worker may run.
    pub mail: Mailbox,
    /// Its counters; the worker is their only writer.
    pub stats: Stats,
}

/// The private half of a worker's queues.
pub struct Queues {
    /// Stack jobs, in strict last-in-first-out discipline.
    pub fork_join: DequeOwner<Header, Asymmetric, FORK_JOIN_CAPACITY>,
    /// Spawned and submitted jobs.
    pub spawned: DequeOwner<Header, Symmetric, SPAWN_CAPACITY>,
}

impl Queues {
    /// Queues that are full: everything is handed back. For a thread that runs fork-join work after the pool's end.
    pub fn none() -> Self {
        Self { fork_join: no_deque(), spawned: no_deque() }
    }
}

/// A worker's two halves.
pub(super) fn new_worker() -> (CachePadded<Slot>, Queues) {
    let (fork_join, fork_join_stealer) = deque();
    let (spawned, spawned_stealer) = deque();
    let slot = Slot {
        fork_join: fork_join_stealer,
        spawned: spawned_stealer,
        serving: Serving::new(),
        mail: Mailbox::new(),
        stats: Stats::default(),
    };
    (CachePadded::new(slot), Queues { fork_join, spawned })
}

impl Slot {
    /// Jobs and tombstones in the worker's own queues.
    pub fn queued(&self) -> usize {
        self.fork_join.len() + self.spawned.len()
    }

    /// Tries to take the oldest fork-join piece. `None`: another thief of the pool is paying for a heavy fence just now, and one at a time is enough.
    pub fn steal_piece(&self, registry: &Registry) -> Option<Steal<JobRef>> {
        registry.in_heavy_turn(|| self.fork_join.steal())
    }

    /// As [`steal_piece`](Self::steal_piece), if the worker is at what the caller awaits, and the piece is part of that.
    pub fn steal_back(&self, registry: &Registry, awaited: usize) -> Option<Steal<JobRef>> {
        if self.fork_join.looks_empty() {
            return Some(Steal::Empty);
        }
        registry.in_heavy_turn(|| self.serving.steal_part(awaited, &self.fork_join))
    }

    /// Whether there seems to be a fork-join piece.
    #[inline]
    pub fn seems_to_have_piece(&self) -> bool {
        !self.fork_join.looks_empty()
    }

    /// Tries to take the oldest spawned job.
    #[inline]
    pub fn steal_spawned(&self) -> Steal<JobRef> {
        if self.spawned.looks_empty() { Steal::Empty } else { self.spawned.steal() }
    }
}
