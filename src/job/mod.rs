#![doc = include_str!("README.md")]

mod body;
mod cell;
pub mod ending;
mod error;
pub mod frame;
mod header;
mod id;
mod owner;
mod periodic;
mod pile;
mod reference;
mod spawned;
mod stack;
mod state;
mod timed;
mod waiter;
mod watch;

pub use cell::Cell;
pub use error::{JobError, PanicPayload};
pub use header::{Executed, Header, JobRef, Reason, Verb};
pub use id::{JobId, JobIds};
pub use owner::{Owner, OwnerId, Timekeeper};
pub use periodic::{MissedTick, Pace, Periodic, Recurring, Rhythm};
pub use pile::{Announced, Cells, Pile, Pushed};
pub use reference::{Awaited, CellRef, RawCell};
pub use spawned::{inject, spawned};
pub use stack::{StackJob, StackOutcome};
pub use state::{CancelStart, Completed, JobWord, Phase};
pub use timed::Node;
pub use waiter::Waiter;
pub use watch::{CellAddress, Watch};
