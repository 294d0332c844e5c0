//! The C library's `sem_t`, private to the process.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;

use crate::permits::Permits;

/// Boxed: a `sem_t` must not move.
pub(crate) struct LibcSem(Box<UnsafeCell<MaybeUninit<libc::sem_t>>>);

// SAFETY: its functions may be called from any thread at once.
unsafe impl Sync for LibcSem {}

impl LibcSem {
    fn as_ptr(&self) -> *mut libc::sem_t {
        self.0.get().cast()
    }
}

impl Permits for LibcSem {
    fn new(permits: usize) -> Self {
        let sem = Self(Box::new(UnsafeCell::new(MaybeUninit::uninit())));
        let value = permits.try_into().expect("so many permits");
        // SAFETY: there is room for it, and it does not move.
        assert_eq!(unsafe { libc::sem_init(sem.as_ptr(), 0, value) }, 0);
        sem
    }

    #[inline(always)]
    fn pass<R>(&self, inside: impl FnOnce() -> R) -> R {
        // A signal ends a wait early.
        // SAFETY: initialised by `new`.
        while unsafe { libc::sem_wait(self.as_ptr()) } != 0 {}
        let result = inside();
        // SAFETY: as above.
        unsafe { libc::sem_post(self.as_ptr()) };
        result
    }
}

impl Drop for LibcSem {
    fn drop(&mut self) {
        // SAFETY: as above, and nobody waits.
        unsafe { libc::sem_destroy(self.as_ptr()) };
    }
}
