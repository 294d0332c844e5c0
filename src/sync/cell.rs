//! `UnsafeCell` in the shape the model needs: every access goes through a closure, so that the model can check
//! that no two threads are inside at once.

#[cfg(filch_loom)]
pub use loom::cell::UnsafeCell;

/// A cell whose contents are reached by raw pointer, inside a closure.
#[cfg(not(filch_loom))]
#[derive(Debug)]
pub struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(filch_loom))]
impl<T> UnsafeCell<T> {
    /// Makes a cell around `value`.
    pub const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    /// Hands out a pointer to read and write through. The crate's cells are handed from thread to thread whole, so nothing asks for the
    /// model's shared form, `with`.
    #[inline(always)]
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

/// Memory that is only reached by raw pointer, by those who know what is in it and whose it is. The model does not see accesses to it.
pub type Memory<T> = std::cell::UnsafeCell<std::mem::MaybeUninit<T>>;
