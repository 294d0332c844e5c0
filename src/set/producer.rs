//! A member that gives many results: it runs until the set is full, and is queued again when there is room.
//!
//! Each such run is a *stage*, a cell of its own under the producer's one number. The iterator lies on the stack of a [`Strand`], which runs in the place of
//! the worker that runs the stage. Between stages the strand lies in the closure of the next one, which [waits](super::members::Waiting) in the set. So the
//! iterator stays on one thread, whichever worker runs it. A producer that will never pause has no strand.

use std::ptr::NonNull;
use std::sync::Arc;

use super::core::Core;
use super::members::{Members, Waiting};
use crate::job::{Cell, CellAddress, JobError, JobId, JobRef, RawCell, frame};
use crate::sync::{Ordering, lock};
use crate::worker::{Pauser, Said, Strand};

/// How a stage ended.
enum Stage {
    /// The iterator has ended.
    Finished,
    /// There is a next stage.
    Paused,
    /// The producer was stopped between two items.
    Stopped(JobError),
}

/// Why a strand pauses.
enum Reason {
    /// For room for the item in its hands.
    Full,
    /// For the thread below it on the stack, which waits for items.
    Awaited,
}

/// What a producer is, wherever it runs.
struct Identity<T> {
    core: Arc<Core<T>>,
    id: JobId,
}

impl<T> Clone for Identity<T> {
    fn clone(&self) -> Self {
        Self { core: self.core.clone(), id: self.id }
    }
}

impl<T: Send + 'static> Core<T> {
    /// Makes a producer of a closure. The caller queues its first stage.
    pub fn enlist_producer<I, F>(self: &Arc<Self>, closure: F) -> (JobId, JobRef)
    where
        I: IntoIterator<Item = T>,
        F: FnOnce() -> I + Send + 'static,
    {
        let mut members = lock(&self.members);
        self.add_outstanding(&mut members, 1);
        let id = members.next_id();
        let producer = Identity { core: self.clone(), id };
        let (job, cell) = self.stage(&mut members, id, move || producer.begin(closure));
        members.add_producer(id, cell);
        self.tell_runners(members);
        (id, job)
    }

    fn stage<F>(self: &Arc<Self>, members: &mut Members, id: JobId, closure: F) -> (JobRef, CellAddress)
    where
        F: FnOnce() -> Stage + Send + 'static,
    {
        // The stage's own count: `stage_ended` takes it back.
        let _ = Arc::into_raw(self.clone());
        self.watched(id, closure, Self::stage_ended, &mut members.nursery)
    }

    /// Makes the next stage of a producer that is in one.
    fn next_stage<F>(self: &Arc<Self>, members: &mut Members, id: JobId, closure: F) -> JobRef
    where
        F: FnOnce() -> Stage + Send + 'static,
    {
        let (job, cell) = self.stage(members, id, closure);
        members.set_cell(id, cell);
        job
    }

    fn deliver_item(&self, id: JobId, item: T) {
        self.add_outstanding(&mut lock(&self.members), 1);
        if let Err(cell) = self.traffic.outbox.push(Cell::ended(id, Ok(item), self.owner)) {
            // SAFETY: made just now.
            self.discard(unsafe { cell.into_outcome::<T>() });
        }
    }
}

impl<T: Send + 'static> Identity<T> {
    /// The first stage.
    fn begin<I, F>(self, closure: F) -> Stage
    where
        I: IntoIterator<Item = T>,
        F: FnOnce() -> I + Send + 'static,
    {
        if let Some(producer) = lock(&self.core.members).producer(self.id) {
            producer.has_begun = true;
        }
        let items = Items { producer: self.clone() };
        if self.core.gate().is_none() && !self.is_awaited() {
            return items.produce(closure(), None);
        }
        match Strand::new(self.core.pool.stack_size(), self.core.owner) {
            Ok(mut strand) => {
                let said = strand.begin(move |pauser| items.produce(closure(), Some(pauser)));
                Paused { producer: self, strand }.after(said)
            }
            Err(_) => items.produce(closure(), None),
        }
    }

    /// Whether a thread that waits for items may be the one that runs this.
    fn is_awaited(&self) -> bool {
        self.core.in_place.load(Ordering::Relaxed) != 0
    }

    fn shall_stop(&self) -> Option<JobError> {
        if self.core.pool.is_dropping() {
            Some(JobError::ShutDown)
        } else {
            (frame::cancel_requested() == Some(true)).then_some(JobError::Cancelled)
        }
    }
}

/// The side of a producer that has the iterator.
struct Items<T: Send + 'static> {
    producer: Identity<T>,
}

