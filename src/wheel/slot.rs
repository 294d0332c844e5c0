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
    entries: Vec<Entry<T>>,
}

impl<T> Level<T> {
    pub fn new() -> Self {
        let slot = |_| Slot { earliest: u64::MAX, entries: Vec::new() };
        Self { occupied: 0, slots: (0..SLOTS).map(slot).collect() }
    }

    pub fn push(&mut self, number: usize, entry: Entry<T>) {
        self.occupied |= 1 << number;
        let slot = &mut self.slots[number];
        slot.earliest = slot.earliest.min(entry.deadline);
        slot.entries.push(entry);
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

    /// The number of entries in a slot.
    pub fn slot_len(&self, number: usize) -> usize {
        self.slots[number].entries.len()
    }

    /// A moment before which nothing in the slot is due.
    pub fn earliest(&self, number: usize) -> u64 {
        self.slots[number].earliest
    }

    /// Empties a slot.
    pub fn take(&mut self, number: usize) -> Vec<Entry<T>> {
        self.occupied &= !(1 << number);
        let slot = &mut self.slots[number];
        slot.earliest = u64::MAX;
        std::mem::take(&mut slot.entries)
    }

    /// Drops what `keep` does not want. `ahead` is called with each value some time before.
    pub fn retain(&mut self, number: usize, ahead: impl Fn(&T), mut keep: impl FnMut(&mut Entry<T>) -> bool) {
        if self.occupied & 1 << number == 0 {
            return;
        }
        let slot = &mut self.slots[number];
        let mut kept = 0;
        for at in 0..slot.entries.len() {
            if let Some(entry) = slot.entries.get(at + TIMER_PREFETCH) {
                ahead(&entry.value);
            }
            if keep(&mut slot.entries[at]) {
                slot.entries.swap(kept, at);
                kept += 1;
            }
        }
        slot.entries.truncate(kept);
        if slot.entries.is_empty() {
            self.take(number);
        } else {
            // With memory to grow into: it may fill again.
            let room = 2 * slot.entries.len();
            slot.entries.shrink_to(room);
        }
    }
}
