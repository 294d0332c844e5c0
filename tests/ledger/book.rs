//! The books: what became of each job, counted by everything that happens to it.

use std::any::Any;
use std::sync::LazyLock;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};

use Ordering::Relaxed;
use filch::JobError;

/// Most jobs of one round.
const JOBS: usize = 16 * 1024;

/// The books of the one storm that this process runs at a time.
pub fn book() -> &'static Book {
    static BOOK: LazyLock<Book> = LazyLock::new(Book::default);
    &BOOK
}

/// All jobs of a round.
pub struct Book {
    pub(super) entries: Vec<Entry>,
    opened: AtomicU32,
    /// The end of the pool has begun.
    closing: AtomicBool,
    /// What the round is like: [`SETS`], [`WILD`], [`BOUNDED`].
    features: AtomicU8,
    /// Jobs that `cancel_pending` says it cancelled.
    pub swept: AtomicU64,
    /// Panics that were thrown beside those of jobs.
    pub mishaps: AtomicU64,
    /// Those of them that came to the handler.
    pub told: AtomicU64,
    /// Wakers and callbacks in existence.
    pub guests: AtomicI64,
    pub(super) faults: Mutex<Vec<String>>,
}

impl Default for Book {
    fn default() -> Self {
        Self {
            entries: (0..JOBS).map(|_| Entry::default()).collect(),
            opened: AtomicU32::new(0),
            closing: AtomicBool::new(false),
            features: AtomicU8::new(0),
            swept: AtomicU64::new(0),
            mishaps: AtomicU64::new(0),
            told: AtomicU64::new(0),
            guests: AtomicI64::new(0),
            faults: Mutex::new(Vec::new()),
        }
    }
}

/// One job. Every field but `traits` and `outcome` counts.
#[derive(Debug, Default)]
pub struct Entry {
    pub traits: AtomicU16,
    /// The closure began to run.
    pub runs: AtomicU8,
    /// The closure was dropped instead.
    pub unrun: AtomicU8,
    /// What the closure captured was dropped.
    pub dropped: AtomicU8,
    /// Results, or panic payloads, made and dropped.
    pub made: AtomicU8,
    pub buried: AtomicU8,
    /// Panics that came to the handler.
    pub reported: AtomicU8,
    /// `cancel` said true.
    pub wins: AtomicU8,
    pub callbacks: AtomicU8,
    /// What its handle said: an [`Outcome`].
    pub outcome: AtomicU8,
}

/// What somebody heard of a job from its handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Outcome {
    Unheard = 0,
    Value = 1,
    Panicked = 2,
    Cancelled = 3,
    ShutDown = 4,
}

/// The job panics if it runs.
pub const PANICS: u16 = 1;
/// It was queued before the end of the pool began.
pub const EARLY: u16 = 1 << 1;
/// Its handle was turned into a callback.
pub const CALLS_BACK: u16 = 1 << 2;
/// It is fork-join work: it runs whatever happens.
pub const FORK_JOIN: u16 = 1 << 3;
/// `try_submit` handed it back.
pub const HANDED_BACK: u16 = 1 << 4;
/// It is a producer: it may be stopped after it began. What it makes is its iterator.
pub const PRODUCER: u16 = 1 << 5;
/// It belonged to a set or stream that was dropped before it came out.
pub const BEREFT: u16 = 1 << 6;

/// A feature of a round: there are sets, streams, broadcasts and worker-locals.
pub const SETS: u8 = 1;
/// A job may find itself on top of any other, for one that waits helps, or yields. So a job waits only for what it has made itself.
pub const WILD: u8 = 1 << 1;
/// The pool's queue has a capacity.
pub const BOUNDED: u8 = 1 << 2;