impl<T: Send + 'static> Items<T> {
    /// Without a pauser it delivers beyond the set's capacity: there is none, or the system has no thread left for a strand.
    fn produce<I>(self, items: I, pauser: Option<&Pauser<'_, Reason, Stage>>) -> Stage
    where
        I: IntoIterator<Item = T>,
    {
        let mut items = items.into_iter();
        loop {
            if let Some(error) = self.producer.shall_stop() {
                return Stage::Stopped(error);
            }
            let Some(item) = items.next() else { return Stage::Finished };
            if !self.take_room(pauser) {
                // The thread that ends us says why.
                return Stage::Paused;
            }
            self.producer.core.deliver_item(self.producer.id, item);
            if let Some(pauser) = pauser.filter(|_| self.producer.is_awaited()) {
                if !pauser.pause(Reason::Awaited) {
                    return Stage::Paused;
                }
            }
        }
    }

    /// Takes room in the set for one item. False: the producer is to end.
    fn take_room(&self, pauser: Option<&Pauser<'_, Reason, Stage>>) -> bool {
        let Some(gate) = self.producer.core.gate() else { return true };
        if gate.try_enter().is_ok() {
            return true;
        }
        match pauser {
            // It comes back with room.
            Some(pauser) => pauser.pause(Reason::Full),
            None => {
                gate.force();
                true
            }
        }
    }
}

/// The side of a producer that goes from stage to stage.
struct Paused<T: Send + 'static> {
    producer: Identity<T>,
    strand: Strand<Reason, Stage>,
}

impl<T: Send + 'static> Paused<T> {
    /// A stage after the first. If the strand waits for room, it has it.
    fn go_on(mut self) -> Stage {
        if let Some(producer) = lock(&self.producer.core.members).producer(self.producer.id) {
            producer.has_room = false;
        }
        let said = self.strand.resume();
        self.after(said)
    }

    fn after(mut self, mut said: Said<Reason, Stage>) -> Stage {
        loop {
            match said {
                Said::Ended(stage) => return stage,
                Said::Paused(Reason::Awaited) => return self.come_again(),
                Said::Paused(Reason::Full) => match self.wait_for_room() {
                    Ok(this) => self = this,
                    Err(stage) => return stage,
                },
            }
            said = self.strand.resume();
        }
    }

    /// Takes room in the set for the item in the strand's hands, or moves into the next stage, which waits for it.
    fn wait_for_room(self) -> Result<Self, Stage> {
        let Identity { core, id } = self.producer.clone();
        let mut members = lock(&core.members);
        if core.gate().is_none_or(|gate| gate.try_enter().is_ok()) {
            return Ok(self);
        }
        // Under the lock: a close that comes later finds the next stage among those that wait.
        let stopped = if core.pool.is_closed() {
            Some(JobError::ShutDown)
        } else {
            members.producer(id).is_some_and(|producer| producer.shall_stop).then_some(JobError::Cancelled)
        };
        if let Some(error) = stopped {
            // Not under the lock: the iterator and the item are foreign.
            drop(members);
            drop(self);
            return Err(Stage::Stopped(error));
        }
        let job = core.next_stage(&mut members, id, move || self.go_on());
        members.waiting.push_back(Waiting(job, id));
        Err(Stage::Paused)
    }

    /// Lets the thread below look at what there is before the next item.
    fn come_again(self) -> Stage {
        let Identity { core, id } = self.producer.clone();
        let mut members = lock(&core.members);
        if members.producer(id).is_some_and(|producer| producer.shall_stop) {
            drop(members);
            drop(self);
            return Stage::Stopped(JobError::Cancelled);
        }
        core.pool.count();
        let job = core.next_stage(&mut members, id, move || self.go_on());
        drop(members);
        core.pool.queue(job);
        Stage::Paused
    }
}

impl<T: Send + 'static> Core<T> {
    /// A stage has ended.
    ///
    /// # Safety
    ///
    /// `this` is a set and the cell that of a stage, as its watch got them.
    unsafe fn stage_ended(this: NonNull<()>, cell: RawCell) {
        let this = this.cast::<Self>();
        // SAFETY: `stage` has left a count for this. The members' share would not do: the producer may have ended in a later stage, and the set be gone.
        let core = unsafe { Arc::from_raw(this.as_ptr()) };
        if cell.has_run() {
            core.stage_has_run();
        }
        // SAFETY: every stage's result is a `Stage`, and this is told once.
        let has_left = match unsafe { cell.take_outcome::<Stage>() } {
            Ok(Stage::Paused) => false,
            Ok(Stage::Finished) => core.finish(cell.id()),
            Ok(Stage::Stopped(error)) | Err(error) => core.fail(cell.id(), error),
        };
        core.traffic.outbox.ring();
        if has_left {
            // SAFETY: the set was closed with the producer in it, and nothing more comes of that.
            unsafe { Self::leave(this, 1) };
        }
    }

    /// Nothing comes of it any more. True: the set is closed.
    fn finish(&self, id: JobId) -> bool {
        let mut members = lock(&self.members);
        members.remove(id);
        self.add_outstanding(&mut members, -1);
        members.is_closed
    }

    /// Its last result is an error, which takes the room of the item that it had in its hands, or room beyond the capacity. True: the set is closed.
    fn fail(&self, id: JobId, error: JobError) -> bool {
        let last = Cell::ended(id, Err::<T, _>(error), self.owner);
        let mut members = lock(&self.members);
        members.set_cell(id, last.address());
        let has_room = members.producer(id).is_some_and(|producer| producer.has_room);
        drop(members);
        if let (Some(gate), false) = (self.gate(), has_room) {
            gate.force();
        }
        match self.traffic.outbox.push(last) {
            Ok(()) => false,
            Err(last) => {
                // SAFETY: what goes into the outbox holds a `T`, or an error.
                self.discard(unsafe { last.into_outcome::<T>() });
                true
            }
        }
    }
}
