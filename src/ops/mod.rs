//! Floor 7: what one can ask of a pool, written against its shared half and the current worker.

mod broadcast;
mod handle;
mod install;
mod join;
mod later;
mod parallel;
mod schedule;
mod scope;
mod submit;
mod when;

pub use broadcast::broadcast;
pub use handle::{CancelToken, JobHandle};
pub use install::install;
pub use join::join;
pub use later::{due, submit_at};
pub use parallel::{ParallelItems, for_each, for_range, map, map_reduce, map_with};
pub use schedule::{Schedule, ScheduleOptions, schedule};
pub use scope::{Scope, ScopedHandle, scope};
pub use submit::{TrySubmitError, spawn, spawn_batch, submit, try_submit};
pub use when::{Due, When};
