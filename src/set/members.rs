//! The jobs of a set by number, oldest first.

use std::collections::{BTreeMap, VecDeque};

use super::outbox::Outbox;
use crate::job::{CellAddress, Cells, JobId, JobIds, JobRef, RawCell};
use crate::util::nursery::Nursery;

/// A set's jobs that have not been delivered, and those that wait for room.
///
/// The cells in the table live as long as they are there and the set is not closed: the job holds a reference for the watch until it has ended, and then whoever
/// pushes it, the outbox, or `ended`.
#[derive(Debug, Default)]
pub struct Members {
    ids: JobIds,
    /// Oldest first. None is empty, but perhaps the last one.
    runs: VecDeque<Run>,
    /// Members and items that have ended, oldest first, before those in the outbox.
    ended: Cells,
    /// Members that wait for the set themselves, and so do not count as running.
    pub asking: Vec<JobId>,
    /// Workers that sleep until there is an outcome, or a member to run in place.
    pub runners: usize,
    /// The members that are producers.
    producers: BTreeMap<JobId, Producing>,
    /// Memory for cells.
    pub nursery: Nursery,
    /// The set is closed: nobody looks at what is left here.
    pub is_closed: bool,
    /// Jobs that are in no queue, because the set is full.
    pub waiting: VecDeque<Waiting>,
}

/// Jobs with numbers in a row.
#[derive(Debug)]
struct Run {
    first: JobId,
    /// What is queued, runs or has ended. `None`: removed.
    cells: Vec<Option<CellAddress>>,
    /// Those that have not been removed.
    left: usize,
}

/// How far a producer has come. It has one cell after another.
#[derive(Debug, Default)]
pub struct Producing {
    /// It is paused whenever its cell is queued.
    pub has_begun: bool,
    /// It has been asked to stop.
    pub shall_stop: bool,
    /// It is paused, and has got room for the item in its hands.
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

/// A run is no longer: what one undelivered job keeps of the table is bounded by that.
const LONGEST_RUN: usize = 1024;

impl Run {
    fn place(&mut self, id: JobId) -> Option<&mut Option<CellAddress>> {
        self.cells.get_mut(id.distance_from(self.first))
    }

    fn iter(&self) -> impl Iterator<Item = (JobId, CellAddress)> {
        let places = self.cells.iter().enumerate();
        places.filter_map(|(place, cell)| Some((self.first.after(place), (*cell)?)))
    }

    /// Whether the number is the next one of the run.
    fn continues_with(&self, id: JobId) -> bool {
        self.cells.len() < LONGEST_RUN && id.distance_from(self.first) == self.cells.len()
    }
}

impl Members {
    /// The number of the next job to be [added](Self::add).
    pub fn next_id(&mut self) -> JobId {
        self.ids.next()
    }

    /// Adds the youngest job.
    #[inline]
    pub fn add(&mut self, id: JobId, cell: CellAddress) {
        if !self.runs.back().is_some_and(|run| run.continues_with(id)) {
            if self.runs.back().is_some_and(|run| run.left == 0) {
                self.runs.pop_back();
            }
            // Small sets have small tables.
            let places = if self.runs.is_empty() { 0 } else { LONGEST_RUN };
            self.runs.push_back(Run { first: id, cells: Vec::with_capacity(places), left: 0 });
        }
        let run = self.runs.back_mut().expect("there is one now");
        run.cells.push(Some(cell));
        run.left += 1;
    }

    /// Adds a producer, the youngest job.
    pub fn add_producer(&mut self, id: JobId, cell: CellAddress) {
        self.add(id, cell);
        self.producers.insert(id, Producing::default());
    }

    /// How far the producer has come, if it has not ended.
    pub fn producer(&mut self, id: JobId) -> Option<&mut Producing> {
        self.producers.get_mut(&id)
    }

    /// A producer has another cell now.
    pub fn set_cell(&mut self, id: JobId, cell: CellAddress) {
        *self.place(id).expect("a producer is a member until it ends") = Some(cell);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.runs.iter().map(|run| run.left).sum()
    }

    /// Whether the job is a member that has not been removed.
    pub fn contains(&mut self, id: JobId) -> bool {
        self.place(id).is_some_and(|place| place.is_some())
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
        self.remove_if(cell.id(), |there| cell.is_at(there));
        Some(cell)
    }

    /// All that have ended, when the set is closed. Members are removed.
    pub fn take_all_ended(&mut self, outbox: Cells) -> Vec<RawCell> {
        let all: Vec<_> = std::mem::take(&mut self.ended).chain(outbox).collect();
        for cell in &all {
            self.remove_if(cell.id(), |there| cell.is_at(there));
        }
        all
    }

    /// Removes a job.
    pub fn remove(&mut self, id: JobId) {
        self.remove_if(id, |_| true);
    }

