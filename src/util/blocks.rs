//! A thread's own store of small blocks of memory, so that a short-lived job costs no call of the allocator.
//!
//! Allocating on one thread and freeing on another is the dearest thing that a pool does. A worker keeps the blocks of the jobs that it has run,
//! and puts the jobs that it spawns into them. What it has too many of goes to the pool's [`Depot`], a chain at a time, for workers whose jobs others run: the magazines
//! and the depot of Bonwick and Adams, "Magazines and Vmem", USENIX 2001. It makes [`BLOCKS_MADE`] at most: a worker with more jobs queued than
//! that puts the others into boxes of their own size, since touching fresh memory costs by the byte.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr::NonNull;
use std::sync::Arc;

use super::limits::{BLOCKS_IN_CHAIN, BLOCKS_MADE};
use crate::sync::Mutex;

/// Bytes of a block: a job's header and a closure of 48 bytes.
const SIZE: usize = 64;
/// What the system's allocator gives without extra work.
const ALIGN: usize = 16;
const LAYOUT: Layout = match Layout::from_size_align(SIZE, ALIGN) {
    Ok(layout) => layout,
    Err(_) => unreachable!(),
};

/// A thread's blocks that are not in use.
#[derive(Debug)]
pub struct Blocks {
    first: Cell<Option<NonNull<Block>>>,
    len: Cell<usize>,
    /// A full chain: without it a store at the border of two chains would go to the depot again and again.
    spare: Cell<Option<NonNull<Block>>>,
    /// Blocks that this store has made.
    made: Cell<usize>,
    depot: Arc<Depot>,
}

/// Full chains of blocks that their worker had too many of.
///
/// Nobody waits for the lock: who finds it held keeps its blocks, or makes one.
#[derive(Debug, Default)]
pub struct Depot(Mutex<Chains>);

/// Chains, linked by `next_chain` of their first blocks.
#[derive(Debug, Default)]
struct Chains(Option<NonNull<Block>>);

// SAFETY: a block that is not in use belongs to whoever has it.
unsafe impl Send for Chains {}

/// A block that is not in use.
struct Block {
    next: Option<NonNull<Block>>,
    /// In the depot, in a chain's first block.
    next_chain: Option<NonNull<Block>>,
    /// In a chain's first block.
    len: usize,
}

impl Depot {
    /// Takes a chain, unless somebody else is here.
    fn give(&self, chain: NonNull<Block>) -> bool {
        let Ok(mut chains) = self.0.try_lock() else { return false };
        // SAFETY: the caller gives the chain up.
        unsafe { (*chain.as_ptr()).next_chain = chains.0.replace(chain) };
        true
    }

    /// A chain, if there is one and nobody else is here.
    fn take(&self) -> Option<NonNull<Block>> {
        let mut chains = self.0.try_lock().ok()?;
        let chain = chains.0?;
        // SAFETY: what is here is ours while we hold the lock.
        chains.0 = unsafe { chain.as_ref() }.next_chain;
        Some(chain)
    }
}

impl Drop for Depot {
    fn drop(&mut self) {
        while let Some(chain) = self.take() {
            // SAFETY: it was in the depot, so nobody uses it.
            unsafe { free_chain(chain) };
        }
    }
}

