//! The timers of a pool: what is due is queued, what the pool's end meets is ended.

use std::ptr::NonNull;
use std::sync::{Arc, Mutex as PlainMutex, Weak};
use std::time::Duration;

use super::{Lane, Registry};
use crate::job::ending::{self, InHand};
use crate::job::frame::timed_frames;
use crate::job::{Executed, Header, JobRef, Node, RawCell, Reason, Recurring, Timekeeper, Verb};
use crate::sync::thread::{self, JoinHandle};
use crate::sync::time::Deadline;
use crate::sync::{AtomicBool, AtomicUsize, Counter, Mutex, Ordering, fence, lock, lock_plain, prefetch};
use crate::timer::{Clock, Driven, Timers};

/// Enough for the timers' thread, which may have to end jobs: destructors and callbacks.
const STACK: usize = 2 * 1024 * 1024;

/// How long a worker that waits for a job on a manual clock sleeps before it looks at the clock again.
const NAP: Duration = Duration::from_millis(1);

/// So many schedules that are over are not looked for.
const FEW_OVER: usize = 16;

/// The timers of a pool, and what belongs to them.
pub struct Timing {
    timers: Timers,
    clock: Clock,
    /// The timers' thread, from its start until it is joined.
    thread: Mutex<Option<JoinHandle<()>>>,
    /// It has been started. Set under the lock of `thread`.
    has_thread: AtomicBool,
    /// Jobs that became due and have not ended, on a manual clock.
    outstanding: AtomicUsize,
    /// Workers that wait for a job which is not due, on a manual clock.
    waiters: Mutex<Vec<Arc<Waiter>>>,
    /// Plain: a list for those who ask, no part of a protocol. No atomic is touched while it is locked.
    schedules: PlainMutex<Schedules>,
    /// Jobs that were cancelled before they were due.
    cancelled: Counter,
}

/// A worker that waits for a job which is not due.
struct Waiter {
    due: u64,
    /// The job, if it is a certain one.
    job: Option<RawCell>,
    /// The timed jobs that the worker is inside of: those wait, too.
    inside: Vec<usize>,
}

/// The schedules of a pool.
#[derive(Default)]
struct Schedules {
    all: Vec<Weak<dyn Recurring>>,
    /// About so many of them are over.
    over: usize,
}

impl Timing {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            timers: Timers::new(clock.now()),
            clock,
            thread: Mutex::new(None),
            has_thread: AtomicBool::new(false),
            outstanding: AtomicUsize::new(0),
            waiters: Mutex::default(),
            schedules: PlainMutex::default(),
            cancelled: Counter::default(),
        }
    }

    /// The pool's clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Keeps a schedule in mind.
    pub fn add_schedule(&self, schedule: &Arc<dyn Recurring>) {
        lock_plain(&self.schedules).all.push(Arc::downgrade(schedule));
    }

    /// One is over: when they are half of all, the memory of those without a handle is given back.
    fn forget_schedule(&self) {
        let mut schedules = lock_plain(&self.schedules);
        schedules.over += 1;
        if schedules.over > FEW_OVER && schedules.over > schedules.all.len() / 2 {
            schedules.all.retain(|schedule| schedule.strong_count() > 0);
            schedules.all.shrink_to_fit();
            schedules.over = 0;
        }
    }

    fn schedules(&self) -> Vec<Arc<dyn Recurring>> {
        let mut schedules: Vec<_> = lock_plain(&self.schedules).all.iter().filter_map(Weak::upgrade).collect();
        schedules.retain(|schedule| schedule.is_active());
        schedules
    }

    pub(super) fn tidy(&self) {
        self.timers.tidy();
    }

    pub(super) fn cancelled_count(&self) -> u64 {
        self.cancelled.get()
    }
}

impl Registry {
    /// The timers, and what belongs to them.
    pub fn timing(&self) -> &Timing {
        &self.timing
    }

    /// Starts the timers' thread, if the clock needs one and it has not been started. `main` [runs](Self::run_timers) them.
    pub fn start_timers(self: &Arc<Self>, main: fn(Arc<Self>)) -> std::io::Result<()> {
        // Ordering: Relaxed: whoever misses it finds it under the lock.
        if self.timing.has_thread.load(Ordering::Relaxed) || self.is_manual() {
            return Ok(());
        }
        self.start_timer_thread(main)
    }

