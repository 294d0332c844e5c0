//! A thread's own store of small blocks of memory, so that a short-lived job costs no call of the allocator.
//!
//! Allocating on one thread and freeing on another is the dearest thing that a pool does. A worker keeps the blocks of the jobs that it has run,
//! and puts the jobs that it spawns into them. It makes and keeps [`BLOCKS_KEPT`] at most: a worker with more jobs queued than that puts the others into
//! boxes of their own size, since touching fresh memory costs by the byte.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr::NonNull;

use super::limits::BLOCKS_KEPT;

/// Bytes of a block: a job's header and a closure of 48 bytes.
const SIZE: usize = 64;
/// What the system's allocator gives without extra work.
const ALIGN: usize = 16;
const LAYOUT: Layout = match Layout::from_size_align(SIZE, ALIGN) {
    Ok(layout) => layout,
    Err(_) => unreachable!(),
};

/// Blocks that are not in use, as a list through their first words.
#[derive(Debug)]
pub struct Blocks {
    first: Cell<Option<NonNull<Block>>>,
    len: Cell<usize>,
    /// Blocks that this store has made.
    made: Cell<usize>,
}

struct Block {
    next: Option<NonNull<Block>>,
}

impl Blocks {
    /// An empty store.
    pub fn new() -> Self {
        Self { first: Cell::new(None), len: Cell::new(0), made: Cell::new(0) }
    }

    /// Whether a `T` fits into a block.
    const fn fits<T>() -> bool {
        size_of::<T>() <= SIZE && align_of::<T>() <= ALIGN
    }

    /// A block with a `T` in it, or the `T` back: there is no block to be had, or it does not [fit](Self::fits).
    #[inline]
    pub fn put<T>(&self, value: T) -> Result<NonNull<T>, T> {
        if !Self::fits::<T>() {
            return Err(value);
        }
        let Some(block) = self.take().or_else(|| self.make()) else { return Err(value) };
        let block = block.cast::<T>();
        // SAFETY: the block is ours alone, and large and aligned enough.
        unsafe { block.write(value) };
        Ok(block)
    }

    /// Moves the `T` out of its block, and keeps or frees the block.
    ///
    /// # Safety
    ///
    /// `block` comes from [`put`](Self::put) of the same type, of any store, and is not used any more.
    #[inline]
    pub unsafe fn take_out<T>(store: Option<&Self>, block: NonNull<T>) -> T {
        // SAFETY: `put` has written it, and nobody else uses it (duty).
        let value = unsafe { block.read() };
        match store {
            Some(store) if store.len.get() < BLOCKS_KEPT => store.keep(block.cast()),
            // SAFETY: from `allocate`, and not used any more (duty).
            _ => unsafe { free(block.cast()) },
        }
        value
    }

    fn take(&self) -> Option<NonNull<Block>> {
        let block = self.first.get()?;
        // SAFETY: blocks in the store are ours, and hold a `Block`.
        self.first.set(unsafe { block.read() }.next);
        self.len.set(self.len.get() - 1);
        Some(block)
    }

    fn make(&self) -> Option<NonNull<Block>> {
        let made = self.made.get();
        (made < BLOCKS_KEPT).then(|| {
            self.made.set(made + 1);
            allocate()
        })
    }

    fn keep(&self, block: NonNull<Block>) {
        // SAFETY: the caller gives the block up; it is large and aligned enough.
        unsafe { block.write(Block { next: self.first.get() }) };
        self.first.set(Some(block));
        self.len.set(self.len.get() + 1);
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        while let Some(block) = self.take() {
            // SAFETY: it was in the store, so nobody uses it.
            unsafe { free(block) };
        }
    }
}

#[cold]
fn allocate() -> NonNull<Block> {
    // SAFETY: the layout has a size.
    let block = unsafe { alloc(LAYOUT) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(LAYOUT)).cast()
}

/// # Safety
///
/// `block` comes from [`allocate`] and is not used any more.
unsafe fn free(block: NonNull<Block>) {
    // SAFETY: the caller's duty.
    unsafe { dealloc(block.as_ptr().cast(), LAYOUT) };
}

#[cfg(all(test, not(filch_loom)))]
mod tests {
    use super::*;

    #[test]
    fn reuses_the_block_that_was_given_back_last() {
        let store = Blocks::new();
        let first = store.put(1_u64).unwrap();
        // SAFETY: put above, and not used below.
        assert_eq!(unsafe { Blocks::take_out(Some(&store), first) }, 1);
        let second = store.put([2_u8; 48]).unwrap();
        assert_eq!(second.cast(), first);
        // SAFETY: put above, and not used below.
        assert_eq!(unsafe { Blocks::take_out(None, second) }, [2; 48]);
    }

    #[test]
    fn makes_and_keeps_no_more_than_its_limit() {
        let (store, other) = (Blocks::new(), Blocks::new());
        let blocks = |store: &Blocks| (0..BLOCKS_KEPT).map(|n| store.put(n).unwrap()).collect::<Vec<_>>();
        let all = [blocks(&store), blocks(&other)].concat();
        assert_eq!(store.put(0), Err(0));
        for block in all {
            // SAFETY: put above, and not used again.
            unsafe { Blocks::take_out(Some(&store), block) };
        }
        assert_eq!(store.len.get(), BLOCKS_KEPT);
    }

    #[test]
    fn hands_back_what_does_not_fit() {
        assert!(Blocks::new().put([0_u8; 65]).is_err());
    }
}
