//! A mutex and a condition variable of `parking_lot`, who wake only if somebody waits.

use parking_lot::{Condvar, Mutex};

use crate::permits::Permits;

pub(crate) struct ParkingLot {
    counts: Mutex<Counts>,
    freed: Condvar,
}

struct Counts {
    permits: usize,
    waiters: usize,
}

impl Permits for ParkingLot {
    fn new(permits: usize) -> Self {
        Self { counts: Mutex::new(Counts { permits, waiters: 0 }), freed: Condvar::new() }
    }

    #[inline(always)]
    fn pass<R>(&self, inside: impl FnOnce() -> R) -> R {
        let mut counts = self.counts.lock();
        while counts.permits == 0 {
            counts.waiters += 1;
            self.freed.wait(&mut counts);
            counts.waiters -= 1;
        }
        counts.permits -= 1;
        drop(counts);
        let result = inside();
        let mut counts = self.counts.lock();
        counts.permits += 1;
        let somebody_waits = counts.waiters > 0;
        drop(counts);
        if somebody_waits {
            self.freed.notify_one();
        }
        result
    }
}
