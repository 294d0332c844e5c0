//! The jobs of a set by number, oldest first.

use std::collections::VecDeque;

use super::outbox::Outbox;
use crate::job::{CellAddress, Cells, JobId, JobIds, JobRef, RawCell};

/// A set's jobs that have not been delivered, and those that wait for room.
#[derive(Debug, Default)]
pub struct Members {
    ids: JobIds,
    /// Numbers grow from front to back. `None`: removed.
    table: VecDeque<(JobId, Option<Member>)>,
    removed: usize,
    /// Members and items that have ended, oldest first, before those in the outbox.
    ended: Cells,
    /// The set is closed: nobody looks at what is left here.
    pub is_closed: bool,
    /// Jobs that are in no queue, because the set is full.
    pub waiting: VecDeque<Waiting>,
}

/// A job of the set.
#[derive(Debug)]
pub struct Member {
    /// What is queued, runs or has ended. A producer has one such cell after another. It lives as long as it is here and the set is not closed: its job holds a
    /// reference for the watch until it has ended, and then whoever pushes it, the outbox, or `ended`.
    pub cell: CellAddress,
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

/// A member that is to be cancelled.
#[derive(Debug)]
pub struct ToCancel {
    cell: RawCell,
    has_begun: bool,
}

impl ToCancel {
    /// True: it had not started, and now never will.
    pub fn cancel(&self) -> bool {
        self.cell.cancel() && !self.has_begun
    }
}

impl Member {
    fn retain(&self) -> RawCell {
        // SAFETY: it lives as long as it is here (field note), and the caller has the table.
        unsafe { self.cell.retain() }
    }

    fn stop(&mut self) -> ToCancel {
        self.shall_stop = true;
        ToCancel { cell: self.retain(), has_begun: self.has_begun }
    }
}

/// With fewer holes than this nothing is gained by closing them.
const HOLES_AT_LEAST: usize = 32;

impl Members {
    /// The number of the next job to be [added](Self::add).
    pub fn next_id(&mut self) -> JobId {
        self.ids.next()
    }

    /// Adds the youngest job.
    pub fn add(&mut self, id: JobId, cell: CellAddress) {
        let member = Member { cell, has_begun: false, shall_stop: false, has_room: false };
        self.table.push_back((id, Some(member)));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.table.len() - self.removed
    }

    /// Whether there is something to [take](Self::take_ended) without a look at the outbox.
    pub fn has_ended(&self) -> bool {
        !self.ended.is_empty()
    }

    /// The oldest that has ended. A member is removed then.
    #[inline]
    pub fn take_ended(&mut self, outbox: &Outbox) -> Option<RawCell> {
        if self.ended.is_empty() {
            self.ended = outbox.take_all();
        }
        let cell = self.ended.next()?;
        self.remove_if(cell.id(), |member| cell.is_at(member.cell));
        Some(cell)
    }

    /// All that have ended, when the set is closed. Members are removed.
    pub fn take_all_ended(&mut self, outbox: Cells) -> Vec<RawCell> {
        let all: Vec<_> = std::mem::take(&mut self.ended).chain(outbox).collect();
        for cell in &all {
            self.remove_if(cell.id(), |member| cell.is_at(member.cell));
        }
        all
    }

    /// The job of this number, if it has not been removed.
    pub fn get(&mut self, id: JobId) -> Option<&mut Member> {
        let position = self.position(id)?;
        self.table[position].1.as_mut()
    }

    /// Removes a job.
    pub fn remove(&mut self, id: JobId) {
        self.remove_if(id, |_| true);
    }

    fn remove_if(&mut self, id: JobId, condition: impl FnOnce(&Member) -> bool) {
        let Some(position) = self.position(id) else { return };
        if self.table[position].1.take_if(|member| condition(member)).is_none() {
            return;
        }
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
    }

    /// The cells of all.
    pub fn cells(&self) -> Vec<RawCell> {
        self.iter().map(Member::retain).collect()
    }

    /// The cell of the oldest that fits.
    pub fn oldest(&self, fits: impl Fn(&RawCell) -> bool) -> Option<RawCell> {
        // SAFETY: it lives as long as it is here (field note).
        self.iter().find(|member| unsafe { member.cell.with(&fits) }).map(Member::retain)
    }

    fn iter(&self) -> impl Iterator<Item = &Member> {
        self.table.iter().filter_map(|(_, member)| member.as_ref())
    }

    /// Asks a job to stop.
    pub fn stop(&mut self, id: JobId) -> Option<ToCancel> {
        self.get(id).map(Member::stop)
    }

    /// Asks all jobs to stop.
    pub fn stop_all(&mut self) -> Vec<ToCancel> {
        self.table.iter_mut().filter_map(|(_, member)| member.as_mut().map(Member::stop)).collect()
    }

    /// What waited for room has it now.
    pub fn let_in(&mut self, Waiting(job, id): Waiting) -> JobRef {
        if let Some(member) = self.get(id) {
            member.has_room = true;
        }
        job
    }

    fn position(&self, id: JobId) -> Option<usize> {
        // The numbers of a set mostly have no gaps, so this is the place if nothing has been removed in front of it.
        let guess = id.distance_from(self.table.front()?.0);
        if self.table.get(guess).is_some_and(|(there, _)| *there == id) {
            return Some(guess);
        }
        self.table.binary_search_by_key(&id, |(id, _)| *id).ok()
    }
}

#[cfg(all(test, not(filch_loom)))]
mod tests {
    use super::*;
    use crate::job::{Cell, OwnerId};

    #[test]
    fn finds_what_it_has_whatever_has_been_removed() {
        let mut members = Members::default();
        let cells: Vec<_> = (0..1000)
            .map(|_| {
                let id = members.next_id();
                let cell = Cell::ended(id, Ok(()), OwnerId::NONE);
                members.add(id, cell.address());
                cell
            })
            .collect();
        let (gone, kept): (Vec<_>, Vec<_>) = cells.iter().enumerate().partition(|(n, _)| n % 7 != 3);
        for (_, cell) in &gone {
            assert!(members.get(cell.id()).is_some());
            members.remove(cell.id());
            assert!(members.get(cell.id()).is_none());
        }
        assert!(kept.iter().all(|(_, cell)| members.get(cell.id()).is_some_and(|member| cell.is_at(member.cell))));
        assert_eq!(
            members.cells().iter().map(RawCell::id).collect::<Vec<_>>(),
            kept.iter().map(|(_, cell)| cell.id()).collect::<Vec<_>>()
        );
        assert_eq!(members.len(), kept.len());
        assert!(members.table.len() <= 2 * kept.len() + HOLES_AT_LEAST);
    }
}
