//! Running foreign code so that no panic of it leaves.

use std::any::Any;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a panic carries.
pub type Payload = Box<dyn Any + Send>;

/// Calls `f`; a panic comes back as a value.
pub fn contain<R>(f: impl FnOnce() -> R) -> Result<R, Payload> {
    catch_unwind(AssertUnwindSafe(f))
}

/// Drops `value`; a panic of its `Drop` comes back as a value.
pub fn contain_drop<T>(value: T) -> Result<(), Payload> {
    contain(move || drop(value))
}

/// Drops a payload for good. If its own `Drop` panics the new payload gets the same treatment; one that goes on
/// panicking is leaked at last, since there is nobody left to tell.
pub fn bury(payload: Payload) {
    let mut next = payload;
    for _ in 0..8 {
        match contain_drop(next) {
            Ok(()) => return,
            Err(again) => next = again,
        }
    }
    let _leaked = ManuallyDrop::new(next);
}

#[cfg(all(test, not(filch_loom)))]
mod tests {
    use super::*;

    struct Endless;

    impl Drop for Endless {
        fn drop(&mut self) {
            std::panic::panic_any(Endless);
        }
    }

    #[test]
    fn buries_a_payload_that_panics_for_ever() {
        bury(Box::new(Endless));
    }

    #[test]
    fn hands_back_the_panic_of_a_drop() {
        struct Once;
        impl Drop for Once {
            fn drop(&mut self) {
                panic!("once");
            }
        }
        let payload = contain_drop(Once).unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"once"));
    }
}
