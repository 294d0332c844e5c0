//! What a set's owner and its jobs share.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::Arc;

use crossbeam_utils::CachePadded;

use super::members::{Members, ToCancel, Waiting};
use super::outbox::Outbox;
use super::surroundings::Surroundings;
use crate::job::{Cell, CellAddress, JobError, JobId, JobRef, Node, OwnerId, RawCell, Timekeeper, Watch, frame};
use crate::park;
use crate::registry::Gate;
use crate::sync::time::Deadline;
use crate::sync::{AtomicBool, AtomicUsize, Mutex, MutexGuard, Ordering, lock};
use crate::util::contain::contain_drop;
use crate::util::limits::SET_YIELDS;
use crate::util::nursery::Nursery;

/// What comes out of a set.
pub type Delivery<T> = (JobId, Result<T, JobError>);

/// The shared half of a set.
///
/// Its members have one share of the `Arc` between them, so none of them counts it. They keep it until the set has been [closed](Self::close) and each member
/// has been taken or has found it closed.
pub struct Core<T> {
    pub(super) owner: OwnerId,
    pub(super) pool: Box<dyn Surroundings>,
    pub(super) members: CachePadded<Mutex<Members>>,
    /// What workers write for each member.
    pub(super) traffic: CachePadded<Traffic>,
    /// Jobs that have not been delivered. Written under the lock of the members.
    outstanding: AtomicUsize,
    /// There has been a delayed member.
    has_delayed: AtomicBool,
    /// Threads that wait and run a member in place: a producer shall come back after one item.
    pub(super) in_place: AtomicUsize,
    /// Bounds the jobs that have not been delivered and are not [`Waiting`].
    gate: Option<Gate>,
    /// Once the set is closed: members that have not ended yet. Until then so many less than [`OPEN`] as have found it closing.
    orphans: AtomicUsize,
    _results: PhantomData<fn() -> T>,
}

/// What workers write for each member.
pub(super) struct Traffic {
    /// Ended members and items of producers. Waiters look under the lock of the members.
    pub(super) outbox: Outbox,
    /// Members whose closure runs.
    running: AtomicUsize,
}

/// More orphans than there can be.
const OPEN: usize = usize::MAX / 2;

