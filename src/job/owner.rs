//! What a job asks of the pool that it belongs to, and how it finds it again.
//!
//! A job does not keep its pool alive and pays nothing to know it: it carries the pool's number. The rare events that
//! need the pool from outside a worker (a cancel, a result dropped unread that panics) look the number up.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, RwLock, Weak};

use super::{JobId, JobRef, Node, Reason};
use crate::queue::Released;
use crate::sync::fork;
use crate::trace;
use crate::util::blocks::Blocks;
use crate::util::contain::{Payload, bury};

/// The pool, as its jobs see it: to a job that runs, through the worker that runs it.
pub trait Owner {
    /// A closure is about to run here.
    fn started(&self) {}
    /// The closure has ended; nobody has been told yet.
    fn finished(&self) {}
    /// The index of the running worker, if this is one.
    fn worker(&self) -> Option<usize> {
        None
    }
    /// The running thread's own store of memory for jobs.
    fn blocks(&self) -> Option<&Blocks> {
        None
    }
    /// The running thread's own account of the injector's slots.
    fn released(&self) -> Option<&Released> {
        None
    }
    /// A job leaves the queue to run; it no longer counts against the capacity.
    fn left_queue(&self) {}
    /// A job leaves the queue without running. `queued`: its tombstone is still in there.
    fn ended_unrun(&self, reason: Reason, queued: bool);
    /// The pool's timers, if it has any.
    fn timekeeper(&self) -> Option<&dyn Timekeeper> {
        None
    }
    /// Somebody outside the workers begins to end a job: the pool is not idle until [`end_ending`](Owner::end_ending).
    fn begin_ending(&self);
    /// The end, its callback included, is done.
    fn end_ending(&self);
    /// Somebody has cancelled a job, and everybody has been told: a moment to clear away tombstones.
    fn tidy(&self) {}
    /// A job panicked; its payload is in its cell.
    fn count_panic(&self);
    /// Foreign code panicked and nobody else will see it: counts it, and hands the payload to the panic handler. Never panics.
    fn report(&self, payload: Payload);
    /// Hands over the payload of a panic that has been counted. Never panics.
    fn hand_over(&self, payload: Payload) {
        self.report(payload);
    }
}

impl dyn Owner + '_ {
    /// Does `run`, which contains the panics of a job's closure, in the job's span. `label`: its kind, and its number if it has one.
    #[inline(always)]
    pub fn in_span<R>(&self, label: impl FnOnce() -> (&'static str, Option<JobId>), run: impl FnOnce() -> R) -> R {
        let label = || {
            let (kind, id) = label();
            trace::Job { kind, id: id.map(JobId::number), worker: self.worker() }
        };
        trace::job(label, |payload| self.report(payload), run)
    }
}

/// The timers of a pool, as its delayed and periodic jobs see them.
pub trait Timekeeper {
    /// The time, in nanoseconds since some beginning.
    fn now(&self) -> u64;
    /// Whether no job shall be armed any more.
    fn is_closed(&self) -> bool;
    /// Takes a job that is not due yet, until it is.
    ///
    /// # Safety
    ///
    /// The caller has the timers' reference to the job, and gives it up.
    unsafe fn arm(&self, node: NonNull<Node>);
    /// Queues a job that is due, and has been [counted](Self::count_due).
    fn queue_due(&self, job: JobRef);
    /// A job becomes due now, or is claimed because it is: it counts as queued.
    fn count_due(&self);
    /// Takes a [`count_due`](Self::count_due) back.
    fn uncount_due(&self);
    /// What `count_due` counted has ended: it ran, or will not run.
    fn due_over(&self);
    /// A schedule has ended, and its closure is gone.
    fn schedule_over(&self);
    /// A job that was not due has been ended, or claimed, for no `reason`. `left`: the timers have its tombstone, which is the caller's to
    /// [withdraw](crate::timer::Timers::withdraw).
    fn disarmed(&self, reason: Option<Reason>, left: Option<&Node>);
}

/// Hashes numbers that are handed out one after another.
#[derive(Default)]
struct Numbers(u64);

impl Hasher for Numbers {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        // Fibonacci hashing (Knuth, volume 3, 6.4).
        self.0 = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The number of a pool: never reused. The bits from [`FORKS_SHIFT`] on are the number of forks before it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OwnerId(u64);

// Plain `std` types on purpose, also under the model: the table is no part of any protocol, it only answers whether a pool
// still exists, and no lock is held across a model operation.
type Table = RwLock<HashMap<OwnerId, Weak<dyn Owner + Send + Sync>, BuildHasherDefault<Numbers>>>;
static OWNERS: LazyLock<Table> = LazyLock::new(Table::default);
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Leaves room for a pool every microsecond for eight years.
const FORKS_SHIFT: u32 = 48;

impl OwnerId {
    /// The number of no pool.
    pub const NONE: OwnerId = OwnerId(0);

    /// A number for a new pool.
    pub fn new() -> Self {
        Self(NEXT.fetch_add(1, Ordering::Relaxed) | fork::forks() << FORKS_SHIFT)
    }

    /// Whether the pool was made before a fork that made this process: its threads are not here.
    #[inline(always)]
    pub fn is_inherited(self) -> bool {
        // Without the high bits of the number of forks, as in `new`.
        (self.0 ^ fork::forks() << FORKS_SHIFT) >> FORKS_SHIFT != 0 && self != Self::NONE
    }

    /// For those who are about to wait for the pool's threads.
    ///
    /// # Panics
    ///
    /// If they are not here.
    pub fn assert_not_inherited(self) {
        assert!(
            !self.is_inherited(),
            "the pool was made before a fork, and its threads are in the parent process: what is waited for never comes"
        );
    }

    /// Makes the pool findable.
    pub fn register(self, owner: Weak<dyn Owner + Send + Sync>) {
        OWNERS.write().unwrap_or_else(|e| e.into_inner()).insert(self, owner);
    }

    /// Forgets the pool.
    pub fn unregister(self) {
        OWNERS.write().unwrap_or_else(|e| e.into_inner()).remove(&self);
    }

    /// Whether there is an entry of the pool.
    #[cfg(all(test, not(filch_loom)))]
    pub fn is_registered(self) -> bool {
        OWNERS.read().unwrap_or_else(|e| e.into_inner()).contains_key(&self)
    }

    /// The pool, if it still exists.
    pub fn find(self) -> Option<Arc<dyn Owner + Send + Sync>> {
        OWNERS.read().unwrap_or_else(|e| e.into_inner()).get(&self)?.upgrade()
    }

    /// As [`Owner::report`]; with the pool gone nobody is left to tell beyond the panic hook, which has spoken.
    pub fn report(self, payload: Payload) {
        match self.find() {
            Some(owner) => owner.report(payload),
            None => bury(payload),
        }
    }

    /// As [`Owner::hand_over`].
    pub fn hand_over(self, payload: Payload) {
        match self.find() {
            Some(owner) => owner.hand_over(payload),
            None => bury(payload),
        }
    }
}
