//! The queues that all workers and all outside threads share: ordinary jobs and those that are due, first in first out, and express jobs, last in first out.
//!
//! Jobs that ended elsewhere leave tombstones here. Now and then a *sweep* frees them: it moves the live jobs, in order, to a second pair
//! of queues, which are older than the first. While it does, no taker may reach past the jobs in its hands. So a sweeper takes the
//! `turn`, passes a heavy fence and waits until no worker is `taking`; a worker sets `taking`, passes a light fence, and leaves
//! the queues alone if it sees `turn`. A worker pays two plain stores for that; it never waits.

use crossbeam_utils::CachePadded;

use super::{Lane, retry};
use crate::job::{self, Executed, Header, JobRef, Verb};
use crate::queue::{Backlog, Express, InTransit, Injector, Released};
use crate::sync::{AtomicBool, Ordering, Patience, fence, full_fence};

/// The shared queues of a pool.
pub struct Shared {
    injector: Injector<Header>,
    express: Express<Header>,
    /// Delayed and periodic jobs whose time has come.
    due: Injector<Header>,
    /// Whether there may be such jobs: a hint, for those who look before each job.
    has_due: CachePadded<AtomicBool>,
    /// What sweeps left of those: older than everything in `due`.
    old_due: Backlog<InTransit<Header>>,
    /// What sweeps left of the injector: older than everything in it.
    old_injected: Backlog<InTransit<Header>>,
    /// What sweeps left of the express lane: older than everything in it.
    old_express: Express<Header>,
    /// Held by the one thread that rearranges the queues.
    turn: AtomicBool,
    /// By worker: it is about to take.
    taking: Box<[CachePadded<AtomicBool>]>,
}

/// The right to rearrange the queues: no worker takes from them meanwhile.
struct Turn<'a>(&'a Shared);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // Ordering: Release: who takes next sees the queues as they were left.
        self.0.turn.swap(false, Ordering::AcqRel);
    }
}

impl Shared {
    /// Makes the empty queues of a pool with `workers` workers.
    pub fn new(workers: usize) -> Self {
        Self {
            injector: Injector::new(),
            express: Express::new(),
            due: Injector::new(),
            has_due: CachePadded::new(AtomicBool::new(false)),
            old_due: Backlog::new(),
            old_injected: Backlog::new(),
            old_express: Express::new(),
            turn: AtomicBool::new(false),
            taking: (0..workers).map(|_| CachePadded::new(AtomicBool::new(false))).collect(),
        }
    }

    /// Adds a job.
    pub fn push(&self, job: JobRef, lane: Lane) {
        match lane {
            Lane::Back => self.injector.push(job),
            Lane::Express => self.express.push(job),
            Lane::Due => {
                self.due.push(job);
                // Ordering: HintFence: the push, which is a SeqCst exchange, comes before the look at the hint; pairs with the fence in `take_due_slow`.
                fence::after_exchange();
                self.hint_at_due();
            }
        }
    }

    /// Says that something is due. The caller has queued it, and passed a fence since.
    fn hint_at_due(&self) {
        // Ordering: SeqCst: after the push. A look first: workers read the hint before each job.
        if !self.has_due.load(Ordering::SeqCst) {
            self.has_due.swap(true, Ordering::AcqRel);
        }
    }

