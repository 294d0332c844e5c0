//! The queue that all workers and all outside threads share: first in, first out, with express jobs before all.
//!
//! Cancelled jobs leave tombstones in it. Now and then a *sweep* takes those out: it moves the live jobs, in order, to a second queue,
//! `front`, from which takers take first. While it does, no taker may reach past the jobs in its hands. So a sweeper sets
//! `turn`, passes a heavy fence and waits until no worker is `taking`; a worker sets `taking`, passes a light fence, and leaves the queue alone if it sees `turn`. A
//! worker pays two plain stores for that; it never waits.

use crossbeam_utils::CachePadded;

use super::{Lane, retry};
use crate::job::{Executed, Header, JobRef, Verb};
use crate::queue::{Express, Injector};
use crate::sync::{AtomicBool, Ordering, fence, spin_hint};

/// The shared queues of a pool.
pub struct Shared {
    injector: Injector<Header>,
    /// Live jobs that a sweep found among tombstones: older than everything in the injector.
    front: Injector<Header>,
    express: Express<Header>,
    /// Held by the one thread that sweeps or empties the queue.
    turn: AtomicBool,
    /// By worker: it is about to take from `front` or the injector.
    taking: Box<[CachePadded<AtomicBool>]>,
}

/// The right to rearrange the queue: no worker takes from it meanwhile.
struct Turn<'a>(&'a Shared);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // Ordering: Release: who takes next sees the queue as it was left.
        self.0.turn.swap(false, Ordering::AcqRel);
    }
}

impl Shared {
    pub(super) fn new(workers: usize) -> Self {
        Self {
            injector: Injector::new(),
            front: Injector::new(),
            express: Express::new(),
            turn: AtomicBool::new(false),
            taking: (0..workers).map(|_| CachePadded::new(AtomicBool::new(false))).collect(),
        }
    }

    /// Adds a job.
    pub(super) fn push(&self, job: JobRef, lane: Lane) {
        match lane {
            Lane::Back => self.injector.push(job),
            Lane::Express => self.express.push(job),
        }
    }

    /// Takes the newest express job.
    #[inline]
    pub(super) fn take_express(&self) -> Option<JobRef> {
        self.express.pop()
    }

    /// Takes the oldest ordinary job, on worker `index`. `None` also while somebody sweeps.
    #[inline]
    pub(super) fn take(&self, index: usize) -> Option<JobRef> {
        if self.injector.is_empty() && self.front.is_empty() {
            return None;
        }
        let taking = &self.taking[index];
        taking.store(true, Ordering::Relaxed);
        // Ordering: TakeFence: the flag is up before we look whether somebody has the turn; pairs with the heavy fence in `take_turn`.
        fence::light();
        let job = if self.turn.load(Ordering::Acquire) { None } else { self.take_oldest() };
        // Ordering: Release: whoever sees the flag down sees the queue without our job.
        taking.store(false, Ordering::Release);
        job
    }

    fn take_oldest(&self) -> Option<JobRef> {
        let oldest = if self.front.is_empty() { None } else { retry(|| self.front.steal()) };
        oldest.or_else(|| retry(|| self.injector.steal()))
    }

    /// Whether there is no job. As fresh as the caller's last fence.
    pub(super) fn is_empty(&self) -> bool {
        self.express.is_empty() && self.injector.is_empty() && self.front.is_empty()
    }

    /// Jobs and tombstones queued.
    pub(super) fn len(&self) -> usize {
        self.express.len() + self.injector.len() + self.front.len()
    }

    /// Takes every job that is queued now. Blocks while another thread sweeps.
    pub(super) fn take_all(&self) -> Vec<JobRef> {
        let mut turn = self.take_turn();
        while turn.is_none() {
            spin_hint();
            turn = self.take_turn();
        }
        // Up to the length that each has now, so that a busy submitter cannot hold us for ever.
        let express = (0..self.express.len()).map_while(|_| self.express.pop());
        let front = (0..self.front.len()).map_while(|_| retry(|| self.front.steal()));
        let injected = (0..self.injector.len()).map_while(|_| retry(|| self.injector.steal()));
        express.chain(front).chain(injected).collect()
    }

    /// Frees the tombstones among the ordinary jobs, unless another thread does. Returns how many there were.
    pub(super) fn sweep(&self) -> usize {
        let Some(_turn) = self.take_turn() else { return 0 };
        let mut tombstones = 0;
        for queue in [&self.front, &self.injector] {
            for _ in 0..queue.len() {
                let Some(job) = retry(|| queue.steal()) else { break };
                // SAFETY: taken from a queue just now; a job that is kept is queued again.
                match unsafe { Header::execute(job, Verb::Bury) } {
                    Executed::Tombstone => tombstones += 1,
                    Executed::Kept | Executed::Done => self.front.push(job),
                }
            }
        }
        tombstones
    }

    /// Keeps all workers from taking. `None`: somebody else does.
    fn take_turn(&self) -> Option<Turn<'_>> {
        if self.turn.swap(true, Ordering::AcqRel) {
            return None;
        }
        let turn = Turn(self);
        // Ordering: the turn is taken before we look at the flags; pairs with TakeFence.
        fence::heavy();
        for taking in &self.taking {
            // Ordering: Acquire pairs with the Release in `take`.
            while taking.load(Ordering::Acquire) {
                spin_hint();
            }
        }
        Some(turn)
    }
}
