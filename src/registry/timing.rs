//! The timers of a pool: what is due is queued, what the pool's end meets is ended.

use std::ptr::NonNull;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use super::{Lane, Registry};
use crate::job::ending::InHand;
use crate::job::{Executed, Header, JobRef, Node, Reason, Recurring, Timekeeper, Verb};
use crate::sync::time::Deadline;
use crate::sync::{AtomicU32, AtomicUsize, Counter, Ordering, fence, lock_plain, prefetch, thread};
use crate::timer::{Clock, Driven, Timers};

/// Enough for the timers' thread, which may have to end jobs: destructors and callbacks.
const STACK: usize = 2 * 1024 * 1024;

/// How long a worker that waits for a job on a manual clock sleeps before it looks at the clock again.
const NAP: Duration = Duration::from_millis(1);

const NOT_STARTED: u32 = 0;
const STARTED: u32 = 1;

/// The timers of a pool, and what belongs to them.
pub struct Timing {
    timers: Timers,
    clock: Clock,
    thread: AtomicU32,
    /// Jobs that became due and have not ended, on a manual clock.
    outstanding: AtomicUsize,
    /// Workers that wait for a job which is not due.
    waiting: AtomicUsize,
    /// Schedules that may be active. Plain: a list for those who ask, no part of a protocol.
    schedules: Mutex<Vec<Weak<dyn Recurring>>>,
    /// Jobs that were cancelled before they were due.
    cancelled: Counter,
}

impl Timing {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            timers: Timers::new(),
            clock,
            thread: AtomicU32::new(NOT_STARTED),
            outstanding: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            schedules: Mutex::default(),
            cancelled: Counter::default(),
        }
    }

    /// The pool's clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Keeps a schedule in mind.
    pub fn add_schedule(&self, schedule: &Arc<dyn Recurring>) {
        let mut all = lock_plain(&self.schedules);
        if all.len() == all.capacity() {
            all.retain(|schedule| schedule.upgrade().is_some_and(|schedule| schedule.is_active()));
        }
        all.push(Arc::downgrade(schedule));
    }

    fn schedules(&self) -> Vec<Arc<dyn Recurring>> {
        let all = lock_plain(&self.schedules);
        all.iter().filter_map(Weak::upgrade).filter(|schedule| schedule.is_active()).collect()
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
        if self.timing.thread.load(Ordering::Relaxed) == STARTED || self.is_manual() {
            return Ok(());
        }
        self.start_timer_thread(main)
    }

    #[cold]
    fn start_timer_thread(self: &Arc<Self>, main: fn(Arc<Self>)) -> std::io::Result<()> {
        if self.timing.thread.swap(STARTED, Ordering::AcqRel) == STARTED {
            return Ok(());
        }
        let registry = self.clone();
        match thread::start(Some("filch-timer".into()), STACK, move || main(registry)) {
            Ok(thread) => self.adopt(thread),
            Err(error) => {
                self.timing.thread.swap(NOT_STARTED, Ordering::AcqRel);
                return Err(error);
            }
        }
        Ok(())
    }

    /// The work of the timers' thread.
    pub fn run_timers(&self) {
        thread::wake_precisely();
        let timing = &self.timing;
        let park = |parker: &crate::park::Parker, until: Option<u64>| {
            let deadline = until.map_or(Deadline::NEVER, |until| self.patience_until(until));
            parker.park(deadline);
        };
        timing.timers.run(|| timing.clock.now(), |due| self.fire(due), park);
    }

    /// Until when to wait for a time: on a manual clock, a moment.
    pub fn patience_until(&self, time: u64) -> Deadline {
        match &self.timing.clock {
            Clock::Manual(_) => Deadline::after(NAP),
            Clock::Real(_) => Deadline::after(Duration::from_nanos(time.saturating_sub(self.timing.clock.now()))),
        }
    }

    /// Runs `wait`, in which a worker waits for a job that is not due.
    pub fn while_waiting<R>(&self, wait: impl FnOnce() -> R) -> R {
        self.timing.waiting.fetch_add(1, Ordering::AcqRel);
        let result = wait();
        self.timing.waiting.fetch_sub(1, Ordering::AcqRel);
        result
    }

    /// Queues jobs that are due, taken from the timers, and wakes a worker.
    fn fire(&self, due: &mut Vec<JobRef>) {
        if self.queue_fired(due) {
            self.tell_of_due();
        }
    }

    /// Queues jobs that are due, taken from the timers. False: there were only tombstones.
    fn queue_fired(&self, due: &mut Vec<JobRef>) -> bool {
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
        let schedules = self.timing.schedules();
        let cancelled = schedules.iter().filter(|schedule| schedule.cancel()).count();
        cancelled + self.end_timed(Reason::Cancelled)
    }

    /// Takes no more timed jobs and ends those that there are.
    pub(super) fn close_timers(&self) {
        self.timing.timers.close();
        self.end_timed(Reason::ShutDown);
    }

    /// Jobs that are not due yet.
    pub fn delayed(&self) -> usize {
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

    fn is_manual(&self) -> bool {
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

    fn disarmed(&self, reason: Option<Reason>, left: bool) {
        if reason == Some(Reason::Cancelled) {
            self.timing.cancelled.bump_shared();
        }
        if left {
            self.timing.timers.add_tombstone();
        }
    }
}

impl Driven for Registry {
    fn next_deadline(&self) -> Option<u64> {
        self.timing.timers.next_deadline()
    }

    fn fire_due(&self) {
        let (mut all, mut due) = (Vec::new(), Vec::new());
        loop {
            self.timing.timers.poll(self.timing.clock.now(), &mut due);
            if due.is_empty() {
                break;
            }
            all.append(&mut due);
        }
        // No run begins before all are queued: what it queues comes behind them, so that with one worker there is one order.
        if !all.is_empty() && self.shared.while_nobody_takes(|| self.queue_fired(&mut all)) {
            self.tell_of_due();
        }
    }

    fn is_busy(&self) -> bool {
        // Ordering: Acquire pairs with `due_over`.
        let outstanding = self.timing.outstanding.load(Ordering::Acquire);
        outstanding > 0 && self.timing.waiting.load(Ordering::Acquire) < self.main_workers().len()
    }
}