impl Book {
    /// Begins a round.
    pub fn reset(&self, features: u8) {
        for entry in &self.entries[..self.opened()] {
            let Entry { traits, runs, unrun, dropped, made, buried, reported, wins, callbacks, outcome } = entry;
            let all = [runs, unrun, dropped, made, buried, reported, wins, callbacks, outcome];
            all.into_iter().for_each(|count| count.store(0, Relaxed));
            traits.store(0, Relaxed);
        }
        self.opened.store(0, Relaxed);
        self.closing.store(false, Relaxed);
        self.features.store(features, Relaxed);
        self.swept.store(0, Relaxed);
        self.mishaps.store(0, Relaxed);
        self.told.store(0, Relaxed);
        self.guests.store(0, Relaxed);
    }

    /// How many jobs there are.
    pub fn opened(&self) -> usize {
        (self.opened.load(Relaxed) as usize).min(JOBS)
    }

    /// A new job's number, if the book has room.
    pub fn open(&self, traits: u16) -> Option<u32> {
        let number = self.opened.fetch_add(1, Relaxed);
        let Some(entry) = self.entries.get(number as usize) else {
            self.opened.fetch_sub(1, Relaxed);
            return None;
        };
        entry.traits.fetch_or(traits, Relaxed);
        Some(number)
    }

    /// A job's entry.
    pub fn entry(&self, number: u32) -> &Entry {
        &self.entries[number as usize]
    }

    /// Called before anything that ends the pool.
    pub fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    /// Whether the end has begun.
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    /// Whether the round has a feature.
    pub fn has(&self, feature: u8) -> bool {
        self.features.load(Relaxed) & feature != 0
    }

    /// Called when the call that queued the job has returned.
    pub fn queued(&self, number: u32) {
        if !self.is_closing() {
            self.entry(number).traits.fetch_or(EARLY, Relaxed);
        }
    }

    /// Notes something wrong. The round fails at its end.
    #[cold]
    pub fn fault(&self, what: String) {
        self.faults.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(what);
    }

    /// A `cancel` said true: the closure is gone by now.
    pub fn won(&self, number: u32) {
        let entry = self.entry(number);
        entry.wins.fetch_add(1, Relaxed);
        if entry.unrun.load(Relaxed) != 1 || entry.dropped.load(Relaxed) != 1 {
            self.fault(format!("job {number}: cancelled, and its closure not yet dropped: {entry:?}"));
        }
    }

    /// A handle gave this result: the closure is gone by now.
    pub fn settle<const N: usize>(&self, number: u32, result: Result<Receipt<N>, JobError>) {
        match result {
            Ok(receipt) if receipt.number == number => self.hear(number, Outcome::Value),
            Ok(receipt) => self.fault(format!("job {number}: got the result of {}", receipt.number)),
            Err(JobError::Cancelled) => self.hear(number, Outcome::Cancelled),
            Err(JobError::ShutDown) => self.hear(number, Outcome::ShutDown),
            Err(JobError::Panicked(payload)) => self.settle_panic(number, payload.into_inner()),
            Err(other) => self.fault(format!("job {number}: {other}")),
        }
    }

    /// The caller was given this panic of the job.
    pub fn settle_panic(&self, number: u32, payload: Box<dyn Any + Send>) {
        match payload.downcast::<Receipt<0>>() {
            Ok(receipt) if receipt.number == number => self.hear(number, Outcome::Panicked),
            Ok(receipt) => self.fault(format!("job {number}: got the panic of {}", receipt.number)),
            Err(other) => self.fault(format!("job {number}: panicked with {}", text(&*other))),
        }
    }

    /// As [`settle_panic`](Self::settle_panic) by one who may not know the job. Nothing: it was a destructor's panic.
    pub fn deliver_panic(&self, payload: Box<dyn Any + Send>) -> Option<u32> {
        match payload.downcast::<Receipt<0>>() {
            Ok(receipt) => {
                self.hear(receipt.number, Outcome::Panicked);
                Some(receipt.number)
            }
            Err(other) => {
                self.report(other);
                None
            }
        }
    }