    #[inline]
    fn remove_if(&mut self, id: JobId, condition: impl FnOnce(CellAddress) -> bool) {
        let Some(index) = self.run_of(id) else { return };
        let run = &mut self.runs[index];
        let Some(place) = run.place(id) else { return };
        if place.take_if(|cell| condition(*cell)).is_none() {
            return;
        }
        run.left -= 1;
        if run.left == 0 && index + 1 < self.runs.len() {
            self.runs.remove(index);
        }
        if !self.producers.is_empty() {
            self.producers.remove(&id);
        }
    }

    fn place(&mut self, id: JobId) -> Option<&mut Option<CellAddress>> {
        let run = self.run_of(id)?;
        self.runs[run].place(id)
    }

    fn run_of(&self, id: JobId) -> Option<usize> {
        self.runs.partition_point(|run| run.first <= id).checked_sub(1)
    }

    fn iter(&self) -> impl Iterator<Item = (JobId, CellAddress)> {
        self.runs.iter().flat_map(Run::iter)
    }

    /// The cells of all.
    pub fn cells(&self) -> Vec<RawCell> {
        // SAFETY: it lives as long as it is here.
        self.iter().map(|(_, cell)| unsafe { cell.retain() }).collect()
    }

    /// When the first of those is due that are not due yet.
    pub fn next_due(&self) -> Option<u64> {
        // SAFETY: it lives as long as it is here.
        self.iter().filter_map(|(_, cell)| unsafe { cell.with(RawCell::due) }).min()
    }

    /// The cell of the oldest that fits.
    pub fn oldest(&self, fits: impl Fn(&RawCell) -> bool) -> Option<RawCell> {
        // SAFETY: it lives as long as it is here.
        let found = self.iter().find(|(_, cell)| unsafe { cell.with(&fits) });
        // SAFETY: as above.
        found.map(|(_, cell)| unsafe { cell.retain() })
    }

    /// Asks a job to stop.
    pub fn stop(&mut self, id: JobId) -> Option<ToCancel> {
        let cell = (*self.place(id)?)?;
        Some(self.ask_to_stop(id, cell))
    }

    /// Asks all jobs to stop.
    pub fn stop_all(&mut self) -> Vec<ToCancel> {
        let all: Vec<_> = self.iter().collect();
        all.into_iter().map(|(id, cell)| self.ask_to_stop(id, cell)).collect()
    }

    fn ask_to_stop(&mut self, id: JobId, cell: CellAddress) -> ToCancel {
        let has_begun = self.producer(id).is_some_and(|producer| {
            producer.shall_stop = true;
            producer.has_begun
        });
        // SAFETY: it lives as long as it is here.
        ToCancel { cell: unsafe { cell.retain() }, has_begun }
    }

    /// What waited for room has it now.
    pub fn let_in(&mut self, Waiting(job, id): Waiting) -> JobRef {
        if let Some(producer) = self.producer(id) {
            producer.has_room = true;
        }
        job
    }

    /// Notes that the thread which is inside of these members waits for the set. True: there is one, so others may look for members to run.
    pub fn begin_asking(&mut self, members: &[JobId], may_run: bool) -> bool {
        self.asking.extend(members);
        self.runners += usize::from(may_run);
        !members.is_empty()
    }

    /// Takes that back.
    pub fn end_asking(&mut self, members: &[JobId], may_run: bool) {
        self.asking.retain(|id| !members.contains(id));
        self.runners -= usize::from(may_run);
    }
}

#[cfg(all(test, not(filch_loom)))]
mod tests {
    use super::*;
    use crate::job::{Cell, OwnerId};

    #[test]
    fn finds_what_it_has_whatever_has_been_removed() {
        let (mut members, mut others) = (Members::default(), JobIds::default());
        let cells: Vec<_> = (0..10_000)
            .map(|n| {
                let id = members.next_id();
                if n % 1000 == 0 {
                    // Another set takes a block of numbers, so there will be a gap.
                    (0..1024).for_each(|_| _ = others.next());
                }
                let cell = Cell::ended(id, Ok(()), OwnerId::NONE);
                members.add(id, cell.address());
                cell
            })
            .collect();
        let (gone, kept): (Vec<_>, Vec<_>) = cells.iter().enumerate().partition(|(n, _)| n % 2777 != 3);
        for (_, cell) in gone.iter().rev() {
            assert!(members.contains(cell.id()));
            members.remove(cell.id());
            assert!(!members.contains(cell.id()));
            members.remove(cell.id());
        }
        assert!(kept.iter().all(|(_, cell)| members.contains(cell.id())));
        let left: Vec<_> = members.cells().iter().map(RawCell::id).collect();
        assert_eq!(left, kept.iter().map(|(_, cell)| cell.id()).collect::<Vec<_>>());
        assert_eq!(members.len(), kept.len());
        assert!(members.runs.len() <= kept.len() + 1, "runs that are used up are gone");
        assert!(members.oldest(|cell| cell.id() > left[1]).is_some_and(|cell| cell.id() == left[2]));
    }
}
