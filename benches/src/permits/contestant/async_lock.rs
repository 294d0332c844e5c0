//! async-lock's semaphore, blocking.

use async_lock::Semaphore;

use crate::permits::Permits;

pub(crate) struct AsyncLock(Semaphore);

impl Permits for AsyncLock {
    fn new(permits: usize) -> Self {
        Self(Semaphore::new(permits))
    }

    #[inline(always)]
    fn pass<R>(&self, inside: impl FnOnce() -> R) -> R {
        let _permit = self.0.acquire_blocking();
        inside()
    }
}