    /// Notes what somebody heard of a job.
    pub fn hear(&self, number: u32, outcome: Outcome) {
        let entry = self.entry(number);
        if entry.outcome.swap(outcome as u8, Relaxed) != Outcome::Unheard as u8 {
            self.fault(format!("job {number}: a second outcome, {outcome:?}"));
        }
        if entry.dropped.load(Relaxed) != 1 {
            self.fault(format!("job {number}: {outcome:?}, and its closure not yet dropped: {entry:?}"));
        }
    }

    /// The pool's panic handler.
    pub fn report(&self, payload: Box<dyn Any + Send>) {
        let payload = match payload.downcast::<Receipt<0>>() {
            Ok(receipt) => {
                self.entry(receipt.number).reported.fetch_add(1, Relaxed);
                return;
            }
            Err(payload) => payload,
        };
        if payload.is::<Mishap>() {
            self.told.fetch_add(1, Relaxed);
        } else {
            self.fault(format!("a panic of the test itself: {}", text(&*payload)));
        }
    }

    /// Panics with something that must come to the handler.
    pub fn mishap(&self) -> ! {
        self.mishaps.fetch_add(1, Relaxed);
        std::panic::panic_any(Mishap)
    }
}

/// What a callback or a destructor panics with.
pub struct Mishap;

/// What code panics with whose caller is to be given it.
pub struct Lost;

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| String::from(*text));
    text.or_else(|| payload.downcast_ref().cloned()).unwrap_or_else(|| "something foreign".into())
}

/// Keeps the deliberate panics from the terminal.
pub fn silence() {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<Mishap>() && !info.payload().is::<Lost>() && !info.payload().is::<Receipt<0>>() {
            loud(info);
        }
    }));
}

/// Words that depend on the job, to tell a torn or strange value.
fn filler<const N: usize>(number: u32) -> [u32; N] {
    std::array::from_fn(|i| number.wrapping_mul(0x9E37_79B1).wrapping_add(i as u32))
}

/// What a job's closure captures.
pub struct Capture<const N: usize> {
    pub number: u32,
    ran: bool,
    /// Panics when it is dropped unrun.
    pub rude: bool,
    filler: [u32; N],
}

impl<const N: usize> Capture<N> {
    pub fn new(number: u32) -> Self {
        Self { number, ran: false, rude: false, filler: filler(number) }
    }

    /// The closure begins to run.
    pub fn begin(&mut self) {
        self.ran = true;
        book().entry(self.number).runs.fetch_add(1, Relaxed);
    }
}

impl<const N: usize> Drop for Capture<N> {
    fn drop(&mut self) {
        if self.filler != filler(self.number) {
            book().fault(format!("job {}: its capture is not what it was", self.number));
        }
        let entry = book().entry(self.number);
        if !self.ran {
            entry.unrun.fetch_add(1, Relaxed);
        }
        entry.dropped.fetch_add(1, Relaxed);
        if self.rude && !self.ran {
            book().mishap();
        }
    }
}

/// What a job returns, or panics with.
pub struct Receipt<const N: usize> {
    pub number: u32,
    filler: [u32; N],
}

impl<const N: usize> Receipt<N> {
    pub fn new(number: u32) -> Self {
        book().entry(number).made.fetch_add(1, Relaxed);
        Self { number, filler: filler(number) }
    }
}

impl<const N: usize> Drop for Receipt<N> {
    fn drop(&mut self) {
        if self.filler != filler(self.number) {
            book().fault(format!("job {}: its result is not what it was", self.number));
        }
        book().entry(self.number).buried.fetch_add(1, Relaxed);
    }
}

/// Counts as long as it lives: in a waker or a callback.
pub struct Guest;

impl Guest {
    pub fn new() -> Self {
        book().guests.fetch_add(1, Relaxed);
        Self
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        book().guests.fetch_sub(1, Relaxed);
    }
}
