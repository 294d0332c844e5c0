//! A bounded work-stealing deque (Chase & Lev 2005; Lê et al. 2013); the room's README has the argument.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::Arc;

use crossbeam_utils::CachePadded;

use super::Steal;
use crate::sync::{AtomicI64, AtomicPtr, Ordering, fence, full_fence};

/// Who pays for the store-then-load handshake between the owner and a thief.
pub trait Fences {
    /// Between the owner's store of `bottom` and its load of `top`.
    fn owner();
    /// Between a thief's load of `top` and its load of `bottom`.
    fn thief();
}

/// The thief pays: for deques that are seldom stolen from.
#[derive(Debug)]
pub struct Asymmetric;

/// Both pay: for deques that are stolen from often.
#[derive(Debug)]
pub struct Symmetric;

impl Fences for Asymmetric {
    #[inline(always)]
    fn owner() {
        fence::light();
    }

    fn thief() {
        fence::heavy();
    }
}

impl Fences for Symmetric {
    #[inline(always)]
    fn owner() {
        full_fence(Ordering::SeqCst);
    }

    #[inline(always)]
    fn thief() {
        full_fence(Ordering::SeqCst);
    }
}

#[derive(Debug)]
struct Shared<T, const CAPACITY: usize> {
    /// The oldest element. Anyone moves it, by compare-and-swap, upwards only.
    top: CachePadded<AtomicI64>,
    /// One past the newest element. Written by the owner, always with Release.
    bottom: CachePadded<AtomicI64>,
    /// Element `i` is at `i % CAPACITY`. Written by the owner, only while `i` is outside `top..bottom`.
    slots: [AtomicPtr<T>; CAPACITY],
}

impl<T, const CAPACITY: usize> Shared<T, CAPACITY> {
    const MASK: usize = {
        assert!(CAPACITY.is_power_of_two(), "a deque's capacity is a power of two");
        CAPACITY - 1
    };

    #[inline(always)]
    fn slot(&self, position: i64) -> &AtomicPtr<T> {
        &self.slots[position as usize & Self::MASK]
    }

    /// Moves the bottom. For the owner.
    #[inline(always)]
    fn publish(&self, bottom: i64) {
        // Ordering: Release pairs with the thief's load of `bottom`: whoever sees this value sees the slots below it.
        self.bottom.store(bottom, Ordering::Release);
    }

    fn len(&self) -> usize {
        let bottom = self.bottom.load(Ordering::Acquire);
        let top = self.top.load(Ordering::Acquire);
        (bottom - top).max(0) as usize
    }
}

/// The owner's end. It can move to another thread but not be shared.
#[derive(Debug)]
pub struct DequeOwner<T, F, const CAPACITY: usize> {
    shared: Arc<Shared<T, CAPACITY>>,
    /// The capacity more than a value that `top` once had: below this bottom there is room for sure.
    limit: Cell<i64>,
    _fences: PhantomData<fn() -> F>,
}

/// A thief's end.
#[derive(Debug)]
pub struct Stealer<T, F, const CAPACITY: usize> {
    shared: Arc<Shared<T, CAPACITY>>,
    _fences: PhantomData<fn() -> F>,
}

/// Makes a deque for `CAPACITY` elements, a power of two.
pub fn deque<T, F, const CAPACITY: usize>() -> (DequeOwner<T, F, CAPACITY>, Stealer<T, F, CAPACITY>) {
    from_top(0)
}

/// Makes a deque that is full for ever and has no element: whoever pushes gets the element back.
pub fn no_deque<T, F, const CAPACITY: usize>() -> DequeOwner<T, F, CAPACITY> {
    from_top(-(CAPACITY as i64)).0
}

fn from_top<T, F, const CAPACITY: usize>(top: i64) -> (DequeOwner<T, F, CAPACITY>, Stealer<T, F, CAPACITY>) {
    let shared = Arc::new(Shared {
        top: CachePadded::new(AtomicI64::new(top)),
        bottom: CachePadded::new(AtomicI64::new(0)),
        slots: std::array::from_fn(|_| AtomicPtr::new(std::ptr::null_mut())),
    });
    let stealer = Stealer { shared: shared.clone(), _fences: PhantomData };
    (DequeOwner { shared, limit: Cell::new(top + CAPACITY as i64), _fences: PhantomData }, stealer)
}

impl<T, F: Fences, const CAPACITY: usize> DequeOwner<T, F, CAPACITY> {
    /// One past the newest element. The owner is its only writer.
    #[inline(always)]
    pub fn bottom(&self) -> i64 {
        self.shared.bottom.load(Ordering::Relaxed)
    }

    /// Adds the newest element and returns its position, or hands it back if the deque is full.
    #[inline(always)]
    pub fn push(&self, element: NonNull<T>) -> Result<i64, NonNull<T>> {
        let shared = &*self.shared;
        let bottom = self.bottom();
        if bottom >= self.limit.get() && self.is_full() {
            return Err(element);
        }
        shared.slot(bottom).store(element.as_ptr(), Ordering::Relaxed);
        shared.publish(bottom + 1);
        Ok(bottom)
    }

