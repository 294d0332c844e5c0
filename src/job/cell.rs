//! A submitted job: one allocation that holds its state, its closure and then, in the closure's place, its result.

use std::mem::{ManuallyDrop, needs_drop};
use std::ptr::NonNull;

use super::body::Body;
use super::{
    CellAddress, CellRef, Completed, Executed, Header, JobError, JobId, JobRef, JobWord, Node, Owner, OwnerId, Phase,
    RawCell, Verb, Waiter, Watch, frame,
};
use crate::sync::{Track, UnsafeCell};
use crate::util::contain::{Payload, contain, contain_drop};
use crate::util::nursery::{self, Nursery};

/// The part of a cell that does not depend on the closure's and the result's type.
///
/// Fields that threads share, and whose they are:
///
/// 1. `waiter`: the handle's while the word's waiter bit is clear; the completer's once the bit is set and the job has ended.
/// 2. The cell's body: Queued: whoever claims it; Running and Cancelling: the claimer's; Done and Panicked: the handle's,
///    or that of whoever gives up the last reference.
#[repr(C)]
pub(super) struct Head {
    header: Header,
    pub(super) word: JobWord,
    pub(super) owner: OwnerId,
    pub(super) id: JobId,
    pub(super) vtable: &'static VTable,
    pub(super) waiter: UnsafeCell<Option<Waiter>>,
    _track: Track<()>,
}

/// What has to know the types.
pub(super) struct VTable {
    /// Runs the closure and completes the job. `bool`: give up a reference. Duty: the caller claimed the job and holds a reference.
    pub(super) run: unsafe fn(NonNull<Head>, &dyn Owner, bool),
    /// Drops the closure. Duty: the caller is the canceller.
    pub(super) drop_closure: unsafe fn(NonNull<Head>) -> Result<(), Payload>,
    /// Moves the body to the pointer. Duty: the body is the caller's, is of the type that the pointer can hold, and is not read again.
    pub(super) read: unsafe fn(NonNull<Head>, *mut ()),
    /// Frees the cell, dropping what is left in it. Duty: the caller gave up the last reference.
    pub(super) free: unsafe fn(NonNull<Head>),
    /// Of a job with a delay: its node. Duty: the caller holds a reference.
    pub(super) node: Option<unsafe fn(NonNull<Head>) -> NonNull<Node>>,
    /// To drop the closure does nothing.
    pub(super) is_quiet: bool,
}

/// A submitted job with closure `F` and result `T`.
#[repr(C)]
pub struct Cell<F, T> {
    head: Head,
    body: Body<F, T>,
}

/// A submitted job with a delay: its cell, and what the timers need.
#[repr(C)]
struct Delayed<F, T> {
    cell: Cell<F, T>,
    node: Node,
}

