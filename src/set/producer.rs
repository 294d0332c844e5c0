//! A member that gives many results: it runs until the set is full, and is queued again when there is room.
//!
//! Each such run is a *stage*, a cell of its own under the producer's one number. Between stages the iterator, and an item that found no room, lie in the closure of
//! the next stage, which [waits](super::members::Waiting) in the set.

use std::ptr::NonNull;
use std::sync::Arc;

use super::core::Core;
use super::members::{Members, Waiting};
use crate::job::{Cell, CellAddress, JobError, JobId, JobRef, RawCell, frame};
use crate::sync::{Ordering, lock};

/// How a stage ended.
enum Stage {
    /// The iterator has ended.
    Finished,
    /// There is a next stage.
    Paused,
    /// The producer was stopped between two items.
    Stopped(JobError),
}

/// What a producer must know of the pool that it runs in.
pub trait Surroundings: Send + Sync + 'static {
    /// Queues a job that is queued for the second time.
    fn queue(&self, job: JobRef);
    /// Whether the pool drops what is queued, or takes nothing new.
    fn is_dropping(&self) -> bool;
    /// Whether the pool takes nothing new: who waits for room then waits for nothing.
    fn is_closed(&self) -> bool;
}

/// What goes from stage to stage.
struct Producer<T, I> {
    core: Arc<Core<T>>,
    pool: Arc<dyn Surroundings>,
    id: JobId,
    items: I,
}

impl<T: Send + 'static> Core<T> {
    /// Makes a producer of a closure. The caller queues its first stage.
    pub fn enlist_producer<I, F>(self: &Arc<Self>, pool: Arc<dyn Surroundings>, closure: F) -> (JobId, JobRef)
    where
        I: IntoIterator<Item = T>,
        I::IntoIter: Send + 'static,
        F: FnOnce() -> I + Send + 'static,
    {
        let mut members = lock(&self.members);
        self.add_outstanding(&mut members, 1);
        let id = members.next_id();
        let core = self.clone();
        let first = move || {
            if let Some(producer) = lock(&core.members).producer(id) {
                producer.has_begun = true;
            }
            let items = closure().into_iter();
            Producer { core, pool, id, items }.produce()
        };
        let (job, cell) = self.stage(id, first);
        members.add_producer(id, cell);
        (id, job)
    }

    fn stage<F>(self: &Arc<Self>, id: JobId, closure: F) -> (JobRef, CellAddress)
    where
        F: FnOnce() -> Stage + Send + 'static,
    {
        self.watched(id, closure, Self::stage_ended)
    }

    /// Makes the next stage of a producer that is in one.
    fn next_stage<F>(self: &Arc<Self>, members: &mut Members, id: JobId, closure: F) -> JobRef
    where
        F: FnOnce() -> Stage + Send + 'static,
    {
        let (job, cell) = self.stage(id, closure);
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

/// Where the producer goes on.
enum Next<T> {
    Deliver(T),
    End(Stage),
}

impl<T, I> Producer<T, I>
where
    T: Send + 'static,
    I: Iterator<Item = T> + Send + 'static,
{
    fn produce(mut self) -> Stage {
        loop {
            if self.pool.is_dropping() {
                return Stage::Stopped(JobError::ShutDown);
            }
            if frame::cancel_requested() == Some(true) {
                return Stage::Stopped(JobError::Cancelled);
            }
            let Some(item) = self.items.next() else { return Stage::Finished };
            let (producer, next) = self.make_room(item);
            match (producer, next) {
                (Some(producer), Next::Deliver(item)) => {
                    producer.core.deliver_item(producer.id, item);
                    if producer.shall_come_back() {
                        return producer.come_again();
                    }
                    self = producer;
                }
                (_, Next::End(stage)) => return stage,
                (None, Next::Deliver(_)) => unreachable!("only a paused producer is gone"),
            }
        }
    }

    /// Takes room in the set for the item, or moves into the next stage, which waits for it.
    fn make_room(self, item: T) -> (Option<Self>, Next<T>) {
        let core = self.core.clone();
        let Some(gate) = core.gate() else { return (Some(self), Next::Deliver(item)) };
        let mut members = lock(&core.members);
        if gate.try_enter().is_ok() {
            return (Some(self), Next::Deliver(item));
        }
        // Under the lock: a close that comes later finds the next stage among those that wait.
        let stopped = if self.pool.is_closed() {
            Some(JobError::ShutDown)
        } else {
            members.producer(self.id).is_some_and(|producer| producer.shall_stop).then_some(JobError::Cancelled)
        };
        if let Some(error) = stopped {
            // Not under the lock: the item is foreign.
            drop(members);
            drop(item);
            return (None, Next::End(Stage::Stopped(error)));
        }
        let id = self.id;
        let job = core.next_stage(&mut members, id, move || self.resume(item));
        members.waiting.push_back(Waiting(job, id));
        drop(members);
        (None, Next::End(Stage::Paused))
    }

    /// The next stage: room has been made for the item.
    fn resume(self, item: T) -> Stage {
        if let Some(producer) = lock(&self.core.members).producer(self.id) {
            producer.has_room = false;
        }
        self.core.deliver_item(self.id, item);
        if self.shall_come_back() { self.come_again() } else { self.produce() }
    }

    /// Whether a thread that waits for items may be the one that runs this.
    fn shall_come_back(&self) -> bool {
        self.core.in_place.load(Ordering::Relaxed) != 0
    }

    /// Lets the thread look at what there is before the next item.
    fn come_again(self) -> Stage {
        let (core, pool, id) = (self.core.clone(), self.pool.clone(), self.id);
        let mut members = lock(&core.members);
        if members.producer(id).is_some_and(|producer| producer.shall_stop) {
            return Stage::Stopped(JobError::Cancelled);
        }
        let job = core.next_stage(&mut members, id, move || self.produce());
        drop(members);
        pool.queue(job);
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
        // SAFETY: the set lives until the producer has been taken, or has left.
        unsafe { Arc::increment_strong_count(this.as_ptr()) };
        // SAFETY: the count was added just now; without it the set could go while we still use it.
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
        let had_room = members.producer(id).is_some_and(|producer| producer.has_room);
        drop(members);
        if let (Some(gate), false) = (self.gate(), had_room) {
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
