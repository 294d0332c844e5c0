//! A compare-and-swap and an addition, and nothing else: what no semaphore can undercut. It cannot wait.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::yield_now;

use crate::permits::Permits;

pub(crate) struct Bare(AtomicU64);

impl Permits for Bare {
    fn new(permits: usize) -> Self {
        Self(AtomicU64::new(permits as u64))
    }

    #[inline(always)]
    fn pass<R>(&self, inside: impl FnOnce() -> R) -> R {
        let mut permits = self.0.load(Ordering::Relaxed);
        loop {
            if permits == 0 {
                yield_now();
                permits = self.0.load(Ordering::Relaxed);
                continue;
            }
            match self.0.compare_exchange_weak(permits, permits - 1, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => break,
                Err(newer) => permits = newer,
            }
        }
        let result = inside();
        self.0.fetch_add(1, Ordering::Release);
        result
    }
}
