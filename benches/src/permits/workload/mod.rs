//! What semaphores are asked to do, with the checks that they limit what they should.

mod clock;
mod contest;
mod uncontended;

pub(super) use contest::contest;
pub use contest::{Contest, Length, Outcome};
pub(super) use uncontended::uncontended;
