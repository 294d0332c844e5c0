//! parallel_map_in_place: a cheap function put in the place of each of many integers.

use std::sync::Mutex;

use super::answer;
use super::sample::{Sample, measure};
use crate::contestant::looper::Looper;

pub(super) fn run<L: Looper>(pool: &'static L, items: u64) -> Sample {
    static ITEMS: Mutex<Vec<u64>> = Mutex::new(Vec::new());
    let mut data = ITEMS.lock().expect("no contestant panics");
    data.clear();
    data.extend(0..items);
    let sample = measure(|| pool.heavies(), || pool.map_in_place(&mut data, answer));
    assert!(data.iter().copied().eq((0..items).map(answer)), "an item was lost or mapped twice");
    sample
}
