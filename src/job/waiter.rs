//! Who is told when a job ends.

use std::sync::Arc;
use std::task::Waker;

use super::RawCell;
use crate::park::Unparker;
use crate::util::contain::{Payload, contain};

/// The contents of a cell's waiter slot.
pub enum Waiter {
    /// A thread parked on the job.
    Thread(Unparker),
    /// A task that polled the handle.
    Task(Waker),
    /// A callback, which takes the outcome out of the cell itself.
    Callback(Box<dyn FnOnce(&RawCell) + Send>),
    /// One who is told of many jobs, and takes their outcomes.
    Audience(Arc<dyn Audience>),
}

/// Who is told of the ends of many jobs.
pub trait Audience: Send + Sync {
    /// The job has ended. Its outcome is the audience's now.
    fn ended(&self, cell: &RawCell);
}

impl Waiter {
    /// Tells it. A panic of foreign code comes back as a value.
    pub fn notify(self, cell: &RawCell) -> Result<(), Payload> {
        match self {
            Self::Thread(unparker) => unparker.unpark(),
            Self::Task(waker) => return contain(|| waker.wake()),
            Self::Callback(callback) => return contain(|| callback(cell)),
            Self::Audience(audience) => return contain(move || audience.ended(cell)),
        }
        Ok(())
    }
}

impl std::fmt::Debug for Waiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Thread(_) => "Thread",
            Self::Task(_) => "Task",
            Self::Callback(_) => "Callback",
            Self::Audience(_) => "Audience",
        })
    }
}
