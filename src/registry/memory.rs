//! Giving the shared queue's spare memory back to the system, once no job has needed it for a while.

use std::time::Duration;

use super::Registry;
use crate::sync::Ordering;
use crate::sync::time::Deadline;
use crate::util::limits::SPARE_BLOCKS_PERIOD as PERIOD;

impl Registry {
    /// Asked by a worker that is about to park: until when it parks at first, if it is the one to give spare memory back should it sleep long. One is enough: each
    /// costs a wake-up.
    pub fn attend_memory(&self) -> Option<Deadline> {
        // Ordering: AcqRel, here and in `leave_memory`: who leaves sees the memory of those who asked before.
        let attends =
            PERIOD.is_some() && self.shared.has_surplus() && !self.memory_attended.swap(true, Ordering::AcqRel);
        attends.then(|| Deadline::after_if(PERIOD))
    }

    /// Gives a piece back, because that worker was not woken in time. Until when it parks again: it looks for jobs after each piece. `None`: it is not the one
    /// any more.
    pub fn give_memory_back(&self) -> Option<Deadline> {
        if self.shared.free_surplus() {
            return Some(Deadline::after(Duration::ZERO));
        }
        self.leave_memory();
        // Another worker may have come to park just before, with memory of which we did not know.
        self.attend_memory()
    }

    /// That worker is awake, or there is no spare memory left.
    pub fn leave_memory(&self) {
        self.memory_attended.swap(false, Ordering::AcqRel);
    }
}
