//! The one word that decides everything about a submitted job. All transitions are read-modify-writes.

use crate::sync::{AtomicUsize, Ordering, before_free};

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Phase {
    /// In a queue; the cell holds the closure.
    Queued = 0,
    /// Claimed by the one thread that runs it.
    Running = 1,
    /// Ended; the cell holds the result.
    Done = 2,
    /// Ended; the cell holds the panic's payload.
    Panicked = 3,
    /// Claimed by the one thread that ends it unrun; the closure is being dropped.
    Cancelling = 4,
    /// Ended unrun; the cell is empty.
    Cancelled = 5,
    /// Ended unrun because the pool shut down; the cell is empty.
    ShutDown = 6,
    /// Ended, and the handle has taken the outcome; the cell is empty.
    Taken = 7,
    /// With the timers, until it is due; the cell holds the closure.
    Delayed = 8,
}

impl Phase {
    const ALL: [Phase; 9] = [
        Phase::Queued,
        Phase::Running,
        Phase::Done,
        Phase::Panicked,
        Phase::Cancelling,
        Phase::Cancelled,
        Phase::ShutDown,
        Phase::Taken,
        Phase::Delayed,
    ];

    /// Whether the outcome is there.
    pub fn has_ended(self) -> bool {
        !matches!(self, Phase::Queued | Phase::Running | Phase::Cancelling | Phase::Delayed)
    }

    /// Whether nobody has started or ended the job.
    pub fn is_waiting(self) -> bool {
        matches!(self, Phase::Queued | Phase::Delayed)
    }
}

// | bits | name | set by | meaning |
// |------|------|--------|---------|
// | 0..4 | phase | see `Phase` | |
// | 4 | CANCEL_REQUESTED | cancel, while Running | what `cancelled()` reads; may be set too late to be seen |
// | 5 | WAITER | the handle | clear: the waiter slot is the handle's; set: the completer's |
// | 6 | WATCHED | nobody | the waiter is there from the start and to stay; it gets a reference when it is told |
// | 7.. | references | | the queue's or the timers', the handle's or the watch's, the tokens' |
const PHASE: usize = 0b1111;
const CANCEL_REQUESTED: usize = 1 << 4;
const WAITER: usize = 1 << 5;
const WATCHED: usize = 1 << 6;
const REFERENCE_SHIFT: u32 = 7;
const ONE_REFERENCE: usize = 1 << REFERENCE_SHIFT;
const MOST_REFERENCES: usize = usize::MAX >> (REFERENCE_SHIFT + 1);

#[derive(Clone, Copy)]
struct Snapshot(usize);

impl Snapshot {
    fn phase(self) -> Phase {
        Phase::ALL[self.0 & PHASE]
    }

    fn with_phase(self, phase: Phase) -> Self {
        Self((self.0 & !PHASE) | phase as usize)
    }

    fn has_waiter(self) -> bool {
        self.0 & WAITER != 0
    }

    fn is_watched(self) -> bool {
        self.0 & WATCHED != 0
    }

    fn references(self) -> usize {
        self.0 >> REFERENCE_SHIFT
    }
}

/// The word.
pub struct JobWord(AtomicUsize);

/// What a completing thread has to do next.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum Completed {
    /// Somebody waits: the waiter slot is the completer's now.
    Waited {
        /// The completer's reference, if it had one to give, is gone: the cell lives until the watch has been told.
        released: bool,
    },
    /// Nobody waits. The completer's reference, if it had one to give, is gone.
    Unwatched {
        /// It was the last: the cell is the completer's to free.
        last: bool,
    },
}

/// What a cancel found.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum CancelStart {
    /// The job was queued, or [`Delayed`](Phase::Delayed), and now never runs: the caller drops the closure and ends it.
    Begun(Phase),
    /// It runs already; it has been asked to stop.
    Requested,
    /// It has ended, or somebody else is cancelling it.
    TooLate,
}