    /// Whether a push would be handed back.
    #[inline]
    pub fn is_full_for_sure(&self) -> bool {
        self.bottom() >= self.limit.get() && self.is_full()
    }

    #[cold]
    fn is_full(&self) -> bool {
        // Ordering: Acquire pairs with the compare-and-swap of a steal: the thief has read the slot that we are about to reuse.
        self.has_seen_top(self.shared.top.load(Ordering::Acquire));
        self.bottom() >= self.limit.get()
    }

    #[inline]
    fn has_seen_top(&self, top: i64) {
        self.limit.set(top + CAPACITY as i64);
    }

    /// Whether the element at a position is gone, as far as the owner has seen.
    #[inline]
    fn is_known_gone(&self, position: i64) -> bool {
        position + (CAPACITY as i64) < self.limit.get()
    }

    /// Whether there seems to be an element: thieves may be about to take the last one.
    #[inline(always)]
    pub fn seems_to_have(&self) -> bool {
        self.shared.top.load(Ordering::Relaxed) < self.bottom()
    }

    /// The newest element, if no thief has it yet. Only a [`pop`](Self::pop) decides that.
    #[inline]
    pub fn newest(&self) -> Option<NonNull<T>> {
        let newest = self.bottom() - 1;
        if self.is_known_gone(newest) {
            return None;
        }
        NonNull::new(self.shared.slot(newest).load(Ordering::Relaxed))
    }

    /// Takes the newest element.
    #[inline]
    pub fn pop(&self) -> Option<NonNull<T>> {
        let newest = self.bottom() - 1;
        if self.is_known_gone(newest) {
            // `top` never falls: what was empty when last looked at has had no push since.
            return None;
        }
        self.retract(newest).then(|| NonNull::new(self.shared.slot(newest).load(Ordering::Relaxed)))?
    }

    /// Takes the element at a position: of those that were pushed and not taken back, the newest. False: a thief has it.
    #[inline]
    pub fn retract(&self, newest: i64) -> bool {
        self.retract_or(newest, |won| won)
    }

    /// As [`retract`](Self::retract), and asks `last` what to answer if the deque is empty then: it is told whether the element was still there. Positions up to the bottom
    /// are not used again in that case.
    #[inline(always)]
    pub fn retract_or(&self, newest: i64, last: impl FnOnce(bool) -> bool) -> bool {
        let shared = &*self.shared;
        shared.publish(newest);
        F::owner();
        // Ordering: Acquire, as in `is_full`: an empty result allows the slots to be reused.
        let top = shared.top.load(Ordering::Acquire);
        top < newest || last(self.retract_last(newest, top))
    }

    /// Decides with the thieves who gets the last element, or finds that they have taken more than that. The deque is empty then.
    #[inline(never)]
    fn retract_last(&self, newest: i64, top: i64) -> bool {
        // Ordering: AcqRel: Release as for every move of `top`; Acquire because a lost race lets the slot be reused.
        let won = top == newest
            && self.shared.top.compare_exchange(newest, newest + 1, Ordering::AcqRel, Ordering::Acquire).is_ok();
        let top = top.max(newest + 1);
        self.has_seen_top(top);
        self.shared.publish(top);
        won
    }
}

impl<T, F: Fences, const CAPACITY: usize> Stealer<T, F, CAPACITY> {
    /// Tries to take the oldest element.
    #[inline]
    pub fn steal(&self) -> Steal<NonNull<T>> {
        self.steal_if(|_| true, || true)
    }

    /// Tries to take the oldest element, if both questions are answered with yes: the first is asked whether its position will do, before the
    /// fence; the second whether that answer still holds, after the bottom has been read.
    pub fn steal_if(&self, will_do: impl FnOnce(i64) -> bool, still: impl FnOnce() -> bool) -> Steal<NonNull<T>> {
        // Ordering: Acquire keeps the loads below after this one, and pairs with the move of `top` that freed the slot before.
        let top = self.shared.top.load(Ordering::Acquire);
        if !will_do(top) {
            return Steal::Empty;
        }
        F::thief();
        // Ordering: Acquire pairs with `publish`: the slots below `bottom` are written.
        let bottom = self.shared.bottom.load(Ordering::Acquire);
        if top >= bottom || !still() {
            return Steal::Empty;
        }
        let element = self.shared.slot(top).load(Ordering::Relaxed);
        // Ordering: Release: our read of the slot comes before the owner may write it again. Acquire: a chain of thieves passes the
        // owner's writes on.
        match self.shared.top.compare_exchange(top, top + 1, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => NonNull::new(element).map_or(Steal::Retry, Steal::Success),
            Err(_) => Steal::Retry,
        }
    }

    /// Whether the deque seems empty: a hint that costs no fence, for choosing victims.
    #[inline]
    pub fn looks_empty(&self) -> bool {
        self.shared.top.load(Ordering::Relaxed) >= self.shared.bottom.load(Ordering::Relaxed)
    }

    /// The number of elements. Exact when nobody moves; the caller's fences decide how fresh it is.
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether there is no element, by the same promise as [`len`](Self::len).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
