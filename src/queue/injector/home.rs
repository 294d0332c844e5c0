//! Where an injector's blocks are when they are not in use.
//!
//! Blocks that a burst has left are kept for a while: fresh pages are dearer than the jobs in them. They go back to the system when they were not
//! needed for a [`PERIOD`]: a few at a time as blocks come home, and all but one by a worker that has nothing else to do.

use std::ptr::NonNull;

use super::block::Block;
use crate::sync::time::Deadline;
use crate::sync::{AtomicBool, Ordering, UnsafeCell, pages};
use crate::util::limits::SPARE_BLOCKS_PERIOD as PERIOD;

/// So many surplus blocks go with each one that comes home, as long as there are any: the worker that brings it pays for them.
const FREED_AT_ONCE: usize = 2;

/// The blocks that are not in use.
///
/// They are guarded by a lock that nobody waits for: who finds it held gets a block from the system, or gives it back there.
#[derive(Debug)]
pub struct Home {
    held: AtomicBool,
    spares: UnsafeCell<Spares>,
}

// SAFETY: `spares` is guarded by `held`, and a block that is not in use belongs to whoever has it.
unsafe impl Send for Home {}
// SAFETY: as above.
unsafe impl Sync for Home {}

#[derive(Debug)]
struct Spares {
    /// Linked by `next`.
    first: Option<NonNull<Block>>,
    count: usize,
    /// The least count in this period: so many were not needed.
    least: usize,
    /// Of the last period, and not freed yet.
    surplus: usize,
    period_ends: Deadline,
}

impl Home {
    pub fn new() -> Self {
        let spares = Spares { first: None, count: 0, least: 0, surplus: 0, period_ends: Deadline::after_if(PERIOD) };
        Self { held: AtomicBool::new(false), spares: UnsafeCell::new(spares) }
    }

    /// Does `f`, unless somebody else is at it.
    fn try_with<R>(&self, f: impl FnOnce(&mut Spares) -> R) -> Option<R> {
        // Ordering: Acquire pairs with the Release below.
        if self.held.swap(true, Ordering::Acquire) {
            return None;
        }
        // SAFETY: only the holder gets here.
        let result = self.spares.with_mut(|spares| f(unsafe { &mut *spares }));
        // Ordering: Release publishes the spares, and what they are like.
        self.held.store(false, Ordering::Release);
        Some(result)
    }

    /// An empty block: a spare one, or a new one.
    pub fn take(&self) -> NonNull<Block> {
        self.try_with(Spares::take).flatten().unwrap_or_else(|| Block::make(self))
    }

    /// Takes back an empty block.
    pub fn keep(&self, block: NonNull<Block>) {
        let mut surplus = self.try_with(|spares| spares.keep(block)).unwrap_or(Some(block));
        while let Some(block) = surplus {
            // SAFETY: whoever has a block that is not in use owns it.
            surplus = unsafe { block.as_ref() }.take_next();
            // SAFETY: as above; from `Block::make`.
            unsafe { pages::free(block) };
        }
    }

    /// Whether there are more blocks than the one that is always kept.
    pub fn has_surplus(&self) -> bool {
        self.try_with(|spares| spares.count > 1).unwrap_or(false)
    }

    /// Frees a surplus block. False: there is none.
    pub fn free_surplus(&self) -> bool {
        let surplus = self.try_with(Spares::take_surplus).flatten();
        // SAFETY: as in `keep`.
        surplus.map(|block| unsafe { pages::free(block) }).is_some()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        while let Some(Some(block)) = self.try_with(Spares::take) {
            // SAFETY: as in `keep`.
            unsafe { pages::free(block) };
        }
    }
}

impl Spares {
    fn take(&mut self) -> Option<NonNull<Block>> {
        let block = self.first?;
        // SAFETY: a block that is not in use belongs to whoever has it.
        self.first = unsafe { block.as_ref() }.take_next();
        self.count -= 1;
        self.least = self.least.min(self.count);
        self.surplus = self.surplus.min(self.count);
        Some(block)
    }

    /// Keeps a block, and returns some to free, linked, if there is a surplus.
    fn keep(&mut self, block: NonNull<Block>) -> Option<NonNull<Block>> {
        self.put(block);
        if self.period_ends.has_passed() {
            (self.surplus, self.least) = (self.least, self.count);
            self.period_ends = Deadline::after_if(PERIOD);
        }
        let mut freed = None;
        for _ in 0..self.surplus.min(FREED_AT_ONCE) {
            let Some(block) = self.take_surplus() else { break };
            self.surplus = self.surplus.saturating_sub(1);
            // SAFETY: as in `take`.
            unsafe { block.as_ref() }.set_next(freed);
            freed = Some(block);
        }
        freed
    }

    /// Any but the last.
    fn take_surplus(&mut self) -> Option<NonNull<Block>> {
        if self.count > 1 { self.take() } else { None }
    }

    fn put(&mut self, block: NonNull<Block>) {
        // SAFETY: as in `take`.
        unsafe { block.as_ref() }.set_next(self.first);
        self.first = Some(block);
        self.count += 1;
    }
}
