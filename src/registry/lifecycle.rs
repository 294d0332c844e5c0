//! Closing a pool, and the end of its workers.
//!
//! 1. `close` sets the flag, passes a full fence and wakes every sleeper: each sees the flag before it may sleep again.
//! 2. A worker that read the flag *before* a search which found nothing leaves.
//! 3. The last to leave sets `drained`, passes a full fence and ends what is still in the shared queues: jobs of submitters that read the flag too early.
//!    Such a submitter pushes, by a SeqCst exchange or before a full fence, and reads `drained`: one of the two sees the other's, and each job is taken from
//!    its queue once.
//! 4. Whoever shuts down joins the threads, and so waits for the destructors of their thread-locals too.

use std::sync::{Arc, Weak};

use super::Registry;
use crate::job::{Reason, ending};
use crate::sync::futex::Futex;
use crate::sync::thread::{self, JoinHandle};
use crate::sync::time::Deadline;
use crate::sync::{AtomicBool, AtomicU32, AtomicUsize, Mutex, Ordering, full_fence, lock};

/// No more submits.
const CLOSED: u32 = 1;
/// Queued jobs are dropped rather than run.
const DROPPING: u32 = 2;

/// How far the end has come.
#[derive(Debug)]
pub struct Lifecycle {
    flags: AtomicU32,
    /// Workers that have not left.
    alive: AtomicUsize,
    /// Those of them that are no spare threads.
    main_alive: AtomicUsize,
    drained: AtomicBool,
    /// 1 when the last worker has left.
    left: Futex,
    /// 1 when the threads have been joined.
    joined: Futex,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// To be told when the pool closes.
    closing: Mutex<Vec<Weak<dyn Closing + Send + Sync>>>,
}

/// Who holds jobs back from the queues, or makes submitters wait, until the pool closes.
pub trait Closing {
    /// The pool is closing. Told twice: the first time jobs are still sure to be run, after the second time nobody may wait any more.
    fn closing(&self, registry: &Registry);
}

impl std::fmt::Debug for dyn Closing + Send + Sync {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Closing")
    }
}

impl Lifecycle {
    pub(super) fn new(main_workers: usize, spare_threads: usize) -> Self {
        Self {
            flags: AtomicU32::new(0),
            alive: AtomicUsize::new(main_workers + spare_threads),
            main_alive: AtomicUsize::new(main_workers),
            drained: AtomicBool::new(false),
            left: Futex::new(0),
            joined: Futex::new(0),
            threads: Mutex::new(Vec::new()),
            closing: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn is_drained(&self) -> bool {
        // Ordering: SeqCst: the caller has passed a full fence, or `fence::after_exchange`; Acquire for those who wait for the end.
        self.drained.load(Ordering::SeqCst)
    }
}

impl Registry {
    /// Whether submits are refused. After a fork the child's copy of a pool has no workers: it is closed.
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.lifecycle.flags.load(Ordering::Acquire) & CLOSED != 0 || self.id.is_inherited()
    }

    /// Whether queued jobs are dropped rather than run.
    #[inline]
    pub fn is_dropping(&self) -> bool {
        self.lifecycle.flags.load(Ordering::Relaxed) & DROPPING != 0
    }

    /// Refuses submits from now on; queued jobs still run.
    pub fn close(&self) {
        self.set_closed(CLOSED);
    }

    /// Refuses submits from now on, and ends what is queued.
    pub fn close_now(&self) {
        self.set_closed(CLOSED | DROPPING);
        self.end_queued(Reason::ShutDown);
    }

    /// Has `told` told when the pool closes.
    pub fn tell_when_closing(&self, told: Weak<dyn Closing + Send + Sync>) {
        let mut all = lock(&self.lifecycle.closing);
        if all.len() == all.capacity() {
            all.retain(|told| told.strong_count() > 0);
        }
        all.push(told);
    }

    fn tell_of_closing(&self) {
        // Not under the lock: what is told may end jobs, which is foreign code.
        let all: Vec<_> = lock(&self.lifecycle.closing).iter().filter_map(Weak::upgrade).collect();
        all.iter().for_each(|told| told.closing(self));
    }

    fn set_closed(&self, flags: u32) {
        if self.id.is_inherited() {
            // It is closed, and any lock may have been taken, for good, by a thread that is not here.
            return;
        }
        self.tell_of_closing();
        self.lifecycle.flags.fetch_or(flags, Ordering::AcqRel);
        // Ordering: the flag comes before our look at the sleepers; pairs with SleepFence.
        full_fence(Ordering::SeqCst);
        self.sleep.wake_all();
        if let Some(gate) = &self.gate {
            gate.wake_all();
        }
        self.close_timers();
        self.tell_of_closing();
    }

    /// Keeps the handle of a started thread, to be joined.
    pub fn adopt(&self, thread: JoinHandle<()>) {
        lock(&self.lifecycle.threads).push(thread);
    }

    /// Whether all workers have left but the spare threads.
    pub fn main_workers_left(&self) -> bool {
        // Ordering: Acquire pairs with `worker_left`.
        self.lifecycle.main_alive.load(Ordering::Acquire) == 0
    }

    /// Called once by each worker at its end, and for each that could not be started.
    pub fn worker_left(&self, index: usize) {
        let is_main = index < self.main_workers().len();
        if is_main && self.lifecycle.main_alive.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.spares.call_all();
        }
        if self.lifecycle.alive.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        // A swap, and a full fence: a submitter that misses this has pushed before, and the next line sees its job.
        self.lifecycle.drained.swap(true, Ordering::AcqRel);
        full_fence(Ordering::SeqCst);
        self.end_queued(Reason::ShutDown);
        self.idle.tell();
        self.lifecycle.left.swap(1, Ordering::Release);
        self.lifecycle.left.wake_all();
    }

