//! Where a worker looks for work, and in which order.

use super::Worker;
use crate::job::{JobRef, Owner};
use crate::queue::Steal;
use crate::registry::Slot;
use crate::sleep::Searching;
use crate::sync::{Patience, spin_hint};
use crate::trace;
use crate::util::limits::{FAIRNESS_INTERVAL, LINGER_SPINS, SEARCH_ROUNDS};

/// A job, and how to run it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found {
    /// A spawned or submitted job, or a fork-join call from outside.
    Job(JobRef),
    /// A piece of another worker's fork-join: somebody waits for it, whatever becomes of the pool.
    Piece(JobRef),
}

impl Worker {
    /// The next job of those in reach: express, due, own, injected. Every so often one of the sources that are not preferred comes first.
    #[inline(always)]
    pub(super) fn next_at_hand(&self) -> Option<Found> {
        let tick = self.tick.get() + 1;
        self.tick.set(tick);
        if tick >= FAIRNESS_INTERVAL {
            self.tick.set(0);
            if let Some(found) = self.fair_turn() {
                return Some(found);
            }
        }
        let first = self.registry.take_express(self.index).or_else(|| self.registry.take_due(self.index));
        let job = first.or_else(|| self.queues.spawned.pop());
        job.or_else(|| self.registry.take_injected(self.index, &self.released)).map(Found::Job)
    }

    /// Looks first at a source that an endless stream from another could starve, each in turn.
    #[cold]
    fn fair_turn(&self) -> Option<Found> {
        if let Some(job) = self.mail().take() {
            return Some(Found::Piece(job));
        }
        let turn = self.fair_turns.get();
        self.fair_turns.set(turn.wrapping_add(1));
        // Only an express job goes before what is due.
        if turn % 2 == 1 && self.registry.has_express() {
            if let Some(job) = self.registry.take_due(self.index) {
                return Some(Found::Job(job));
            }
        }
        match turn % 3 {
            0 => self.registry.take_injected(self.index, &self.released).map(Found::Job),
            1 => self.take_own_oldest().map(Found::Job),
            _ => match self.steal() {
                Steal::Success(found) => Some(found),
                Steal::Empty | Steal::Retry => None,
            },
        }
    }

    fn take_own_oldest(&self) -> Option<JobRef> {
        match self.registry.workers()[self.index].steal_spawned() {
            Steal::Success(job) => Some(job),
            Steal::Empty | Steal::Retry => None,
        }
    }

    /// Looks everywhere: for a bounded while if the caller is the first to search or meets other thieves, else once.
    pub(super) fn search(&self, searching: &Searching) -> Option<Found> {
        if let Some(job) = self.mail().take() {
            return Some(Found::Piece(job));
        }
        // The start hook may have spawned jobs, or run some in place that did: nobody else need come for them.
        if let Some(job) = self.take_own_oldest() {
            return Some(Found::Job(job));
        }
        let mut persistent = searching.is_first();
        let mut patience = Patience::new();
        self.linger();
        for round in 0..SEARCH_ROUNDS {
            if round != 0 {
                patience.wait();
            }
            if let Some(job) = self.registry.take_express(self.index) {
                return Some(Found::Job(job));
            }
            if let Some(job) = self.registry.take_due(self.index) {
                return Some(Found::Job(job));
            }
            if let Some(job) = self.registry.take_injected(self.index, &self.released) {
                self.note_stream();
                return Some(Found::Job(job));
            }
            match self.steal() {
                Steal::Success(found) => return Some(found),
                Steal::Retry => persistent = true,
                Steal::Empty if !persistent => return None,
                Steal::Empty => {}
            }
        }
        None
    }

    /// Looks away for a moment if jobs come in a stream. A worker that takes each of them as soon as it is there shares every cache line with the
    /// submitter all the time; that made a job of 22 nanoseconds one of 80.
    fn linger(&self) {
        (0..self.linger.get()).for_each(|_| spin_hint());
    }

    /// Notes, with an injected job just found, whether more have come with it.
    fn note_stream(&self) {
        let spins = self.linger.get();
        let is_stream = self.registry.is_known_to_have_injected();
        self.linger.set(if is_stream { (spins * 2).clamp(LINGER_SPINS / 16, LINGER_SPINS) } else { spins / 2 });
    }

    /// Any job in reach: at hand, or another worker's.
    pub(super) fn find_any(&self) -> Option<Found> {
        self.next_at_hand().or_else(|| match self.steal() {
            Steal::Success(found) => Some(found),
            Steal::Empty | Steal::Retry => None,
        })
    }

    /// Tries every other worker once, from a random one on. `Retry`: there was something, but others were faster.
    fn steal(&self) -> Steal<Found> {
        let workers = self.registry.workers().len();
        let start = self.rng.below(workers);
        let mut met_others = false;
        for victim in (start..workers).chain(0..start).filter(|victim| *victim != self.index) {
            match self.steal_from(victim) {
                Steal::Empty => {}
                Steal::Retry => met_others = true,
                Steal::Success(found) => {
                    self.stats().steals.bump();
                    trace::stole(self.index, victim, |payload| self.report(payload));
                    return Steal::Success(found);
                }
            }
        }
        if met_others {
            self.stats().failed_steals.bump();
            return Steal::Retry;
        }
        Steal::Empty
    }

    fn steal_from(&self, victim: usize) -> Steal<Found> {
        let slot = &self.registry.workers()[victim];
        let mut met_others = false;
        if slot.seems_to_have_piece() {
            match self.steal_piece(slot) {
                Steal::Success(job) => return Steal::Success(Found::Piece(job)),
                Steal::Retry => met_others = true,
                Steal::Empty => {}
            }
        }
        match slot.steal_spawned() {
            Steal::Success(job) => Steal::Success(Found::Job(job)),
            Steal::Empty if !met_others => Steal::Empty,
            Steal::Empty | Steal::Retry => Steal::Retry,
        }
    }

    fn steal_piece(&self, slot: &Slot) -> Steal<JobRef> {
        let Some(stolen) = slot.steal_piece(&self.registry) else { return Steal::Retry };
        self.stats().heavies.bump();
        stolen
    }
}
