//! Floor 7: what one can ask of a pool, written against its shared half and the current worker.

mod broadcast;
mod handle;
mod install;
mod join;
mod parallel;
mod scope;
mod submit;

pub use broadcast::broadcast;
pub use handle::{CancelToken, JobHandle};
pub use install::install;
pub use join::join;
pub use parallel::{ParallelItems, for_each, for_range, map, map_reduce, map_with};
pub use scope::{Scope, ScopedHandle, scope};
pub use submit::{TrySubmitError, spawn, spawn_batch, submit, try_submit};
