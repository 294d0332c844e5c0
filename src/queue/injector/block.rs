//! The memory of an injector: blocks of slots, each slot with room for a small job.

use std::cell::Cell;
use std::mem::{MaybeUninit, offset_of};
use std::ptr::NonNull;

use super::home::Home;
use crate::sync::cell::Memory;
use crate::sync::{AtomicPtr, AtomicU32, AtomicUsize, Ordering, Patience, UnsafeCell, pages};
use crate::util::limits::INJECTOR_SLOTS;

/// Words of room in a slot: a job's header and a closure of 48 bytes.
const WORDS: usize = 7;

type Room = Memory<[u64; WORDS]>;

/// Whether a `J` can lie in a slot.
pub const fn fits<J>() -> bool {
    size_of::<J>() <= WORDS * size_of::<u64>() && align_of::<J>() <= align_of::<u64>()
}

/// What a slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Content {
    /// A pointer to a job elsewhere.
    Pointer = 1,
    /// The job itself.
    Job = 2,
}

/// One place in a block. Its number in the block is in there too, so that the block can be found from the room.
#[repr(C, align(64))]
struct Slot {
    /// The block's lap in which the slot was filled last, times 4, plus its [`Content`].
    tag: AtomicU32,
    number: AtomicU32,
    room: Room,
    /// Tells the model of accesses to `room`.
    access: UnsafeCell<()>,
}

/// Slots, filled once and released once each in every lap of the block.
#[repr(C)]
pub struct Block {
    /// The block that follows in the queue, once there is one.
    next: AtomicPtr<Block>,
    /// Slots that nobody looks into any more.
    released: AtomicUsize,
    /// 0 or 1, changed each time that the block is used again: so no slot needs to be cleared.
    lap: AtomicU32,
    home: AtomicPtr<Home>,
    slots: [Slot; INJECTOR_SLOTS],
}

/// A slot of a block that is in use.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub block: NonNull<Block>,
    pub number: usize,
}

impl Block {
    /// A new block, which goes to `home` whenever it is empty.
    #[cold]
    pub fn make(home: &Home) -> NonNull<Self> {
        // SAFETY: atomics and rooms may be zeros.
        let block = unsafe { pages::zeroed(Self::new) };
        // SAFETY: made just now, and nobody else's yet.
        unsafe { block.as_ref() }.home.store(std::ptr::from_ref(home).cast_mut(), Ordering::Relaxed);
        block
    }

    /// As zeros are.
    fn new() -> Self {
        let slot = |_| Slot {
            tag: AtomicU32::new(0),
            number: AtomicU32::new(0),
            room: Room::new(MaybeUninit::uninit()),
            access: UnsafeCell::new(()),
        };
        Self {
            next: AtomicPtr::new(std::ptr::null_mut()),
            released: AtomicUsize::new(0),
            lap: AtomicU32::new(0),
            home: AtomicPtr::new(std::ptr::null_mut()),
            slots: std::array::from_fn(slot),
        }
    }

    /// The block that follows, if there is one.
    pub fn next(&self) -> Option<NonNull<Block>> {
        NonNull::new(self.next.load(Ordering::Acquire))
    }

    /// Waits for the block that follows: somebody is about to append it.
    pub fn wait_for_next(&self) -> NonNull<Block> {
        let mut patience = Patience::new();
        loop {
            match self.next() {
                Some(next) => return next,
                None => patience.wait(),
            }
        }
    }

    /// Appends a block. Called by the one who fills the last slot, before that.
    pub fn append(&self, next: NonNull<Block>) {
        self.next.store(next.as_ptr(), Ordering::Release);
    }

    /// Links a block that is not in use to another. For its owner.
    pub fn set_next(&self, next: Option<NonNull<Block>>) {
        self.next.store(next.map_or(std::ptr::null_mut(), NonNull::as_ptr), Ordering::Relaxed);
    }

    /// Unlinks a block that is not in use. For its owner.
    pub fn take_next(&self) -> Option<NonNull<Block>> {
        let next = NonNull::new(self.next.load(Ordering::Relaxed));
        self.set_next(None);
        next
    }

    fn tag(&self, content: Content) -> u32 {
        self.lap.load(Ordering::Relaxed) << 2 | content as u32
    }

    /// Notes that `count` more slots are released. With the last one the block goes home.
    ///
    /// # Safety
    ///
    /// The caller has claimed so many slots that it has not released, and looks into none of them any more.
    unsafe fn release(block: NonNull<Block>, count: usize) {
        // SAFETY: not all slots are released, so the block is alive.
        let this = unsafe { block.as_ref() };
        // Ordering: Release: what the caller did in its slots comes before; Acquire: the last one comes after all others.
        if this.released.fetch_add(count, Ordering::AcqRel) + count == INJECTOR_SLOTS {
            // Only for the model: all that was done in the slots is behind us.
            this.slots.iter().for_each(|slot| slot.access.with_mut(|_| ()));
            this.released.store(0, Ordering::Relaxed);
            this.lap.store(1 - this.lap.load(Ordering::Relaxed), Ordering::Relaxed);
            // SAFETY: an injector outlives the slots that were claimed in it.
            unsafe { &*this.home.load(Ordering::Relaxed) }.keep(block);
        }
    }
}

