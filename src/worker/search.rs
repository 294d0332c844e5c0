//! Where a worker looks for work, and in which order.

use super::Worker;
use crate::job::JobRef;
use crate::queue::Steal;
use crate::sleep::Searching;
use crate::sync::spin_hint;
use crate::util::limits::{FAIRNESS_INTERVAL, SEARCH_ROUNDS};

/// A job, and how to run it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found {
    /// A spawned or submitted job, or a fork-join call from outside.
    Job(JobRef),
    /// A piece of another worker's fork-join: somebody waits for it, whatever becomes of the pool.
    Piece(JobRef),
}

impl Worker {
    /// The next job of those in reach: express, own, injected. Every so often one of the sources that are not preferred comes first.
    #[inline]
    pub(super) fn next_at_hand(&self) -> Option<Found> {
        let tick = self.tick.get() + 1;
        self.tick.set(tick);
        if tick >= FAIRNESS_INTERVAL {
            self.tick.set(0);
            if let Some(found) = self.fair_turn() {
                return Some(found);
            }
        }
        let job = self.registry.take_express().or_else(|| self.queues.spawned.pop());
        job.or_else(|| self.registry.take_injected(self.index)).map(Found::Job)
    }

    /// Looks first at a source that an endless stream from another could starve, each in turn.
    #[cold]
    fn fair_turn(&self) -> Option<Found> {
        let turn = self.fair_turns.get();
        self.fair_turns.set(turn.wrapping_add(1));
        match turn % 3 {
            0 => self.registry.take_injected(self.index).map(Found::Job),
            1 => self.take_own_oldest().map(Found::Job),
            _ => self.steal(),
        }
    }

    fn take_own_oldest(&self) -> Option<JobRef> {
        match self.registry.workers()[self.index].steal_spawned() {
            Steal::Success(job) => Some(job),
            Steal::Empty | Steal::Retry => None,
        }
    }

    /// Looks everywhere: for a bounded while if the caller is the first to search, else once.
    pub(super) fn search(&self, searching: &Searching) -> Option<Found> {
        for _ in 0..if searching.is_first() { SEARCH_ROUNDS } else { 1 } {
            let job = self.registry.take_express().or_else(|| self.registry.take_injected(self.index));
            if let Some(found) = job.map(Found::Job).or_else(|| self.steal()) {
                return Some(found);
            }
            spin_hint();
        }
        None
    }

    /// Tries every other worker once, from a random one on.
    fn steal(&self) -> Option<Found> {
        let workers = self.registry.workers().len();
        let start = self.rng.below(workers);
        (0..workers)
            .map(|offset| (start + offset) % workers)
            .filter(|victim| *victim != self.index)
            .find_map(|victim| self.steal_from(victim))
    }

    fn steal_from(&self, victim: usize) -> Option<Found> {
        let slot = &self.registry.workers()[victim];
        if slot.seems_to_have_piece() {
            self.stats().heavies.bump();
            if let Steal::Success(job) = slot.steal_piece(&self.registry) {
                self.stats().steals.bump();
                return Some(Found::Piece(job));
            }
            self.stats().failed_steals.bump();
        }
        match slot.steal_spawned() {
            Steal::Success(job) => {
                self.stats().steals.bump();
                Some(Found::Job(job))
            }
            Steal::Retry => {
                self.stats().failed_steals.bump();
                None
            }
            Steal::Empty => None,
        }
    }
}
