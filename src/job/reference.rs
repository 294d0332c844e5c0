//! References to a cell: what handles, tokens and queues hold.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use super::cell::Head;
use super::{
    CancelStart, CellAddress, JobError, JobId, JobRef, Node, Owner, OwnerId, PanicPayload, Phase, Reason, Timekeeper,
    Waiter, ending, frame,
};
use crate::util::contain::{Payload, contain_drop};

/// One reference to a cell whose types are not known here.
pub struct RawCell(NonNull<Head>);

// SAFETY: the word and the waiter slot are synchronised by the word's transitions. The body is moved to or dropped on whichever
// thread ends up with it; `Cell::queued` is only called with closures and results that may cross threads (`Pool::submit`'s bounds).
unsafe impl Send for RawCell {}
// SAFETY: as above; shared references reach only the word, the numbers, and what the word hands out to one thread.
unsafe impl Sync for RawCell {}

impl RawCell {
    /// Takes over a reference.
    ///
    /// # Safety
    ///
    /// `head` is the head of a live cell, and the caller gives this reference up, or forgets the `RawCell`.
    pub(super) unsafe fn from_head(head: NonNull<Head>) -> Self {
        Self(head)
    }

    /// Gives up the `RawCell` but not the reference.
    pub(super) fn into_head(self) -> NonNull<Head> {
        ManuallyDrop::new(self).0
    }

