#![doc = include_str!("README.md")]

mod clock;
mod inbox;

use std::ptr::NonNull;

use crossbeam_utils::CachePadded;

pub use clock::{Clock, Driven, Manual, later, nanos};
pub use inbox::Inbox;

use crate::job::{Executed, Header, JobRef, Node, Verb};
use crate::park::Parker;
use crate::queue::InTransit;
use crate::sync::{
    AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Mutex, MutexGuard, Ordering, fence, full_fence, lock, prefetch,
    try_lock,
};
use crate::util::limits::{TIMER_BATCH, TIMER_LONGEST_NAP, TIMER_NAP, TIMER_SWEEP_AT_LEAST, TIMER_SWEEP_STEP};
use crate::util::nursery;
use crate::wheel::Wheel;

/// The thread is awake: nobody need wake it.
const AWAKE: u64 = 0;
/// No deadline.
const NEVER: u64 = u64::MAX;

type Entries = Wheel<InTransit<Header>>;

/// The delayed and periodic jobs of a pool, by deadline.
#[derive(Debug)]
pub struct Timers {
    inbox: CachePadded<Inbox>,
    wheel: Mutex<Entries>,
    /// Entries in the wheel, as the last one left it who had the lock.
    held: AtomicUsize,
    /// Jobs that were taken because they are due, and that nobody has [queued](Self::hand_over) yet. Grows under the lock.
    in_hand: AtomicUsize,
    /// Jobs in the wheel and the inbox that ended there. For a moment it may be off by those who are about to count.
    tombstones: AtomicI64,
    /// The part of the wheel from which the next sweep goes on. Written under the lock.
    sweep_from: AtomicUsize,
    /// Until when the thread sleeps, or [`AWAKE`]. It alone writes other values, under the lock.
    sleeps_until: CachePadded<AtomicU64>,
    is_closed: AtomicBool,
    parker: Parker,
}

impl Timers {
    /// Makes timers without jobs, at this time. Their thread is taken to be awake until it says otherwise.
    pub fn new(now: u64) -> Self {
        Self {
            inbox: CachePadded::new(Inbox::new()),
            wheel: Mutex::new(Wheel::new(now)),
            held: AtomicUsize::new(0),
            in_hand: AtomicUsize::new(0),
            tombstones: AtomicI64::new(0),
            sweep_from: AtomicUsize::new(0),
            sleeps_until: CachePadded::new(AtomicU64::new(AWAKE)),
            is_closed: AtomicBool::new(false),
            parker: Parker::new(),
        }
    }

    /// Takes a job until it is due. True: the timers are closed, so the caller [ends](Self::take_all) what is there.
    ///
    /// # Safety
    ///
    /// The node's job lives until it has been taken from the timers, and is in no queue.
    #[must_use]
    pub unsafe fn insert(&self, node: NonNull<Node>) -> bool {
        // SAFETY: alive, by the duty; from the push on it may be gone.
        let deadline = unsafe { node.as_ref() }.deadline();
        // SAFETY: passed on.
        unsafe { self.inbox.push(node) };
        // Ordering: InsertFence: the push comes before the look at who sleeps; pairs with the fence in `about_to_sleep`.
        fence::after_exchange();
        self.tell(deadline);
        if self.is_full() {
            self.tidy();
        }
        // Ordering: Relaxed: if the push came behind the exchange of who closed them it has acquired from that.
        self.is_closed.load(Ordering::Relaxed)
    }

    /// Wakes the thread if it sleeps for longer.
    fn tell(&self, deadline: u64) {
        // Ordering: SeqCst: after the push of whoever tells (InsertFence).
        let mut until = self.sleeps_until.load(Ordering::SeqCst);
        while deadline < until {
            // Only one wakes it.
            match self.sleeps_until.compare_exchange(until, AWAKE, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return self.parker.unpark(),
                Err(newer) => until = newer,
            }
        }
    }

    /// Whether the inbox should be drained by whoever comes by.
    fn is_full(&self) -> bool {
        self.inbox.about() >= TIMER_BATCH
    }

    /// Whether a sweep is worth it: it looks at two entries, on average, for each that it removes.
    fn has_many_tombstones(&self) -> bool {
        let tombstones = usize::try_from(self.tombstones.load(Ordering::Relaxed)).unwrap_or(0);
        let held = self.held.load(Ordering::Relaxed);
        // The last ones, however few: allocators give memory back only if nothing is left above it.
        let nothing_else = tombstones > 0 && tombstones >= held + self.inbox.about();
        nothing_else || tombstones >= TIMER_SWEEP_AT_LEAST && tombstones >= held / 2
    }

