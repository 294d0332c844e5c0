//! A periodic job: one closure that runs again and again, never twice at once.
//!
//! ```text
//!            ┌──────────────arm──────────────┐
//!            ▼                               │
//!          Armed ──fire──▶ Queued ──claim──▶ Running ──cancel──▶ Stopping
//!            └───────cancel──┴──▶ Ending ◀──── over ──┴─────────────┘
//!                                   └──▶ Ended
//! ```
//!
//! The timers' reference goes with it: from the timers to the queue, to the worker, and back. Whoever moves the state to Ending drops the closure; a
//! word that comes out of the timers or the queue after that is a tombstone.

use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::{Arc, Weak};

use super::{Executed, Header, JobRef, Node, Owner, OwnerId, Reason, Timekeeper, Verb, ending, frame};
use crate::sync::{AtomicU64, Ordering, Track, UnsafeCell};
use crate::util::contain::{contain, contain_drop};

/// What a schedule of a fixed rate does when a tick has passed before the run before it has ended.
///
/// ```
/// use std::time::Duration;
/// use filch::{MissedTick, ScheduleOptions};
///
/// let every_second = ScheduleOptions::fixed_rate(Duration::from_secs(1)).missed_tick(MissedTick::Burst);
/// # let _ = every_second;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum MissedTick {
    /// The missed runs follow at once, one after another: there are as many runs as ticks.
    Burst,
    /// The missed ticks are left out. The next run is at the next tick that has not passed.
    #[default]
    Skip,
    /// The next run is one period later, and ticks are counted from there.
    Delay,
}

/// From where a period is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// From tick to tick.
    FixedRate,
    /// From the end of a run.
    FixedDelay,
}

/// When a periodic job runs. Times are in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub struct Rhythm {
    pub pace: Pace,
    /// From 1.
    pub period: u64,
    pub missed: MissedTick,
    pub max_runs: u64,
}

impl Rhythm {
    /// When the next run is due, after one that was due at `due` and has ended `now`.
    pub fn next(&self, due: u64, now: u64) -> u64 {
        let next = due.saturating_add(self.period);
        match (self.pace, self.missed) {
            (Pace::FixedDelay, _) => now.saturating_add(self.period),
            (Pace::FixedRate, MissedTick::Delay) if next < now => now.saturating_add(self.period),
            (Pace::FixedRate, MissedTick::Skip) if next < now => {
                let passed = (now - due) / self.period * self.period;
                let last = due + passed;
                if last == now { now } else { last.saturating_add(self.period) }
            }
            (Pace::FixedRate, _) => next,
        }
    }
}

/// In the timers, or on its way there.
const ARMED: u64 = 0;
/// In a queue.
const QUEUED: u64 = 1;
/// Claimed by the one worker that runs it.
const RUNNING: u64 = 2;
/// The same, and it shall not run again.
const STOPPING: u64 = 3;
/// Somebody drops the closure.
const ENDING: u64 = 4;
/// The closure is gone.
const ENDED: u64 = 5;

// | bits | name | meaning |
// |------|------|---------|
// | 0..3 | phase | one of those |
// | 3.. | runs | runs begun: a run is counted by the step with which it begins |
const PHASE: u64 = 0b111;
const ONE_RUN: u64 = PHASE + 1;

/// A periodic job.
#[repr(C)]
pub struct Periodic<F> {
    header: Header,
    node: Node,
    state: AtomicU64,
    owner: OwnerId,
    rhythm: Rhythm,
    /// Running and Stopping: the worker's; Ending: whoever brought it there.
    closure: UnsafeCell<Option<F>>,
    _track: Track<()>,
}

// SAFETY: the state says whose the closure is, which may cross threads; the rest is atomic or fixed.
unsafe impl<F: Send> Send for Periodic<F> {}
// SAFETY: as above.
unsafe impl<F: Send> Sync for Periodic<F> {}

/// A periodic job, as its handles see it.
pub trait Recurring: Send + Sync {
    /// No run starts after this. True: it was this call that ended it.
    fn cancel(&self) -> bool;
    /// Whether there may be another run, or one is under way that nobody has cancelled.
    fn is_active(&self) -> bool;
    /// Whether it waits in the timers.
    fn is_armed(&self) -> bool;
    /// Runs begun.
    fn runs(&self) -> u64;
    /// When the next run is or was due; `None` during a run and after the last.
    fn next_run(&self) -> Option<u64>;
}

