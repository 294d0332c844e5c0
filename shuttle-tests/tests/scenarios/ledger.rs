//! Who ran, and who was dropped: each closure exactly one of the two, exactly once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    runs: u32,
    drops: u32,
}

/// Plain `std` on purpose: a look at it is no event for the scheduler.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Vec<Entry>>>);

/// Goes into one closure.
#[derive(Debug)]
pub struct Token {
    ledger: Ledger,
    index: usize,
}

impl Ledger {
    pub fn new() -> Self {
        Self::default()
    }

    /// All threads are one to `std`, so that a panic in another one may have marked the lock.
    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn token(&self) -> Token {
        let mut entries = self.entries();
        entries.push(Entry::default());
        Token { ledger: self.clone(), index: entries.len() - 1 }
    }

    fn change(&self, index: usize, change: impl FnOnce(&mut Entry)) {
        change(&mut self.entries()[index]);
    }

    /// How many have run.
    pub fn runs(&self) -> usize {
        self.entries().iter().filter(|entry| entry.runs > 0).count()
    }

    /// Each closure has ended, and none ran twice.
    pub fn check_ended(&self) {
        for (index, entry) in self.entries().iter().enumerate() {
            assert!(entry.runs <= 1, "closure {index} ran {} times", entry.runs);
            assert_eq!(entry.drops, 1, "closure {index}, which ran {} times, was dropped", entry.runs);
        }
    }

    /// Each has run once.
    pub fn check_all_ran(&self) {
        self.check_ended();
        for (index, entry) in self.entries().iter().enumerate() {
            assert_eq!(entry.runs, 1, "closure {index} did not run");
        }
    }

    /// Whether the closure of this token has run.
    pub fn has_run(&self, index: usize) -> bool {
        self.entries()[index].runs > 0
    }
}

impl Token {
    /// The closure runs.
    pub fn run(&self) {
        self.ledger.change(self.index, |entry| entry.runs += 1);
    }

    pub fn index(&self) -> usize {
        self.index
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.ledger.change(self.index, |entry| entry.drops += 1);
    }
}