impl<T: Send + 'static> Core<T> {
    /// Makes an empty set of jobs of the pool `owner`. It is to be [closed](Self::close).
    pub fn new(owner: OwnerId, pool: Box<dyn Surroundings>, capacity: Option<usize>) -> Arc<Self> {
        let core = Arc::new(Self {
            owner,
            pool,
            members: CachePadded::new(Mutex::new(Members::default())),
            traffic: CachePadded::new(Traffic { outbox: Outbox::new(), running: AtomicUsize::new(0) }),
            outstanding: AtomicUsize::new(0),
            has_delayed: AtomicBool::new(false),
            in_place: AtomicUsize::new(0),
            gate: capacity.map(Gate::new),
            orphans: AtomicUsize::new(OPEN),
            _results: PhantomData,
        });
        // The share of the members: `leave` gives it back.
        let _ = Arc::into_raw(core.clone());
        core
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
        let mut members = lock(&self.members);
        let enlisted = self.enlist_in(&mut members, closure);
        self.tell_runners(members);
        enlisted
    }

    /// Makes a member of a closure, which waits in the set if that is full. Else the caller queues its job.
    pub fn enlist_or_wait<F>(self: &Arc<Self>, closure: F) -> (JobId, Option<JobRef>)
    where
        F: FnOnce() -> T + Send + 'static,
    {
        let mut members = lock(&self.members);
        let (id, job) = self.enlist_in(&mut members, closure);
        let has_room = self.gate.as_ref().is_none_or(|gate| gate.try_enter().is_ok());
        if !has_room {
            members.waiting.push_back(Waiting(job, id));
        }
        self.tell_runners(members);
        (id, has_room.then_some(job))
    }

    /// Makes a member of a closure that is due at this time, after this delay. The caller hands it to the timers, and has counted it at the gate.
    pub fn enlist_delayed<F>(self: &Arc<Self>, closure: F, due: u64, delay: u64) -> (JobId, NonNull<Node>)
    where
        F: FnOnce() -> T + Send + 'static,
    {
        let mut members = lock(&self.members);
        self.add_outstanding(&mut members, 1);
        let id = members.next_id();
        let (watch, counted) = self.of_watched(closure, Self::member_ended);
        let (node, cell) = Cell::watched_delayed(id, counted, self.owner, watch, due, delay);
        members.add(id, cell);
        self.has_delayed.store(true, Ordering::Relaxed);
        // Who waits does so until the first is due.
        self.tell_runners(members);
        (id, node)
    }

    /// When the first member is due that is not yet.
    pub fn next_due(&self) -> Option<u64> {
        self.has_delayed.load(Ordering::Relaxed).then(|| self.next_due_of(&lock(&self.members)))?
    }

    /// Whether every member that is outstanding is not due yet.
    pub fn is_all_delayed(&self) -> bool {
        let members = lock(&self.members);
        let delayed = members.cells().iter().filter(|cell| cell.due().is_some()).count();
        delayed == self.len()
    }

    fn next_due_of(&self, members: &Members) -> Option<u64> {
        let next = self.has_delayed.load(Ordering::Relaxed).then(|| members.next_due())?;
        // Both under the lock: nobody adds one in between.
        self.has_delayed.store(next.is_some(), Ordering::Relaxed);
        next
    }

    /// There is one more member to run in place.
    pub(super) fn tell_runners(&self, members: MutexGuard<'_, Members>) {
        let somebody_waits = members.runners > 0;
        drop(members);
        if somebody_waits {
            self.traffic.outbox.ring();
        }
    }

    fn enlist_in<F>(self: &Arc<Self>, members: &mut Members, closure: F) -> (JobId, JobRef)
    where
        F: FnOnce() -> T + Send + 'static,
    {
        self.add_outstanding(members, 1);
        let id = members.next_id();
        let (job, cell) = self.watched(id, closure, Self::member_ended, &mut members.nursery);
        members.add(id, cell);
        (id, job)
    }

    /// Makes a job whose end is told to `told`.
    pub(super) fn watched<R, F>(
        self: &Arc<Self>,
        id: JobId,
        closure: F,
        told: unsafe fn(NonNull<()>, RawCell),
        nursery: &mut Nursery,
    ) -> (JobRef, CellAddress)
    where
        R: Send + 'static,
        F: FnOnce() -> R + Send + 'static,
    {
        let (watch, counted) = self.of_watched(closure, told);
        Cell::watched(id, counted, self.owner, watch, nursery)
    }

    fn of_watched<R, F>(
        self: &Arc<Self>,
        closure: F,
        told: unsafe fn(NonNull<()>, RawCell),
    ) -> (Watch, impl FnOnce() -> R + Send + 'static)
    where
        R: Send + 'static,
        F: FnOnce() -> R + Send + 'static,
    {
        let core = self.of_member();
        // SAFETY: what it calls gets a member, or a stage of one, that has ended; the set's members keep it until then.
        let watch = unsafe { Watch::new(core.0.cast(), told) };
        let counted = move || {
            core.begin();
            closure()
        };
        (watch, counted)
    }

    fn of_member(self: &Arc<Self>) -> CoreOfMember<T> {
        CoreOfMember(NonNull::new(Arc::as_ptr(self).cast_mut()).expect("an address"))
    }

    /// Counts one more, or with `-1` one less.
    pub(super) fn add_outstanding(&self, _locked: &mut Members, change: isize) {
        let now = self.outstanding.load(Ordering::Relaxed).wrapping_add_signed(change);
        // Ordering: Release: who finds nothing outstanding knows that all outcomes have been taken.
        self.outstanding.store(now, Ordering::Release);
    }

    /// The oldest outcome, and a job that waited for its room: the caller queues it.
    pub fn take(&self) -> Option<(Delivery<T>, Option<JobRef>)> {
        let mut members = lock(&self.members);
        let cell = members.take_ended(&self.traffic.outbox)?;
        let next = self.pass_room_on(&mut members);
        // Who sleeps need not be told of the last one: the push has woken everybody, and under the lock each finds the outcome, or nothing outstanding.
        self.add_outstanding(&mut members, -1);
        drop(members);
        let id = cell.id();
        // SAFETY: what comes out of the outbox holds a `T`, and is taken once.
        Some(((id, unsafe { cell.into_outcome::<T>() }), next))
    }

    /// Gives back room that was taken for a job which is not to be. The caller queues a job that waited for it.
    pub fn give_room_back(&self) -> Option<JobRef> {
        self.pass_room_on(&mut lock(&self.members))
    }

    /// Room goes to a job that waits in the set, before any outside thread.
    fn pass_room_on(&self, members: &mut Members) -> Option<JobRef> {
        let gate = self.gate.as_ref()?;
        let Some(waiting) = members.waiting.pop_front() else {
            // Under the lock, like the look for room of one that is about to wait.
            gate.leave();
            return None;
        };
        // Under the lock: from here on it may be cancelled, and then no longer counts.
        self.pool.count();
        Some(members.let_in(waiting))
    }

    /// The jobs that wait, whether there is room or not: the caller queues them.
    pub fn let_all_in(&self) -> Vec<JobRef> {
        self.let_in(|_| true)
    }

    fn let_in(&self, which: impl Fn(JobId) -> bool) -> Vec<JobRef> {
        self.let_in_of(&mut lock(&self.members), which)
    }

    fn let_in_of(&self, members: &mut Members, which: impl Fn(JobId) -> bool) -> Vec<JobRef> {
        let Some(gate) = &self.gate else { return Vec::new() };
        let all = std::mem::take(&mut members.waiting);
        let (entering, waiting): (VecDeque<_>, VecDeque<_>) = all.into_iter().partition(|waiting| which(waiting.1));
        members.waiting = waiting;
        for _ in &entering {
            gate.force();
            self.pool.count();
        }
        entering.into_iter().map(|waiting| members.let_in(waiting)).collect()
    }

    /// The oldest member, if nobody has started it and no other runs but those that this thread is inside of. With it, its job if that waits in the set: the
    /// caller queues it.
    pub fn oldest_queued(&self) -> Option<(RawCell, Vec<JobRef>)> {
        let cell = self.look_for_queued(&mut lock(&self.members))?;
        let id = cell.id();
        Some((cell, self.let_in(|waiting| waiting == id)))
    }

    fn look_for_queued(&self, members: &mut Members) -> Option<RawCell> {
        let mut waits = self.inside(members);
        waits.retain(|id| !members.asking.contains(id));
        waits.extend(&members.asking);
        if self.traffic.running.load(Ordering::Acquire) > waits.len() {
            return None;
        }
        let timekeeper = self.pool.timekeeper();
        let now = timekeeper.map_or(0, Timekeeper::now);
        let is_early = |cell: &RawCell| cell.due().is_some_and(|due| due > now);
        let oldest = members.oldest(|cell| !cell.is_over() && !is_early(cell) && !waits.contains(&cell.id()))?;
        // If the oldest may not run it has just been started.
        oldest.may_run(timekeeper).then_some(oldest)
    }

    /// The members that this thread is inside of.
    fn inside(&self, members: &mut Members) -> Vec<JobId> {
        let mut inside = frame::ids();
        inside.retain(|id| members.contains(*id));
        inside
    }

    /// Blocks until there is an outcome, or nothing is outstanding, or, if `may_run_in_place`, there is a member to run in place, or one that will be due before `due`.
    /// False: the time ran out first.
    pub fn wait(&self, deadline: Deadline, may_run_in_place: bool, due: Option<u64>) -> bool {
        let outbox = &self.traffic.outbox;
        let has_come = || outbox.has_some() || self.len() == 0;
        if park::spin_until(has_come) || park::yield_until(has_come, SET_YIELDS) {
            return true;
        }
        self.owner.assert_not_inherited();
        let mut members = lock(&self.members);
        let inside = self.inside(&mut members);
        let frees_others = members.begin_asking(&inside, may_run_in_place);
        drop(members);
        if frees_others {
            outbox.ring();
        }
        let is_over = || {
            let mut members = lock(&self.members);
            let has_come = members.has_ended() || outbox.has_some() || self.len() == 0;
            let mut may_run = || self.look_for_queued(&mut members).is_some() || self.has_one_due_before(&members, due);
            (has_come || may_run_in_place && may_run()).then_some(())
        };
        let is_over = outbox.wait_until(deadline, is_over).is_some();
        lock(&self.members).end_asking(&inside, may_run_in_place);
        is_over
    }

    fn has_one_due_before(&self, members: &Members, due: Option<u64>) -> bool {
        let next = self.next_due_of(members);
        next.is_some_and(|next| due.is_none_or(|due| next < due))
    }

    /// Jobs that have not been delivered.
    pub fn len(&self) -> usize {
        self.outstanding.load(Ordering::Acquire)
    }

    /// A member to cancel, and its job if it waited in the set: the caller queues what is left of that afterwards.
    pub fn stop(&self, id: JobId) -> Option<(ToCancel, Vec<JobRef>)> {
        let mut members = lock(&self.members);
        let cell = members.stop(id)?;
        Some((cell, self.let_in_of(&mut members, |waiting| waiting == id)))
    }

    /// All members, to cancel them, and the jobs that waited in the set: the caller queues what is left of those afterwards.
    pub fn stop_all(&self) -> (Vec<ToCancel>, Vec<JobRef>) {
        let mut members = lock(&self.members);
        (members.stop_all(), self.let_in_of(&mut members, |_| true))
    }

    /// All members.
    pub fn all(&self) -> Vec<RawCell> {
        lock(&self.members).cells()
    }

    /// Runs `f`, which runs a member in place.
    pub fn in_place<R>(&self, f: impl FnOnce() -> R) -> R {
        self.in_place.fetch_add(1, Ordering::Relaxed);
        let result = f();
        self.in_place.fetch_sub(1, Ordering::Relaxed);
        result
    }
}