impl JobWord {
    /// A queued job with two references: the queue's and the handle's.
    pub fn new() -> Self {
        Self(AtomicUsize::new((2 * ONE_REFERENCE) | Phase::Queued as usize))
    }

    /// A queued job with two references: the queue's and the watch's.
    pub fn watched() -> Self {
        Self(AtomicUsize::new((2 * ONE_REFERENCE) | WATCHED | WAITER | Phase::Queued as usize))
    }

    /// The same, for a job that is not due yet.
    pub fn delayed(self) -> Self {
        let word = Snapshot(self.0.load(Ordering::Relaxed));
        Self(AtomicUsize::new(word.with_phase(Phase::Delayed).0))
    }

    /// A job that has ended, with one reference.
    pub fn ended(phase: Phase) -> Self {
        debug_assert!(phase.has_ended());
        Self(AtomicUsize::new(ONE_REFERENCE | phase as usize))
    }

    /// The phase. With Acquire: an ended job's outcome is visible.
    #[inline]
    pub fn phase(&self) -> Phase {
        // Ordering: Acquire pairs with `complete` and `end_cancel`.
        Snapshot(self.0.load(Ordering::Acquire)).phase()
    }

    /// Whether a cancel has asked the running job to stop.
    pub fn cancel_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed) & CANCEL_REQUESTED != 0
    }

    /// Queued → Running. True for exactly one of all threads that try this or [`begin_cancel`](Self::begin_cancel).
    pub fn claim(&self) -> bool {
        self.transition(|word| (word.phase() == Phase::Queued).then(|| word.with_phase(Phase::Running))).is_ok()
    }

    /// Delayed → Queued: the job is due. False: it has been cancelled, or claimed.
    pub fn become_due(&self) -> bool {
        self.transition(|word| (word.phase() == Phase::Delayed).then(|| word.with_phase(Phase::Queued))).is_ok()
    }

    /// Delayed → Running, for one who knows that the job is due.
    pub fn claim_delayed(&self) -> bool {
        self.transition(|word| (word.phase() == Phase::Delayed).then(|| word.with_phase(Phase::Running))).is_ok()
    }

    /// Queued or Delayed → Cancelling, or a request to stop if it runs.
    pub fn begin_cancel(&self) -> CancelStart {
        let before = self.transition(|word| match word.phase() {
            Phase::Queued | Phase::Delayed => Some(word.with_phase(Phase::Cancelling)),
            Phase::Running => Some(Snapshot(word.0 | CANCEL_REQUESTED)),
            _ => None,
        });
        match before.map(Snapshot::phase) {
            Ok(phase) if phase.is_waiting() => CancelStart::Begun(phase),
            Ok(_) => CancelStart::Requested,
            Err(_) => CancelStart::TooLate,
        }
    }

    /// Delayed → Cancelled in one step, if nobody waits: for a closure that has nothing to drop.
    pub fn cancel_quietly(&self) -> bool {
        let quiet = |word: Snapshot| word.phase() == Phase::Delayed && !word.has_waiter();
        self.transition(|word| quiet(word).then(|| word.with_phase(Phase::Cancelled))).is_ok()
    }

    /// Queued or Delayed → Cancelling, and nothing else: for one who ends only what has not started. Returns which it was.
    pub fn begin_end(&self) -> Option<Phase> {
        let begun = self.transition(|word| word.phase().is_waiting().then(|| word.with_phase(Phase::Cancelling)));
        begun.ok().map(Snapshot::phase)
    }

    /// Cancelling → Cancelled | ShutDown. True if somebody waits: the waiter slot is the caller's then.
    pub fn end_cancel(&self, ended: Phase) -> bool {
        debug_assert!(matches!(ended, Phase::Cancelled | Phase::ShutDown));
        let result = self.transition(|word| Some(word.with_phase(ended)));
        result.is_ok_and(Snapshot::has_waiter)
    }

    /// Running → Done | Panicked, and gives up one reference in the same step if `release` says so and nobody waits but a watch.
    pub fn complete(&self, ended: Phase, release: bool) -> Completed {
        let gives = |word: Snapshot| release && (!word.has_waiter() || word.is_watched());
        let result = self.transition(|word| {
            debug_assert_eq!(word.phase(), Phase::Running);
            let next = word.with_phase(ended);
            Some(if gives(word) { Snapshot(next.0 - ONE_REFERENCE) } else { next })
        });
        match result {
            Ok(before) if before.has_waiter() => Completed::Waited { released: gives(before) },
            Ok(before) => Completed::Unwatched { last: release && before.references() == 1 },
            Err(_) => unreachable!("the transition is unconditional"),
        }
    }

    /// Publishes a waiter. False: the job has ended, the slot stays the handle's.
    pub fn set_waiter(&self) -> bool {
        let set = |word: Snapshot| (!word.phase().has_ended()).then_some(Snapshot(word.0 | WAITER));
        self.transition(set).is_ok()
    }

    /// Takes the waiter slot back. False: the job has ended, the slot is or was the completer's.
    pub fn clear_waiter(&self) -> bool {
        let clear = |word: Snapshot| (!word.phase().has_ended()).then_some(Snapshot(word.0 & !WAITER));
        self.transition(clear).is_ok()
    }

    /// Done | Panicked | … → Taken, and gives up the handle's reference. True if it was the last.
    pub fn take_and_release(&self) -> bool {
        // Ordering: Acquire: the other references were given up after their holders' last use.
        let word = Snapshot(self.0.load(Ordering::Acquire));
        if word.references() == 1 {
            // Nobody else is left to change it.
            self.0.store(word.with_phase(Phase::Taken).0, Ordering::Relaxed);
            return true;
        }
        let taken = |word: Snapshot| Some(Snapshot(word.with_phase(Phase::Taken).0 - ONE_REFERENCE));
        self.transition(taken).is_ok_and(|before| before.references() == 1)
    }

    /// Done | Panicked | … → Taken, for a completer that goes on holding its reference.
    pub fn take(&self) {
        let _ = self.transition(|word| Some(word.with_phase(Phase::Taken)));
    }

    /// One more reference. The caller holds one.
    pub fn retain(&self) {
        // Ordering: Relaxed, as in `Arc`: a new reference is made from an old one.
        let before = self.0.fetch_add(ONE_REFERENCE, Ordering::Relaxed);
        if Snapshot(before).references() > MOST_REFERENCES {
            std::process::abort();
        }
    }

    /// One reference less. True if it was the last: the cell is the caller's to free.
    pub fn release(&self) -> bool {
        // Ordering: Release: our use of the cell comes before the free. Acquire: the free comes after everybody's use.
        let before = Snapshot(self.0.fetch_sub(ONE_REFERENCE, Ordering::AcqRel));
        debug_assert!(before.references() > 0, "a job reference was given up twice");
        before.references() == 1
    }

    /// Called by the one who frees the cell.
    pub fn before_free(&mut self) {
        before_free(&mut self.0);
    }

    /// Replaces the word by what `next` makes of it and returns the old one; `None` leaves it and returns it as the error.
    #[inline]
    fn transition(&self, next: impl Fn(Snapshot) -> Option<Snapshot>) -> Result<Snapshot, Snapshot> {
        let mut word = self.0.load(Ordering::Acquire);
        loop {
            let Some(new) = next(Snapshot(word)) else { return Err(Snapshot(word)) };
            // Ordering: AcqRel in one place for all: Release publishes what the cell holds now (a result, a waiter, an empty body); Acquire makes
            // what the cell held visible to whoever takes it over.
            match self.0.compare_exchange_weak(word, new.0, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(Snapshot(word)),
                Err(newer) => word = newer,
            }
        }
    }
}

impl std::fmt::Debug for JobWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = Snapshot(self.0.load(Ordering::Relaxed));
        f.debug_struct("JobWord")
            .field("phase", &word.phase())
            .field("cancel_requested", &(word.0 & CANCEL_REQUESTED != 0))
            .field("waiter", &word.has_waiter())
            .field("references", &word.references())
            .finish()
    }
}
