//! A mutex and a condition variable of `std`, who wake only if somebody waits.

use std::sync::{Condvar, Mutex};

use crate::permits::Permits;

pub(crate) struct StdCondvar {
    counts: Mutex<Counts>,
    freed: Condvar,
}

struct Counts {
    permits: usize,
    waiters: usize,
}

impl Permits for StdCondvar {
    fn new(permits: usize) -> Self {
        Self { counts: Mutex::new(Counts { permits, waiters: 0 }), freed: Condvar::new() }
    }

    #[inline(always)]
    fn pass<R>(&self, inside: impl FnOnce() -> R) -> R {
        let mut counts = self.counts.lock().expect("nobody panics");
        while counts.permits == 0 {
            counts.waiters += 1;
            counts = self.freed.wait(counts).expect("nobody panics");
            counts.waiters -= 1;
        }
        counts.permits -= 1;
        drop(counts);
        let result = inside();
        let mut counts = self.counts.lock().expect("nobody panics");
        counts.permits += 1;
        let somebody_waits = counts.waiters > 0;
        drop(counts);
        if somebody_waits {
            self.freed.notify_one();
        }
        result
    }
}
