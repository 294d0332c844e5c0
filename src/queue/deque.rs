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
struct Shared<T> {
    /// The oldest element. Anyone moves it, by compare-and-swap, upwards only.
    top: CachePadded<AtomicI64>,
    /// One past the newest element. Written by the owner, always with Release.
    bottom: CachePadded<AtomicI64>,
    /// Element `i` is at `i % len`. Written by the owner, only while `i` is outside `top..bottom`.
    slots: Box<[AtomicPtr<T>]>,
}

impl<T> Shared<T> {
    #[inline(always)]
    fn slot(&self, position: i64) -> &AtomicPtr<T> {
        // The length is a power of two: the mask makes the index valid, and the compiler sees it.
        &self.slots[position as usize & (self.slots.len() - 1)]
    }

    fn len(&self) -> usize {
        let bottom = self.bottom.load(Ordering::Acquire);
        let top = self.top.load(Ordering::Acquire);
        (bottom - top).max(0) as usize
    }
}

/// The owner's end. It can move to another thread but not be shared.
#[derive(Debug)]
pub struct DequeOwner<T, F> {
    shared: Arc<Shared<T>>,
    /// What `bottom` holds; the owner is its only writer.
    bottom: Cell<i64>,
    /// A value that `top` once had: a lower bound.
    top: Cell<i64>,
    _fences: PhantomData<fn() -> F>,
}

/// A thief's end.
#[derive(Debug)]
pub struct Stealer<T, F> {
    shared: Arc<Shared<T>>,
    _fences: PhantomData<fn() -> F>,
}

/// Makes a deque for `capacity` elements, a power of two.
pub fn deque<T, F>(capacity: usize) -> (DequeOwner<T, F>, Stealer<T, F>) {
    assert!(capacity.is_power_of_two(), "a deque's capacity is a power of two");
    let shared = Arc::new(Shared {
        top: CachePadded::new(AtomicI64::new(0)),
        bottom: CachePadded::new(AtomicI64::new(0)),
        slots: (0..capacity).map(|_| AtomicPtr::new(std::ptr::null_mut())).collect(),
    });
    let stealer = Stealer { shared: shared.clone(), _fences: PhantomData };
    (DequeOwner { shared, bottom: Cell::new(0), top: Cell::new(0), _fences: PhantomData }, stealer)
}

impl<T, F: Fences> DequeOwner<T, F> {
    /// Adds the newest element, or hands it back if the deque is full.
    #[inline]
    pub fn push(&self, element: NonNull<T>) -> Result<(), NonNull<T>> {
        let bottom = self.bottom.get();
        if bottom - self.top.get() >= self.shared.slots.len() as i64 && self.is_full() {
            return Err(element);
        }
        self.shared.slot(bottom).store(element.as_ptr(), Ordering::Relaxed);
        self.publish(bottom + 1);
        Ok(())
    }

    #[cold]
    fn is_full(&self) -> bool {
        // Ordering: Acquire pairs with the compare-and-swap of a steal: the thief has read the slot that we are about to reuse.
        self.top.set(self.shared.top.load(Ordering::Acquire));
        self.bottom.get() - self.top.get() >= self.shared.slots.len() as i64
    }

    /// The newest element, if no thief has it yet. Only a [`pop`](Self::pop) decides that.
    #[inline]
    pub fn newest(&self) -> Option<NonNull<T>> {
        let newest = self.bottom.get() - 1;
        if newest < self.top.get() {
            return None;
        }
        NonNull::new(self.shared.slot(newest).load(Ordering::Relaxed))
    }

    /// Takes the newest element.
    #[inline]
    pub fn pop(&self) -> Option<NonNull<T>> {
        let newest = self.bottom.get() - 1;
        if newest < self.top.get() {
            // `top` never falls: what was empty when last looked at has had no push since.
            return None;
        }
        self.publish(newest);
        F::owner();
        // Ordering: Acquire, as in `is_full`: an empty result allows the slots to be reused.
        let top = self.shared.top.load(Ordering::Acquire);
        self.top.set(top);
        if top < newest {
            return NonNull::new(self.shared.slot(newest).load(Ordering::Relaxed));
        }
        let won = top == newest && self.take_last(newest);
        // Whoever won, `top` is past the element now; the deque is empty.
        self.top.set(newest + 1);
        self.publish(newest + 1);
        won.then(|| NonNull::new(self.shared.slot(newest).load(Ordering::Relaxed)))?
    }

    /// Decides with the thieves who gets the last element.
    fn take_last(&self, position: i64) -> bool {
        // Ordering: AcqRel: Release as for every move of `top`; Acquire because a lost race lets the slot be reused.
        self.shared.top.compare_exchange(position, position + 1, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    #[inline(always)]
    fn publish(&self, bottom: i64) {
        self.bottom.set(bottom);
        // Ordering: Release pairs with the thief's load of `bottom`: whoever sees this value sees the slots below it.
        self.shared.bottom.store(bottom, Ordering::Release);
    }
}

impl<T, F: Fences> Stealer<T, F> {
    /// Tries to take the oldest element.
    pub fn steal(&self) -> Steal<NonNull<T>> {
        // Ordering: Acquire keeps the loads below after this one, and pairs with the move of `top` that freed the slot before.
        let top = self.shared.top.load(Ordering::Acquire);
        F::thief();
        // Ordering: Acquire pairs with `publish`: the slots below `bottom` are written.
        let bottom = self.shared.bottom.load(Ordering::Acquire);
        if top >= bottom {
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
