//! What models of timers share: an owner with timers, whose clock stands still unless it is moved, and whose queue is a list.

use std::collections::VecDeque;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicIsize, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use filch::internals::{
    Cell, CellRef, Deadline, Executed, Header, JobRef, MissedTick, Node, Owner, OwnerId, Pace, Parker, Payload,
    Periodic, Reason, Recurring, Rhythm, Timekeeper, Timers, Verb,
};

use crate::witness::{Accountant, Queued, Value, Witness};

/// When jobs of a model are due.
pub const SOON: u64 = 5;
pub const LATER: u64 = 1_000_000;

/// Timers and their surroundings.
pub struct Stage {
    pub id: OwnerId,
    pub timers: Timers,
    /// Not the model's: to move it is no event of a protocol.
    now: AtomicU64,
    pub accounts: Accountant,
    /// Jobs counted as due, less those that are over.
    due: AtomicIsize,
    /// No lock of the model: it is not held across any of its operations.
    queue: Mutex<VecDeque<Queued>>,
    disarmed: AtomicIsize,
}

impl Stage {
    /// A clock at which what is due [`SOON`] is due, or not.
    pub fn new(is_soon: bool) -> Arc<Self> {
        let stage = Arc::new(Self {
            id: OwnerId::new(),
            timers: Timers::new(0),
            now: AtomicU64::new(if is_soon { SOON } else { 0 }),
            accounts: Accountant::default(),
            due: AtomicIsize::new(0),
            queue: Mutex::default(),
            disarmed: AtomicIsize::new(0),
        });
        let owner: Arc<dyn Owner + Send + Sync> = stage.clone();
        stage.id.register(Arc::downgrade(&owner));
        stage
    }

    /// A delayed job, with the timers.
    pub fn submit(&self, witness: &Witness, due: u64) -> CellRef<Value> {
        self.submit_closure(witness.closure(), due)
    }

    /// The same, without a witness.
    pub fn submit_closure<T>(&self, closure: impl FnOnce() -> T + Send + 'static, due: u64) -> CellRef<T> {
        let (node, cell) = Cell::delayed(closure, self.id, due, due);
        // SAFETY: made just now.
        unsafe { self.arm(node) };
        cell
    }

    /// A periodic job, with the timers, that calls `run`.
    pub fn schedule(&self, max_runs: u64, run: impl FnMut() + Send + 'static) -> Arc<dyn Recurring> {
        self.schedule_at(SOON, max_runs, run)
    }

    /// The same, with its first run at this time.
    pub fn schedule_at(&self, first: u64, max_runs: u64, run: impl FnMut() + Send + 'static) -> Arc<dyn Recurring> {
        let rhythm = Rhythm { pace: Pace::FixedRate, period: LATER, missed: MissedTick::Skip, max_runs };
        let (node, job) = Periodic::armed(run, self.id, first, rhythm);
        // SAFETY: made just now.
        unsafe { self.arm(node) };
        job
    }

    /// What the timers' thread does with what is due.
    pub fn fire(&self, due: &mut Vec<JobRef>) {
        for job in due.drain(..) {
            self.count_due();
            self.timers.hand_over();
            // SAFETY: taken from the timers, and queued if it is kept.
            match unsafe { Header::execute(job, Verb::Fire) } {
                Executed::Kept => self.queue.lock().unwrap().push_back(Queued(job)),
                _ => {
                    self.uncount_due();
                    self.timers.met_tombstone();
                }
            }
        }
    }

    /// One turn of the timers' thread.
    pub fn poll(&self) {
        let mut due = Vec::new();
        self.timers.poll(self.now(), &mut due);
        self.fire(&mut due);
    }

    /// The timers' thread, which sleeps until it is woken and ends when so many jobs have been fired.
    pub fn run_until_fired(&self, jobs: usize) {
        let mut fired = 0;
        let fire = |due: &mut Vec<JobRef>| {
            fired += due.len();
            self.fire(due);
            if fired == jobs {
                self.timers.close();
            }
        };
        self.timers.run(|| self.now(), fire, |parker, until| self.park(parker, until));
    }

    /// The clock stands still: a deadline has passed, or never comes.
    fn park(&self, parker: &Parker, until: Option<u64>) {
        if until.is_none_or(|until| until > self.now()) {
            parker.park(Deadline::NEVER);
        }
    }

    /// One sleep of the timers' thread.
    pub fn sleep(&self) {
        self.timers.sleep(0, |parker, until| self.park(parker, until));
    }

    /// Moves the clock.
    pub fn move_to(&self, now: u64) {
        self.now.store(now, Relaxed);
    }

    /// What a worker does. False: nothing is queued.
    pub fn run_one(&self) -> bool {
        let job = self.queue.lock().unwrap().pop_front();
        job.map(|job| job.run(self)).is_some()
    }

    /// Takes no more jobs, and ends those that there are.
    pub fn close(&self) {
        self.timers.close();
        self.end_all();
    }

    fn end_all(&self) {
        for job in self.timers.take_all() {
            if Queued(job).end(self) != Executed::Done {
                self.timers.met_tombstone();
            }
        }
    }

    /// At the end of a model, when nobody else is left: runs what is queued, and frees all.
    pub fn settle(&self) {
        while self.run_one() {}
        self.close();
        assert_eq!(self.due.load(Relaxed), 0, "jobs counted as due that are not over");
        assert_eq!(self.timers.len(), 0);
        self.id.unregister();
    }
}

impl Owner for Stage {
    fn left_queue(&self) {
        self.accounts.left_queue();
    }

    fn started(&self) {
        self.accounts.started();
    }

    fn finished(&self) {
        self.accounts.finished();
    }

    fn ended_unrun(&self, reason: Reason, queued: bool) {
        self.accounts.ended_unrun(reason, queued);
    }

    fn timekeeper(&self) -> Option<&dyn Timekeeper> {
        Some(self)
    }

    fn begin_ending(&self) {
        self.accounts.begin_ending();
    }

    fn end_ending(&self) {
        self.accounts.end_ending();
    }

    fn tidy(&self) {
        self.timers.tidy();
    }

    fn count_panic(&self) {
        self.accounts.count_panic();
    }

    fn report(&self, payload: Payload) {
        self.accounts.report(payload);
    }
}

impl Timekeeper for Stage {
    fn now(&self) -> u64 {
        self.now.load(Relaxed)
    }

    fn is_closed(&self) -> bool {
        self.timers.is_closed()
    }

    unsafe fn arm(&self, node: NonNull<Node>) {
        // SAFETY: passed on.
        if unsafe { self.timers.insert(node) } {
            self.end_all();
        }
    }

    fn queue_due(&self, job: JobRef) {
        self.queue.lock().unwrap().push_back(Queued(job));
    }

    fn count_due(&self) {
        self.due.fetch_add(1, Relaxed);
    }

    fn uncount_due(&self) {
        self.due_over();
    }

    fn due_over(&self) {
        self.due.fetch_sub(1, Relaxed);
    }

    fn schedule_over(&self) {}

    fn disarmed(&self, reason: Option<Reason>, left: Option<&Node>) {
        if let Some(reason) = reason {
            self.accounts.ended_unrun(reason, left.is_some());
        }
        self.disarmed.fetch_add(1, Relaxed);
        left.inspect(|node| self.timers.withdraw(node));
    }
}
