//! Where an injector's blocks are when they are not in use.

use std::ptr::NonNull;

use super::block::Block;
use crate::sync::{Mutex, MutexGuard, pages};
use crate::util::limits::SPARE_BLOCKS;

/// The blocks that are not in use: fresh pages are dearer than the jobs in them, and more than [`SPARE_BLOCKS`] would be memory that a burst leaves behind.
///
/// Nobody waits for the lock: who finds it held gets a block from the system, or gives it back there.
#[derive(Debug)]
pub struct Home(Mutex<Spares>);

#[derive(Debug)]
struct Spares {
    /// Linked by `next`.
    first: Option<NonNull<Block>>,
    count: usize,
}

// SAFETY: a block that is not in use belongs to whoever has it.
unsafe impl Send for Spares {}

impl Home {
    pub fn new() -> Self {
        Self(Mutex::new(Spares { first: None, count: 0 }))
    }

    fn spares(&self) -> Option<MutexGuard<'_, Spares>> {
        self.0.try_lock().ok()
    }

    /// An empty block: a spare one, or a new one.
    pub fn take(&self) -> NonNull<Block> {
        self.spares().and_then(|mut spares| spares.take()).unwrap_or_else(|| Block::make(self))
    }

    /// Takes back an empty block.
    pub fn keep(&self, block: NonNull<Block>) {
        if !self.spares().is_some_and(|mut spares| spares.put(block)) {
            // SAFETY: whoever has a block that is not in use owns it; from `Block::make`.
            unsafe { pages::free(block) };
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        while let Some(block) = self.spares().and_then(|mut spares| spares.take()) {
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
        Some(block)
    }

    /// False: there are enough.
    fn put(&mut self, block: NonNull<Block>) -> bool {
        if self.count == SPARE_BLOCKS {
            return false;
        }
        // SAFETY: as in `take`.
        unsafe { block.as_ref() }.set_next(self.first);
        self.first = Some(block);
        self.count += 1;
        true
    }
}
