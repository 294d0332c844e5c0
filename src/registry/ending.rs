//! Ending queued jobs unrun, and clearing away the tombstones of those that ended elsewhere.

use super::{Lane, Registry, retry};
use crate::job::ending::{self, InHand};
use crate::job::{Executed, Header, JobRef, Owner, Reason, Verb};
use crate::sync::{AtomicUsize, Counter, Ordering, full_fence};
use crate::util::limits::SWEEP_AT_LEAST;

/// What is known of the tombstones in the queues, beside what the workers count themselves.
#[derive(Debug)]
pub struct Tombstones {
    /// Left by cancels.
    cancelled: Counter,
    /// Taken from a queue by somebody who is no worker.
    swept: AtomicUsize,
    /// New ones since the last sweep.
    since_sweep: AtomicUsize,
}

impl Default for Tombstones {
    fn default() -> Self {
        Self { cancelled: Counter::default(), swept: AtomicUsize::new(0), since_sweep: AtomicUsize::new(0) }
    }
}

impl Tombstones {
    pub(super) fn add_cancelled(&self) {
        self.cancelled.bump_shared();
        self.since_sweep.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one that a worker counts for itself, by which a queue of others has grown.
    pub(super) fn add_elsewhere(&self) {
        self.since_sweep.fetch_add(1, Ordering::Relaxed);
    }
}

impl Registry {
    /// Ends every queued job; a cancel spares fork-join calls. Returns how many it ended.
    pub fn end_queued(&self, reason: Reason) -> usize {
        if self.id.is_inherited() {
            // They are the parent's, and threads that are not here may have the queues for good.
            return 0;
        }
        // All are taken before the first is ended: ending a job runs foreign code, which may come back here.
        self.end_all(|| InHand::new(reason, self.take_queued(reason)))
    }

    /// Ends all that `take` takes. Returns how many were live.
    pub(super) fn end_all(&self, take: impl FnOnce() -> InHand) -> usize {
        self.begin_ending();
        let in_hand = take();
        let ended = ending::during(self.id, self, Some(&in_hand), || {
            while let Some(job) = in_hand.next() {
                self.end_one(&in_hand, job);
            }
            in_hand.ended()
        });
        self.end_ending();
        ended
    }

    fn take_queued(&self, reason: Reason) -> Vec<JobRef> {
        let mut jobs = self.shared.take_all();
        for slot in &self.workers {
            let spawned = (0..slot.spawned.len()).map_while(|_| retry(|| slot.spawned.steal()));
            jobs.extend(spawned.map(|job| (job, Lane::Back)));
        }
        // Fork-join calls come before any foreign code runs, which may wait for them: a cancel spares them, a shutdown hands them back to their threads.
        let (spared, others): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|(job, _)| is_spared(*job, reason));
        for (job, lane) in spared {
            match reason {
                // A schedule that is due goes on before ordinary jobs.
                Reason::Cancelled => self.inject(job, lane),
                // SAFETY: taken from a queue just now; it is not kept.
                Reason::ShutDown => _ = unsafe { Header::execute(job, Verb::End(self, reason)) },
            }
        }
        others.into_iter().map(|(job, _)| job).collect()
    }

    pub(super) fn end_one(&self, in_hand: &InHand, job: JobRef) {
        // SAFETY: taken from a queue. None is kept: the jobs that a cancel spares have been put back.
        match unsafe { Header::execute(job, Verb::End(self, in_hand.reason())) } {
            Executed::Done => in_hand.count(),
            Executed::Tombstone if in_hand.is_timed() => self.met_timed_tombstone(),
            Executed::Tombstone => _ = self.tombstones.swept.fetch_add(1, Ordering::Relaxed),
            Executed::Kept | Executed::Moved(_) => {}
        }
    }

    /// Ends what this thread has taken from the queues to end it later: running jobs may wait for it, and this thread is about to wait for those.
    pub(super) fn empty_hands(&self) {
        ending::empty_hands(self.id, |in_hand, job| self.end_one(in_hand, job));
    }

    pub(super) fn tombstones_queued(&self) -> usize {
        let workers = || self.workers.iter().map(|slot| &slot.stats);
        let swept = self.tombstones.swept.load(Ordering::Relaxed) as u64;
        let met = swept + workers().map(|stats| stats.tombstones_met.get()).sum::<u64>();
        let made = self.tombstones.cancelled.get() + workers().map(|stats| stats.tombstones_made.get()).sum::<u64>();
        made.saturating_sub(met) as usize
    }

    /// A worker has run a job in place that lies in a shared queue or another worker's.
    pub fn ran_in_place(&self) {
        self.tombstones.add_elsewhere();
        self.sweep_if_worth_it();
    }

    /// Called after a tombstone has come: sweeps the shared queues when about half of them may be tombstones, so each costs the same on average
    /// however many there are.
    pub(super) fn sweep_if_worth_it(&self) {
        let since = self.tombstones.since_sweep.load(Ordering::Relaxed);
        if since < SWEEP_AT_LEAST || since < self.shared.len() / 2 {
            return;
        }
        let Some(swept) = self.shared.sweep() else { return };
        self.tombstones.since_sweep.swap(0, Ordering::Relaxed);
        self.tombstones.swept.fetch_add(swept, Ordering::Relaxed);
        // Ordering: PushFence: what the sweep has put back is not in the injector.
        full_fence(Ordering::SeqCst);
        // A worker that came by meanwhile left the queue alone, and may sleep by now.
        self.tell_from_outside();
    }
}

fn is_spared(job: JobRef, reason: Reason) -> bool {
    // SAFETY: taken from a queue just now; a probe leaves it alone.
    unsafe { Header::execute(job, Verb::Probe(reason)) == Executed::Kept }
}
