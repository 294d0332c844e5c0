//! Who ran, and who was dropped.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    runs: u32,
    drops: u32,
}

#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Vec<Entry>>>);

/// Goes into one closure, or one result.
#[derive(Debug)]
pub struct Token {
    ledger: Ledger,
    index: usize,
}

impl Ledger {
    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn token(&self) -> Token {
        let mut entries = self.entries();
        entries.push(Entry::default());
        Token { ledger: self.clone(), index: entries.len() - 1 }
    }

    /// Waits until each has been dropped: the last handle of a pool may go in a job, and then nobody can ask the pool.
    pub fn wait_for_end(&self) {
        while self.entries().iter().any(|entry| entry.drops == 0) {
            std::thread::sleep(Duration::from_micros(100));
        }
    }

    pub fn check(&self) {
        for (index, entry) in self.entries().iter().enumerate() {
            assert!(entry.runs <= 1 && entry.drops == 1, "entry {index} ran and was dropped so often: {entry:?}");
        }
    }
}

impl Token {
    pub fn run(&self) {
        let runs = {
            let mut entries = self.ledger.entries();
            entries[self.index].runs += 1;
            entries[self.index].runs
        };
        assert_eq!(runs, 1, "it runs again");
    }

    pub fn has_run(&self) -> bool {
        self.ledger.entries()[self.index].runs > 0
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        let drops = {
            let mut entries = self.ledger.entries();
            entries[self.index].drops += 1;
            entries[self.index].drops
        };
        assert_eq!(drops, 1, "it is dropped again");
    }
}
