//! What a set's owner and its jobs share.

use std::collections::VecDeque;
use std::ptr::NonNull;
use std::sync::Arc;

use crossbeam_utils::CachePadded;

use super::members::{Member, Members, Waiting};
use crate::job::{Audience, Cell, JobError, JobId, JobRef, OwnerId, RawCell, frame};
use crate::park::{self, Bell};
use crate::queue::{Backlog, Steal};
use crate::registry::Gate;
use crate::sync::time::Deadline;
use crate::sync::{AtomicUsize, Mutex, Ordering, Patience, lock};
use crate::util::contain::contain_drop;

/// What comes out of a set.
pub type Delivery<T> = (JobId, Result<T, JobError>);

/// An outcome on its way.
pub(super) struct Done<T> {
    pub(super) id: JobId,
    pub(super) outcome: Result<T, JobError>,
    /// Nothing more comes of this member.
    pub(super) is_last: bool,
}

/// The shared half of a set.
pub struct Core<T> {
    pub(super) owner: OwnerId,
    /// Outcomes in the order in which they came.
    pub(super) done: Backlog<Done<T>>,
    pub(super) members: CachePadded<Mutex<Members>>,
    /// Jobs that have not been delivered.
    pub(super) outstanding: CachePadded<AtomicUsize>,
    /// Members whose closure runs.
    running: CachePadded<AtomicUsize>,
    /// Threads that wait and run a member in place: a producer shall come back after one item.
    pub(super) in_place: AtomicUsize,
    /// Bounds the jobs that have not been delivered and are not [`Waiting`].
    gate: Option<Gate>,
    /// Rings when there is an outcome, and when nothing is outstanding any more.
    pub(super) bell: CachePadded<Bell>,
}

