//! Floor 6: what the workers of a pool share.
//!
//! One file a concern: `config` (plain settings), `stats` (counters), `gate` (back-pressure), `idle` (waiting until nothing is left),
//! `lifecycle` (closing and the end), `mailbox` (jobs for one worker), `shared` (the queues that all share), `spares` (threads in the place of blocked ones), `ending` (ending queued jobs unrun).

mod config;
mod ending;
mod gate;
mod idle;
mod lifecycle;
mod mailbox;
mod serving;
mod shared;
mod spares;
mod stats;
mod timing;

use std::sync::{Arc, Weak};

use crossbeam_utils::CachePadded;

pub use config::{Config, Hook, PanicHandler, WaitPolicy};
pub use gate::{Gate, Refusal};
pub use lifecycle::Closing;
pub use mailbox::Mailbox;
pub use serving::Serving;
pub use shared::Shared;
pub use spares::{Lent, Spares};
pub use stats::Stats;
pub use timing::Timing;

use crate::job::{self, Header, JobRef, Owner, OwnerId, Reason, Timekeeper, Verb};
use crate::queue::{Asymmetric, DequeOwner, Released, Steal, Stealer, Symmetric, deque, no_deque};
use crate::sleep::Sleep;
use crate::sync::{AtomicBool, AtomicUsize, Counter, Ordering, Patience, fence, fork, full_fence};
use crate::timer::Driven;
use crate::util::blocks::Depot;
use crate::util::contain::{Payload, bury, contain, contain_drop};
use crate::util::limits::{FORK_JOIN_CAPACITY, SPAWN_CAPACITY};
use idle::Idle;
use lifecycle::Lifecycle;

/// The shared half of a pool. Lives as long as a handle or a worker.
pub struct Registry {
    id: OwnerId,
    config: Config,
    workers: Box<[CachePadded<Slot>]>,
    shared: Shared,
    sleep: Sleep,
    lifecycle: Lifecycle,
    idle: Idle,
    gate: Option<Gate>,
    spares: Spares,
    timing: Timing,
    /// `Pool` handles in existence.
    handles: AtomicUsize,
    /// Held by the one thief that is about to pay for a heavy fence.
    heavy_turn: AtomicBool,
    /// Memory for jobs, of workers who had too much.
    depot: Arc<Depot>,
    tombstones: ending::Tombstones,
    cancelled: Counter,
    panics: Counter,
}

/// What thieves and observers see of one worker.
pub struct Slot {
    fork_join: Stealer<Header, Asymmetric, FORK_JOIN_CAPACITY>,
    spawned: Stealer<Header, Symmetric, SPAWN_CAPACITY>,
    /// What the worker is at, for those who wait for it.
    pub serving: Serving,
    /// Jobs that only this worker may run.
    pub mail: Mailbox,
    /// Its counters; the worker is their only writer.
    pub stats: Stats,
}

/// The private half of a worker's queues.
pub struct Queues {
    /// Stack jobs, in strict last-in-first-out discipline.
    pub fork_join: DequeOwner<Header, Asymmetric, FORK_JOIN_CAPACITY>,
    /// Spawned and submitted jobs.
    pub spawned: DequeOwner<Header, Symmetric, SPAWN_CAPACITY>,
}

impl Queues {
    /// Queues that are full: everything is handed back. For a thread that runs fork-join work after the pool's end.
    pub fn none() -> Self {
        Self { fork_join: no_deque(), spawned: no_deque() }
    }
}

/// Where a job enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Behind everything that its thread has queued.
    Back,
    /// Before everything that is queued.
    Express,
    /// Behind everything that is due, and before what is ordinary.
    Due,
}

