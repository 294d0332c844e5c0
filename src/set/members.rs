//! The jobs of a set by number, oldest first.

use std::collections::VecDeque;

use crate::job::{JobId, JobIds, JobRef, RawCell};

/// A set's jobs that have not been delivered, and those that wait for room.
#[derive(Debug, Default)]
pub struct Members {
    ids: JobIds,
    /// Numbers grow from front to back. `None`: removed.
    table: VecDeque<(JobId, Option<RawCell>)>,
    removed: usize,
    /// Jobs that are in no queue, because the set is full.
    pub waiting: VecDeque<Waiting>,
}

/// The queue's end of a job that is in no queue yet.
#[derive(Debug)]
pub struct Waiting(pub JobRef);

// SAFETY: what a queue does too: one thread has it at a time.
unsafe impl Send for Waiting {}

/// With fewer holes than this nothing is gained by closing them.
const HOLES_AT_LEAST: usize = 32;

impl Members {
    /// The number of the next job to be [added](Self::add).
    pub fn next_id(&mut self) -> JobId {
        self.ids.next()
    }

    /// Adds the youngest job.
    pub fn add(&mut self, cell: RawCell) {
        self.table.push_back((cell.id(), Some(cell)));
    }

    /// The job of this number, if it has not been removed.
    pub fn get(&self, id: JobId) -> Option<&RawCell> {
        self.table.get(self.position(id)?)?.1.as_ref()
    }

    /// Removes a job.
    pub fn remove(&mut self, id: JobId) -> Option<RawCell> {
        let position = self.position(id)?;
        let cell = self.table[position].1.take()?;
        self.removed += 1;
        while self.table.front().is_some_and(|(_, cell)| cell.is_none()) {
            self.table.pop_front();
            self.removed -= 1;
        }
        // Half of the table at least is holes, so this costs a constant per removal on average.
        if self.removed > HOLES_AT_LEAST.max(self.table.len() / 2) {
            self.table.retain(|(_, cell)| cell.is_some());
            self.removed = 0;
        }
        Some(cell)
    }

    /// Oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &RawCell> {
        self.table.iter().filter_map(|(_, cell)| cell.as_ref())
    }

    fn position(&self, id: JobId) -> Option<usize> {
        self.table.binary_search_by_key(&id, |(id, _)| *id).ok()
    }
}