    /// A job that the timers have was ended or claimed, by the caller: it is taken out of the wheel and freed, if nobody else has the wheel and it still lies where
    /// it was put. Otherwise it stays as a tombstone.
    pub fn withdraw(&self, node: &Node) {
        if let Some(job) = self.take_out(node) {
            let live = is_live(job);
            debug_assert!(!live, "a job that has ended is a tombstone");
            self.end_nursery_with_last();
        } else {
            self.tombstones.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes a job out of the wheel.
    fn take_out(&self, node: &Node) -> Option<JobRef> {
        let mut wheel = try_lock(&self.wheel)?;
        // Only one entry has this job, so one that has it is its own, however old the place is.
        let (job, part) = wheel.remove(node.place()?, |job| job.0 == node.job())?;
        if wheel.is_sparse(part) {
            self.sweep_part(&mut wheel, part);
        }
        self.note_len(&wheel);
        Some(job.0)
    }

    /// One that was taken from them turned out to be a tombstone.
    pub fn met_tombstone(&self) {
        self.tombstones.fetch_sub(1, Ordering::Relaxed);
    }

    /// Does what is to be done by whoever comes by: drains the inbox, sweeps. If somebody else has the wheel, that one looks again before it leaves, or the next one
    /// who comes by does.
    pub fn tidy(&self) {
        while self.is_full() || self.has_many_tombstones() {
            let Some(mut wheel) = try_lock(&self.wheel) else { return };
            self.drain(&mut wheel);
            let swept = !self.has_many_tombstones() || self.sweep(wheel);
            if !swept {
                return;
            }
            self.end_nursery_with_last();
        }
    }

    /// After a cancel: the memory of the last jobs shall not wait for more of them. An allocator gives back what nothing lies behind.
    fn end_nursery_with_last(&self) {
        if self.held.load(Ordering::Relaxed) == 0 && self.inbox.is_empty() {
            nursery::end_here();
        }
    }

    /// Frees tombstones. False: there were none, or somebody else came in between: then the next one goes on from there.
    fn sweep<'a>(&'a self, mut wheel: MutexGuard<'a, Entries>) -> bool {
        let begin = self.sweep_from.load(Ordering::Relaxed);
        let mut found = false;
        let mut part = begin;
        let mut looked_at = 0;
        while let Some(next) = wheel.next_part(part) {
            looked_at += wheel.part_len(next);
            found |= self.sweep_part(&mut wheel, next) > 0;
            part = next + 1;
            if looked_at >= TIMER_SWEEP_STEP {
                // Others may have something due.
                looked_at = 0;
                self.sweep_from.store(part, Ordering::Relaxed);
                self.note_len(&wheel);
                drop(wheel);
                match try_lock(&self.wheel) {
                    Some(again) => wheel = again,
                    None => return false,
                }
            }
        }
        self.sweep_from.store(0, Ordering::Relaxed);
        self.note_len(&wheel);
        found || begin > 0
    }

    /// Frees the tombstones of one part, and tells the other jobs their places. Returns how many it freed.
    fn sweep_part(&self, wheel: &mut Entries, part: usize) -> usize {
        let ahead = |job: &InTransit<Header>| prefetch(job.0.as_ptr());
        let removed = wheel.sweep_part(part, ahead, |job, place| is_kept(job.0, place));
        self.tombstones.fetch_sub(removed as i64, Ordering::Relaxed);
        removed
    }

    fn note_len(&self, wheel: &Entries) {
        self.held.store(wheel.len(), Ordering::Relaxed);
    }

    /// Moves the inbox to the wheel.
    fn drain(&self, wheel: &mut Entries) {
        let mut earliest = NEVER;
        self.inbox.take_all(|node| {
            // SAFETY: taken from the inbox just now, so alive.
            let node = unsafe { node.as_ref() };
            if self.tombstones.load(Ordering::Relaxed) > 0 && !is_live(node.job()) {
                self.met_tombstone();
                return;
            }
            earliest = earliest.min(node.deadline());
            if let Some(place) = wheel.insert(node.deadline(), InTransit(node.job())) {
                node.settle(place);
            }
        });
        self.note_len(wheel);
        // The inserter may have looked before the thread said until when it sleeps, and the thread after we had emptied the inbox.
        self.tell(earliest);
    }

    /// Takes the jobs that are due, at most as many as fit a batch, by deadline. The caller [hands over](Self::hand_over) each.
    pub fn poll(&self, now: u64, due: &mut Vec<JobRef>) {
        let mut wheel = lock(&self.wheel);
        self.drain(&mut wheel);
        wheel.poll(now, TIMER_BATCH, |_, job| due.push(job.0));
        self.in_hand.fetch_add(due.len(), Ordering::Relaxed);
        self.note_len(&wheel);
        drop(wheel);
        self.tidy();
    }

    /// One that was taken because it is due is about to be queued, and is counted as such.
    pub fn hand_over(&self) {
        // Ordering: Release: who no longer counts it here counts it there.
        self.in_hand.fetch_sub(1, Ordering::Release);
    }

    /// The earliest deadline.
    pub fn next_deadline(&self) -> Option<u64> {
        let mut wheel = lock(&self.wheel);
        self.drain(&mut wheel);
        wheel.next_deadline()
    }

    /// Jobs that have not been queued yet, and have not been cancelled.
    pub fn len(&self) -> usize {
        let mut wheel = lock(&self.wheel);
        self.drain(&mut wheel);
        // Ordering: Acquire pairs with `hand_over`.
        let in_hand = self.in_hand.load(Ordering::Acquire);
        let tombstones = usize::try_from(self.tombstones.load(Ordering::Relaxed)).unwrap_or(0);
        (wheel.len() + in_hand).saturating_sub(tombstones)
    }

    /// Takes all jobs, due or not.
    pub fn take_all(&self) -> Vec<JobRef> {
        let mut wheel = lock(&self.wheel);
        self.drain(&mut wheel);
        let all = wheel.take_all();
        self.note_len(&wheel);
        all.into_iter().map(|InTransit(job)| job).collect()
    }

    /// Takes no more jobs, and lets the thread go. The caller [ends](Self::take_all) what is there.
    pub fn close(&self) {
        // Ordering: Release pairs with `is_closed`. An inserter needs none: the exchange of the inbox in `take_all` comes behind its push, or before it and carries this.
        self.is_closed.store(true, Ordering::Release);
        self.parker.unpark();
    }

    /// Whether it takes no more jobs.
    pub fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// The thread's work: calls `fire` with what is due, and `park` in between with a deadline, until the timers are closed.
    pub fn run(
        &self,
        now: impl Fn() -> u64,
        mut fire: impl FnMut(&mut Vec<JobRef>),
        park: impl Fn(&Parker, Option<u64>),
    ) {
        let mut due = Vec::new();
        let mut nap = TIMER_NAP;
        while !self.is_closed() {
            self.poll(now(), &mut due);
            let fired = due.len();
            if fired > 0 {
                fire(&mut due);
                due.clear();
            }
            if fired == TIMER_BATCH {
                continue;
            }
            // What is due in a moment waits for what is due then: a wake-up costs as much as many jobs. In a stream the moment grows.
            let earliest = if fired > 0 { now().saturating_add(nap) } else { 0 };
            if let Some(until) = self.sleep(earliest, &park) {
                nap = if until == earliest { (2 * nap).min(TIMER_LONGEST_NAP) } else { TIMER_NAP };
            }
        }
    }

    /// The thread sleeps until something may be due, but not before `earliest`. Returns until when it meant to; `None`: there is something to do.
    pub fn sleep(&self, earliest: u64, park: impl Fn(&Parker, Option<u64>)) -> Option<u64> {
        let until = self.about_to_sleep(earliest)?;
        park(&self.parker, Some(until).filter(|until| *until != NEVER));
        // Ordering: Relaxed: at worst somebody unparks us for nothing.
        self.sleeps_until.store(AWAKE, Ordering::Relaxed);
        Some(until)
    }

    /// Says until when the thread sleeps, which is not before `earliest`, and looks a last time. `None`: there is something to do.
    fn about_to_sleep(&self, earliest: u64) -> Option<u64> {
        let mut wheel = lock(&self.wheel);
        self.drain(&mut wheel);
        let until = wheel.next_deadline().unwrap_or(NEVER).max(earliest);
        // Under the lock: whoever drains the inbox after us finds this value, and tells.
        self.sleeps_until.store(until, Ordering::SeqCst);
        drop(wheel);
        // Ordering: SleepFence: the value comes before the look; pairs with InsertFence.
        full_fence(Ordering::SeqCst);
        if self.inbox.is_empty() && !self.is_closed() {
            return Some(until);
        }
        self.sleeps_until.store(AWAKE, Ordering::Relaxed);
        None
    }
}

/// Whether a job that the timers have has not ended; a tombstone is freed.
fn is_live(job: JobRef) -> bool {
    // SAFETY: taken from the timers; they keep it if it is live.
    let executed = unsafe { Header::execute(job, Verb::Bury) };
    executed != Executed::Tombstone
}

/// The same for one that lies in the wheel, which is told its place.
fn is_kept(job: JobRef, place: Option<usize>) -> bool {
    let Some(place) = place else { return is_live(job) };
    // SAFETY: the wheel has it, and drops it if it is a tombstone.
    let executed = unsafe { Header::execute(job, Verb::Settle(place)) };
    executed != Executed::Tombstone
}

impl Drop for Timers {
    fn drop(&mut self) {
        debug_assert!(self.inbox.is_empty(), "the pool ends its timers");
    }
}