impl Registry {
    /// Makes the shared half and the private queues of each worker. No thread is started.
    pub fn new(config: Config) -> (Arc<Self>, Vec<Queues>) {
        fence::init();
        fork::init();
        let workers = config.threads + config.spare_threads;
        let (slots, queues): (Vec<_>, Vec<_>) = (0..workers).map(|_| new_worker()).unzip();
        let registry = Arc::new_cyclic(|registry: &Weak<Self>| {
            let id = OwnerId::new();
            id.register(registry.clone());
            Self {
                id,
                workers: slots.into_boxed_slice(),
                shared: Shared::new(workers),
                sleep: Sleep::new(workers),
                lifecycle: Lifecycle::new(config.threads, config.spare_threads),
                idle: Idle::new(),
                gate: config.queue_capacity.map(Gate::new),
                spares: Spares::new(config.spare_threads),
                timing: Timing::new(config.clock.clone()),
                handles: AtomicUsize::new(1),
                heavy_turn: AtomicBool::new(false),
                depot: Arc::default(),
                tombstones: ending::Tombstones::default(),
                cancelled: Counter::default(),
                panics: Counter::default(),
                config,
            }
        });
        if let Some(clock) = registry.config.clock.manual() {
            let driven: Weak<dyn Driven> = Arc::<Self>::downgrade(&registry);
            clock.drive(driven);
        }
        (registry, queues)
    }

    /// The pool's number.
    pub fn id(&self) -> OwnerId {
        self.id
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The workers, by index. The last ones are the spare threads.
    pub fn workers(&self) -> &[CachePadded<Slot>] {
        &self.workers
    }

    /// The workers that are no spare threads.
    pub fn main_workers(&self) -> &[CachePadded<Slot>] {
        &self.workers[..self.config.threads]
    }

    /// Threads in the place of blocked ones.
    pub fn spares(&self) -> &Spares {
        &self.spares
    }

    /// Where workers exchange memory for jobs.
    pub fn depot(&self) -> Arc<Depot> {
        self.depot.clone()
    }

    /// The event count.
    pub fn sleep(&self) -> &Sleep {
        &self.sleep
    }

    /// One more `Pool` handle.
    pub fn add_handle(&self) {
        self.handles.fetch_add(1, Ordering::Relaxed);
    }

    /// One handle less. True if it was the last.
    pub fn drop_handle(&self) -> bool {
        self.handles.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Asks to queue one job: from inside the pool always granted while it is open; from outside the capacity decides, and `wait` says
    /// whether to wait for room.
    pub fn admit(&self, inside: bool, wait: bool) -> Result<(), Refusal> {
        if self.is_closed() {
            return Err(Refusal::ShutDown);
        }
        match &self.gate {
            None => Ok(()),
            // A thread that ends jobs of the pool may hold the ones that fill the queue.
            Some(gate) if inside || job::ending::is_ending(self.id) => {
                gate.force();
                Ok(())
            }
            Some(gate) if wait => gate.enter(|| self.is_closed()),
            Some(gate) => gate.try_enter(),
        }
    }

    /// Counts a job that has been admitted before as queued, or as not queued any more: it waits elsewhere in between.
    pub fn count_queued(&self, is_queued: bool) {
        match &self.gate {
            Some(gate) if is_queued => gate.force(),
            Some(gate) => gate.leave(),
            None => {}
        }
    }

    /// Ends a job that was not admitted.
    #[cold]
    pub fn refuse(&self, job: JobRef) {
        if let Some(gate) = &self.gate {
            gate.force();
        }
        // SAFETY: the job never entered a queue.
        let _ = unsafe { Header::execute(job, Verb::End(self, Reason::ShutDown)) };
    }

    /// Queues a job from outside the pool's workers, and wakes a worker if that is needed.
    pub fn inject(&self, job: JobRef, lane: Lane) {
        self.push_shared(job, lane);
        // Ordering: PushFence; the injector's push is a SeqCst exchange.
        match lane {
            Lane::Back | Lane::Due => fence::after_exchange(),
            Lane::Express => full_fence(Ordering::SeqCst),
        }
        self.tell_from_outside();
    }

    /// Queues a closure from outside the pool's workers, as [`inject`](Self::inject).
    #[inline]
    pub fn inject_closure<F: FnOnce() + Send + 'static>(&self, closure: F) {
        self.push_shared_closure(closure);
        // Ordering: PushFence: a SeqCst exchange.
        fence::after_exchange();
        self.tell_from_outside();
    }

    /// Pushes a closure to the shared queue, without waking anybody.
    #[inline]
    pub fn push_shared_closure<F: FnOnce() + Send + 'static>(&self, closure: F) {
        self.shared.push_closure(closure);
    }

