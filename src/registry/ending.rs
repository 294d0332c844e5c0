//! Ending queued jobs unrun, and clearing away the tombstones of those that ended elsewhere.

use super::{Lane, Registry, retry};
use crate::job::{Executed, Header, JobRef, Owner, Reason, Verb};
use crate::sync::{AtomicUsize, Counter, Ordering};
use crate::util::limits::SWEEP_AT_LEAST;

/// How many tombstones lie in the queues, less those that the workers count.
#[derive(Debug)]
pub struct Tombstones {
    /// Left by cancels.
    cancelled: Counter,
    /// Taken from a queue by somebody who is no worker.
    met: Counter,
    /// Cancels since the last sweep.
    since_sweep: AtomicUsize,
}

impl Default for Tombstones {
    fn default() -> Self {
        Self { cancelled: Counter::default(), met: Counter::default(), since_sweep: AtomicUsize::new(0) }
    }
}

impl Tombstones {
    pub(super) fn add_cancelled(&self) {
        self.cancelled.bump_shared();
        self.since_sweep.fetch_add(1, Ordering::Relaxed);
    }
}

impl Registry {
    /// Ends every queued job that is not a fork-join call or piece. Returns how many it ended.
    pub fn end_queued(&self, reason: Reason) -> usize {
        self.begin_ending();
        let mut kept = Vec::new();
        let mut ended = 0;
        let mut end = |job| match self.end_one(job, reason) {
            Executed::Done => ended += 1,
            Executed::Tombstone => {}
            Executed::Kept => kept.push(job),
        };
        // Each queue is emptied up to the length that it has now, so a busy submitter cannot hold us for ever.
        (0..self.express.len()).map_while(|_| self.express.pop()).for_each(&mut end);
        (0..self.front.len()).map_while(|_| retry(|| self.front.steal())).for_each(&mut end);
        (0..self.injector.len()).map_while(|_| retry(|| self.injector.steal())).for_each(&mut end);
        for slot in &self.workers {
            (0..slot.spawned.len()).map_while(|_| retry(|| slot.spawned.steal())).for_each(&mut end);
        }
        if !kept.is_empty() {
            self.inject(kept, Lane::Back);
        }
        self.end_ending();
        ended
    }

    fn end_one(&self, job: JobRef, reason: Reason) -> Executed {
        // SAFETY: taken from a queue just now; a job that is kept is queued again by the caller.
        let executed = unsafe { Header::execute(job, Verb::End(self, reason)) };
        if executed == Executed::Tombstone {
            self.tombstones.met.bump_shared();
        }
        executed
    }

    pub(super) fn tombstones_queued(&self) -> usize {
        let workers = || self.workers.iter().map(|slot| &slot.stats);
        let met = self.tombstones.met.get() + workers().map(|stats| stats.tombstones_met.get()).sum::<u64>();
        let made = self.tombstones.cancelled.get() + workers().map(|stats| stats.tombstones_made.get()).sum::<u64>();
        made.saturating_sub(met) as usize
    }

    /// Called after a cancel: sweeps the shared queue when about half of it may be tombstones, so a cancel costs the same on average
    /// however many there are.
    pub(super) fn sweep_if_worth_it(&self) {
        let since = self.tombstones.since_sweep.load(Ordering::Relaxed);
        if since < SWEEP_AT_LEAST || since < (self.injector.len() + self.front.len()) / 2 {
            return;
        }
        // Ordering: AcqRel: one sweep is seen whole by the next.
        if !self.sweeping.swap(true, Ordering::AcqRel) {
            self.tombstones.since_sweep.swap(0, Ordering::Relaxed);
            self.sweep();
            self.sweeping.swap(false, Ordering::AcqRel);
        }
    }

    /// Frees the tombstones of the shared queue. Live jobs move to `front`, from where they are taken first: in the old order, and only one at a
    /// time is in nobody's reach.
    fn sweep(&self) {
        for queue in [&self.front, &self.injector] {
            for _ in 0..queue.len() {
                let Some(job) = retry(|| queue.steal()) else { break };
                // SAFETY: taken from a queue just now.
                if unsafe { Header::execute(job, Verb::Bury) } == Executed::Tombstone {
                    self.tombstones.met.bump_shared();
                } else {
                    self.front.push(job);
                }
            }
        }
        // The jobs that we moved were queued and told of before; but a worker may have looked while we held one.
        self.tell_from_outside();
    }
}
