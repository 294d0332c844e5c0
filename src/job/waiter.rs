//! Who is told when a job ends.

use std::task::Waker;

use super::{CellAddress, RawCell, Watch};
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
    /// One who gets the ended cell itself.
    Watch(Watch),
    /// Nobody: the job has ended, and this is the next one in a [`Pile`](super::Pile).
    Next(Option<CellAddress>),
}

impl Waiter {
    /// Tells it. A panic of foreign code comes back as a value.
    pub fn notify(self, cell: &RawCell) -> Result<(), Payload> {
        match self {
            Self::Thread(unparker) => unparker.unpark(),
            Self::Task(waker) => return contain(|| waker.wake()),
            Self::Callback(callback) => return contain(|| callback(cell)),
            Self::Watch(watch) => watch.tell(cell),
            Self::Next(_) => unreachable!("a job in a pile has ended"),
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
            Self::Watch(_) => "Watch",
            Self::Next(_) => "Next",
        })
    }
}
