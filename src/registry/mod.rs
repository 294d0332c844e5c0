//! Floor 6: what the workers of a pool share.
//!
//! One file a concern: `config` (plain settings), `slot` (one worker as others see it), `stats` (counters), `entering` (jobs from outside), `gate` (back-pressure),
//! `shared` (the queues that all share), `mailbox` (jobs for one worker), `serving` (what a worker is at), `timing` (delayed jobs), `spares` (threads in the place of blocked
//! ones), `idle` (waiting until nothing is left), `lifecycle` (closing and the end), `ending` (ending queued jobs unrun), `owner` (what a job asks of its pool).

mod config;
mod ending;
mod entering;
mod gate;
mod idle;
mod lifecycle;
mod mailbox;
mod owner;
mod serving;
mod shared;
mod slot;
mod spares;
mod stats;
mod timing;

use std::sync::{Arc, Weak};

use crossbeam_utils::CachePadded;

pub use config::{Config, Hook, PanicHandler, WaitPolicy};
pub use entering::Lane;
pub use gate::{Gate, Refusal};
pub use lifecycle::Closing;
pub use mailbox::Mailbox;
pub use serving::Serving;
pub use shared::Shared;
pub use slot::{Queues, Slot};
pub use spares::{Lent, Spares};
pub use stats::Stats;
pub use timing::Timing;

use crate::job::{Header, JobRef, Owner, OwnerId, Reason, Verb};
use crate::queue::{Released, Steal};
use crate::sleep::Sleep;
use crate::sync::{AtomicBool, AtomicUsize, Counter, Ordering, Patience, fence, fork, full_fence};
use crate::timer::Driven;
use crate::util::blocks::Depot;
use crate::util::contain::{bury, contain, contain_drop};
use idle::Idle;
use lifecycle::Lifecycle;
use slot::new_worker;

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
        let queued: usize = self.workers.iter().map(|slot| slot.queued()).sum();
        (queued + self.shared.len()).saturating_sub(self.tombstones_queued())
    }

    /// Jobs and tombstones in one of the shared queues.
    pub fn queued_in(&self, lane: Lane) -> usize {
        self.shared.len_of(lane)
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
