//! What models of jobs share: closures and values that say what became of them, an owner that keeps accounts, a queue's end of a job.
//!
//! The counters are plain ones, which the model checker does not see: counting adds no event to a protocol. The cells are the checker's, so a look
//! at one that is not ordered after its last change fails the model.

use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};

use filch::internals::{Executed, Header, JobRef, Owner, OwnerId, Payload, Reason, Verb};
use loom::cell::UnsafeCell;

/// Follows one closure and the value that it returns.
#[derive(Clone)]
pub struct Witness(Arc<Accounts>);

struct Accounts {
    runs: AtomicIsize,
    closures: AtomicIsize,
    values: AtomicIsize,
    closure_is_gone: UnsafeCell<bool>,
}

// SAFETY: the model checker fails the model if two threads are in the cell at once.
unsafe impl Send for Accounts {}
// SAFETY: as above.
unsafe impl Sync for Accounts {}

/// What the closure captures.
struct Capture(Arc<Accounts>);

/// What the closure returns.
#[derive(Debug)]
pub struct Value {
    accounts: Arc<Accounts>,
    content: UnsafeCell<u32>,
}

// SAFETY: as for `Accounts`.
unsafe impl Send for Value {}

const CONTENT: u32 = 42;

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Accounts")
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.0.closures.fetch_sub(1, Relaxed);
        // SAFETY: nobody looks before this is over; the model checker fails the model otherwise.
        self.0.closure_is_gone.with_mut(|gone| unsafe { *gone = true });
    }
}

impl Value {
    /// Looks at the value: all of it must be visible.
    pub fn check(&self) {
        // SAFETY: the value is the caller's.
        assert_eq!(self.content.with(|content| unsafe { *content }), CONTENT);
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.accounts.values.fetch_sub(1, Relaxed);
        self.content.with_mut(|_| ());
    }
}

impl Witness {
    pub fn new() -> Self {
        let count = || AtomicIsize::new(0);
        let closure_is_gone = UnsafeCell::new(false);
        Self(Arc::new(Accounts { runs: count(), closures: count(), values: count(), closure_is_gone }))
    }

    /// The closure to follow.
    pub fn closure(&self) -> impl FnOnce() -> Value + Send + 'static {
        self.0.closures.fetch_add(1, Relaxed);
        let capture = Capture(self.0.clone());
        move || {
            let accounts = capture.0.clone();
            accounts.runs.fetch_add(1, Relaxed);
            accounts.values.fetch_add(1, Relaxed);
            Value { accounts, content: UnsafeCell::new(CONTENT) }
        }
    }

    /// The closure to follow, one that panics.
    pub fn panicking_closure(&self) -> impl FnOnce() -> Value + Send + 'static {
        let closure = self.closure();
        move || {
            drop(closure());
            // The panic hook would print each time.
            std::panic::resume_unwind(Box::new("expected"))
        }
    }

    /// For one who has seen the end of the job: its closure is gone by then, captures and all.
    pub fn check_closure_is_gone(&self) {
        // SAFETY: the one write came before the end of the job.
        assert!(self.0.closure_is_gone.with(|gone| unsafe { *gone }), "the job has ended and the closure lives");
    }

    /// At the end of the model: how often the closure ran. It must be gone, and so must every value.
    pub fn settle(&self) -> isize {
        self.check_closure_is_gone();
        assert_eq!(self.0.closures.load(Relaxed), 0, "a closure was dropped twice or never");
        assert_eq!(self.0.values.load(Relaxed), 0, "a value was dropped twice or never");
        self.0.runs.load(Relaxed)
    }
}

/// An owner of jobs that only keeps accounts.
#[derive(Default)]
pub struct Accountant {
    left_queue: AtomicIsize,
    started: AtomicIsize,
    finished: AtomicIsize,
    cancelled: AtomicIsize,
    shut_down: AtomicIsize,
    endings: AtomicIsize,
    panics: AtomicIsize,
    reports: AtomicIsize,
}

fn add(account: &AtomicIsize, amount: isize) {
    account.fetch_add(amount, Relaxed);
}

impl Owner for Accountant {
    fn left_queue(&self) {
        add(&self.left_queue, 1);
    }

    fn started(&self) {
        add(&self.started, 1);
    }

    fn finished(&self) {
        add(&self.finished, 1);
    }

    fn ended_unrun(&self, reason: Reason, _queued: bool) {
        add(if reason == Reason::Cancelled { &self.cancelled } else { &self.shut_down }, 1);
    }

    fn begin_ending(&self) {
        add(&self.endings, 1);
    }

    fn end_ending(&self) {
        add(&self.endings, -1);
    }

    fn count_panic(&self) {
        add(&self.panics, 1);
    }

    fn report(&self, _payload: Payload) {
        add(&self.panics, 1);
        add(&self.reports, 1);
    }

    fn hand_over(&self, _payload: Payload) {
        add(&self.reports, 1);
    }
}

impl Accountant {
    /// For one who has seen the end of a job: whoever ran it has put it down.
    pub fn check_nothing_runs(&self) {
        assert_eq!(
            self.started.load(Relaxed),
            self.finished.load(Relaxed),
            "a job has ended and still counts as running"
        );
    }

    /// At the end of a model of one job: it left its queue once, by running, by a cancel or by a shutdown.
    pub fn settle(&self, runs: isize, cancels: isize) {
        self.check_nothing_runs();
        assert_eq!(self.started.load(Relaxed), runs, "started");
        assert_eq!(self.left_queue.load(Relaxed), runs, "left its queue to run");
        assert_eq!(self.cancelled.load(Relaxed), cancels, "cancelled");
        assert_eq!(self.shut_down.load(Relaxed), 1 - runs - cancels, "shut down");
        assert_eq!(self.endings.load(Relaxed), 0, "endings begun and not ended");
    }

    /// Panics counted, and payloads handed to the panic handler.
    pub fn panics(&self) -> (isize, isize) {
        (self.panics.load(Relaxed), self.reports.load(Relaxed))
    }
}

/// An accountant that its jobs can find.
pub struct Registered {
    pub id: OwnerId,
    pub owner: Arc<Accountant>,
}

impl Registered {
    pub fn new() -> Self {
        let owner = Arc::new(Accountant::default());
        let id = OwnerId::new();
        let found: Arc<dyn Owner + Send + Sync> = owner.clone();
        id.register(Arc::downgrade(&found));
        Self { id, owner }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.id.unregister();
    }
}

/// A job on its way through a queue.
pub struct Queued(pub JobRef);

// SAFETY: what a queue does too: one thread has it at a time.
unsafe impl Send for Queued {}

impl Queued {
    /// What a worker does with it.
    pub fn run(self, owner: &dyn Owner) -> Executed {
        // SAFETY: `self` is the queue's end of the job, and is consumed.
        unsafe { Header::execute(self.0, Verb::Run(owner)) }
    }

    /// What a shutdown does with it.
    pub fn end(self, owner: &dyn Owner) -> Executed {
        // SAFETY: as above.
        unsafe { Header::execute(self.0, Verb::End(owner, Reason::ShutDown)) }
    }

    /// What a sweep does with it: the job comes back if it is live.
    pub fn bury(self) -> Option<Queued> {
        // SAFETY: as above; a job that is kept is handed back.
        let executed = unsafe { Header::execute(self.0, Verb::Bury) };
        (executed == Executed::Kept).then_some(self)
    }
}
