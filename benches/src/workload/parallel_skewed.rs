//! parallel_skewed: items of which each takes another time, from next to none to a microsecond.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::busy;
use super::sample::{Sample, measure};
use crate::contestant::looper::Looper;

/// The item with this number takes as long as the first one again, and so on.
const PERIOD: u64 = 1000;

pub(super) fn run<L: Looper>(pool: &'static L, items: u64) -> Sample {
    let results: Vec<AtomicU64> = (0..items).map(|_| AtomicU64::new(0)).collect();
    let work = |index: usize| {
        let result = &results[index];
        // A second run of the item would show in the sum.
        result.store(result.load(Ordering::Relaxed).wrapping_add(item(index as u64)), Ordering::Relaxed);
    };
    let sample = measure(|| pool.heavies(), || pool.for_each(results.len(), work));
    let results: Vec<u64> = results.into_iter().map(AtomicU64::into_inner).collect();
    verify(&results);
    sample
}

/// What the item with that number comes to, after as many nanoseconds as its number says.
fn item(number: u64) -> u64 {
    busy::work(number % PERIOD, number)
}

/// Compares with what the items come to on this thread, which is found out once.
fn verify(results: &[u64]) {
    static EXPECTED: Mutex<Vec<u64>> = Mutex::new(Vec::new());
    let mut expected = EXPECTED.lock().expect("no contestant panics");
    if expected.len() != results.len() {
        *expected = (0..results.len() as u64).map(item).collect();
    }
    assert!(*expected == results, "an item was lost, ran twice or came to a wrong result");
}
