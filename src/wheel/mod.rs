#![doc = include_str!("README.md")]

mod slot;

use std::collections::VecDeque;

use slot::{Entry, Level, SLOT_BITS, SLOTS};

/// A tick is so many nanoseconds: 2 to this.
const TICK_BITS: u32 = 14;

/// Enough for the ticks of all deadlines.
const LEVELS: usize = (u64::BITS - TICK_BITS).div_ceil(SLOT_BITS) as usize;

/// The ready entries, and each slot; a power of two is cheaper to divide by.
const PARTS: usize = (1 + LEVELS * SLOTS).next_power_of_two();

/// Room for so many ready entries is kept while there are few.
const KEPT_ROOM: usize = 1024;

/// Values by deadline, in nanoseconds from some beginning.
#[derive(Debug)]
pub struct Wheel<T> {
    /// The tick that the wheel has come to: slots up to it are empty.
    elapsed: u64,
    levels: Box<[Level<T>]>,
    /// Entries of ticks up to `elapsed`, by deadline.
    ready: VecDeque<Entry<T>>,
    /// Such entries that are not sorted yet, as they came.
    late: Vec<Entry<T>>,
    /// The earliest of those.
    late_earliest: u64,
    len: usize,
}

impl<T> Wheel<T> {
    /// Makes an empty wheel that stands at this time.
    pub fn new(now: u64) -> Self {
        Self {
            elapsed: now >> TICK_BITS,
            levels: (0..LEVELS).map(|_| Level::new()).collect(),
            ready: VecDeque::new(),
            late: Vec::new(),
            late_earliest: u64::MAX,
            len: 0,
        }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Adds a value, behind others with the same deadline. The deadline may have passed. Returns the place from which it can be [removed](Self::remove), until the
    /// wheel comes there.
    pub fn insert(&mut self, deadline: u64, value: T) -> Option<usize> {
        self.len += 1;
        self.put(Entry { deadline, value })
    }

    fn put(&mut self, entry: Entry<T>) -> Option<usize> {
        let tick = entry.deadline >> TICK_BITS;
        if tick <= self.elapsed {
            self.late_earliest = self.late_earliest.min(entry.deadline);
            self.late.push(entry);
            return None;
        }
        let level = (tick ^ self.elapsed).ilog2() / SLOT_BITS;
        let slot = digit(tick, level);
        let at = self.levels[level as usize].push(slot, entry);
        place(1 + level as usize * SLOTS + slot, at)
    }

    /// Removes the value at a place, if it is the one that is meant. Returns the part that it was in, too.
    pub fn remove(&mut self, place: usize, is_meant: impl FnOnce(&T) -> bool) -> Option<(T, usize)> {
        let (part, at) = (place % PARTS, place / PARTS);
        let slot = part.checked_sub(1)?;
        let value = self.levels.get_mut(slot / SLOTS)?.remove(slot % SLOTS, at, is_meant)?;
        self.len -= 1;
        Some((value, part))
    }

    /// Whether most of a part is what removals left behind: a [sweep](Self::sweep_part) is due.
    pub fn is_sparse(&self, part: usize) -> bool {
        part.checked_sub(1).is_some_and(|slot| self.levels[slot / SLOTS].is_sparse(slot % SLOTS))
    }

    /// Removes the entries whose deadline is `now` or before, at most `limit`, earliest first, and hands them to `due`.
    pub fn poll(&mut self, now: u64, limit: usize, mut due: impl FnMut(u64, T)) {
        self.advance(now >> TICK_BITS);
        for _ in 0..limit {
            if self.ready.front().is_none_or(|entry| entry.deadline > now) {
                break;
            }
            let Some(Entry { deadline, value }) = self.ready.pop_front() else { break };
            self.len -= 1;
            due(deadline, value);
        }
        if self.ready.capacity() > KEPT_ROOM && self.ready.len() < self.ready.capacity() / 4 {
            self.ready.shrink_to(KEPT_ROOM.max(2 * self.ready.len()));
        }
    }

    /// Opens every slot up to the tick.
    fn advance(&mut self, tick: u64) {
        while let Some((level, slot, start)) = self.first_slot().filter(|(_, _, start)| *start <= tick) {
            self.elapsed = start;
            let mut entries = self.levels[level].take(slot);
            for Entry { deadline, value } in entries.drain(..) {
                if let Some(value) = value {
                    self.put(Entry { deadline, value });
                }
            }
            self.levels[level].give_back(slot, entries);
        }
        self.elapsed = self.elapsed.max(tick);
        self.sort_late();
    }

    /// The earliest occupied slot: its level, its number, its first tick.
    fn first_slot(&self) -> Option<(usize, usize, u64)> {
        let (level, slot) = self.levels.iter().enumerate().find_map(|(n, level)| Some((n, level.first()?)))?;
        let shift = level as u32 * SLOT_BITS;
        // What is above the level's digit is as in `elapsed`.
        let above =
            self.elapsed.checked_shr(shift + SLOT_BITS).unwrap_or(0).checked_shl(shift + SLOT_BITS).unwrap_or(0);
        Some((level, slot, above | (slot as u64) << shift))
    }

    fn sort_late(&mut self) {
        if self.late.is_empty() {
            return;
        }
        // Stable: equal deadlines stay as they came.
        self.late.sort_by_key(|entry| entry.deadline);
        let in_order = self.ready.back().is_none_or(|last| last.deadline <= self.late_earliest);
        self.ready.extend(self.late.drain(..));
        if !in_order {
            self.ready.make_contiguous().sort_by_key(|entry| entry.deadline);
        }
        self.late.shrink_to(KEPT_ROOM);
        self.late_earliest = u64::MAX;
    }

    /// The earliest deadline. After a [sweep](Self::sweep_part) it may be an earlier moment, at which there is nothing to do.
    pub fn next_deadline(&self) -> Option<u64> {
        if !self.ready.is_empty() || !self.late.is_empty() {
            let ready = self.ready.front().map_or(u64::MAX, |entry| entry.deadline);
            return Some(ready.min(self.late_earliest));
        }
        let (level, slot, _) = self.first_slot()?;
        Some(self.levels[level].earliest(slot))
    }

    /// The first part from this one on that has entries.
    pub fn next_part(&self, part: usize) -> Option<usize> {
        if part == 0 && !(self.ready.is_empty() && self.late.is_empty()) {
            return Some(0);
        }
        let first = part.saturating_sub(1);
        let mut levels = self.levels.iter().enumerate().skip(first / SLOTS);
        levels.find_map(|(number, level)| {
            let from = if number == first / SLOTS { first % SLOTS } else { 0 };
            Some(1 + number * SLOTS + level.first_from(from)?)
        })
    }

    /// The number of entries in a part.
    pub fn part_len(&self, part: usize) -> usize {
        match part.checked_sub(1) {
            None => self.ready.len() + self.late.len(),
            Some(slot) => self.levels[slot / SLOTS].slot_len(slot % SLOTS),
        }
    }

    /// Removes the values of one part that `keep` does not want, and drops them. Returns how many. `keep` is told the place from which the value can be removed, if
    /// it stays. `ahead` is called with each value some time before, to get what it points to.
    pub fn sweep_part(
        &mut self,
        part: usize,
        ahead: impl Fn(&T),
        mut keep: impl FnMut(&mut T, Option<usize>) -> bool,
    ) -> usize {
        let mut removed = 0;
        let mut keep = |value: &mut T, place| {
            let keeps = keep(value, place);
            removed += usize::from(!keeps);
            keeps
        };
        match part.checked_sub(1) {
            None => {
                self.ready.retain_mut(|entry| keep(&mut entry.value, None));
                self.late.retain_mut(|entry| keep(&mut entry.value, None));
                self.late_earliest = self.late.iter().map(|entry| entry.deadline).min().unwrap_or(u64::MAX);
            }
            Some(slot) => {
                let keep = |value: &mut T, at| keep(value, place(part, at));
                self.levels[slot / SLOTS].retain(slot % SLOTS, ahead, keep);
            }
        }
        self.len -= removed;
        removed
    }

    /// Removes all entries.
    pub fn take_all(&mut self) -> Vec<T> {
        self.advance(self.elapsed);
        let Self { levels, ready, len, .. } = self;
        *len = 0;
        let ready = std::mem::take(ready).into_iter();
        let in_slots = levels.iter_mut().flat_map(|level| (0..SLOTS).flat_map(|slot| level.take(slot)));
        ready.map(|entry| entry.value).chain(in_slots.filter_map(|entry| entry.value)).collect()
    }
}

/// The place of the entry `at` in a part, if it can be said.
fn place(part: usize, at: usize) -> Option<usize> {
    let place = at.checked_mul(PARTS)?;
    // One bit is left to those who keep it.
    (place <= usize::MAX / 4).then_some(place + part)
}

/// The digit of a tick at a level.
fn digit(tick: u64, level: u32) -> usize {
    (tick >> (level * SLOT_BITS)) as usize % SLOTS
}

#[cfg(all(test, not(filch_loom)))]
mod oracle;
#[cfg(all(test, not(filch_loom)))]
mod tests;
