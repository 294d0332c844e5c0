#![doc = include_str!("README.md")]

mod help;
mod piece;
mod run;
mod search;
mod stack;
mod strand;

use std::cell::Cell;
use std::ptr::NonNull;
use std::sync::Arc;

use piece::{Credit, Direct};
pub use run::{main, timer_main};
pub use strand::{Pauser, Said, Strand, identity};

use crate::job::{JobRef, Owner, OwnerId};
use crate::park::{Parker, Unparker};
use crate::queue::Released;
use crate::registry::{Lane, Lent, Mailbox, Queues, Registry, Stats};
use crate::sync::{facade_thread_local, fence};
use crate::trace;
use crate::util::blocks::Blocks;
use crate::util::rng::Rng;
use crate::util::seat::Seat;

/// The worker that runs the current closure, handed to the closures of [`Pool::join_context`](crate::Pool::join_context).
///
/// It stays on its thread: a closure that runs elsewhere is handed the worker there.
///
/// ```
/// use filch::{Pool, Worker};
///
/// fn sum(worker: &Worker, numbers: &[u64]) -> u64 {
///     if numbers.len() < 1000 {
///         return numbers.iter().sum();
///     }
///     let (left, right) = numbers.split_at(numbers.len() / 2);
///     let (left, right) = worker.join(|worker| sum(worker, left), |worker| sum(worker, right));
///     left + right
/// }
///
/// let numbers: Vec<u64> = (0..100_000).collect();
/// let (left, right) = numbers.split_at(50_000);
/// let (left, right) =
///     Pool::with_threads(2).join_context(|worker| sum(worker, left), |worker| sum(worker, right));
/// assert_eq!(left + right, 4_999_950_000);
/// ```
pub struct Worker {
    /// Slots of the injector that it has emptied. Dropped before the registry, which has the injector.
    released: Released,
    registry: Arc<Registry>,
    index: usize,
    /// Whether it is a spare thread.
    is_spare: bool,
    queues: Queues,
    rng: Rng,
    /// Memory for the jobs it spawns, from the jobs it has run.
    blocks: Blocks,
    /// Whether the start hook is behind it, and the event count knows it.
    arrived: Cell<bool>,
    /// Its place in tables of all workers of the process.
    seat: Seat,
    /// Whether it blocks, and its place is lent.
    lends: Cell<bool>,
    /// For its waits inside jobs. Whoever stands in for it waits with it too: one thread at a time.
    parker: Parker,
    /// Where a scope may push its jobs onto the fork-join deque.
    direct: Cell<Direct>,
    /// Jobs of a scope that count as outstanding and are not.
    credit: Cell<Credit>,
    /// Jobs taken since the last look at a source that is not preferred.
    tick: Cell<u32>,
    /// How long to look away before a search: see `linger`.
    linger: Cell<u32>,
    /// Such looks so far; chooses the source.
    fair_turns: Cell<u32>,
}

facade_thread_local! {
    /// The worker that runs on this thread.
    static CURRENT: Cell<Option<NonNull<Worker>>> = Cell::new(None);
}

facade_thread_local! {
    /// The pool whose worker this thread is or was: in the destructors of its thread-locals it no longer has a worker, but must not join itself.
    static BELONGS_TO: Cell<OwnerId> = Cell::new(OwnerId::NONE);
}

/// A worker's place is lent until this is dropped.
struct Lends<'a> {
    worker: &'a Worker,
    _place: Lent<'a>,
}

impl Drop for Lends<'_> {
    fn drop(&mut self) {
        self.worker.lends.set(false);
    }
}

impl Worker {
    fn new(registry: Arc<Registry>, index: usize, queues: Queues) -> Self {
        let rng = Rng::new(index as u32 + 1);
        Self {
            parker: Parker::new(),
            direct: Cell::new(Direct::NOWHERE),
            credit: Cell::new(Credit::NONE),
            released: Released::new(),
            blocks: Blocks::new(registry.depot()),
            is_spare: index >= registry.main_workers().len(),
            registry,
            index,
            queues,
            rng,
            arrived: Cell::new(false),
            lends: Cell::new(false),
            seat: Seat::take(),
            tick: Cell::new(0),
            linger: Cell::new(0),
            fair_turns: Cell::new(0),
        }
    }

    /// What a thread that runs fork-join work after the pool's end hands to closures which want a worker: it offers nothing to others.
    pub(crate) fn stand_in(registry: &Arc<Registry>) -> Self {
        Self::new(registry.clone(), registry.workers().len(), Queues::none())
    }