    pub(super) fn head(&self) -> &Head {
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

    /// Whether it lies there.
    pub fn is_at(&self, address: CellAddress) -> bool {
        CellAddress::new(self.0) == address
    }

    /// Its address.
    pub fn address(&self) -> CellAddress {
        CellAddress::new(self.0)
    }

    /// The word by which the job is queued.
    pub fn as_job(&self) -> JobRef {
        self.0.cast()
    }

    /// Whether the job is queued: nobody has started or ended it, and it is not delayed.
    pub fn is_queued(&self) -> bool {
        self.head().word.phase() == Phase::Queued
    }

    /// When a job that is not queued yet is due.
    pub fn due(&self) -> Option<u64> {
        let node = self.node()?;
        (self.head().word.phase() == Phase::Delayed).then(|| node.deadline())
    }

    /// Notes the place of the job in the timers' wheel.
    pub(super) fn settle(&self, place: usize) {
        self.node().inspect(|node| node.settle(place));
    }

    fn node(&self) -> Option<&Node> {
        // SAFETY: this reference keeps the cell alive.
        let node = unsafe { (self.head().vtable.node?)(self.0) };
        // SAFETY: part of the cell.
        Some(unsafe { &*node.as_ptr() })
    }

    /// Whether somebody may claim the job: it is queued, or due.
    pub fn may_run(&self, timekeeper: Option<&dyn Timekeeper>) -> bool {
        match self.head().word.phase() {
            Phase::Queued => true,
            Phase::Delayed => self.is_due(timekeeper),
            _ => false,
        }
    }

    fn is_due(&self, timekeeper: Option<&dyn Timekeeper>) -> bool {
        let due = self.node().zip(timekeeper);
        due.is_some_and(|(node, timekeeper)| node.deadline() <= timekeeper.now())
    }

    /// As [`claim`](Self::claim), also of a job that is due and that the timers have not queued yet. Says which it was.
    pub fn claim_awaited(&self, owner: &dyn Owner) -> Option<Awaited> {
        if self.claim() {
            return Some(Awaited::Queued);
        }
        if self.is_due(owner.timekeeper()) && self.claim_due(owner.timekeeper()?) {
            return Some(Awaited::Due);
        }
        // The timers may have been faster.
        self.claim().then_some(Awaited::Queued)
    }

    fn claim_due(&self, timekeeper: &dyn Timekeeper) -> bool {
        // First: a job that is neither delayed nor over is due at any time.
        timekeeper.count_due();
        let claimed = self.head().word.claim_delayed();
        if claimed {
            timekeeper.disarmed(None, self.node());
        } else {
            timekeeper.uncount_due();
        }
        claimed
    }

    /// Whether the outcome is there.
    pub fn has_ended(&self) -> bool {
        self.head().word.phase().has_ended()
    }

    /// Whether the outcome is there, or about to be without the closure being run.
    pub fn is_over(&self) -> bool {
        let phase = self.head().word.phase();
        phase.has_ended() || phase == Phase::Cancelling
    }

    /// Whether the closure was run to its end. Asked of a job that has ended.
    pub fn has_run(&self) -> bool {
        matches!(self.head().word.phase(), Phase::Done | Phase::Panicked)
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
        if !word.phase().is_waiting() {
            let _ = word.begin_cancel();
            return false;
        }
        let Some(owner) = self.owner().find() else { return self.cancel_for(None) };
        if let Some(timekeeper) = owner.timekeeper().filter(|_| self.head().vtable.is_quiet && word.cancel_quietly()) {
            // Nobody's code runs: the pool need not be kept from being idle.
            timekeeper.disarmed(Some(Reason::Cancelled), self.node());
            owner.tidy();
            return true;
        }
        // The pool counts us in before the job is out of its reach, so it is never idle in between.
        ending::during(self.owner(), &*owner, None, || {
            let begun = self.cancel_for(Some(&*owner));
            if begun {
                owner.tidy();
            }
            begun
        })
    }

    fn cancel_for(&self, owner: Option<&dyn Owner>) -> bool {
        let CancelStart::Begun(phase) = self.head().word.begin_cancel() else { return false };
        self.finish_end(owner, Reason::Cancelled, phase, true);
        true
    }

    /// Ends the job unrun if nobody has started it: for one who could end it by taking it from its queue, or has it in hand. True: it has.
    pub fn end_here(&self, owner: &dyn Owner, reason: Reason) -> bool {
        let begun = self.head().word.begin_end();
        if let Some(phase) = begun {
            self.finish_end(Some(owner), reason, phase, true);
        }
        begun.is_some()
    }

    /// Ends a job that this thread has moved from `phase` to Cancelling: drops the closure, tells the owner, tells the waiter. `queued`: its tombstone is still
    /// in the queue, or with the timers.
    pub(super) fn finish_end(&self, owner: Option<&dyn Owner>, reason: Reason, phase: Phase, queued: bool) {
        let timekeeper = owner.filter(|_| self.head().vtable.node.is_some()).and_then(Owner::timekeeper);
        // First, so that a destructor which submits finds the room that this job leaves.
        match (owner, timekeeper) {
            (_, Some(timekeeper)) if phase == Phase::Delayed => {
                timekeeper.disarmed(Some(reason), self.node().filter(|_| queued))
            }
            (Some(owner), _) => owner.ended_unrun(reason, queued),
            (None, _) => {}
        }
        // SAFETY: the caller is the one canceller.
        let dropped = unsafe { (self.head().vtable.drop_closure)(self.0) };
        self.tell(owner, dropped);
        let ended = match reason {
            Reason::Cancelled => Phase::Cancelled,
            Reason::ShutDown => Phase::ShutDown,
        };
        if self.head().word.end_cancel(ended) {
            self.notify_waiter(owner);
        }
        if let Some(timekeeper) = timekeeper.filter(|_| phase == Phase::Queued) {
            timekeeper.due_over();
        }
    }

    /// Tells whoever waits. The job has ended and the waiter bit was set: the slot is ours (field note 1).
    pub(super) fn notify_waiter(&self, owner: Option<&dyn Owner>) {
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

impl RawCell {
    /// Takes the outcome of a job that has ended, for one who was told of that.
    ///
    /// # Safety
    ///
    /// The result is a `T`, and the caller is the handle's one successor.
    pub unsafe fn take_outcome<T>(&self) -> Result<T, JobError> {
        // SAFETY: the caller's duty; marked at once.
        let outcome = unsafe { self.read_outcome::<T>() };
        self.head().word.take();
        outcome
    }

    /// Takes the outcome of a job that has ended, and gives up this reference: for a [watch](super::Watch).
    ///
    /// # Safety
    ///
    /// The result is a `T`, and the caller is the handle's one successor.
    pub unsafe fn into_outcome<T>(self) -> Result<T, JobError> {
        // SAFETY: the caller's duty; marked below.
        let outcome = unsafe { self.read_outcome::<T>() };
        let this = ManuallyDrop::new(self);
        if this.head().word.take_and_release() {
            // SAFETY: that was the last reference.
            unsafe { (this.head().vtable.free)(this.0) }
        }
        outcome
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

/// A job that its waiter has claimed: its tombstone is in the queue, or with the timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// It was queued.
    Queued,
    /// It was about to be.
    Due,
}

/// The one reference to a cell through which its outcome is taken.
pub struct CellRef<T> {
    raw: RawCell,
    /// Whether this handle has set the waiter bit.
    published: bool,
    _result: PhantomData<fn() -> T>,
}

impl<T> CellRef<T> {
    /// The handle's end of a new cell whose result is a `T`.
    pub(super) fn new(raw: RawCell) -> Self {
        Self { raw, published: false, _result: PhantomData }
    }

    /// The cell.
    pub fn raw(&self) -> &RawCell {
        &self.raw
    }

    /// Takes the outcome of a job that has ended.
    pub fn take(self) -> Result<T, JobError> {
        let this = ManuallyDrop::new(self);
        // SAFETY: `this` is neither dropped nor used again.
        let raw = unsafe { std::ptr::read(&this.raw) };
        // SAFETY: the result is a `T` by construction, and this is the one reference that takes it.
        unsafe { raw.into_outcome() }
    }

    /// Asks that `waiter` be told. It comes back if the job has ended: nobody will tell it then.
    pub fn set_waiter(&mut self, waiter: Waiter) -> Result<(), Waiter> {
        if !self.withdraw_waiter() {
            return Err(waiter);
        }
        let head = self.raw.head();
        // SAFETY: the bit is clear, so the slot is the handle's (field note 1), and empty.
        head.waiter.with_mut(|slot| unsafe { *slot = Some(waiter) });
        self.published = head.word.set_waiter();
        if self.published { Ok(()) } else { Err(self.take_waiter().expect("put there just now")) }
    }

    /// Takes back what [`set_waiter`](Self::set_waiter) published. False: the job has ended.
    pub fn withdraw_waiter(&mut self) -> bool {
        if self.published {
            if !self.raw.head().word.clear_waiter() {
                return false;
            }
            self.published = false;
            let withdrawn = contain_drop(self.take_waiter());
            self.raw.tell(None, withdrawn);
        }
        true
    }

    fn take_waiter(&mut self) -> Option<Waiter> {
        // SAFETY: the caller has seen that the bit is clear, so the slot is the handle's (field note 1).
        self.raw.head().waiter.with_mut(|slot| unsafe { (*slot).take() })
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
            callback(unsafe { cell.take_outcome::<T>() });
        };
        match self.set_waiter(Waiter::Callback(Box::new(call))) {
            // The callback is there to stay.
            Ok(()) => self.published = false,
            Err(waiter) => token.tell(None, waiter.notify(&token)),
        }
        token
    }
}

impl<T> Drop for CellRef<T> {
    fn drop(&mut self) {
        // If the job has ended, whoever ended it has the waiter.
        self.withdraw_waiter();
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
