//! A table that grows without moving what is in it, so that each entry can be used by its owner while others enter.

use crate::sync::{AtomicPtr, Ordering};
use crate::util::limits::SEAT_BUCKETS as BUCKETS;

/// Entries by number, made when they are first asked for.
pub struct Table<E> {
    buckets: [AtomicPtr<E>; BUCKETS],
}

/// The bucket of an entry, and its place in there.
fn place(number: usize) -> (usize, usize) {
    let bucket = (number + 1).ilog2() as usize;
    (bucket, number + 1 - (1 << bucket))
}

impl<E: Default> Table<E> {
    /// Makes an empty one.
    pub fn new() -> Self {
        Self { buckets: std::array::from_fn(|_| AtomicPtr::new(std::ptr::null_mut())) }
    }

    /// The entry of this number.
    pub fn entry(&self, number: usize) -> &E {
        let (bucket, index) = place(number);
        // Ordering: Acquire pairs with the exchange in `grow`: the entries are made.
        let mut entries = self.buckets[bucket].load(Ordering::Acquire);
        if entries.is_null() {
            entries = self.grow(bucket);
        }
        // SAFETY: a bucket has `1 << bucket` entries, more than `index`.
        let entry = unsafe { entries.add(index) };
        // SAFETY: the bucket stays until the table goes.
        unsafe { &*entry }
    }

    #[cold]
    fn grow(&self, bucket: usize) -> *mut E {
        let entries: Box<[E]> = (0..1_usize << bucket).map(|_| E::default()).collect();
        let made = Box::into_raw(entries).cast::<E>();
        // Ordering: Release publishes the entries; Acquire, since another's may be there already.
        match self.buckets[bucket].compare_exchange(std::ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => made,
            Err(others) => {
                // SAFETY: made just now, and nobody has seen it.
                unsafe { free(made, bucket) };
                others
            }
        }
    }
}

impl<E> Table<E> {
    /// Takes all entries out.
    pub fn drain(&mut self) -> Vec<E> {
        let mut all = Vec::new();
        for (bucket, entries) in self.buckets.iter().enumerate() {
            let entries = entries.swap(std::ptr::null_mut(), Ordering::Acquire);
            if !entries.is_null() {
                // SAFETY: out of the table, which nobody else uses.
                all.extend(unsafe { free(entries, bucket) });
            }
        }
        all
    }
}

/// # Safety
///
/// `entries` is a bucket, made by `grow`, that nobody uses any more.
unsafe fn free<E>(entries: *mut E, bucket: usize) -> Vec<E> {
    let entries = std::ptr::slice_from_raw_parts_mut(entries, 1 << bucket);
    // SAFETY: made from a box of so many entries (duty).
    unsafe { Box::from_raw(entries) }.into_vec()
}

impl<E> Drop for Table<E> {
    fn drop(&mut self) {
        drop(self.drain());
    }
}

#[cfg(all(test, not(filch_loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn entries_stay_and_differ() {
        let table = Table::<AtomicUsize>::new();
        for number in 0..1000 {
            table.entry(number).store(number, Ordering::Relaxed);
        }
        assert!((0..1000).all(|number| table.entry(number).load(Ordering::Relaxed) == number));
    }
}