impl Blocks {
    /// An empty store.
    pub fn new(depot: Arc<Depot>) -> Self {
        Self { first: Cell::new(None), len: Cell::new(0), spare: Cell::new(None), made: Cell::new(0), depot }
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
        let Some(block) = self.take().or_else(|| self.refill()) else { return Err(value) };
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
            Some(store) => store.keep(block.cast()),
            // SAFETY: from `allocate`, and not used any more (duty).
            None => unsafe { free(block.cast()) },
        }
        value
    }

    fn take(&self) -> Option<NonNull<Block>> {
        let block = self.first.get()?;
        // SAFETY: blocks in the store are ours, and hold a `Block`.
        self.first.set(unsafe { block.as_ref() }.next);
        self.len.set(self.len.get() - 1);
        Some(block)
    }

    /// A block for an empty store: of the spare chain, of the depot's, or a new one.
    #[cold]
    fn refill(&self) -> Option<NonNull<Block>> {
        if let Some(chain) = self.spare.take().or_else(|| self.depot.take()) {
            self.first.set(Some(chain));
            // SAFETY: the chain is ours now.
            self.len.set(unsafe { chain.as_ref() }.len);
            return self.take();
        }
        let made = self.made.get();
        (made < BLOCKS_MADE).then(|| {
            self.made.set(made + 1);
            allocate()
        })
    }

    #[inline]
    #[allow(clippy::modulo_one, reason = "chains have one block under the model")]
    fn keep(&self, block: NonNull<Block>) {
        let len = self.len.get() + 1;
        // SAFETY: the caller gives the block up; it is large and aligned enough.
        unsafe { block.write(Block { next: self.first.get(), next_chain: None, len }) };
        self.first.set(Some(block));
        self.len.set(len);
        if len % BLOCKS_IN_CHAIN == 0 {
            self.put_aside(block);
        }
    }

    /// Begins a new chain, unless the depot is in use: then the chain goes on.
    #[cold]
    fn put_aside(&self, chain: NonNull<Block>) {
        let Some(spare) = self.spare.replace(Some(chain)) else { return self.begin_chain() };
        if self.depot.give(spare) {
            self.begin_chain();
        } else {
            self.spare.set(Some(spare));
        }
    }

    fn begin_chain(&self) {
        self.first.set(None);
        self.len.set(0);
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        for chain in [self.first.take(), self.spare.take()].into_iter().flatten() {
            // SAFETY: it was in the store, so nobody uses it.
            unsafe { free_chain(chain) };
        }
    }
}

/// # Safety
///
/// The blocks come from [`allocate`] and are not used any more.
unsafe fn free_chain(chain: NonNull<Block>) {
    let mut next = Some(chain);
    while let Some(block) = next {
        // SAFETY: the caller's duty.
        next = unsafe { block.as_ref() }.next;
        // SAFETY: as above.
        unsafe { free(block) };
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
        let store = Blocks::new(Arc::default());
        let first = store.put(1_u64).unwrap();
        // SAFETY: put above, and not used below.
        assert_eq!(unsafe { Blocks::take_out(Some(&store), first) }, 1);
        let second = store.put([2_u8; 48]).unwrap();
        assert_eq!(second.cast(), first);
        // SAFETY: put above, and not used below.
        assert_eq!(unsafe { Blocks::take_out(None, second) }, [2; 48]);
    }

    #[test]
    fn jobs_that_others_run_get_their_blocks_back() {
        let depot = Arc::<Depot>::default();
        let (spawner, runner) = (Blocks::new(depot.clone()), Blocks::new(depot));
        let mut jobs: Vec<_> = (0..BLOCKS_MADE).map(|n| spawner.put(n).unwrap()).collect();
        for _ in 0..3 {
            for job in jobs {
                // SAFETY: put above or below, and not used again.
                unsafe { Blocks::take_out(Some(&runner), job) };
            }
            assert_eq!(runner.len.get(), 0);
            // The runner keeps its spare chain.
            jobs = (BLOCKS_IN_CHAIN..BLOCKS_MADE).map(|n| spawner.put(n).unwrap()).collect();
            assert_eq!(spawner.put(0), Err(0));
        }
        for job in jobs {
            // SAFETY: put above, and not used again.
            unsafe { Blocks::take_out(Some(&runner), job) };
        }
        assert_eq!(runner.made.get(), 0);
    }

    #[test]
    fn a_chain_goes_on_while_the_depot_is_in_use() {
        let depot = Arc::<Depot>::default();
        let (spawner, runner) = (Blocks::new(depot.clone()), Blocks::new(depot.clone()));
        let jobs: Vec<_> = (0..4 * BLOCKS_IN_CHAIN).map(|n| spawner.put(n).unwrap()).collect();
        let held = depot.0.lock().unwrap();
        let (first, last) = jobs.split_at(3 * BLOCKS_IN_CHAIN);
        let run = |jobs: &[NonNull<usize>]| {
            for job in jobs {
                // SAFETY: put above, and not used again.
                unsafe { Blocks::take_out(Some(&runner), *job) };
            }
        };
        run(first);
        assert_eq!(runner.len.get(), 2 * BLOCKS_IN_CHAIN);
        drop(held);
        run(last);
        assert_eq!(runner.len.get(), 0);
        // The depot has a chain, and the spare one is three.
        let again: Vec<_> = (0..4 * BLOCKS_IN_CHAIN).map(|n| runner.put(n).unwrap()).collect();
        assert_eq!(runner.made.get(), 0);
        run(&again);
    }

    #[test]
    fn hands_back_what_does_not_fit() {
        assert!(Blocks::new(Arc::default()).put([0_u8; 65]).is_err());
    }
}
