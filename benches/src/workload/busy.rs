//! Work that takes a known time, by calculation alone: no clock is read in it.

use std::sync::OnceLock;
use std::time::Instant;

use super::answer;

/// How many steps the calibration takes. That is about a millisecond.
const STEPS: u64 = 1 << 20;

/// Of so many calibrations the fastest counts.
const TRIES: usize = 10;

/// Calculates for about so many nanoseconds. The result depends on every step.
pub(crate) fn work(nanos: u64, seed: u64) -> u64 {
    steps((nanos as f64 * steps_per_nano()) as u64, seed)
}

fn steps(steps: u64, seed: u64) -> u64 {
    (0..steps).fold(seed, |value, step| answer(value ^ step))
}

/// Found out once in a process.
fn steps_per_nano() -> f64 {
    static RATE: OnceLock<f64> = OnceLock::new();
    *RATE.get_or_init(|| (0..TRIES).map(|seed| rate(seed as u64)).fold(0.0, f64::max))
}

fn rate(seed: u64) -> f64 {
    let start = Instant::now();
    std::hint::black_box(steps(STEPS, std::hint::black_box(seed)));
    STEPS as f64 / start.elapsed().as_nanos() as f64
}
