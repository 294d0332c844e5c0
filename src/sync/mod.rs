//! Floor 0: every atomic, cell, fence, lock, futex, thread, thread-local and clock that the crate uses.
//!
//! The rooms above import from here only. In an ordinary build the names are `std`'s; under the model cfg, which
//! `loom-tests/build.rs` sets for its own build of these sources, they are the model checker's, and under the cfg that
//! `shuttle-tests/build.rs` sets they are those of a random scheduler. This room, the queue of a foreign library
//! (`queue/backlog.rs`), `util/limits.rs` and `lib.rs` are the only places that mention those cfgs.

pub mod cell;
pub mod fence;
pub mod fork;
pub mod futex;
#[cfg(all(test, not(filch_loom)))]
mod litmus;
pub mod pages;
pub mod thread;
pub mod time;

#[cfg(filch_tsan)]
pub use fence::full_fence;
#[cfg(filch_loom)]
pub use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicI64, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence as full_fence},
};
#[cfg(filch_shuttle)]
pub use shuttle::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicI64, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence as full_fence},
};
#[cfg(not(any(filch_loom, filch_shuttle, filch_tsan)))]
pub use std::sync::atomic::fence as full_fence;
#[cfg(not(any(filch_loom, filch_shuttle)))]
pub use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicI64, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering},
};

/// Declares a function that is `const`, except under the model, whose atomics and locks cannot be made at compile time.
macro_rules! facade_const_fn {
    ($(#[$attribute:meta])* $visibility:vis const fn $($rest:tt)*) => {
        #[cfg(not(filch_loom))]
        $(#[$attribute])* $visibility const fn $($rest)*
        #[cfg(filch_loom)]
        $(#[$attribute])* $visibility fn $($rest)*
    };
}
pub(crate) use facade_const_fn;

use std::sync::TryLockError;

pub use cell::UnsafeCell;
pub(crate) use thread::facade_thread_local;

/// Locks, whatever a panicking holder left behind: no lock of this crate is held while foreign code runs, so a
/// poisoned one still guards whole data.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Locks if nobody else has.
pub fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// As [`lock`], for a lock that is no part of a protocol, and that the model does not see.
pub fn lock_plain<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Asks for the memory at an address, which may be anything: it is not looked at.
#[inline(always)]
pub fn prefetch<T>(address: *const T) {
    #[cfg(all(target_arch = "x86_64", not(filch_loom), not(miri)))]
    // SAFETY: a hint, which touches nothing.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address.cast());
    }
    #[cfg(not(all(target_arch = "x86_64", not(filch_loom), not(miri))))]
    let _ = address;
}

/// One turn of a spin loop: a CPU hint, and under the model a yield, without which the model would never end.
#[inline]
pub fn spin_hint() {
    #[cfg(any(filch_loom, filch_shuttle))]
    thread::yield_now();
    #[cfg(not(any(filch_loom, filch_shuttle)))]
    std::hint::spin_loop();
}

/// A wait for something that another thread is about to do: spins at first, then lets others run, should one of them be that thread.
#[derive(Debug)]
pub struct Patience(u32);

impl Patience {
    /// Begins to wait.
    pub fn new() -> Self {
        Self(0)
    }

    /// Waits a moment.
    pub fn wait(&mut self) {
        const SPINS: u32 = 32;
        self.0 += 1;
        if self.0 < SPINS { spin_hint() } else { thread::yield_now() }
    }
}

/// Tells the model that the memory of `atomic` is about to be freed: it does not see a free as an access by itself.
#[inline(always)]
pub fn before_free<A: Freed>(atomic: &mut A) {
    atomic.before_free();
}

/// What [`before_free`] takes.
pub trait Freed {
    /// See there.
    #[inline(always)]
    fn before_free(&mut self) {}
}

#[cfg(filch_loom)]
mod freed {
    use super::*;

    impl Freed for AtomicUsize {
        fn before_free(&mut self) {
            self.with_mut(|_| ());
        }
    }

    impl Freed for AtomicU32 {
        fn before_free(&mut self) {
            self.with_mut(|_| ());
        }
    }

    impl<T> Freed for AtomicPtr<T> {
        fn before_free(&mut self) {
            self.with_mut(|_| ());
        }
    }
}

#[cfg(not(filch_loom))]
mod freed {
    use super::*;

    impl Freed for AtomicUsize {}
    impl Freed for AtomicU32 {}
    impl<T> Freed for AtomicPtr<T> {}
}

#[cfg(filch_loom)]
pub use loom::alloc::Track;

/// Under the model, a value whose leak is reported; otherwise nothing.
#[cfg(not(filch_loom))]
#[derive(Debug)]
pub struct Track<T>(T);

#[cfg(not(filch_loom))]
impl<T> Track<T> {
    /// Starts tracking.
    pub const fn new(value: T) -> Self {
        Self(value)
    }
}

/// A statistic: one thread writes it, anyone reads it, and no protocol depends on it. So the model does not see it.
#[derive(Debug, Default)]
pub struct Counter(std::sync::atomic::AtomicU64);

impl Counter {
    /// Adds one. Only the one writer may call this: it is no read-modify-write.
    #[inline(always)]
    pub fn bump(&self) {
        let next = self.0.load(std::sync::atomic::Ordering::Relaxed) + 1;
        // Ordering: Release pairs with `get`: a reader that sees this event sees the writer's earlier ones.
        self.0.store(next, std::sync::atomic::Ordering::Release);
    }

    /// Adds one, for events that come from any thread.
    pub fn bump_shared(&self) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::AcqRel);
    }

    /// The number of events.
    pub fn get(&self) -> u64 {
        self.0.load(std::sync::atomic::Ordering::Acquire)
    }
}