impl<T: Send + 'static> Core<T> {
    /// Makes an empty set of jobs of the pool `owner`.
    pub fn new(owner: OwnerId, capacity: Option<usize>) -> Arc<Self> {
        Arc::new(Self {
            owner,
            done: Backlog::new(),
            members: CachePadded::new(Mutex::new(Members::default())),
            outstanding: CachePadded::new(AtomicUsize::new(0)),
            running: CachePadded::new(AtomicUsize::new(0)),
            in_place: AtomicUsize::new(0),
            gate: capacity.map(Gate::new),
            bell: CachePadded::new(Bell::new()),
        })
    }

    /// Where submitters wait.
    pub fn gate(&self) -> Option<&Gate> {
        self.gate.as_ref()
    }

    /// Makes a member of a closure. The caller queues its job, and has counted it at the gate.
    pub fn enlist<F>(self: &Arc<Self>, closure: F) -> (JobId, JobRef)
    where
        F: FnOnce() -> T + Send + 'static,
    {
        self.enlist_in(&mut lock(&self.members), closure)
    }

    /// Makes a member of a closure, which waits in the set if that is full. Else the caller queues its job.
    pub fn enlist_or_wait<F>(self: &Arc<Self>, closure: F) -> (JobId, Option<JobRef>)
    where
        F: FnOnce() -> T + Send + 'static,
    {
        let mut members = lock(&self.members);
        let (id, job) = self.enlist_in(&mut members, closure);
        if self.gate.as_ref().is_none_or(|gate| gate.try_enter().is_ok()) {
            return (id, Some(job));
        }
        members.waiting.push_back(Waiting(job, id));
        (id, None)
    }

    fn enlist_in<F>(self: &Arc<Self>, members: &mut Members, closure: F) -> (JobId, JobRef)
    where
        F: FnOnce() -> T + Send + 'static,
    {
        self.outstanding.fetch_add(1, Ordering::Relaxed);
        let id = members.next_id();
        let (job, cell) = Cell::queued_as(id, self.counted(closure), self.owner);
        members.add(cell.leave_to(self.clone()));
        (id, job)
    }

    pub(super) fn counted<R>(self: &Arc<Self>, closure: impl FnOnce() -> R) -> impl FnOnce() -> R {
        let core = CoreOfMember(NonNull::from(&**self));
        move || {
            core.begin();
            closure()
        }
    }

    /// The oldest outcome, and a job that waited for its room: the caller queues it.
    pub fn take(&self) -> Option<(Delivery<T>, Option<JobRef>)> {
        let Done { id, outcome, is_last } = self.pop()?;
        let mut members = lock(&self.members);
        let cell = if is_last { members.remove(id) } else { None };
        let next = self.pass_room_on(&mut members);
        drop(members);
        drop(cell);
        // Ordering: Release: who finds nothing outstanding knows that all outcomes have been taken.
        if self.outstanding.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.bell.ring();
        }
        Some(((id, outcome), next))
    }

    /// Gives back room that was taken for a job which is not to be.
    pub fn give_room_back(&self) -> Option<JobRef> {
        self.pass_room_on(&mut lock(&self.members))
    }

    /// Room goes to a job that waits in the set, before any outside thread.
    fn pass_room_on(&self, members: &mut Members) -> Option<JobRef> {
        let next = members.waiting.pop_front().map(|waiting| members.let_in(waiting));
        if let (Some(gate), None) = (&self.gate, next) {
            // Under the lock, like the look for room of one that is about to wait.
            gate.leave();
        }
        next
    }

    /// The jobs that wait, whether there is room or not: the caller queues them.
    pub fn let_all_in(&self) -> Vec<JobRef> {
        self.let_in(|_| true)
    }

    fn let_in(&self, which: impl Fn(JobId) -> bool) -> Vec<JobRef> {
        let Some(gate) = &self.gate else { return Vec::new() };
        let mut members = lock(&self.members);
        let all = std::mem::take(&mut members.waiting);
        let (entering, waiting): (VecDeque<_>, VecDeque<_>) = all.into_iter().partition(|waiting| which(waiting.1));
        members.waiting = waiting;
        entering.iter().for_each(|_| gate.force());
        entering.into_iter().map(|waiting| members.let_in(waiting)).collect()
    }

    /// The oldest member, if nobody has started it and no other runs but those that this thread is inside of. With it, its job if that waits in the set: the
    /// caller queues it.
    pub fn oldest_queued(&self) -> Option<(RawCell, Vec<JobRef>)> {
        let cell = self.look_for_queued(Clone::clone)?;
        let id = cell.id();
        Some((cell, self.let_in(|waiting| waiting == id)))
    }

    fn look_for_queued<R>(&self, f: impl FnOnce(&RawCell) -> R) -> Option<R> {
        let running = self.running.load(Ordering::Acquire);
        let mut members = lock(&self.members);
        let mut inside = frame::ids();
        inside.retain(|id| members.get(*id).is_some());
        if running > inside.len() {
            return None;
        }
        let not_ended = |cell: &&RawCell| !cell.has_ended() && !inside.contains(&cell.id());
        // If the oldest is not queued it has just been started.
        let oldest = members.iter().map(|member| &member.cell).find(not_ended)?;
        oldest.is_queued().then(|| f(oldest))
    }

    /// Blocks until there is an outcome, or nothing is outstanding, or, if `may_run`, there is a member to run in place. False: the time ran out first.
    pub fn wait(&self, deadline: Deadline, may_run: bool) -> bool {
        let has_come = || !self.done.is_empty() || self.len() == 0;
        let is_over = || has_come() || may_run && self.look_for_queued(|_| ()).is_some();
        park::spin_until(has_come) || self.bell.wait_until(deadline, || is_over().then_some(())).is_some()
    }

    /// Jobs that have not been delivered.
    pub fn len(&self) -> usize {
        self.outstanding.load(Ordering::Acquire)
    }

    /// A member to cancel, and its job if it waited in the set: the caller queues what is left of that afterwards.
    pub fn stop(&self, id: JobId) -> Option<(ToCancel, Vec<JobRef>)> {
        let cell = ToCancel::new(lock(&self.members).get(id)?);
        Some((cell, self.let_in(|waiting| waiting == id)))
    }

    /// All members, to cancel them, and the jobs that waited in the set: the caller queues what is left of those afterwards.
    pub fn stop_all(&self) -> (Vec<ToCancel>, Vec<JobRef>) {
        let members = lock(&self.members).iter().map(ToCancel::new).collect();
        (members, self.let_all_in())
    }

    /// All members.
    pub fn all(&self) -> Vec<RawCell> {
        lock(&self.members).iter().map(|member| member.cell.clone()).collect()
    }

    /// Runs `f`, which runs a member in place.
    pub fn in_place<R>(&self, f: impl FnOnce() -> R) -> R {
        self.in_place.fetch_add(1, Ordering::Relaxed);
        let result = f();
        self.in_place.fetch_sub(1, Ordering::Relaxed);
        result
    }
}

