//! Spare threads: each takes the place of a worker that blocks.
//!
//! Spare threads are workers like the others, with queues and an index of their own, after those of the others. But they rest until a worker blocks, and rest again when one comes
//! back. A worker that blocks keeps its queues: others steal from them, as always. So a place is only a number, and nobody
//! waits for it: a worker whose call has returned goes on at once, and a spare thread that is one too many rests after the job that it is at.

use crate::sync::futex::Futex;
use crate::sync::{AtomicU64, Ordering};

/// Places that are lent, and the spare threads that have taken them.
#[derive(Debug)]
pub struct Spares {
    /// As many spare threads as there are.
    threads: u32,
    /// `blocked:32 | active:32`: workers that block, and spare threads that are to work in their places.
    word: AtomicU64,
    /// Spare threads that are to begin to work and have not noticed yet.
    calls: Futex,
}

const ONE_ACTIVE: u64 = 1;
const ONE_BLOCKED: u64 = 1 << 32;

fn active(word: u64) -> u32 {
    word as u32
}

fn blocked(word: u64) -> u32 {
    (word >> 32) as u32
}

fn is_surplus(word: u64) -> bool {
    active(word) > blocked(word)
}

/// A place that is lent until this is dropped.
#[must_use]
pub struct Lent<'a>(&'a Spares);

impl Spares {
    /// So many threads rest.
    pub fn new(threads: usize) -> Self {
        Self { threads: threads as u32, word: AtomicU64::new(0), calls: Futex::new(0) }
    }

    /// A worker is about to block: a spare thread works in its place, if one rests. `None`: the pool has none at all.
    pub fn lend(&self) -> Option<Lent<'_>> {
        if self.threads == 0 {
            return None;
        }
        let is_short = |word| active(word) <= blocked(word) && active(word) < self.threads;
        let lent = |word| word + ONE_BLOCKED + if is_short(word) { ONE_ACTIVE } else { 0 };
        // Ordering: Relaxed, here and below: one word decides, and says nothing about other memory.
        let before = self.word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| Some(lent(word)));
        if before.is_ok_and(is_short) {
            self.call(1);
        }
        Some(Lent(self))
    }

    fn call(&self, count: u32) {
        // Ordering: Release: what we did comes before what the spare thread does.
        self.calls.fetch_add(count, Ordering::Release);
        if count == 1 { self.calls.wake_one() } else { self.calls.wake_all() }
    }

    /// The other workers have left: so shall the spare threads.
    pub fn call_all(&self) {
        if self.threads > 0 {
            self.call(self.threads);
        }
    }

    /// Blocks a spare thread until it is called.
    pub fn rest(&self) {
        // Ordering: Acquire pairs with `call`.
        while self.calls.fetch_update(Ordering::Acquire, Ordering::Relaxed, |calls| calls.checked_sub(1)).is_err() {
            self.calls.wait(0, None);
        }
    }

    /// Whether a spare thread is one too many just now.
    pub fn is_surplus(&self) -> bool {
        is_surplus(self.word.load(Ordering::Relaxed))
    }

    /// A spare thread rests from now on, whether it is one too many or not.
    pub fn leave(&self) {
        self.word.fetch_sub(ONE_ACTIVE, Ordering::Relaxed);
    }

    /// A spare thread rests from now on if it is one too many.
    pub fn try_leave(&self) -> bool {
        let left = |word| is_surplus(word).then(|| word - ONE_ACTIVE);
        self.word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_ok()
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.0.word.fetch_sub(ONE_BLOCKED, Ordering::Relaxed);
    }
}
