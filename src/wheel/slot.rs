//! One level of the wheel, and its slots.

use crate::util::limits::TIMER_PREFETCH;

/// A digit is so many bits.
pub const SLOT_BITS: u32 = 6;

/// Slots of a level: as many as the bits of the bitmap.
pub const SLOTS: usize = 1 << SLOT_BITS;

/// A value and when it is due.
#[derive(Debug)]
pub struct Entry<T> {
    pub deadline: u64,
    pub value: T,
}

/// Slots, and which of them have entries.
#[derive(Debug)]
pub struct Level<T> {
    occupied: u64,
    slots: Box<[Slot<T>]>,
}

#[derive(Debug)]
struct Slot<T> {
    /// No entry is earlier.
    earliest: u64,
    /// In the order in which they came. Removed ones leave a gap, so that the others stay where they are; the last is none.
    entries: Vec<Entry<Option<T>>>,
    /// Entries that are no gaps.
    live: usize,
}

/// A slot that is no longer keeps its gaps, and its memory when it becomes empty.
const SHORT: usize = 16;

impl<T> Slot<T> {
    const EMPTY: Self = Self { earliest: u64::MAX, entries: Vec::new(), live: 0 };
}

impl<T> Level<T> {
    pub fn new() -> Self {
        Self { occupied: 0, slots: (0..SLOTS).map(|_| Slot::EMPTY).collect() }
    }

    /// Adds an entry, and says where.
    pub fn push(&mut self, number: usize, Entry { deadline, value }: Entry<T>) -> usize {
        self.occupied |= 1 << number;
        let slot = &mut self.slots[number];
        slot.earliest = slot.earliest.min(deadline);
        slot.entries.push(Entry { deadline, value: Some(value) });
        slot.live += 1;
        slot.entries.len() - 1
    }

    /// Removes the value that is there, if it is the one that is meant.
    pub fn remove(&mut self, number: usize, at: usize, is_meant: impl FnOnce(&T) -> bool) -> Option<T> {
        let slot = self.slots.get_mut(number)?;
        let place = &mut slot.entries.get_mut(at)?.value;
        let value = place.take_if(|value| is_meant(value))?;
        slot.live -= 1;
        while slot.entries.last().is_some_and(|last| last.value.is_none()) {
            slot.entries.pop();
        }
        if slot.live == 0 {
            self.clear(number);
        }
        Some(value)
    }

    /// Whether a slot has more than three gaps for each entry.
    pub fn is_sparse(&self, number: usize) -> bool {
        let slot = &self.slots[number];
        slot.entries.len() > SHORT && slot.live < slot.entries.len() / 4
    }

    /// The first slot that has entries.
    pub fn first(&self) -> Option<usize> {
        (self.occupied != 0).then(|| self.occupied.trailing_zeros() as usize)
    }

    /// The first slot from this one on that has entries.
    pub fn first_from(&self, number: usize) -> Option<usize> {
        let occupied = self.occupied & (u64::MAX << number);
        (occupied != 0).then(|| occupied.trailing_zeros() as usize)
    }

    /// The number of entries in a slot, gaps included.
    pub fn slot_len(&self, number: usize) -> usize {
        self.slots[number].entries.len()
    }

    /// A moment before which nothing in the slot is due.
    pub fn earliest(&self, number: usize) -> u64 {
        self.slots[number].earliest
    }

    /// Empties a slot.
    pub fn take(&mut self, number: usize) -> Vec<Entry<Option<T>>> {
        self.occupied &= !(1 << number);
        std::mem::replace(&mut self.slots[number], Slot::EMPTY).entries
    }

    /// Gives an empty slot the memory back that was taken with its entries, if it is short.
    pub fn give_back(&mut self, number: usize, entries: Vec<Entry<Option<T>>>) {
        let slot = &mut self.slots[number];
        if entries.capacity() <= SHORT && slot.entries.capacity() == 0 {
            slot.entries = entries;
        }
    }

    /// Ends a slot without entries.
    fn clear(&mut self, number: usize) {
        self.occupied &= !(1 << number);
        let slot = &mut self.slots[number];
        slot.earliest = u64::MAX;
        slot.entries.clear();
        if slot.entries.capacity() > SHORT {
            slot.entries = Vec::new();
        }
    }

    /// Drops what `keep` does not want, and the gaps. `keep` is told where the value will be. `ahead` is called with each value some time before.
    pub fn retain(&mut self, number: usize, ahead: impl Fn(&T), mut keep: impl FnMut(&mut T, usize) -> bool) {
        let slot = &mut self.slots[number];
        let mut kept = 0;
        for at in 0..slot.entries.len() {
            if let Some(Entry { value: Some(value), .. }) = slot.entries.get(at + TIMER_PREFETCH) {
                ahead(value);
            }
            if slot.entries[at].value.as_mut().is_some_and(|value| keep(value, kept)) {
                slot.entries.swap(kept, at);
                kept += 1;
            }
        }
        slot.entries.truncate(kept);
        slot.live = kept;
        if kept == 0 {
            self.clear(number);
        } else {
            // With memory to grow into: it may fill again.
            slot.entries.shrink_to(2 * kept);
        }
    }
}
