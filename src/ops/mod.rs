//! Floor 7: what one can ask of a pool, written against its shared half and the current worker.

mod broadcast;
mod handle;
mod install;
mod join;
mod submit;

pub use broadcast::broadcast;
pub use handle::{CancelToken, JobHandle};
pub use install::install;
pub use join::join;
pub use submit::{TrySubmitError, spawn, spawn_batch, submit, try_submit};
