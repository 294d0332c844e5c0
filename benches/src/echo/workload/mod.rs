//! What echo servers are asked to do. Every answer is compared with what was sent, byte for byte.

mod contest;
mod serve;
mod turns;

pub use contest::{Contest, Outcome};
pub(super) use serve::serve;
pub use turns::Turn;
pub(super) use turns::turns;