    /// Pushes to a shared queue, without waking anybody.
    pub fn push_shared(&self, job: JobRef, lane: Lane) {
        self.shared.push(job, lane);
    }

    /// Called after a push to the injector, whose exchange is SeqCst as are the loads here, or after a push and a full fence (`sleep/README.md`).
    pub(super) fn tell_from_outside(&self) {
        if self.lifecycle.is_drained() {
            // The last worker left between our look at `closed` and our push.
            self.end_queued(Reason::ShutDown);
        } else {
            self.sleep.notify_from_outside();
        }
    }

    /// Takes the newest job of the express lane, on worker `index`.
    #[inline]
    pub fn take_express(&self, index: usize) -> Option<JobRef> {
        self.shared.take_express(index)
    }

    /// Whether there is something in the express lane. As fresh as the caller's last fence.
    pub fn has_express(&self) -> bool {
        !self.shared.is_empty_of_express()
    }

    /// Takes the oldest job that is due, on worker `index`, if there seems to be one.
    #[inline]
    pub fn take_due(&self, index: usize) -> Option<JobRef> {
        self.shared.take_due(index)
    }

    /// Whether workers know of more injected jobs, without looking.
    pub fn is_known_to_have_injected(&self) -> bool {
        self.shared.is_known_to_have_more()
    }

    /// Takes the oldest injected job, on worker `index`.
    #[inline(always)]
    pub fn take_injected(&self, index: usize, released: &Released) -> Option<JobRef> {
        self.shared.take(index, released)
    }

    /// Does what takes a heavy fence; `None` if another thief is at that.
    fn in_heavy_turn<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
        // Ordering: none needed: the flag only rations the fences.
        if self.heavy_turn.swap(true, Ordering::Relaxed) {
            return None;
        }
        let result = f();
        self.heavy_turn.swap(false, Ordering::Relaxed);
        Some(result)
    }

    /// Whether any queue of any worker, or a shared one, holds something. As fresh as the caller's last fence.
    pub fn has_queued(&self) -> bool {
        !self.shared.is_empty()
            || self.workers.iter().any(|slot| !slot.fork_join.is_empty() || !slot.spawned.is_empty())
    }

    /// Whether any worker has a job of its own to run.
    pub fn has_mail(&self) -> bool {
        self.workers.iter().any(|slot| !slot.mail.is_empty())
    }

    /// Whether worker `index` may leave a closed pool: nothing is queued, and nobody has a queued job in hand to put it back.
    pub fn nothing_left(&self, index: usize) -> bool {
        self.shared.is_empty_for_sure(index) && !self.has_queued()
    }

    /// What a worker asks before it sleeps.
    pub fn has_work(&self) -> bool {
        self.is_closed() || self.has_queued()
    }

    /// Wakes every worker, for those that have mail now.
    pub fn tell_of_mail(&self) {
        // Ordering: the posts come before the look at the sleepers; pairs with SleepFence.
        full_fence(Ordering::SeqCst);
        self.sleep.wake_all();
    }

    /// Worker `index` reads no mail any more: what is there goes back to the threads that wait for it.
    pub fn close_mail(&self, index: usize) {
        for job in self.workers[index].mail.close() {
            // SAFETY: taken from the mailbox just now. A piece of fork-join work is handed back.
            let _ = unsafe { Header::execute(job, Verb::End(self, Reason::ShutDown)) };
        }
    }

    /// Jobs that are queued and not running.
    pub fn pending(&self) -> usize {
        let deques = |slot: &Slot| slot.fork_join.len() + slot.spawned.len();
        let queued: usize = self.workers.iter().map(|slot| deques(slot)).sum();
        (queued + self.shared.len()).saturating_sub(self.tombstones_queued())
    }

    /// Jobs that are running.
    pub fn running(&self) -> usize {
        self.workers.iter().map(|slot| slot.stats.running()).sum()
    }

    /// Jobs cancelled so far.
    pub fn cancelled_count(&self) -> u64 {
        self.cancelled.get() + self.timing.cancelled_count()
    }

    /// Panics of jobs and of other foreign code so far.
    pub fn panic_count(&self) -> u64 {
        self.panics.get()
    }

    /// Calls a hook; its panic goes to the panic handler.
    pub fn call_hook(&self, hook: Option<&Hook>, index: usize) {
        if let Some(hook) = hook {
            contain(|| hook(index)).unwrap_or_else(|payload| self.report(payload));
        }
    }
}

