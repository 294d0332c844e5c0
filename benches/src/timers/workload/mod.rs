//! What timers are asked to do, with the checks that they did it. Each run has a process of its own.

mod churn;
mod insert_cancel;
mod insert_fire;
mod periodic;

pub use churn::CHURN;
pub(super) use churn::churn;
pub use insert_cancel::INSERT_CANCEL;
pub(super) use insert_cancel::{insert_cancel, turns};
pub use insert_fire::INSERT_FIRE;
pub(super) use insert_fire::insert_fire;
pub use periodic::PERIODIC;
pub(super) use periodic::periodic;

use std::time::Duration;

use super::log::EARLY;
use crate::cpu;

/// A workload, and what it measures.
#[derive(Debug)]
pub struct Workload {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What its size counts.
    pub unit: &'static str,
    /// Its usual size.
    pub size: u64,
    /// A size to see that all works.
    pub quick: u64,
    /// What its figures are. The first is what contestants are compared by.
    pub titles: &'static [&'static str],
}

/// Deadlines that look random and are the same for all.
pub(super) struct Deadlines(u64);

impl Deadlines {
    pub(super) fn new() -> Self {
        Self(0x1234_5678_9abc_def1)
    }

    /// A number below `bound` (Marsaglia, "Xorshift RNGs", 2003).
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// What `p50 µs`, `p99 µs`, `max µs` and `early` are.
fn lateness(mut late: Vec<u64>) -> [f64; 4] {
    let all = late.len();
    late.retain(|late| *late != EARLY);
    late.sort_unstable();
    // Not a number if all were early.
    let at = |per_cent: usize| (late.len() * per_cent).div_ceil(100).checked_sub(1);
    let rank = |per_cent: usize| at(per_cent).map_or(f64::NAN, |index| late[index] as f64 / 1e3);
    [rank(50), rank(99), rank(100), (all - late.len()) as f64]
}

/// The processor time of the process, in nanoseconds.
fn cpu() -> f64 {
    cpu::used().unwrap_or(Duration::ZERO).as_nanos() as f64
}

/// The resident set in bytes, where the system says.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse().ok());
    kib.unwrap_or(0.0) * 1024.0
}

const MIB: f64 = 1024.0 * 1024.0;
