//! filch.

use filch::Semaphore;

use crate::permits::Permits;

pub(crate) struct Filch(Semaphore);

impl Permits for Filch {
    fn new(permits: usize) -> Self {
        Self(Semaphore::new(permits))
    }

    #[inline(always)]
    fn pass<R>(&self, inside: impl FnOnce() -> R) -> R {
        let _permit = self.0.acquire().expect("it is open");
        inside()
    }
}