/// A member that is to be cancelled.
pub struct ToCancel {
    cell: RawCell,
    has_begun: bool,
}

impl ToCancel {
    fn new(member: &mut Member) -> Self {
        member.shall_stop = true;
        Self { cell: member.cell.clone(), has_begun: member.has_begun }
    }

    /// True: it had not started, and now never will.
    pub fn cancel(&self) -> bool {
        self.cell.cancel() && !self.has_begun
    }
}

impl Members {
    /// It has room now.
    fn let_in(&mut self, Waiting(job, id): Waiting) -> JobRef {
        if let Some(member) = self.get(id) {
            member.has_room = true;
        }
        job
    }
}

impl<T> Core<T> {
    fn pop(&self) -> Option<Done<T>> {
        let mut patience = Patience::new();
        loop {
            match self.done.steal() {
                Steal::Success(done) => return Some(done),
                Steal::Empty => return None,
                Steal::Retry => patience.wait(),
            }
        }
    }

    /// Drops an outcome that nobody asks for; a panic in it goes to the panic handler.
    pub fn discard(&self, outcome: Result<T, JobError>) {
        match outcome {
            Err(JobError::Panicked(payload)) => self.owner.hand_over(payload.into_inner()),
            other => contain_drop(other).unwrap_or_else(|payload| self.owner.report(payload)),
        }
    }
}

impl<T> Drop for Core<T> {
    fn drop(&mut self) {
        // Of members that ended after the set was gone.
        while let Some(Done { outcome, .. }) = self.pop() {
            self.discard(outcome);
        }
    }
}

impl<T: Send + 'static> Audience for Core<T> {
    fn ended(&self, cell: &RawCell) {
        // SAFETY: every member's result is a `T`, and the set has taken its handle's place.
        let outcome = unsafe { cell.take_outcome::<T>() };
        let ran = has_run(&outcome);
        self.done.push(Done { id: cell.id(), outcome, is_last: true });
        self.has_ended(ran);
    }
}

/// The set, as the closure of a member sees it.
struct CoreOfMember<T>(NonNull<Core<T>>);

// SAFETY: what it reaches is an atomic.
unsafe impl<T> Send for CoreOfMember<T> {}

impl<T> CoreOfMember<T> {
    fn begin(&self) {
        // SAFETY: the set is the audience of the closure's own cell, which lets go of it after the closure has ended.
        unsafe { self.0.as_ref() }.running.fetch_add(1, Ordering::Relaxed);
    }
}

/// Whether it was a closure's end.
pub(super) fn has_run<R>(outcome: &Result<R, JobError>) -> bool {
    matches!(outcome, Ok(_) | Err(JobError::Panicked(_)))
}

impl<T: Send + 'static> Core<T> {
    pub(super) fn has_ended(&self, ran: bool) {
        if ran {
            self.running.fetch_sub(1, Ordering::Release);
        }
        self.bell.ring();
    }
}
