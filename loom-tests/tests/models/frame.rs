//! A stack frame that goes away while others may still look at it.

use std::mem::{ManuallyDrop, MaybeUninit};

/// A place for what others use that can be wiped out behind it, as the next function's frame would.
pub struct Frame<T>(MaybeUninit<T>);

impl<T> Frame<T> {
    pub fn new(content: T) -> Box<Self> {
        Box::new(Self(MaybeUninit::new(content)))
    }

    pub fn get(&self) -> &T {
        // SAFETY: initialised in `new`, and `leave` consumes the frame.
        unsafe { self.0.assume_init_ref() }
    }

    /// Moves the content out. The memory stays, for those who wrongly look at it.
    pub fn leave(mut self: Box<Self>) -> T {
        // SAFETY: initialised in `new`; wiped out below.
        let content = unsafe { self.0.assume_init_read() };
        self.0 = MaybeUninit::zeroed();
        let _leaked = ManuallyDrop::new(self);
        content
    }
}