    /// Adds an ordinary job that runs the closure.
    #[inline]
    pub fn push_closure<F: FnOnce() + Send + 'static>(&self, closure: F) {
        job::inject(closure, &self.injector);
    }

    /// Takes the newest express job, on worker `index`. `None` also while somebody rearranges.
    #[inline]
    pub fn take_express(&self, index: usize) -> Option<JobRef> {
        if self.is_empty_of_express() {
            return None;
        }
        self.unless_turned(index, || self.pop_express())?
    }

    /// Takes the oldest job that is due, on worker `index`, if there seems to be one. `None` also while somebody rearranges.
    #[inline]
    pub fn take_due(&self, index: usize) -> Option<JobRef> {
        if self.has_due.load(Ordering::Relaxed) { self.take_due_slow(index) } else { None }
    }

    #[cold]
    #[inline(never)]
    fn take_due_slow(&self, index: usize) -> Option<JobRef> {
        let job = self.unless_turned(index, || self.pop_due())?;
        if job.is_none() {
            self.has_due.swap(false, Ordering::AcqRel);
            // Ordering: whoever pushes and still sees the hint is seen here; whoever does not brings it back. Pairs with HintFence.
            full_fence(Ordering::SeqCst);
            if !self.is_empty_of_due() {
                self.has_due.swap(true, Ordering::AcqRel);
            }
        }
        job
    }

    /// Takes the oldest ordinary job, on worker `index`. `None` also while somebody rearranges.
    #[inline(always)]
    pub fn take(&self, index: usize, released: &Released) -> Option<JobRef> {
        if self.is_empty_of_ordinary() {
            return None;
        }
        self.unless_turned(index, || self.pop_ordinary(Some(released)))?
    }

    /// Whether there is no job, nor one in the hands of somebody who will put it back. Asked by worker `index`. As fresh as its last fence.
    pub fn is_empty_for_sure(&self, index: usize) -> bool {
        self.unless_turned(index, || self.is_empty()).unwrap_or(false)
    }

    /// Does `f`, with nobody rearranging meanwhile; `None` if somebody is at it.
    #[inline(always)]
    fn unless_turned<R>(&self, index: usize, f: impl FnOnce() -> R) -> Option<R> {
        // Whoever has the turn shall not see our flag up again and again.
        if self.turn.load(Ordering::Relaxed) {
            return None;
        }
        let taking = &self.taking[index];
        taking.store(true, Ordering::Relaxed);
        // Ordering: TakeFence: the flag is up before we look whether somebody has the turn; pairs with the heavy fence in `take_turn`.
        fence::light();
        // Ordering: Acquire pairs with the end of a turn.
        let result = if self.turn.load(Ordering::Acquire) { None } else { Some(f()) };
        // Ordering: Release: whoever sees the flag down sees the queues without our job.
        taking.store(false, Ordering::Release);
        result
    }

    /// Whether the injector has more, as far as takers know without looking.
    pub fn is_known_to_have_more(&self) -> bool {
        self.injector.is_known_to_have_more()
    }

    fn pop_express(&self) -> Option<JobRef> {
        self.express.pop().or_else(|| self.old_express.pop())
    }

    #[inline(always)]
    fn pop_ordinary(&self, released: Option<&Released>) -> Option<JobRef> {
        let oldest = if self.old_injected.is_empty() { None } else { self.pop_old() };
        oldest.or_else(|| retry(|| self.injector.steal(released)))
    }

    fn pop_old(&self) -> Option<JobRef> {
        retry(|| self.old_injected.steal()).map(|InTransit(job)| job)
    }

    fn pop_due(&self) -> Option<JobRef> {
        self.pop_old_due().or_else(|| retry(|| self.due.steal(None)))
    }

    fn pop_old_due(&self) -> Option<JobRef> {
        if self.old_due.is_empty() { None } else { retry(|| self.old_due.steal()).map(|InTransit(job)| job) }
    }

    #[inline]
    fn is_empty_of_due(&self) -> bool {
        self.due.is_empty() && self.old_due.is_empty()
    }

    #[inline]
    pub fn is_empty_of_express(&self) -> bool {
        self.express.is_empty() && self.old_express.is_empty()
    }

    #[inline]
    fn is_empty_of_ordinary(&self) -> bool {
        self.injector.is_empty() && self.old_injected.is_empty()
    }

    /// Whether there is no job. As fresh as the caller's last fence.
    pub fn is_empty(&self) -> bool {
        self.is_empty_of_express() && self.is_empty_of_ordinary() && self.is_empty_of_due()
    }

    /// Jobs and tombstones queued.
    pub fn len(&self) -> usize {
        [Lane::Express, Lane::Due, Lane::Back].map(|lane| self.len_of(lane)).iter().sum()
    }

    /// Jobs and tombstones queued in one lane.
    pub fn len_of(&self, lane: Lane) -> usize {
        match lane {
            Lane::Express => self.express.len() + self.old_express.len(),
            Lane::Due => self.due.len() + self.old_due.len(),
            Lane::Back => self.injector.len() + self.old_injected.len(),
        }
    }

    /// Takes every job that is queued now, up to the present length, so that a busy submitter cannot hold the caller for ever; each with where it was. Waits while
    /// another thread rearranges.
    pub fn take_all(&self) -> Vec<(JobRef, Lane)> {
        let _turn = self.wait_for_turn();
        let express = self.express.take_all().into_iter().chain(self.old_express.take_all());
        let ordinary = (0..self.injector.len() + self.old_injected.len()).map_while(|_| self.pop_ordinary(None));
        let due = (0..self.due.len() + self.old_due.len()).map_while(|_| self.pop_due());
        let express = express.map(|job| (job, Lane::Express));
        express.chain(due.map(|job| (job, Lane::Due))).chain(ordinary.map(|job| (job, Lane::Back))).collect()
    }

    /// Frees the tombstones, and returns how many there were; `None` if another thread is at it.
    pub fn sweep(&self) -> Option<usize> {
        let _turn = self.take_turn()?;
        Some(self.sweep_ordinary() + self.sweep_express() + self.sweep_due())
    }

    fn sweep_due(&self) -> usize {
        let old = (0..self.old_due.len()).map_while(|_| self.pop_old_due());
        let new = (0..self.due.len()).map_while(|_| retry(|| self.due.steal(None)));
        let (live, tombstones): (Vec<_>, Vec<_>) = old.chain(new).map(bury).partition(Option::is_some);
        if !live.is_empty() {
            live.into_iter().flatten().for_each(|job| self.old_due.push(InTransit(job)));
            // A worker may have found nothing meanwhile, and taken the hint away.
            // Ordering: HintFence.
            full_fence(Ordering::SeqCst);
            self.hint_at_due();
        }
        tombstones.len()
    }

    fn sweep_ordinary(&self) -> usize {
        // What is old already goes round once; what is new joins it behind.
        let old = (0..self.old_injected.len()).map_while(|_| self.pop_old());
        let new = (0..self.injector.len()).map_while(|_| retry(|| self.injector.steal(None)));
        let mut tombstones = 0;
        for job in old.chain(new) {
            match bury(job) {
                Some(job) => self.old_injected.push(InTransit(job)),
                None => tombstones += 1,
            }
        }
        tombstones
    }

    fn sweep_express(&self) -> usize {
        let newest_first = self.express.take_all().into_iter().chain(self.old_express.take_all());
        let (live, tombstones): (Vec<_>, Vec<_>) = newest_first.map(bury).partition(Option::is_some);
        live.into_iter().rev().flatten().for_each(|job| self.old_express.push(job));
        tombstones.len()
    }

    /// Does `f`, with no worker taking meanwhile. `f` runs no foreign code. Waits while another thread rearranges.
    pub fn while_nobody_takes<R>(&self, f: impl FnOnce() -> R) -> R {
        let _turn = self.wait_for_turn();
        f()
    }

    fn wait_for_turn(&self) -> Turn<'_> {
        let mut patience = Patience::new();
        loop {
            match self.take_turn() {
                Some(turn) => return turn,
                None => patience.wait(),
            }
        }
    }

    /// Keeps all workers from taking. `None`: somebody else does.
    fn take_turn(&self) -> Option<Turn<'_>> {
        if self.turn.swap(true, Ordering::AcqRel) {
            return None;
        }
        let turn = Turn(self);
        // Ordering: the turn is taken before we look at the flags; pairs with TakeFence.
        fence::heavy();
        let mut patience = Patience::new();
        for taking in &self.taking {
            // Ordering: Acquire pairs with the Release in `unless_turned`.
            while taking.load(Ordering::Acquire) {
                patience.wait();
            }
        }
        Some(turn)
    }
}

/// Frees the job if it is a tombstone; else the word by which to queue it. It keeps no memory of the queue that it was in.
fn bury(job: JobRef) -> Option<JobRef> {
    // SAFETY: taken from a queue just now; a job that is kept or moved is queued again.
    match unsafe { Header::execute(job, Verb::Bury) } {
        Executed::Tombstone => None,
        Executed::Moved(job) => Some(job),
        Executed::Kept | Executed::Done => Some(job),
    }
}
