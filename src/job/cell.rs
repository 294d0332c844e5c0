//! A submitted job: one allocation that holds its state, its closure and then, in the closure's place, its result.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use super::body::Body;
use super::{
    CancelStart, Completed, Executed, Header, JobError, JobId, JobRef, JobWord, Owner, OwnerId, PanicPayload, Phase,
    Reason, Verb, Waiter, frame,
};
use crate::sync::{Track, UnsafeCell};
use crate::util::contain::{Payload, contain, contain_drop};

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
    owner: OwnerId,
    id: JobId,
    vtable: &'static VTable,
    waiter: UnsafeCell<Option<Waiter>>,
    _track: Track<()>,
}

/// What has to know the types.
struct VTable {
    /// Runs the closure and completes the job. `bool`: give up a reference. Duty: the caller claimed the job and holds a reference.
    run: unsafe fn(NonNull<Head>, &dyn Owner, bool),
    /// Drops the closure. Duty: the caller is the canceller.
    drop_closure: unsafe fn(NonNull<Head>) -> Result<(), Payload>,
    /// Moves the body to the pointer. Duty: the body is the caller's, is of the type that the pointer can hold, and is not read again.
    read: unsafe fn(NonNull<Head>, *mut ()),
    /// Frees the cell, dropping what is left in it. Duty: the caller gave up the last reference.
    free: unsafe fn(NonNull<Head>),
}

/// A submitted job with closure `F` and result `T`.
#[repr(C)]
pub struct Cell<F, T> {
    head: Head,
    body: Body<F, T>,
}

