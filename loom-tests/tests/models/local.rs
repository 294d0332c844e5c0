//! The table of values by worker: two workers ask for their first values at the same time.
//!
//! Threads: 2 and 3. Bound: all, and 4 with three.
//! Properties: each entry is made once, and whole when its worker sees it; what was made in vain is freed; nothing leaks.
//! Seen failing: every mutant whose name begins with "local".

use std::sync::Arc;

use filch::internals::Table;
use loom::alloc::Track;
use loom::cell::UnsafeCell;
use loom::thread;

use crate::support::{ALL, Bound, explore};

/// Used by one worker alone. What made it is a write that the worker must see.
struct Entry {
    value: UnsafeCell<usize>,
    _track: Track<()>,
}

// SAFETY: the model checker fails the model if two threads are in the cell at once.
unsafe impl Sync for Entry {}
// SAFETY: as above.
unsafe impl Send for Entry {}

impl Default for Entry {
    fn default() -> Self {
        Self { value: UnsafeCell::new(0), _track: Track::new(()) }
    }
}

fn visit(table: &Table<Entry>, number: usize) {
    for visits in 0..2 {
        // SAFETY: the number is this thread's own.
        let found = table.entry(number).value.with_mut(|value| unsafe { std::mem::replace(&mut *value, visits + 1) });
        assert_eq!(found, visits, "entry {number} is not the one of before");
    }
}

fn first_use(bound: Bound, numbers: &'static [usize]) {
    explore(&format!("local, first use of {numbers:?}"), bound, move || {
        let table = Arc::new(Table::<Entry>::new());
        let visitors: Vec<_> = numbers[1..]
            .iter()
            .map(|number| {
                let table = table.clone();
                thread::spawn(move || visit(&table, *number))
            })
            .collect();
        visit(&table, numbers[0]);
        visitors.into_iter().for_each(|visitor| visitor.join().unwrap());
        let mut table = Arc::into_inner(table).expect("the visitors have gone");
        let entries = table.drain();
        // SAFETY: nobody else is here any more.
        let visited = entries.iter().filter(|entry| entry.value.with(|value| unsafe { *value }) == 2);
        assert_eq!(visited.count(), numbers.len());
    });
}

#[test]
fn two_in_one_bucket() {
    first_use(ALL, &[1, 2]);
}

#[test]
fn three_in_one_bucket() {
    first_use(Some(4), &[3, 4, 5]);
}
