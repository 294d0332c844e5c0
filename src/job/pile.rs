//! Ended jobs on their way to one who takes them: a lock-free stack through the cells themselves.
//!
//! Who takes, takes all, so there is no ABA problem (Treiber 1986 has it because he pops one). The word at the top also says whether a taker is asleep: the one who
//! pushes next, and nobody else, learns of it by the same read-modify-write.

use std::ptr::{self, NonNull};

use super::cell::Head;
use super::{CellAddress, RawCell, Waiter};
use crate::sync::{AtomicPtr, Ordering, before_free};

/// In place of a cell's address, for an empty pile: somebody sleeps or is about to.
const ASLEEP: *mut Head = ptr::without_provenance_mut(1);
/// In place of a cell's address: nothing may be pushed any more.
const CLOSED: *mut Head = ptr::without_provenance_mut(2);

/// A pile of ended jobs. Anyone may push; one thread at a time takes.
#[derive(Debug)]
pub struct Pile(AtomicPtr<Head>);

/// What a push met.
#[must_use]
#[derive(Debug)]
pub enum Pushed {
    /// Nobody sleeps.
    Quietly,
    /// Somebody sleeps, and it is the caller's to wake all who do.
    OnSleepers,
    /// The pile is closed.
    Refused(RawCell),
}

/// What came of an announcement.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announced {
    /// The next one who pushes or [rings](Pile::ring) will see it.
    First,
    /// The same, and somebody had announced it already.
    Before,
    /// There is something in the pile.
    NotEmpty,
}

/// The cells of a pile, oldest first.
#[derive(Debug, Default)]
pub struct Cells(Option<CellAddress>);

// SAFETY: it owns a reference to each cell, and those may cross threads.
unsafe impl Send for Cells {}

/// The cell at the top, if the word is one's address.
fn cell_at(top: *mut Head) -> Option<CellAddress> {
    if top == ASLEEP || top == CLOSED {
        return None;
    }
    // The address may have been seen before another cell came to lie there, so it is the address alone that counts.
    NonNull::new(ptr::with_exposed_provenance_mut(top.addr())).map(CellAddress::new)
}

impl Pile {
    /// Makes an empty pile.
    pub fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Adds a job that has ended. After this, unless it met sleepers, the caller does not look at the pile any more.
    #[inline]
    pub fn push(&self, cell: RawCell) -> Pushed {
        // Ordering: Acquire, here and below: who finds the pile closed sees what came before that.
        let mut top = self.0.load(Ordering::Acquire);
        loop {
            if top == CLOSED {
                return Pushed::Refused(cell);
            }
            set_next(&cell, cell_at(top));
            let head = cell.address().as_ptr();
            head.expose_provenance();
            // Ordering: Release: who takes the cell sees what is in it, and what the caller did before.
            match self.0.compare_exchange_weak(top, head, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => break,
                Err(newer) => top = newer,
            }
        }
        let _ = cell.into_head();
        if top == ASLEEP { Pushed::OnSleepers } else { Pushed::Quietly }
    }

    /// Whether there is something to take.
    pub fn has_some(&self) -> bool {
        cell_at(self.0.load(Ordering::Acquire)).is_some()
    }

    /// Takes all. The caller is the only one who does so now.
    #[inline]
    pub fn take_all(&self) -> Cells {
        if !self.has_some() {
            return Cells::default();
        }
        // It still has some: only takers take. So no announcement is lost here.
        Cells::reversed(self.0.swap(ptr::null_mut(), Ordering::AcqRel))
    }

    /// Announces a sleeper, if there is nothing to take.
    pub fn announce(&self) -> Announced {
        // Ordering: AcqRel: what came before a push that we are after is visible to the look that follows; and our being about to sleep to the push that is after us.
        match self.0.compare_exchange(ptr::null_mut(), ASLEEP, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Announced::First,
            Err(ASLEEP) => Announced::Before,
            Err(_) => Announced::NotEmpty,
        }
    }

    /// Takes an announcement away. True: it is the caller's to wake all who sleep.
    pub fn ring(&self) -> bool {
        self.0.load(Ordering::Acquire) == ASLEEP
            && self.0.compare_exchange(ASLEEP, ptr::null_mut(), Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Closes the pile: what is in it, and whether there was an announcement that nobody has taken away.
    pub fn close(&self) -> (Cells, bool) {
        // Ordering: Release: who is refused sees what the caller did before.
        let top = self.0.swap(CLOSED, Ordering::AcqRel);
        (Cells::reversed(top), top == ASLEEP)
    }
}

impl Cells {
    fn reversed(top: *mut Head) -> Self {
        let (mut rest, mut oldest) = (cell_at(top), None);
        while let Some(address) = rest {
            // SAFETY: the cells were in the pile, so their references are ours now.
            unsafe { address.with(|cell| rest = next(cell)) };
            // SAFETY: as above.
            unsafe { address.with(|cell| set_next(cell, oldest)) };
            oldest = Some(address);
        }
        Self(oldest)
    }

    /// Whether there is none left.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl Iterator for Cells {
    type Item = RawCell;

    #[inline]
    fn next(&mut self) -> Option<RawCell> {
        // SAFETY: its reference is ours, and handed on.
        let cell = unsafe { self.0?.into_cell() };
        self.0 = next(&cell);
        Some(cell)
    }
}

impl Drop for Cells {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

impl Drop for Pile {
    fn drop(&mut self) {
        drop(self.close().0);
        before_free(&mut self.0);
    }
}

fn next(cell: &RawCell) -> Option<CellAddress> {
    // SAFETY: the job has ended and its waiter was told: the slot is the pile's.
    match cell.head().waiter.with_mut(|slot| unsafe { (*slot).take() }) {
        Some(Waiter::Next(next)) => next,
        other => unreachable!("{other:?} in a pile"),
    }
}

fn set_next(cell: &RawCell, next: Option<CellAddress>) {
    // SAFETY: as in `next`. What is overwritten has nothing to drop.
    cell.head().waiter.with_mut(|slot| unsafe { slot.write(Some(Waiter::Next(next))) });
}