    #[cold]
    fn start_timer_thread(self: &Arc<Self>, main: fn(Arc<Self>)) -> std::io::Result<()> {
        if self.is_closed() {
            return Ok(());
        }
        // Held meanwhile: another's first timer waits, and tries again if the system refuses; whoever joins the threads finds it, or comes first.
        let mut slot = lock(&self.timing.thread);
        let has_thread = self.timing.has_thread.load(Ordering::Relaxed);
        // Who closes the timers joins afterwards. What is inserted into closed ones is ended by the inserter.
        if has_thread || self.timing.timers.is_closed() {
            return Ok(());
        }
        let registry = self.clone();
        *slot = Some(thread::start(Some("filch-timer".into()), STACK, move || main(registry))?);
        // Ordering: Release pairs with `close_timers`.
        self.timing.has_thread.store(true, Ordering::Release);
        Ok(())
    }

    /// The timers' thread, to be joined.
    pub(super) fn take_timer_thread(&self) -> Option<JoinHandle<()>> {
        lock(&self.timing.thread).take()
    }

    /// The work of the timers' thread, which ends what is left when they are closed.
    pub fn run_timers(&self) {
        thread::wake_precisely();
        let timing = &self.timing;
        let park = |parker: &crate::park::Parker, until: Option<u64>| {
            let deadline = until.map_or(Deadline::NEVER, |until| self.patience_until(until));
            parker.park(deadline);
        };
        timing.timers.run(|| timing.clock.now(), |due| self.fire(due), park);
        self.end_timed(Reason::ShutDown);
    }

    /// Until when to wait for a time: on a manual clock, a moment.
    pub fn patience_until(&self, time: u64) -> Deadline {
        match &self.timing.clock {
            Clock::Manual(_) => Deadline::after(NAP),
            Clock::Real(_) => Deadline::after(Duration::from_nanos(time.saturating_sub(self.timing.clock.now()))),
        }
    }

    /// Runs `wait`, in which a worker waits for something that is due at this time: for this job, if it is a certain one.
    pub fn while_waiting<R>(&self, due: u64, job: Option<&RawCell>, wait: impl FnOnce() -> R) -> R {
        if !self.is_manual() {
            return wait();
        }
        let waiter = Arc::new(Waiter { due, job: job.cloned(), inside: timed_frames() });
        lock(&self.timing.waiters).push(waiter.clone());
        let result = wait();
        lock(&self.timing.waiters).retain(|other| !Arc::ptr_eq(other, &waiter));
        result
    }

    /// Queues jobs that are due, taken from the timers, and wakes a worker.
    fn fire(&self, due: &mut Vec<JobRef>) {
        if self.queue_all(due) {
            self.tell_of_due();
        }
    }

    /// Returns whether there was any but tombstones.
    fn queue_all(&self, due: &mut Vec<JobRef>) -> bool {
        let mut queued = false;
        // Whoever made them has them in its cache: they come while others are fired.
        due.iter().for_each(|job| prefetch(job.as_ptr()));
        for job in due.drain(..) {
            // In this order: a job that is not due is delayed or queued at any time.
            self.count_due();
            self.timing.timers.hand_over();
            queued |= self.fire_counted(job);
        }
        queued
    }

    /// Wakes a worker for jobs that have been pushed to the lane of those that are due.
    fn tell_of_due(&self) {
        // Ordering: PushFence: a SeqCst exchange.
        fence::after_exchange();
        self.tell_from_outside();
    }

    /// Queues a job that is due, and counted already: once it is queued it may be run and cancelled, and counts no longer. False: it was a tombstone.
    fn fire_counted(&self, job: JobRef) -> bool {
        // SAFETY: taken from the timers by this thread alone, or not given to them; it is queued if it is kept.
        let executed = unsafe { Header::execute(job, Verb::Fire) };
        if executed == Executed::Kept {
            self.push_shared(job, Lane::Due);
            return true;
        }
        self.uncount_due();
        self.timing.timers.met_tombstone();
        false
    }

    /// Takes a new job, which is due at once or later.
    ///
    /// # Safety
    ///
    /// As [`Timekeeper::arm`].
    pub unsafe fn take_timed(&self, node: NonNull<Node>, is_due: bool) {
        if is_due {
            // SAFETY: the caller has the timers' reference.
            let job = unsafe { node.as_ref() }.job();
            self.count_due();
            if self.fire_counted(job) {
                self.tell_of_due();
            }
        } else {
            // SAFETY: passed on.
            unsafe { self.arm(node) };
        }
    }

    /// Ends every job in the timers. Returns how many it ended.
    fn end_timed(&self, reason: Reason) -> usize {
        self.end_all(|| InHand::timed(reason, self.timing.timers.take_all()))
    }

