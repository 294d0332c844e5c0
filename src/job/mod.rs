#![doc = include_str!("README.md")]

mod body;
mod cell;
mod error;
pub mod frame;
mod header;
mod id;
mod owner;
mod spawned;
mod stack;
mod state;
mod waiter;

pub use cell::{Cell, CellRef, RawCell};
pub use error::{JobError, PanicPayload};
pub use header::{Executed, Header, JobRef, Reason, Verb};
pub use id::JobId;
pub use owner::{Owner, OwnerId};
pub use spawned::Spawned;
pub use stack::{StackJob, StackOutcome};
pub use state::{CancelStart, Completed, JobWord, Phase};
pub use waiter::Waiter;
