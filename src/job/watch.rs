//! Jobs whose ends go to one who keeps their cells: a set.

use std::ptr::NonNull;

use super::RawCell;
use super::cell::Head;

/// Told of the ends of many jobs. Of each it gets the cell, outcome and all.
#[derive(Clone, Copy)]
pub struct Watch {
    who: NonNull<()>,
    told: unsafe fn(NonNull<()>, RawCell),
}

// SAFETY: it may be told from any thread (duty 2 of `new`).
unsafe impl Send for Watch {}

impl Watch {
    /// Makes a watch, which calls `told` with `who`.
    ///
    /// # Safety
    ///
    /// 1. `told` may be called with `who` once for each job that the watch is given to, until it has been.
    /// 2. On any thread.
    pub unsafe fn new(who: NonNull<()>, told: unsafe fn(NonNull<()>, RawCell)) -> Self {
        Self { who, told }
    }

    /// Hands it the cell of a job that has ended: the watch's own reference.
    pub(super) fn tell(self, cell: &RawCell) {
        // SAFETY: a watched job has a reference that stands for this one, and it is handed over once, since the waiter was taken from its slot.
        let cell = unsafe { cell.address().into_cell() };
        // SAFETY: duties 1 and 2 of `new`.
        unsafe { (self.told)(self.who, cell) }
    }
}

/// The address of a cell, which says nothing about whether that still lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellAddress(NonNull<Head>);

// SAFETY: it is only an address; `with` and `retain` have duties.
unsafe impl Send for CellAddress {}

impl CellAddress {
    pub(super) fn new(head: NonNull<Head>) -> Self {
        Self(head)
    }

    pub(super) fn as_ptr(self) -> *mut Head {
        self.0.as_ptr()
    }

    /// The reference that somebody has kept as an address.
    ///
    /// # Safety
    ///
    /// Each such reference is taken once.
    pub(super) unsafe fn into_cell(self) -> RawCell {
        // SAFETY: the caller's duty.
        unsafe { RawCell::from_head(self.0) }
    }

    /// A reference to the cell.
    ///
    /// # Safety
    ///
    /// Somebody holds a reference to the cell while this is called.
    pub unsafe fn retain(self) -> RawCell {
        // SAFETY: passed on.
        unsafe { self.with(Clone::clone) }
    }

    /// Calls `f` with the cell.
    ///
    /// # Safety
    ///
    /// Somebody holds a reference to the cell while this is called.
    pub unsafe fn with<R>(self, f: impl FnOnce(&RawCell) -> R) -> R {
        // SAFETY: the reference is borrowed: it is not given up.
        let cell = std::mem::ManuallyDrop::new(unsafe { RawCell::from_head(self.0) });
        f(&cell)
    }
}
