//! The place in a job that holds its closure, and then in the same bytes what came of it.

use std::mem::ManuallyDrop;

use crate::sync::UnsafeCell;
use crate::util::contain::Payload;

/// Holds one of: an `F`, a `T`, a panic's payload, nothing. It does not know which: the job's state does, and it says whose the body is. So every
/// method has the same two duties:
///
/// 1. The body is the caller's alone at this moment.
/// 2. It holds what the method takes, or nothing where the method puts.
pub struct Body<F, T>(UnsafeCell<Contents<F, T>>);

/// Only for its size and alignment: all fields are at offset 0, and are reached by casting the pointer.
#[repr(C)]
union Contents<F, T> {
    closure: ManuallyDrop<F>,
    _value: ManuallyDrop<T>,
    _payload: ManuallyDrop<Payload>,
    _nothing: (),
}

impl<F, T> Body<F, T> {
    /// Makes a body that holds a closure.
    pub fn new(closure: F) -> Self {
        Self(UnsafeCell::new(Contents { closure: ManuallyDrop::new(closure) }))
    }

    /// Makes a body that holds what a closure returned or panicked with.
    pub fn ended(result: Result<T, Payload>) -> Self {
        let body = Self::empty();
        // SAFETY: it is new, and holds nothing.
        unsafe { body.put(result) };
        body
    }

    /// Makes a body that holds nothing.
    pub fn empty() -> Self {
        Self(UnsafeCell::new(Contents { _nothing: () }))
    }

    /// Takes the closure out.
    ///
    /// # Safety
    ///
    /// The duties of the type.
    pub unsafe fn take_closure(&self) -> F {
        // SAFETY: passed on.
        unsafe { self.take() }
    }

    /// Takes the value out.
    ///
    /// # Safety
    ///
    /// The duties of the type.
    pub unsafe fn take_value(&self) -> T {
        // SAFETY: passed on.
        unsafe { self.take() }
    }

    /// Takes the payload out.
    ///
    /// # Safety
    ///
    /// The duties of the type.
    pub unsafe fn take_payload(&self) -> Payload {
        // SAFETY: passed on.
        unsafe { self.take() }
    }

    /// Puts in what the closure returned or panicked with.
    ///
    /// # Safety
    ///
    /// The duties of the type.
    pub unsafe fn put(&self, result: Result<T, Payload>) {
        self.0.with_mut(|contents| match result {
            // SAFETY: duties 1 and 2.
            Ok(value) => unsafe { contents.cast::<T>().write(value) },
            // SAFETY: duties 1 and 2.
            Err(payload) => unsafe { contents.cast::<Payload>().write(payload) },
        });
    }

    /// Called by the one who frees the job: the model does not see a free as an access by itself.
    pub fn before_free(&mut self) {
        self.0.with_mut(|_| ());
    }

    unsafe fn take<V>(&self) -> V {
        // SAFETY: duty 1 makes the access ours, duty 2 says that a `V` is there.
        self.0.with_mut(|contents| unsafe { contents.cast::<V>().read() })
    }
}