    /// Waits for the workers, the destructors of their thread-locals, and callbacks that run elsewhere. False: the time ran out first.
    pub fn join_threads(self: &Arc<Self>, deadline: Deadline) -> bool {
        if self.id.is_inherited() {
            // No thread of it is in this process.
            return true;
        }
        self.empty_hands();
        let joined = self.join_by(deadline);
        // A thread outside may still be ending a job: its callback belongs to the pool too. If it is this very thread, it cannot wait for itself.
        joined && (ending::is_ending(self.id()) || self.wait_idle(deadline))
    }

    fn join_by(self: &Arc<Self>, deadline: Deadline) -> bool {
        if deadline.left().is_none() {
            self.join_all();
            return true;
        }
        if !wait_for_one(&self.lifecycle.left, deadline) {
            return false;
        }
        // Only thread-local destructors are left. `std` has no timed join, so another thread does the joining.
        let joiner = self.clone();
        let is_joined = self.lifecycle.joined.load(Ordering::Acquire) == 1;
        if !is_joined && thread::start(None, JOINER_STACK, move || joiner.join_all()).is_err() {
            self.join_all();
        }
        wait_for_one(&self.lifecycle.joined, deadline)
    }

    fn join_all(&self) {
        // The lock is held while joining, so that a second caller waits too. No thread of the pool takes it: a shutdown from inside does not join.
        let mut threads = lock(&self.lifecycle.threads);
        threads.extend(self.take_timer_thread());
        for thread in threads.drain(..) {
            // A worker contains every panic of foreign code; what is left is a thread-local's destructor, and `std` aborts on that.
            let _ = thread.join();
        }
        drop(threads);
        self.lifecycle.joined.swap(1, Ordering::Release);
        self.lifecycle.joined.wake_all();
    }
}

/// Enough to call `join`.
const JOINER_STACK: usize = 64 * 1024;

fn wait_for_one(word: &Futex, deadline: Deadline) -> bool {
    // Ordering: Acquire pairs with the swap that sets it.
    while word.load(Ordering::Acquire) == 0 {
        let left = deadline.left();
        if left.is_some_and(|left| left.is_zero()) {
            return false;
        }
        word.wait(0, left);
    }
    true
}