impl<F, T> Cell<F, T>
where
    F: FnOnce() -> T,
{
    const VTABLE: VTable =
        VTable { run: Self::run, drop_closure: Self::drop_closure, read: Self::read, free: Self::free };

    /// Makes a queued job: the queue's end of it and the handle's.
    pub fn queued(closure: F, owner: OwnerId) -> (JobRef, CellRef<T>) {
        let head = Head {
            header: Header::new(Self::execute),
            word: JobWord::new(),
            owner,
            id: JobId::new(),
            vtable: &Self::VTABLE,
            waiter: UnsafeCell::new(None),
            _track: Track::new(()),
        };
        let cell = NonNull::from(Box::leak(Box::new(Self { head, body: Body::new(closure) })));
        (cell.cast(), CellRef { raw: RawCell(cell.cast()), published: false, _result: PhantomData })
    }

    /// The [`Header`]'s function.
    unsafe fn execute(job: JobRef, verb: Verb<'_>) -> Executed {
        // The queue's reference, which ends here one way or the other.
        let cell = RawCell(job.cast());
        let live = match verb {
            Verb::Run(owner) if cell.head().word.claim() => {
                let head = ManuallyDrop::new(cell).0;
                // SAFETY: claimed just now; the reference that `run` gives up is the queue's.
                unsafe { Self::run(head, owner, true) };
                true
            }
            Verb::Run(_) => false,
            Verb::Bury if cell.head().word.phase() == Phase::Queued => {
                // Still the caller's: the queue's reference goes back with it.
                let _ = ManuallyDrop::new(cell);
                return Executed::Kept;
            }
            Verb::Bury => false,
            Verb::End(owner, reason) => {
                let begun = cell.head().word.begin_end();
                if begun {
                    cell.finish_end(Some(owner), reason, false);
                }
                begun
            }
        };
        if live { Executed::Done } else { Executed::Tombstone }
    }

    unsafe fn run(head: NonNull<Head>, owner: &dyn Owner, release: bool) {
        // SAFETY: the caller holds a reference to a cell of this type.
        let cell = unsafe { head.cast::<Self>().as_ref() };
        // SAFETY: the body is the claimer's (field note 2), and holds the closure until the claimer takes it.
        let closure = unsafe { cell.body.take_closure() };
        owner.left_queue();
        owner.started();
        let result = frame::enter(head, || contain(closure));
        owner.finished();
        let phase = if result.is_ok() { Phase::Done } else { Phase::Panicked };
        if result.is_err() {
            owner.count_panic();
        }
        // SAFETY: still the claimer's, and empty.
        unsafe { cell.body.put(result) };
        match cell.head.word.complete(phase, release) {
            Completed::Waited => {
                let held = ManuallyDrop::new(RawCell(head));
                held.notify_waiter(Some(owner));
                if release {
                    drop(ManuallyDrop::into_inner(held));
                }
            }
            // SAFETY: `complete` gave up the last reference.
            Completed::Unwatched { last: true } => unsafe { Self::free(head) },
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

    unsafe fn free(head: NonNull<Head>) {
        // SAFETY: made by `Box::leak` of this type, and the last reference is gone.
        let mut cell = unsafe { Box::from_raw(head.cast::<Self>().as_ptr()) };
        cell.head.word.before_free();
        cell.body.before_free();
        let owner = cell.head.owner;
        // SAFETY: nobody else is left. A waker may still be here: of a handle that was polled and then dropped.
        let waiter = cell.head.waiter.with_mut(|slot| unsafe { (*slot).take() });
        contain_drop(waiter).unwrap_or_else(|payload| owner.report(payload));
        match cell.head.word.phase() {
            Phase::Done => {
                // SAFETY: Done and not Taken: the value is still there, and ours.
                let value = unsafe { cell.body.take_value() };
                drop(cell);
                contain_drop(value).unwrap_or_else(|payload| owner.report(payload));
            }
            Phase::Panicked => {
                // SAFETY: Panicked and not Taken: the payload is still there, and ours. Nobody has seen it: the handler shall.
                let payload = unsafe { cell.body.take_payload() };
                drop(cell);
                owner.report(payload);
            }
            phase => debug_assert!(phase.has_ended(), "freeing a job that is {phase:?}"),
        }
    }
}

/// One reference to a cell whose types are not known here.
pub struct RawCell(NonNull<Head>);

// SAFETY: the word and the waiter slot are synchronised by the word's transitions. The body is moved to or dropped on whichever
// thread ends up with it; `Cell::queued` is only called with closures and results that may cross threads (`Pool::submit`'s bounds).
unsafe impl Send for RawCell {}
// SAFETY: as above; shared references reach only the word, the numbers, and what the word hands out to one thread.
unsafe impl Sync for RawCell {}

impl RawCell {
    fn head(&self) -> &Head {
        // SAFETY: this reference keeps the cell alive.
        unsafe { self.0.as_ref() }
    }

    /// The job's number.
    pub fn id(&self) -> JobId {
        self.head().id
    }

    /// The pool that the job belongs to.
    pub fn owner(&self) -> OwnerId {
        self.head().owner
    }

    /// Whether the outcome is there.
    pub fn has_ended(&self) -> bool {
        self.head().word.phase().has_ended()
    }

    /// Whether this thread is inside the job.
    pub fn is_on_this_stack(&self) -> bool {
        frame::contains(self.0)
    }

    /// Tries to become the one who runs the job; then [`run_claimed`](Self::run_claimed) is a must.
    pub fn claim(&self) -> bool {
        self.head().word.claim()
    }

    /// Runs a job that the caller has [claimed](Self::claim) in place; its tombstone stays queued.
    pub fn run_claimed(&self, owner: &dyn Owner) {
        // SAFETY: the caller claimed the job; this reference stays.
        unsafe { (self.head().vtable.run)(self.0, owner, false) }
    }

    /// Cancels the job if it has not started: true iff it now never will. Asks it to stop if it runs.
    pub fn cancel(&self) -> bool {
        let word = &self.head().word;
        if word.phase() != Phase::Queued {
            let _ = word.begin_cancel();
            return false;
        }
        let owner = self.owner().find();
        let ending = owner.as_deref().map(|owner| Ending::begin(owner));
        let begun = word.begin_cancel() == CancelStart::Begun;
        if begun {
            self.finish_end(ending.as_ref().map(|ending| ending.0), Reason::Cancelled, true);
        }
        begun
    }

    /// Ends a job that this thread has moved to Cancelling: drops the closure, tells the owner, tells the waiter.
    fn finish_end(&self, owner: Option<&dyn Owner>, reason: Reason, queued: bool) {
        // SAFETY: the caller is the one canceller.
        let dropped = unsafe { (self.head().vtable.drop_closure)(self.0) };
        if let Some(owner) = owner {
            owner.ended_unrun(reason, queued);
        }
        self.tell(owner, dropped);
        let ended = match reason {
            Reason::Cancelled => Phase::Cancelled,
            Reason::ShutDown => Phase::ShutDown,
        };
        if self.head().word.end_cancel(ended) {
            self.notify_waiter(owner);
        }
    }

    /// Tells whoever waits. The job has ended and the waiter bit was set: the slot is ours (field note 1).
    fn notify_waiter(&self, owner: Option<&dyn Owner>) {
        // SAFETY: see above.
        let waiter = self.head().waiter.with_mut(|slot| unsafe { (*slot).take() });
        let told = waiter.map_or(Ok(()), |waiter| waiter.notify(self));
        self.tell(owner, told);
    }

    fn tell(&self, owner: Option<&dyn Owner>, result: Result<(), Payload>) {
        match (result, owner) {
            (Ok(()), _) => {}
            (Err(payload), Some(owner)) => owner.report(payload),
            (Err(payload), None) => self.owner().report(payload),
        }
    }

    /// Moves the outcome out of an ended cell.
    ///
    /// # Safety
    ///
    /// 1. The job has ended, and its result is a `T`.
    /// 2. The outcome is the caller's, and the caller marks it Taken before anybody else could look.
    unsafe fn read_outcome<T>(&self) -> Result<T, JobError> {
        let head = self.head();
        match head.word.phase() {
            Phase::Done => {
                let mut value = std::mem::MaybeUninit::<T>::uninit();
                // SAFETY: duties 1 and 2; Done: what is read is a `T`.
                unsafe { (head.vtable.read)(self.0, value.as_mut_ptr().cast()) };
                // SAFETY: `read` has written it.
                Ok(unsafe { value.assume_init() })
            }
            Phase::Panicked => {
                let mut payload = std::mem::MaybeUninit::<Payload>::uninit();
                // SAFETY: duty 2; Panicked: what is read is a payload.
                unsafe { (head.vtable.read)(self.0, payload.as_mut_ptr().cast()) };
                // SAFETY: `read` has written it.
                Err(JobError::Panicked(PanicPayload::new(unsafe { payload.assume_init() })))
            }
            Phase::Cancelled => Err(JobError::Cancelled),
            Phase::ShutDown => Err(JobError::ShutDown),
            other => unreachable!("no outcome in a job that is {other:?}"),
        }
    }
}

impl Clone for RawCell {
    fn clone(&self) -> Self {
        self.head().word.retain();
        Self(self.0)
    }
}

impl Drop for RawCell {
    fn drop(&mut self) {
        if self.head().word.release() {
            // SAFETY: that was the last reference.
            unsafe { (self.head().vtable.free)(self.0) }
        }
    }
}

/// Keeps a pool from being idle while somebody outside its workers ends a job.
struct Ending<'a>(&'a dyn Owner);

impl<'a> Ending<'a> {
    fn begin(owner: &'a dyn Owner) -> Self {
        owner.begin_ending();
        Self(owner)
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.end_ending();
    }
}

/// The one reference to a cell through which its outcome is taken.
pub struct CellRef<T> {
    raw: RawCell,
    /// Whether this handle has set the waiter bit.
    published: bool,
    _result: PhantomData<fn() -> T>,
}

impl<T> CellRef<T> {
    /// The cell.
    pub fn raw(&self) -> &RawCell {
        &self.raw
    }

    /// Takes the outcome of a job that has ended.
    pub fn take(self) -> Result<T, JobError> {
        // SAFETY: the result is a `T` by construction, and this is the one reference that takes it; it is marked below.
        let outcome = unsafe { self.raw.read_outcome() };
        let raw = ManuallyDrop::new(self.raw);
        if raw.head().word.take_and_release() {
            // SAFETY: that was the last reference.
            unsafe { (raw.head().vtable.free)(raw.0) }
        }
        outcome
    }

    /// Asks that `waiter` be told. It comes back if the job has ended: nobody will tell it then.
    pub fn set_waiter(&mut self, waiter: Waiter) -> Result<(), Waiter> {
        if !self.withdraw_waiter() {
            return Err(waiter);
        }
        let head = self.raw.head();
        // SAFETY: the bit is clear, so the slot is the handle's (field note 1).
        head.waiter.with_mut(|slot| unsafe { *slot = Some(waiter) });
        self.published = head.word.set_waiter();
        if self.published {
            return Ok(());
        }
        // SAFETY: as above.
        Err(head.waiter.with_mut(|slot| unsafe { (*slot).take() }).expect("put there just now"))
    }

    /// Takes back what [`set_waiter`](Self::set_waiter) published. False: the job has ended.
    pub fn withdraw_waiter(&mut self) -> bool {
        if self.published && !self.raw.head().word.clear_waiter() {
            return false;
        }
        self.published = false;
        true
    }

    /// Has `callback` called with the outcome, exactly once: by whoever ends the job, or here and now if it has ended.
    pub fn on_complete<C>(mut self, callback: C) -> RawCell
    where
        C: FnOnce(Result<T, JobError>) + Send + 'static,
        T: 'static,
    {
        let token = self.raw.clone();
        let call = move |cell: &RawCell| {
            // SAFETY: the result is a `T`; the callback is the handle's successor, and runs once, after the end.
            let outcome = unsafe { cell.read_outcome::<T>() };
            cell.head().word.take();
            callback(outcome);
        };
        if let Err(waiter) = self.set_waiter(Waiter::Callback(Box::new(call))) {
            let told = waiter.notify(&token);
            token.tell(None, told);
        }
        token
    }
}

impl<T> std::fmt::Debug for CellRef<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.raw.fmt(f)
    }
}

impl std::fmt::Debug for RawCell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("id", &self.id()).field("word", &self.head().word).finish()
    }
}