impl<F: FnMut() + Send + 'static> Periodic<F> {
    /// Makes a job for the timers, and with it what is to be [armed](Timekeeper::arm).
    pub fn armed(closure: F, owner: OwnerId, first: u64, rhythm: Rhythm) -> (NonNull<Node>, Arc<dyn Recurring>) {
        let this = Self::make(Some(closure), owner, first, rhythm);
        // The timers' reference.
        let timers = NonNull::new(Arc::into_raw(this.clone()).cast_mut()).expect("an address");
        // SAFETY: alive, by that reference.
        (NonNull::from(unsafe { &(*timers.as_ptr()).node }), this)
    }

    /// Makes one that is over, and drops the closure.
    pub fn ended(closure: F, owner: OwnerId, rhythm: Rhythm) -> Arc<dyn Recurring> {
        contain_drop(closure).unwrap_or_else(|payload| owner.report(payload));
        Self::make(None, owner, 0, rhythm)
    }

    fn make(closure: Option<F>, owner: OwnerId, first: u64, rhythm: Rhythm) -> Arc<Self> {
        Arc::new_cyclic(|this: &Weak<Self>| {
            let job = NonNull::new(this.as_ptr().cast_mut()).expect("an address");
            Self {
                header: Header::new(Self::execute),
                node: Node::new(job.cast(), first),
                state: AtomicU64::new(if closure.is_some() { ARMED } else { ENDED }),
                owner,
                rhythm,
                closure: UnsafeCell::new(closure),
                _track: Track::new(()),
            }
        })
    }

    /// The [`Header`]'s function.
    unsafe fn execute(job: JobRef, verb: Verb<'_>) -> Executed {
        // SAFETY: the timers' reference, made by `armed`, of this type; given up or kept below.
        let this = ManuallyDrop::new(unsafe { Arc::from_raw(job.cast::<Self>().as_ptr()) });
        let live = match verb {
            // A cancel of what is queued spares it: it is a timer.
            Verb::Probe(Reason::Cancelled) => return Executed::Kept,
            Verb::Probe(Reason::ShutDown) => return Executed::Done,
            Verb::Fire if this.advance(ARMED, QUEUED) => return Executed::Kept,
            Verb::Bury if matches!(this.phase(), ARMED | QUEUED) => return Executed::Kept,
            Verb::Settle(place) if this.phase() == ARMED => {
                this.node.settle(place);
                return Executed::Kept;
            }
            Verb::Fire | Verb::Bury | Verb::Settle(_) => false,
            Verb::Run(owner) if this.advance(QUEUED, RUNNING) => {
                Self::run(ManuallyDrop::into_inner(this), owner);
                return Executed::Done;
            }
            Verb::Run(_) => false,
            Verb::End(owner, reason) => this.end(Some(owner), reason, false),
        };
        drop(ManuallyDrop::into_inner(this));
        if live { Executed::Done } else { Executed::Tombstone }
    }

    fn run(this: Arc<Self>, owner: &dyn Owner) {
        let due = this.node.deadline();
        owner.left_queue();
        owner.started();
        // SAFETY: Running: the closure is ours.
        let call = || this.closure.with_mut(|closure| unsafe { &mut *closure }.as_mut().map(|closure| closure()));
        let result = frame::enter_periodic(&this.state, || owner.in_span(|| ("scheduled", None), || contain(call)));
        owner.finished();
        if let Err(payload) = result {
            owner.report(payload);
        }
        this.go_on(due, owner);
        if let Some(timekeeper) = owner.timekeeper() {
            timekeeper.due_over();
        }
    }

    /// After a run: waits for the next, or ends.
    fn go_on(self: Arc<Self>, due: u64, owner: &dyn Owner) {
        let goes_on = self.runs() < self.rhythm.max_runs;
        let timekeeper = owner.timekeeper().filter(|timekeeper| goes_on && !timekeeper.is_closed());
        if !timekeeper.is_some_and(|timekeeper| self.arm(due, timekeeper)) {
            self.set(ENDING);
            self.drop_closure(Some(owner));
        }
    }

    /// Gives the job back to the timers, or to the queue if it is due already. False: it has been cancelled.
    fn arm(self: &Arc<Self>, due: u64, timekeeper: &dyn Timekeeper) -> bool {
        let now = timekeeper.now();
        let next = self.rhythm.next(due, now);
        self.node.set_deadline(next);
        let node = NonNull::from(&self.node);
        if next > now {
            let reference = self.clone();
            let armed = self.advance(RUNNING, ARMED);
            if armed {
                let _ = Arc::into_raw(reference);
                // SAFETY: the timers' reference, given up just now.
                unsafe { timekeeper.arm(node) };
            }
            return armed;
        }
        // Before it is queued: from then on it may be cancelled, and counts no longer.
        timekeeper.count_due();
        let reference = self.clone();
        let queued = self.advance(RUNNING, QUEUED);
        if queued {
            let _ = Arc::into_raw(reference);
            timekeeper.queue_due(self.node.job());
        } else {
            timekeeper.uncount_due();
        }
        queued
    }
}

