//! The jobs of a set by number, oldest first.

use std::collections::VecDeque;

use crate::job::{JobId, JobIds, JobRef, RawCell};

/// A set's jobs that have not been delivered, and those that wait for room.
#[derive(Debug, Default)]
pub struct Members {
    ids: JobIds,
    /// Numbers grow from front to back. `None`: removed.
    table: VecDeque<(JobId, Option<Member>)>,
    removed: usize,
    /// Jobs that are in no queue, because the set is full.
    pub waiting: VecDeque<Waiting>,
}

/// A job of the set.
#[derive(Debug)]
pub struct Member {
    /// What is queued, runs or has ended. A producer has one such cell after another.
    pub cell: RawCell,
    /// A producer that has begun: it is paused whenever its cell is queued.
    pub has_begun: bool,
    /// A producer that has been asked to stop.
    pub shall_stop: bool,
    /// A paused producer that has got room for the item in its hands.
    pub has_room: bool,
}

/// The queue's end of a job that is in no queue yet.
#[derive(Debug)]
pub struct Waiting(pub JobRef, pub JobId);

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
        let member = Member { cell, has_begun: false, shall_stop: false, has_room: false };
        self.table.push_back((member.cell.id(), Some(member)));
    }

    /// The job of this number, if it has not been removed.
    pub fn get(&mut self, id: JobId) -> Option<&mut Member> {
        let position = self.position(id)?;
        self.table[position].1.as_mut()
    }

    /// Removes a job.
    pub fn remove(&mut self, id: JobId) -> Option<RawCell> {
        let position = self.position(id)?;
        let member = self.table[position].1.take()?;
        self.removed += 1;
        while self.table.front().is_some_and(|(_, member)| member.is_none()) {
            self.table.pop_front();
            self.removed -= 1;
        }
        // Half of the table at least is holes, so this costs a constant per removal on average.
        if self.removed > HOLES_AT_LEAST.max(self.table.len() / 2) {
            self.table.retain(|(_, member)| member.is_some());
            self.removed = 0;
        }
        Some(member.cell)
    }

    /// Oldest first.
    pub fn iter(&mut self) -> impl Iterator<Item = &mut Member> {
        self.table.iter_mut().filter_map(|(_, member)| member.as_mut())
    }

    fn position(&self, id: JobId) -> Option<usize> {
        self.table.binary_search_by_key(&id, |(id, _)| *id).ok()
    }
}

#[cfg(all(test, not(filch_loom)))]
mod tests {
    use super::*;
    use crate::job::{Cell, Header, Owner, OwnerId, Reason, Verb};
    use crate::util::contain::Payload;

    struct Nobody;

    impl Owner for Nobody {
        fn ended_unrun(&self, _: Reason, _: bool) {}
        fn begin_ending(&self) {}
        fn end_ending(&self) {}
        fn count_panic(&self) {}
        fn report(&self, _: Payload) {}
    }

    #[test]
    fn finds_what_it_has_whatever_has_been_removed() {
        let mut members = Members::default();
        let ids: Vec<_> = (0..1000)
            .map(|_| {
                let id = members.next_id();
                let (job, cell) = Cell::queued_as(id, || (), OwnerId::NONE);
                members.add(cell.raw().clone());
                // SAFETY: never queued.
                let _ = unsafe { Header::execute(job, Verb::End(&Nobody, Reason::ShutDown)) };
                id
            })
            .collect();
        let (gone, kept): (Vec<_>, Vec<_>) = ids.iter().enumerate().partition(|(n, _)| n % 7 != 3);
        for (_, id) in gone.iter().rev() {
            assert_eq!(members.remove(**id).expect("a member").id(), **id);
            assert!(members.remove(**id).is_none());
        }
        assert!(gone.iter().all(|(_, id)| members.get(**id).is_none()));
        assert!(kept.iter().all(|(_, id)| members.get(**id).is_some_and(|member| member.cell.id() == **id)));
        let left: Vec<_> = members.iter().map(|member| member.cell.id()).collect();
        assert_eq!(left, kept.iter().map(|(_, id)| **id).collect::<Vec<_>>());
        assert!(members.table.len() < 400, "holes are closed");
    }
}