impl Place {
    fn block<'a>(self) -> &'a Block {
        // SAFETY: alive until all its slots are released, and whoever has a `Place` has not released it.
        unsafe { self.block.as_ref() }
    }

    fn slot<'a>(self) -> &'a Slot {
        &self.block().slots[self.number]
    }

    /// The slot's room, as a pointer that may be used for the whole block: `take_out` goes back from it.
    fn room<J>(self) -> NonNull<J> {
        let offset = offset_of!(Block, slots) + self.number * size_of::<Slot>() + offset_of!(Slot, room);
        // SAFETY: inside the block.
        unsafe { self.block.byte_add(offset) }.cast()
    }

    /// Moves a `J` in.
    ///
    /// # Safety
    ///
    /// 1. The caller has claimed the slot to fill it, and fills it once.
    /// 2. A `J` [`fits`].
    pub unsafe fn fill<J>(self, content: Content, job: J) {
        let slot = self.slot();
        // SAFETY: the room is the caller's alone until the tag is stored (duty 1), and large and aligned enough (duty 2).
        slot.access.with_mut(|_| unsafe { self.room::<J>().write(job) });
        slot.number.store(self.number as u32, Ordering::Relaxed);
        // Ordering: Release publishes the room.
        slot.tag.store(self.block().tag(content), Ordering::Release);
    }

    /// Waits until the slot is filled, and says what it holds. Called by the one who has claimed the slot to take what is in it.
    pub fn wait_until_filled(self) -> Content {
        let (tag, block) = (&self.slot().tag, self.block());
        let mut patience = Patience::new();
        loop {
            // Ordering: Acquire pairs with `fill`.
            match tag.load(Ordering::Acquire) {
                filled if filled == block.tag(Content::Job) => return Content::Job,
                filled if filled == block.tag(Content::Pointer) => return Content::Pointer,
                _ => patience.wait(),
            }
        }
    }

    /// Where the job lies that the slot holds.
    pub fn job<T>(self) -> NonNull<T> {
        self.room()
    }

    /// Moves out what the slot holds, and releases the slot.
    ///
    /// # Safety
    ///
    /// The caller has claimed the slot to take what is in it, does so once, and it holds a `J`.
    pub unsafe fn take<J>(self, released: Option<&Released>) -> J {
        // SAFETY: the room is the caller's until it is released, and holds a `J` (duty).
        let content = self.slot().access.with_mut(|_| unsafe { self.room::<J>().read() });
        match released {
            Some(released) => released.add(self.block),
            // SAFETY: claimed by the caller, and read.
            None => unsafe { Block::release(self.block, 1) },
        }
        content
    }
}

/// Moves a job out of the slot that it lies in.
///
/// # Safety
///
/// `job` was taken from an injector in which it lay itself, as a `J`, and is not used any more.
pub unsafe fn take_out<J>(job: NonNull<J>, released: Option<&Released>) -> J {
    // SAFETY: the job lies in the room of a slot (duty), and the pointer may be used for the whole block (`Place::room`).
    let slot = unsafe { job.byte_sub(offset_of!(Slot, room)) }.cast::<Slot>();
    // SAFETY: the block is alive until the slot is released.
    let number = unsafe { slot.as_ref() }.number.load(Ordering::Relaxed) as usize;
    // SAFETY: that many slots lie before it in the block.
    let block = unsafe { slot.byte_sub(offset_of!(Block, slots) + number * size_of::<Slot>()) }.cast::<Block>();
    // SAFETY: whoever took the job has claimed the slot; moved out once (duty).
    unsafe { Place { block, number }.take(released) }
}

/// The slots that a worker has released and not yet told of: one shared counter a job would be a job's worth of time. It holds back one block at
/// most.
#[derive(Debug)]
pub struct Released {
    block: Cell<Option<NonNull<Block>>>,
    count: Cell<usize>,
}

impl Released {
    /// None.
    pub fn new() -> Self {
        Self { block: Cell::new(None), count: Cell::new(0) }
    }

    #[inline]
    fn add(&self, block: NonNull<Block>) {
        if self.block.get() != Some(block) {
            self.flush();
            self.block.set(Some(block));
        }
        self.count.set(self.count.get() + 1);
    }

    /// Tells of them. A worker does so before it sleeps or ends, while the injector lives.
    #[inline]
    pub fn flush(&self) {
        if let Some(block) = self.block.take() {
            // SAFETY: `add` was called for so many slots of this block, each of which was claimed and done with.
            unsafe { Block::release(block, self.count.take()) };
        }
    }
}

impl Drop for Released {
    fn drop(&mut self) {
        self.flush();
    }
}