impl<F, T> Cell<F, T>
where
    F: FnOnce() -> T,
{
    /// Of a cell in a box of its own.
    const BOXED: VTable = Self::vtable(Self::free_box);
    /// Of a cell in a nursery.
    const NURSED: VTable = Self::vtable(Self::free_nursed);
    /// Of the cell of a [`Delayed`] job.
    const DELAYED: VTable = VTable { free: Self::free_delayed, ..Self::DELAYED_NURSED };
    /// Of one in a nursery.
    const DELAYED_NURSED: VTable =
        VTable { run: Self::run_due, node: Some(Self::node), ..Self::vtable(Self::free_delayed_nursed) };

    const fn vtable(free: unsafe fn(NonNull<Head>)) -> VTable {
        VTable {
            run: Self::run,
            drop_closure: Self::drop_closure,
            read: Self::read,
            free,
            node: None,
            is_quiet: !needs_drop::<F>(),
        }
    }

    /// Makes a queued job: the queue's end of it and the handle's.
    pub fn queued(closure: F, owner: OwnerId) -> (JobRef, CellRef<T>) {
        let cell = Self::make(JobId::new(), Body::new(closure), owner, JobWord::new(), None);
        let head = cell.in_box();
        // SAFETY: the cell has two references, the second of which is this one; its result is a `T`.
        (head.cast(), CellRef::new(unsafe { RawCell::from_head(head) }))
    }

    /// Makes a queued job whose outcome goes to a watch.
    pub fn watched(
        id: JobId,
        closure: F,
        owner: OwnerId,
        watch: Watch,
        nursery: &mut Nursery,
    ) -> (JobRef, CellAddress) {
        let waiter = Some(Waiter::Watch(watch));
        let mut cell = Self::make(id, Body::new(closure), owner, JobWord::watched(), waiter);
        cell.head.vtable = &Self::NURSED;
        let head = nursery.put(cell).map_or_else(
            |mut cell| {
                cell.head.vtable = &Self::BOXED;
                cell.in_box()
            },
            NonNull::cast,
        );
        (head.cast(), CellAddress::new(head))
    }

    /// Makes a job for the timers, and with it what is to be [armed](super::Timekeeper::arm). The other reference is the handle's. Those with like delays,
    /// in nanoseconds, share memory.
    pub fn delayed(closure: F, owner: OwnerId, deadline: u64, delay: u64) -> (NonNull<Node>, CellRef<T>) {
        let cell = Self::make(JobId::new(), Body::new(closure), owner, JobWord::new().delayed(), None);
        let (node, head) = cell.with_delay(deadline, delay);
        // SAFETY: the cell has two references, the second of which is this one; its result is a `T`.
        (node, CellRef::new(unsafe { RawCell::from_head(head) }))
    }

    /// As [`watched`](Self::watched), for the timers.
    pub fn watched_delayed(
        id: JobId,
        closure: F,
        owner: OwnerId,
        watch: Watch,
        deadline: u64,
        delay: u64,
    ) -> (NonNull<Node>, CellAddress) {
        let waiter = Some(Waiter::Watch(watch));
        let cell = Self::make(id, Body::new(closure), owner, JobWord::watched().delayed(), waiter);
        let (node, head) = cell.with_delay(deadline, delay);
        (node, CellAddress::new(head))
    }

    fn with_delay(mut self, deadline: u64, delay: u64) -> (NonNull<Node>, NonNull<Head>) {
        self.head.vtable = &Self::DELAYED_NURSED;
        self.head.header = Header::new(Self::execute_due);
        let delayed = Delayed { cell: self, node: Node::new(NonNull::dangling(), deadline) };
        let job = nursery::put_here(delayed, delay).unwrap_or_else(|mut delayed| {
            delayed.cell.head.vtable = &Self::DELAYED;
            NonNull::from(Box::leak(Box::new(delayed)))
        });
        // SAFETY: made just now, and nobody else knows it.
        unsafe { (*job.as_ptr()).node.set_job(job.cast()) };
        // SAFETY: alive; the pointer covers all of it.
        (unsafe { Self::node(job.cast()) }, job.cast())
    }

    unsafe fn node(head: NonNull<Head>) -> NonNull<Node> {
        let job = head.cast::<Delayed<F, T>>();
        // SAFETY: the caller's reference keeps the job alive, which is of this type.
        NonNull::from(unsafe { &(*job.as_ptr()).node })
    }

    fn make(id: JobId, body: Body<F, T>, owner: OwnerId, word: JobWord, waiter: Option<Waiter>) -> Self {
        let head = Head {
            header: Header::new(Self::execute),
            word,
            owner,
            id,
            vtable: &Self::BOXED,
            waiter: UnsafeCell::new(waiter),
            _track: Track::new(()),
        };
        Self { head, body }
    }

    fn in_box(self) -> NonNull<Head> {
        NonNull::from(Box::leak(Box::new(self))).cast()
    }

    /// The [`Header`]'s function.
    unsafe fn execute(job: JobRef, verb: Verb<'_>) -> Executed {
        // The queue's reference, which ends here one way or the other.
        // SAFETY: the job's word stands for that reference.
        let cell = unsafe { RawCell::from_head(job.cast()) };
        let live = match verb {
            Verb::Run(owner) if cell.head().word.claim() => {
                let head = cell.into_head();
                // SAFETY: claimed just now; the reference that `run` gives up is the queue's.
                unsafe { Self::run(head, owner, true) };
                true
            }
            Verb::Run(_) => false,
            Verb::Bury if cell.head().word.phase().is_waiting() => {
                // Still the caller's: the queue's reference goes back with it.
                let _ = ManuallyDrop::new(cell);
                return Executed::Kept;
            }
            Verb::Fire if cell.head().word.become_due() => {
                let _ = ManuallyDrop::new(cell);
                return Executed::Kept;
            }
            Verb::Settle(place) if cell.head().word.phase().is_waiting() => {
                cell.settle(place);
                let _ = ManuallyDrop::new(cell);
                return Executed::Kept;
            }
            Verb::Bury | Verb::Settle(_) | Verb::Fire => false,
            Verb::Probe(_) => {
                let _ = ManuallyDrop::new(cell);
                return Executed::Done;
            }
            Verb::End(owner, reason) => {
                let begun = cell.head().word.begin_end();
                if let Some(phase) = begun {
                    cell.finish_end(Some(owner), reason, phase, false);
                }
                begun.is_some()
            }
        };
        if live { Executed::Done } else { Executed::Tombstone }
    }

    /// The [`Header`]'s function of a [`Delayed`] job. A type of its own only where it runs, so that others do not pay for it.
    unsafe fn execute_due(job: JobRef, verb: Verb<'_>) -> Executed {
        // SAFETY: passed on.
        let executed = unsafe { Self::execute(job, verb) };
        if let (Verb::Run(owner), Executed::Done) = (verb, executed) {
            owner.timekeeper().inspect(|timekeeper| timekeeper.due_over());
        }
        executed
    }

    /// The [`VTable`]'s function, for one who runs it in place.
    unsafe fn run_due(head: NonNull<Head>, owner: &dyn Owner, release: bool) {
        // SAFETY: passed on.
        unsafe { Self::run(head, owner, release) };
        owner.timekeeper().inspect(|timekeeper| timekeeper.due_over());
    }

    unsafe fn run(head: NonNull<Head>, owner: &dyn Owner, release: bool) {
        // SAFETY: the caller holds a reference to a cell of this type.
        let cell = unsafe { head.cast::<Self>().as_ref() };
        // SAFETY: the body is the claimer's (field note 2), and holds the closure until the claimer takes it.
        let closure = unsafe { cell.body.take_closure() };
        owner.left_queue();
        owner.started();
        let label = || (if cell.head.vtable.node.is_some() { "delayed" } else { "submitted" }, Some(cell.head.id));
        let result = frame::enter(head, || owner.in_span(label, || contain(closure)));
        owner.finished();
        let phase = if result.is_ok() { Phase::Done } else { Phase::Panicked };
        if result.is_err() {
            owner.count_panic();
        }
        // SAFETY: still the claimer's, and empty.
        unsafe { cell.body.put(result) };
        match cell.head.word.complete(phase, release) {
            Completed::Waited { released } => {
                // SAFETY: the reference to give up, or a borrowed one; released, the one that the watch is about to get.
                let held = ManuallyDrop::new(unsafe { RawCell::from_head(head) });
                held.notify_waiter(Some(owner));
                if release && !released {
                    drop(ManuallyDrop::into_inner(held));
                }
            }
            // SAFETY: `complete` gave up the last reference.
            Completed::Unwatched { last: true } => unsafe { Self::free_unwatched(head) },
            Completed::Unwatched { last: false } => {}
        }
    }

    unsafe fn drop_closure(head: NonNull<Head>) -> Result<(), Payload> {
        // SAFETY: the caller holds a reference to a cell of this type.
        let cell = unsafe { head.cast::<Self>().as_ref() };
        // SAFETY: the body is the canceller's (field note 2) and holds the closure.
        let closure = unsafe { cell.body.take_closure() };
        contain_drop(closure)
    }

    unsafe fn read(head: NonNull<Head>, to: *mut ()) {
        // SAFETY: the caller holds a reference to a cell of this type.
        let cell = unsafe { head.cast::<Self>().as_ref() };
        match cell.head.word.phase() {
            Phase::Done => {
                // SAFETY: Done: the body holds the value, which is the caller's.
                let value = unsafe { cell.body.take_value() };
                // SAFETY: `to` can hold a `T` (duty).
                unsafe { to.cast::<T>().write(value) }
            }
            Phase::Panicked => {
                // SAFETY: Panicked: the body holds the payload, which is the caller's.
                let payload = unsafe { cell.body.take_payload() };
                // SAFETY: `to` can hold a payload (duty).
                unsafe { to.cast::<Payload>().write(payload) }
            }
            other => unreachable!("no body to read in a job that is {other:?}"),
        }
    }

    unsafe fn free_box(head: NonNull<Head>) {
        // SAFETY: the caller's duty.
        let left = unsafe { Self::empty(head) };
        // SAFETY: made by `Box::leak` of this type, and the last reference is gone.
        drop(unsafe { Box::from_raw(head.cast::<Self>().as_ptr()) });
        left.end();
    }

    /// Frees it as its table says.
    unsafe fn free_unwatched(head: NonNull<Head>) {
        // SAFETY: the caller gave up the last reference.
        let free = unsafe { head.as_ref() }.vtable.free;
        // SAFETY: as above.
        unsafe { free(head) }
    }

    unsafe fn free_delayed(head: NonNull<Head>) {
        // SAFETY: the caller's duty.
        let left = unsafe { Self::empty(head) };
        // SAFETY: made by `Box::leak` of this type, and the last reference is gone.
        drop(unsafe { Box::from_raw(head.cast::<Delayed<F, T>>().as_ptr()) });
        left.end();
    }

    unsafe fn free_nursed(head: NonNull<Head>) {
        // SAFETY: passed on; it lies in a nursery as this type.
        unsafe { Self::leave_nursery::<Self>(head) };
    }

    unsafe fn free_delayed_nursed(head: NonNull<Head>) {
        // SAFETY: as above.
        unsafe { Self::leave_nursery::<Delayed<F, T>>(head) };
    }

    /// Frees a cell that lies in a nursery as a `C`. Duty: as [`VTable::free`].
    unsafe fn leave_nursery<C>(head: NonNull<Head>) {
        let cell = head.cast::<C>();
        // SAFETY: the caller's duty.
        let left = unsafe { Self::empty(head) };
        // SAFETY: the last reference is gone.
        unsafe { cell.drop_in_place() };
        // SAFETY: made by a nursery, of this type, and dropped.
        unsafe { nursery::free(cell) };
        left.end();
    }

    /// Takes out what nobody has taken. Duty: the caller gave up the last reference.
    unsafe fn empty(head: NonNull<Head>) -> Left<T> {
        // SAFETY: a cell of this type, and nobody else uses it.
        let cell = unsafe { head.cast::<Self>().as_mut() };
        cell.head.word.before_free();
        cell.body.before_free();
        // Empty by now: a handle takes back what nobody took. Only for the model, which does not see a free as an access.
        cell.head.waiter.with_mut(|_| ());
        let body = match cell.head.word.phase() {
            // SAFETY: Done and not Taken: the value is still there, and ours.
            Phase::Done => Some(Ok(unsafe { cell.body.take_value() })),
            // SAFETY: Panicked and not Taken: the payload is still there, and ours.
            Phase::Panicked => Some(Err(unsafe { cell.body.take_payload() })),
            phase => {
                debug_assert!(phase.has_ended(), "freeing a job that is {phase:?}");
                None
            }
        };
        Left { owner: cell.head.owner, body }
    }
}

/// What was left in a cell that is gone.
struct Left<T> {
    owner: OwnerId,
    body: Option<Result<T, Payload>>,
}

impl<T> Left<T> {
    fn end(self) {
        match self.body {
            Some(Ok(value)) => contain_drop(value).unwrap_or_else(|payload| self.owner.report(payload)),
            // Nobody has seen it: the handler shall.
            Some(Err(payload)) => self.owner.hand_over(payload),
            None => {}
        }
    }
}

impl<T> Cell<fn() -> T, T> {
    /// Makes a cell that holds an outcome and was never queued.
    pub fn ended(id: JobId, outcome: Result<T, JobError>, owner: OwnerId) -> RawCell {
        let (phase, body) = match outcome {
            Ok(value) => (Phase::Done, Body::ended(Ok(value))),
            Err(JobError::Panicked(payload)) => (Phase::Panicked, Body::ended(Err(payload.into_inner()))),
            Err(JobError::ShutDown) => (Phase::ShutDown, Body::empty()),
            Err(_) => (Phase::Cancelled, Body::empty()),
        };
        // SAFETY: its one reference is this one.
        unsafe { RawCell::from_head(Self::make(id, body, owner, JobWord::ended(phase), None).in_box()) }
    }
}
