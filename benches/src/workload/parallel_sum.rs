//! parallel_sum: the sum of many integers, as fast as the memory yields them.

use std::sync::Mutex;

use super::answer;
use super::sample::{Sample, measure};
use crate::contestant::looper::Looper;

pub(super) fn run<L: Looper>(pool: &'static L, items: u64) -> Sample {
    static ITEMS: Mutex<Vec<u64>> = Mutex::new(Vec::new());
    let mut data = ITEMS.lock().expect("no contestant panics");
    if data.len() as u64 != items {
        *data = (0..items).map(value).collect();
    }
    let mut result = 0;
    let sample = measure(|| pool.heavies(), || result = pool.sum(&data));
    assert_eq!(result, (0..items).map(value).sum::<u64>(), "the sum is wrong");
    sample
}

/// Small enough that no sum overflows.
fn value(index: u64) -> u64 {
    answer(index) >> 32
}