    /// Who wakes the worker from a wait inside a job.
    #[inline(always)]
    pub(crate) fn unparker(&self) -> &Unparker {
        self.parker.unparker()
    }

    /// Calls `f` with the worker whose thread this is, if it is one.
    #[inline]
    pub(crate) fn with_current<R>(f: impl FnOnce(Option<&Worker>) -> R) -> R {
        let current = CURRENT.try_with(Cell::get).unwrap_or(None);
        // SAFETY: set while the worker lives on the stack of this thread, or of one that waits for this thread; cleared before it goes.
        f(current.map(|worker| unsafe { &*worker.as_ptr() }))
    }

    /// Calls `f` with this thread's worker if it belongs to `registry`.
    #[inline]
    pub(crate) fn with_current_of<R>(registry: &Registry, f: impl FnOnce(Option<&Worker>) -> R) -> R {
        Self::with_current(|worker| f(worker.filter(|worker| std::ptr::eq(&*worker.registry, registry))))
    }

    /// Calls `f`, which may block. On a worker, a spare thread of its pool works in its place meanwhile, if there is one.
    pub(crate) fn lending<R>(f: impl FnOnce() -> R) -> R {
        Self::with_current(|worker| {
            let _lent = worker.and_then(Self::lend);
            f()
        })
    }

    /// Lends the worker's place, unless it is lent already.
    fn lend(&self) -> Option<Lends<'_>> {
        if self.lends.get() {
            return None;
        }
        let place = self.registry.spares().lend()?;
        self.lends.set(true);
        Some(Lends { worker: self, _place: place })
    }

    /// Whether this thread is, or was until its last destructors, a worker of `registry`, or the thread of its timers.
    pub(crate) fn thread_belongs_to(registry: &Registry) -> bool {
        BELONGS_TO.try_with(Cell::get).is_ok_and(|id| id == registry.id())
    }

    /// Makes this thread one that must not wait for the pool's end.
    fn belong_to(registry: &Registry) {
        BELONGS_TO.with(|id| id.set(registry.id()));
    }

    /// Makes the worker this thread's, for as long as `f` runs.
    fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        /// Takes the worker away again, also on unwinding.
        struct Leave;
        impl Drop for Leave {
            fn drop(&mut self) {
                CURRENT.with(|current| current.set(None));
            }
        }
        Self::belong_to(&self.registry);
        CURRENT.with(|current| current.set(Some(NonNull::from(self))));
        let _leave = Leave;
        f()
    }

    /// The shared half of the pool.
    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// The worker's index, from 0. Spare threads come after the others. After the pool's shutdown, when closures run on the thread that calls, it is the number of all of them.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(2);
    /// let (left, right) = pool.join_context(|worker| worker.index(), |worker| worker.index());
    /// assert!(left < 2 && right < 2);
    /// ```
    pub fn index(&self) -> usize {
        self.index
    }

    /// A number that no other worker of the process has while this one lives.
    pub(crate) fn seat(&self) -> usize {
        self.seat.number()
    }

    /// The worker's store of memory for jobs.
    pub(crate) fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    /// Jobs that only this worker runs.
    pub(crate) fn mail(&self) -> &Mailbox {
        &self.registry.workers()[self.index].mail
    }

    fn stats(&self) -> &Stats {
        &self.registry.workers()[self.index].stats
    }

    /// Queues a job of this worker's own making.
    #[inline]
    pub(crate) fn push(&self, job: JobRef, lane: Lane) {
        match lane {
            Lane::Express | Lane::Due => self.registry.push_shared(job, lane),
            Lane::Back => {
                if let Err(job) = self.queues.spawned.push(job) {
                    self.registry.push_shared(job, lane);
                }
            }
        }
        self.tell();
    }

    /// Whether this worker's own queue has no room.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.queues.spawned.is_full_for_sure()
    }

    /// Queues a closure of this worker's own making behind everything that all have queued.
    pub(crate) fn push_shared_closure<F: FnOnce() + Send + 'static>(&self, closure: F) {
        self.registry.push_shared_closure(closure);
        self.tell();
    }

    #[inline(always)]
    fn tell(&self) {
        // Ordering: PushFence: orders the push before the load of the sleepers' word.
        fence::light();
        if self.registry.sleep().notify() {
            self.count_wake();
        }
    }

    #[cold]
    fn count_wake(&self) {
        self.stats().wakes.bump();
        trace::woke(self.index, |payload| self.registry.report(payload));
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("index", &self.index).finish_non_exhaustive()
    }
}