impl<T> Core<T> {
    /// Drops an outcome that nobody asks for; a panic in it goes to the panic handler.
    pub fn discard(&self, outcome: Result<T, JobError>) {
        match outcome {
            Err(JobError::Panicked(payload)) => self.owner.hand_over(payload.into_inner()),
            other => contain_drop(other).unwrap_or_else(|payload| self.owner.report(payload)),
        }
    }
}

impl<T: Send + 'static> Core<T> {
    /// Closes the set, when nobody asks any more: drops the outcomes that are there, and every one that comes.
    pub fn close(self: &Arc<Self>) {
        let mut members = lock(&self.members);
        let ended = members.take_all_ended(self.traffic.outbox.close());
        let left = members.len();
        members.is_closed = true;
        drop(members);
        for cell in ended {
            // SAFETY: as in `take`.
            self.discard(unsafe { cell.into_outcome::<T>() });
        }
        // SAFETY: the share of the members is there.
        unsafe { Self::leave(self.of_member().0, OPEN - left) };
    }

    /// So many members less will find the set closed. After the last one the share of the members is given back.
    ///
    /// # Safety
    ///
    /// Each member that is left when the set is closed leaves once, and so do [`OPEN`] less those, when it is.
    pub(super) unsafe fn leave(this: NonNull<Self>, members: usize) {
        // SAFETY: the share of the members is there.
        let orphans = unsafe { &(*this.as_ptr()).orphans };
        // Ordering: Release: our use of the set comes before its end. Acquire: the end comes after everybody's.
        if orphans.fetch_sub(members, Ordering::AcqRel) == members {
            // SAFETY: `new` has left a count for this.
            unsafe { Arc::decrement_strong_count(this.as_ptr()) }
        }
    }

    /// A member has ended.
    ///
    /// # Safety
    ///
    /// `this` is a set and the cell a member's, as its watch got them.
    unsafe fn member_ended(this: NonNull<()>, cell: RawCell) {
        let this = this.cast::<Self>();
        // SAFETY: the set lives until the member has been taken, or has left. After the push the set may be gone, so no reference to the whole of it is made here.
        let traffic = unsafe { &(*this.as_ptr()).traffic };
        if cell.has_run() {
            // Ordering: Release, and before the push: a waiter that is after the push, or that the push wakes, sees that the member does not run.
            traffic.running.fetch_sub(1, Ordering::Release);
        }
        if let Err(cell) = traffic.outbox.push(cell) {
            // SAFETY: the member has not left.
            unsafe { this.as_ref() }.discard(unsafe { cell.into_outcome::<T>() });
            // SAFETY: it leaves here.
            unsafe { Self::leave(this, 1) };
        }
    }

    /// A stage's closure has ended, and somebody may be waiting to run a member in place.
    pub(super) fn stage_has_run(&self) {
        // Under the lock, so that a waiter which looks now sees it, or hears the ring.
        let members = lock(&self.members);
        self.traffic.running.fetch_sub(1, Ordering::Release);
        drop(members);
    }
}

/// The set, as the closure of a member sees it.
struct CoreOfMember<T>(NonNull<Core<T>>);

// SAFETY: what it reaches is an atomic.
unsafe impl<T> Send for CoreOfMember<T> {}

impl<T> CoreOfMember<T> {
    fn begin(&self) {
        // SAFETY: the set lives until its members have ended.
        unsafe { self.0.as_ref() }.traffic.running.fetch_add(1, Ordering::Relaxed);
    }
}
