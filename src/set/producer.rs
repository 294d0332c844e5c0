//! A member that gives many results: it runs until the set is full, and is queued again when there is room.
//!
//! Each such run is a *stage*, a cell of its own under the producer's one number. Between stages the iterator, and an item that found no room, lie in the closure of
//! the next stage, which [waits](super::members::Waiting) in the set.

use std::sync::Arc;

use super::core::{Core, Done, has_run};
use super::members::{Members, Waiting};
use crate::job::{Audience, Cell, CellRef, JobError, JobId, JobRef, RawCell, frame};
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
        self.outstanding.fetch_add(1, Ordering::Relaxed);
        let id = members.next_id();
        let core = self.clone();
        let first = move || {
            if let Some(member) = lock(&core.members).get(id) {
                member.has_begun = true;
            }
            let items = closure().into_iter();
            Producer { core, pool, id, items }.produce()
        };
        let (job, cell) = self.stage(id, first);
        members.add(cell.leave_to(Arc::new(Stages(self.clone()))));
        (id, job)
    }

    fn stage<F>(self: &Arc<Self>, id: JobId, closure: F) -> (JobRef, CellRef<Stage>)
    where
        F: FnOnce() -> Stage + Send + 'static,
    {
        Cell::queued_as(id, self.counted(closure), self.owner)
    }

    /// Makes the next stage of a producer that is in one.
    fn next_stage<F>(self: &Arc<Self>, members: &mut Members, id: JobId, closure: F) -> JobRef
    where
        F: FnOnce() -> Stage + Send + 'static,
    {
        let (job, cell) = self.stage(id, closure);
        let member = members.get(id).expect("a producer is a member until it ends");
        member.cell = cell.leave_to(Arc::new(Stages(self.clone())));
        job
    }

    fn deliver_item(&self, id: JobId, item: T) {
        self.outstanding.fetch_add(1, Ordering::Relaxed);
        self.done.push(Done { id, outcome: Ok(item), is_last: false });
        self.bell.ring();
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
            members.get(self.id).is_some_and(|member| member.shall_stop).then_some(JobError::Cancelled)
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
        if let Some(member) = lock(&self.core.members).get(self.id) {
            member.has_room = false;
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
        if members.get(id).is_some_and(|member| member.shall_stop) {
            return Stage::Stopped(JobError::Cancelled);
        }
        let job = core.next_stage(&mut members, id, move || self.produce());
        drop(members);
        pool.queue(job);
        Stage::Paused
    }
}

/// Told of the ends of a producer's stages.
struct Stages<T>(Arc<Core<T>>);

impl<T: Send + 'static> Audience for Stages<T> {
    fn ended(&self, cell: &RawCell) {
        let core = &self.0;
        // SAFETY: every stage's result is a `Stage`, and the set has taken its handle's place.
        let outcome = unsafe { cell.take_outcome::<Stage>() };
        let ran = has_run(&outcome);
        match outcome {
            Ok(Stage::Paused) => {}
            Ok(Stage::Finished) => self.finish(cell.id()),
            Ok(Stage::Stopped(error)) | Err(error) => self.fail(cell.id(), error),
        }
        core.has_ended(ran);
    }
}

impl<T: Send + 'static> Stages<T> {
    /// Nothing comes of it any more.
    fn finish(&self, id: JobId) {
        let cell = lock(&self.0.members).remove(id);
        drop(cell);
        self.0.outstanding.fetch_sub(1, Ordering::AcqRel);
    }

    /// Its last result is an error, which takes the room of the item that it had in its hands, or room beyond the capacity.
    fn fail(&self, id: JobId, error: JobError) {
        let had_room = lock(&self.0.members).get(id).is_some_and(|member| member.has_room);
        if let (Some(gate), false) = (self.0.gate(), had_room) {
            gate.force();
        }
        self.0.done.push(Done { id, outcome: Err(error), is_last: true });
    }
}
