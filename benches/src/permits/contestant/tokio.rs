//! tokio's semaphore: without waiting, and waiting by `block_on`.

use futures_lite::future::block_on;
use tokio::sync::Semaphore;

use crate::permits::Permits;

pub(crate) struct TokioTry(Semaphore);

impl Permits for TokioTry {
    fn new(permits: usize) -> Self {
        Self(Semaphore::new(permits))
    }

    #[inline(always)]
    fn pass<R>(&self, inside: impl FnOnce() -> R) -> R {
        let _permit = self.0.try_acquire().expect("nobody else has it");
        inside()
    }
}

pub(crate) struct TokioBlockOn(Semaphore);

impl Permits for TokioBlockOn {
    fn new(permits: usize) -> Self {
        Self(Semaphore::new(permits))
    }

    #[inline(always)]
    fn pass<R>(&self, inside: impl FnOnce() -> R) -> R {
        let _permit = block_on(self.0.acquire()).expect("it is open");
        inside()
    }
}