fn new_worker() -> (CachePadded<Slot>, Queues) {
    let (fork_join, fork_join_stealer) = deque();
    let (spawned, spawned_stealer) = deque();
    let slot = Slot {
        fork_join: fork_join_stealer,
        spawned: spawned_stealer,
        serving: Serving::new(),
        mail: Mailbox::new(),
        stats: Stats::default(),
    };
    (CachePadded::new(slot), Queues { fork_join, spawned })
}

impl Slot {
    /// Tries to take the oldest fork-join piece. `None`: another thief of the pool is paying for a heavy fence just now, and one at a time is enough.
    pub fn steal_piece(&self, registry: &Registry) -> Option<Steal<JobRef>> {
        registry.in_heavy_turn(|| self.fork_join.steal())
    }

    /// As [`steal_piece`](Self::steal_piece), if the worker is at what the caller awaits, and the piece is part of that.
    pub fn steal_back(&self, registry: &Registry, awaited: usize) -> Option<Steal<JobRef>> {
        if self.fork_join.looks_empty() {
            return Some(Steal::Empty);
        }
        registry.in_heavy_turn(|| self.serving.steal_part(awaited, &self.fork_join))
    }

    /// Whether there seems to be a fork-join piece.
    #[inline]
    pub fn seems_to_have_piece(&self) -> bool {
        !self.fork_join.looks_empty()
    }

    /// Tries to take the oldest spawned job.
    #[inline]
    pub fn steal_spawned(&self) -> Steal<JobRef> {
        if self.spawned.looks_empty() { Steal::Empty } else { self.spawned.steal() }
    }
}

/// Steals until that succeeds or there is nothing.
#[inline]
pub(crate) fn retry<T>(steal: impl Fn() -> Steal<T>) -> Option<T> {
    let mut patience = Patience::new();
    loop {
        match steal() {
            Steal::Success(element) => return Some(element),
            Steal::Empty => return None,
            Steal::Retry => patience.wait(),
        }
    }
}

impl Owner for Registry {
    #[inline]
    fn left_queue(&self) {
        if let Some(gate) = &self.gate {
            gate.leave();
        }
    }

    fn ended_unrun(&self, reason: Reason, queued: bool) {
        if let Some(gate) = &self.gate {
            gate.leave();
        }
        if reason == Reason::Cancelled {
            self.cancelled.bump_shared();
        }
        if queued {
            self.tombstones.add_cancelled();
        }
    }

    fn tidy(&self) {
        if self.id.is_inherited() {
            return;
        }
        self.sweep_if_worth_it();
        self.timing.tidy();
    }

    fn timekeeper(&self) -> Option<&dyn Timekeeper> {
        Some(self)
    }

    fn begin_ending(&self) {
        self.idle.begin_ending();
    }

    fn end_ending(&self) {
        self.idle.end_ending();
    }

    fn count_panic(&self) {
        self.panics.bump_shared();
    }

    fn report(&self, payload: Payload) {
        self.count_panic();
        self.hand_over(payload);
    }

    fn hand_over(&self, payload: Payload) {
        match &self.config.panic_handler {
            None => bury(payload),
            Some(handler) => {
                if let Err(second) = contain(|| handler(payload)) {
                    self.count_panic();
                    bury(second);
                }
            }
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.id.unregister();
        // The user's closures: a panic in their destructors must not leave, say, the `cancel` that held the last reference.
        let Config { on_start, on_stop, panic_handler, .. } = &mut self.config;
        contain_drop((on_start.take(), on_stop.take(), panic_handler.take())).unwrap_or_else(bury);
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("threads", &self.workers.len())
            .field("pending", &self.pending())
            .field("running", &self.running())
            .field("shut_down", &self.is_closed())
            .finish()
    }
}