    /// Cancels all delayed jobs and all schedules. Returns how many.
    pub fn cancel_timers(&self) -> usize {
        if self.id.is_inherited() {
            return 0;
        }
        let schedules = self.timing.schedules();
        let cancelled = schedules.iter().filter(|schedule| schedule.cancel()).count();
        cancelled + self.end_timed(Reason::Cancelled)
    }

    /// Takes no more timed jobs. Those that there are, the timers' thread ends, which is told: their destructors and callbacks may take long.
    pub(super) fn close_timers(&self) {
        self.timing.timers.close();
        // Ordering: Acquire pairs with the start. Whoever is about to start it has looked whether the timers are closed before they were.
        if !self.timing.has_thread.load(Ordering::Acquire) {
            self.end_timed(Reason::ShutDown);
        }
    }

    /// Jobs that are not due yet.
    pub fn delayed(&self) -> usize {
        if self.id.is_inherited() {
            return 0;
        }
        let armed = self.timing.schedules().iter().filter(|schedule| schedule.is_armed()).count();
        self.timing.timers.len().saturating_sub(armed)
    }

    /// Schedules that have not ended.
    pub fn scheduled(&self) -> usize {
        self.timing.schedules().len()
    }

    /// A tombstone that was taken from the timers is gone.
    pub(super) fn met_timed_tombstone(&self) {
        self.timing.timers.met_tombstone();
    }

    /// Whether the clock is moved by hand.
    pub fn is_manual(&self) -> bool {
        self.timing.clock.manual().is_some()
    }
}

impl Timekeeper for Registry {
    fn now(&self) -> u64 {
        self.timing.clock.now()
    }

    fn is_closed(&self) -> bool {
        self.timing.timers.is_closed()
    }

    unsafe fn arm(&self, node: NonNull<Node>) {
        // SAFETY: passed on.
        let is_closed = unsafe { self.timing.timers.insert(node) };
        if is_closed {
            self.end_timed(Reason::ShutDown);
        }
    }

    fn queue_due(&self, job: JobRef) {
        self.inject(job, Lane::Due);
    }

    fn count_due(&self) {
        self.count_queued(true);
        if self.is_manual() {
            self.timing.outstanding.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn uncount_due(&self) {
        self.count_queued(false);
        self.due_over();
    }

    fn due_over(&self) {
        if self.is_manual() {
            // Ordering: Release: who sees that it is over sees what it did.
            self.timing.outstanding.fetch_sub(1, Ordering::AcqRel);
        }
    }

    fn schedule_over(&self) {
        self.timing.forget_schedule();
    }

    fn disarmed(&self, reason: Option<Reason>, left: Option<&Node>) {
        if reason == Some(Reason::Cancelled) {
            self.timing.cancelled.bump_shared();
        }
        left.inspect(|node| self.timing.timers.withdraw(node));
    }
}

impl Driven for Registry {
    fn next_deadline(&self) -> Option<u64> {
        if self.id.is_inherited() {
            return None;
        }
        self.timing.timers.next_deadline()
    }

    fn fire_due(&self) {
        if self.id.is_inherited() {
            return;
        }
        // Nobody joins the thread that moves the clock: the pool is not idle meanwhile, and its end waits.
        self.idle.begin_ending();
        let (mut due, mut batch) = (Vec::new(), Vec::new());
        loop {
            self.timing.timers.poll(self.timing.clock.now(), &mut batch);
            if batch.is_empty() {
                break;
            }
            due.append(&mut batch);
        }
        // Nobody takes any before all of one moment are there: what they submit themselves comes behind.
        if !due.is_empty() && self.shared.while_nobody_takes(|| self.queue_all(&mut due)) {
            self.tell_of_due();
        }
        self.idle.end_ending();
    }

    fn is_ending_here(&self) -> bool {
        ending::is_ending(self.id)
    }

    fn is_busy(&self) -> bool {
        if self.id.is_inherited() {
            return false;
        }
        let now = self.timing.clock.now();
        let waiters = lock(&self.timing.waiters);
        // Under the lock: what a waiter has submitted was counted before it said that it waits.
        // Ordering: Acquire pairs with `due_over`.
        let outstanding = self.timing.outstanding.load(Ordering::Acquire);
        // The others are about to go on.
        let patient = |waiter: &&Arc<Waiter>| waiter.due > now && !waiter.job.as_ref().is_some_and(RawCell::has_ended);
        let waiting = waiters.iter().filter(patient);
        let mut inside: Vec<usize> = waiting.clone().flat_map(|waiter| waiter.inside.iter().copied()).collect();
        inside.sort_unstable();
        inside.dedup();
        outstanding > inside.len() && waiting.count() < self.main_workers().len()
    }
}
