//! One thread, and a permit that is always there.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::permits::Permits;

/// Passes so many times.
pub(crate) fn uncontended<P: Permits>(passes: u64) -> Duration {
    let semaphore = P::new(1);
    let mut passed = 0;
    let start = Instant::now();
    for _ in 0..passes {
        passed = semaphore.pass(|| black_box(passed + 1));
    }
    let elapsed = start.elapsed();
    assert_eq!(passed, passes);
    elapsed
}
