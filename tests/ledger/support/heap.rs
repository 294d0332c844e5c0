//! An allocator that counts.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// The system's allocator, counted.
pub struct Counting;

static BLOCKS: AtomicI64 = AtomicI64::new(0);
static BYTES: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);
static TOTAL: AtomicU64 = AtomicU64::new(0);

std::thread_local! {
    static MINE: Cell<u64> = const { Cell::new(0) };
}

/// What is allocated now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    /// Blocks.
    pub blocks: i64,
    /// Bytes asked for.
    pub bytes: i64,
}

/// What is allocated now.
pub fn live() -> Live {
    Live { blocks: BLOCKS.load(Ordering::SeqCst), bytes: BYTES.load(Ordering::SeqCst) }
}

/// Allocations of all threads since the start.
pub fn allocations() -> u64 {
    TOTAL.load(Ordering::SeqCst)
}

/// Allocations of this thread since its start.
pub fn allocations_here() -> u64 {
    MINE.with(Cell::get)
}

/// The most bytes allocated at once since the last call.
pub fn take_peak() -> i64 {
    PEAK.swap(BYTES.load(Ordering::SeqCst), Ordering::SeqCst)
}

fn count(blocks: i64, bytes: i64) {
    BLOCKS.fetch_add(blocks, Ordering::Relaxed);
    let now = BYTES.fetch_add(bytes, Ordering::Relaxed) + bytes;
    if bytes > 0 {
        PEAK.fetch_max(now, Ordering::Relaxed);
        TOTAL.fetch_add(1, Ordering::Relaxed);
        let _ = MINE.try_with(|mine| mine.set(mine.get() + 1));
    }
}

fn size(layout: Layout) -> i64 {
    layout.size() as i64
}

// SAFETY: every call is passed on to the system's allocator as it is; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, size(layout));
        // SAFETY: the caller's duties are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(-1, -size(layout));
        // SAFETY: the caller's duties are the same.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(0, new_size as i64 - size(layout));
        // SAFETY: the caller's duties are the same.
        unsafe { System.realloc(block, layout, new_size) }
    }
}