impl<F> Periodic<F> {
    fn phase(&self) -> u64 {
        // Ordering: Acquire pairs with `advance` and `set`.
        self.state.load(Ordering::Acquire) & PHASE
    }

    fn runs(&self) -> u64 {
        self.state.load(Ordering::Acquire) / ONE_RUN
    }

    /// A step of the schedule. False: it is not where the step begins.
    fn advance(&self, from: u64, to: u64) -> bool {
        let run = if to == RUNNING { ONE_RUN } else { 0 };
        // Ordering: Relaxed: a guess. An exchange decides, also that the step cannot be taken: a load could see an old state.
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            let before = state & !PHASE | from;
            let after = (state & !PHASE | to) + run;
            // Ordering: AcqRel: Release publishes what a run did to the closure; Acquire makes it visible to the next.
            match self.state.compare_exchange(before, after, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(found) if found & PHASE == from => state = found,
                Err(_) => return false,
            }
        }
    }

    /// A step that nobody can prevent.
    fn set(&self, to: u64) {
        // Ordering: as in `advance`.
        let _ = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| Some(state & !PHASE | to));
    }

    /// Armed or Queued → Ending → Ended. False: it was neither.
    fn end(&self, owner: Option<&dyn Owner>, reason: Reason, left: bool) -> bool {
        let timekeeper = owner.and_then(Owner::timekeeper);
        if self.advance(ARMED, ENDING) {
            timekeeper.inspect(|timekeeper| timekeeper.disarmed(Some(reason), left.then_some(&self.node)));
            self.drop_closure(owner);
            return true;
        }
        let was_queued = self.advance(QUEUED, ENDING);
        if was_queued {
            owner.inspect(|owner| owner.ended_unrun(reason, left));
            self.drop_closure(owner);
            timekeeper.inspect(|timekeeper| timekeeper.due_over());
        }
        was_queued
    }

    /// Ending → Ended.
    fn drop_closure(&self, owner: Option<&dyn Owner>) {
        // SAFETY: Ending: the closure is the caller's.
        let closure = self.closure.with_mut(|closure| unsafe { (*closure).take() });
        if let Err(payload) = contain_drop(closure) {
            match owner {
                Some(owner) => owner.report(payload),
                None => self.owner.report(payload),
            }
        }
        self.set(ENDED);
        owner.and_then(Owner::timekeeper).inspect(|timekeeper| timekeeper.schedule_over());
    }

    fn cancel_for(&self, owner: Option<&dyn Owner>) -> bool {
        loop {
            // Of those three moves one succeeds, unless the state changes in between.
            if self.end(owner, Reason::Cancelled, true) || self.advance(RUNNING, STOPPING) {
                return true;
            }
            if self.phase() >= STOPPING {
                return false;
            }
        }
    }
}

impl<F: Send> Recurring for Periodic<F> {
    fn cancel(&self) -> bool {
        if !self.is_active() {
            return false;
        }
        let Some(owner) = self.owner.find() else { return self.cancel_for(None) };
        ending::during(self.owner, &*owner, None, || {
            let cancelled = self.cancel_for(Some(&*owner));
            owner.tidy();
            cancelled
        })
    }

    fn is_active(&self) -> bool {
        self.phase() < STOPPING
    }

    fn is_armed(&self) -> bool {
        self.phase() == ARMED
    }

    fn runs(&self) -> u64 {
        Self::runs(self)
    }

    fn next_run(&self) -> Option<u64> {
        matches!(self.phase(), ARMED | QUEUED).then(|| self.node.deadline())
    }
}

/// Whether the state is that of a run which shall be the last.
pub(super) fn is_stopping(state: &AtomicU64) -> bool {
    state.load(Ordering::Relaxed) & PHASE == STOPPING
}
