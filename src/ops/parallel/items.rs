//! What can be worked through in parallel: items with positions.

use std::collections::{BTreeMap, HashMap};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Range;

use crate::util::contain::{Payload, contain_drop};

/// Items that threads can share out among themselves: `Vec<T>`, `&[T]`, `&Vec<T>`, `&mut [T]`, `&mut Vec<T>`, `[T; N]`, a range of integers, and `HashMap` and
/// `BTreeMap` by value.
///
/// Slices, vectors, arrays and ranges are used where they lie; a map's entries are moved into a vector first. The trait is sealed.
///
/// ```
/// let pool = filch::Pool::with_threads(2);
/// let words = ["parallel", "items"];
/// assert_eq!(pool.map(&words[..], |word| word.len()), [8, 5]);
/// assert_eq!(pool.map(words, |word: &str| word.len()), [8, 5]);
/// assert_eq!(pool.map(0..3_u8, |n| n + 1), [1, 2, 3]);
/// ```
pub trait ParallelItems: sealed::Sealed {
    /// What the function is called with.
    type Item;
    #[doc(hidden)]
    type Source: Source<Item = Self::Item>;

    #[doc(hidden)]
    fn into_source(self) -> Self::Source;
}

mod sealed {
    /// What is shared out among threads is decided here.
    pub trait Sealed: Sized {}
}

/// Items by position. Each position is taken or skipped once.
#[doc(hidden)]
pub trait Source: Sync {
    /// An item.
    type Item;
    /// What it takes to reach an item. A loop keeps it in registers, where nothing that it writes could change it.
    type Base: Copy;
    /// Whether positions that are not taken must be skipped: the source owns its items.
    const OWNS: bool;

    /// See [`Base`](Self::Base).
    fn base(&self) -> Self::Base;

    /// The number of positions, from 0.
    fn len(&self) -> usize;

    /// Takes an item.
    ///
    /// # Safety
    ///
    /// The base is of a source that lives, the position is below its length, and is neither taken nor skipped otherwise.
    unsafe fn take(base: Self::Base, position: usize) -> Self::Item;

    /// Drops the items at positions, and reports the panic of each that panics.
    ///
    /// # Safety
    ///
    /// The positions are below the length, and are neither taken nor skipped otherwise.
    unsafe fn skip(&self, positions: Range<usize>, report: &dyn Fn(Payload));
}

/// Calls `f` with each item in turn, and takes its position from the range before.
#[inline(always)]
pub(super) fn feed<S: Source>(source: &S, positions: &mut Range<usize>, mut f: impl FnMut(S::Item)) {
    let base = source.base();
    if S::OWNS {
        for position in positions.by_ref() {
            // SAFETY: the positions are the caller's, and each comes once.
            f(unsafe { S::take(base, position) });
        }
    } else {
        // What is left after a panic is of no interest, so the loop need not keep the range up to date.
        for position in std::mem::take(positions) {
            // SAFETY: as above.
            f(unsafe { S::take(base, position) });
        }
    }
}

/// Items that are owned, in memory that `Store` keeps.
#[doc(hidden)]
#[derive(Debug)]
pub struct Owned<T, Store> {
    items: *mut T,
    len: usize,
    _store: Store,
}

// SAFETY: each item is taken by one thread.
unsafe impl<T: Send, Store> Sync for Owned<T, Store> {}
// SAFETY: it owns its items.
unsafe impl<T: Send, Store> Send for Owned<T, Store> {}

impl<T: Send, Store> Source for Owned<T, Store> {
    type Item = T;
    type Base = *mut T;
    const OWNS: bool = true;

    fn base(&self) -> *mut T {
        self.items
    }

    fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    unsafe fn take(items: *mut T, position: usize) -> T {
        // SAFETY: below the length (duty).
        let item = unsafe { items.add(position) };
        // SAFETY: taken once (duty).
        unsafe { item.read() }
    }

    unsafe fn skip(&self, positions: Range<usize>, report: &dyn Fn(Payload)) {
        for position in positions {
            // SAFETY: the caller's duty.
            let item = unsafe { Self::take(self.items, position) };
            contain_drop(item).unwrap_or_else(report);
        }
    }
}

impl<T: Send> sealed::Sealed for Vec<T> {}

impl<T: Send> ParallelItems for Vec<T> {
    type Item = T;
    type Source = Owned<T, Vec<ManuallyDrop<T>>>;

    fn into_source(self) -> Self::Source {
        let mut vec = ManuallyDrop::new(self);
        let (items, len, capacity) = (vec.as_mut_ptr(), vec.len(), vec.capacity());
        // SAFETY: the parts of a vector, of a type with the same layout whose items are not dropped.
        let store = unsafe { Vec::from_raw_parts(items.cast::<ManuallyDrop<T>>(), len, capacity) };
        Owned { items, len, _store: store }
    }
}

impl<T: Send, const N: usize> sealed::Sealed for [T; N] {}

impl<T: Send, const N: usize> ParallelItems for [T; N] {
    type Item = T;
    type Source = Owned<T, Vec<ManuallyDrop<T>>>;

    fn into_source(self) -> Self::Source {
        Vec::from(self).into_source()
    }
}

impl<K: Send, V: Send, H> sealed::Sealed for HashMap<K, V, H> {}

impl<K: Send, V: Send, H> ParallelItems for HashMap<K, V, H> {
    type Item = (K, V);
    type Source = Owned<(K, V), Vec<ManuallyDrop<(K, V)>>>;

    fn into_source(self) -> Self::Source {
        self.into_iter().collect::<Vec<_>>().into_source()
    }
}

impl<K: Send, V: Send> sealed::Sealed for BTreeMap<K, V> {}

impl<K: Send, V: Send> ParallelItems for BTreeMap<K, V> {
    type Item = (K, V);
    type Source = Owned<(K, V), Vec<ManuallyDrop<(K, V)>>>;

    fn into_source(self) -> Self::Source {
        self.into_iter().collect::<Vec<_>>().into_source()
    }
}

/// A shared slice.
#[doc(hidden)]
#[derive(Debug)]
pub struct Shared<'a, T>(&'a [T]);

impl<'a, T: Sync> Source for Shared<'a, T> {
    type Item = &'a T;
    type Base = &'a [T];
    const OWNS: bool = false;

    fn base(&self) -> &'a [T] {
        self.0
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline(always)]
    unsafe fn take(items: &'a [T], position: usize) -> &'a T {
        // SAFETY: below the length (duty).
        unsafe { items.get_unchecked(position) }
    }

    unsafe fn skip(&self, _: Range<usize>, _: &dyn Fn(Payload)) {}
}

impl<T: Sync> sealed::Sealed for &[T] {}

impl<'a, T: Sync> ParallelItems for &'a [T] {
    type Item = &'a T;
    type Source = Shared<'a, T>;

    fn into_source(self) -> Self::Source {
        Shared(self)
    }
}

impl<T: Sync> sealed::Sealed for &Vec<T> {}

impl<'a, T: Sync> ParallelItems for &'a Vec<T> {
    type Item = &'a T;
    type Source = Shared<'a, T>;

    fn into_source(self) -> Self::Source {
        Shared(self)
    }
}

impl<T: Sync, const N: usize> sealed::Sealed for &[T; N] {}

impl<'a, T: Sync, const N: usize> ParallelItems for &'a [T; N] {
    type Item = &'a T;
    type Source = Shared<'a, T>;

    fn into_source(self) -> Self::Source {
        Shared(self)
    }
}

/// A slice whose items are lent one by one.
#[doc(hidden)]
#[derive(Debug)]
pub struct Lent<'a, T> {
    items: *mut T,
    len: usize,
    _slice: PhantomData<&'a mut [T]>,
}

// SAFETY: each item is lent to one thread.
unsafe impl<T: Send> Sync for Lent<'_, T> {}
// SAFETY: as for the slice.
unsafe impl<T: Send> Send for Lent<'_, T> {}

impl<'a, T: Send + 'a> Source for Lent<'a, T> {
    type Item = &'a mut T;
    type Base = *mut T;
    const OWNS: bool = false;

    fn base(&self) -> *mut T {
        self.items
    }

    fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    unsafe fn take(items: *mut T, position: usize) -> &'a mut T {
        // SAFETY: below the length (duty).
        let item = unsafe { items.add(position) };
        // SAFETY: lent once (duty), for as long as the slice is.
        unsafe { &mut *item }
    }

    unsafe fn skip(&self, _: Range<usize>, _: &dyn Fn(Payload)) {}
}

impl<T: Send> sealed::Sealed for &mut [T] {}

impl<'a, T: Send> ParallelItems for &'a mut [T] {
    type Item = &'a mut T;
    type Source = Lent<'a, T>;

    fn into_source(self) -> Self::Source {
        Lent { items: self.as_mut_ptr(), len: self.len(), _slice: PhantomData }
    }
}

impl<T: Send> sealed::Sealed for &mut Vec<T> {}

impl<'a, T: Send> ParallelItems for &'a mut Vec<T> {
    type Item = &'a mut T;
    type Source = Lent<'a, T>;

    fn into_source(self) -> Self::Source {
        self.as_mut_slice().into_source()
    }
}

impl<T: Send, const N: usize> sealed::Sealed for &mut [T; N] {}

impl<'a, T: Send, const N: usize> ParallelItems for &'a mut [T; N] {
    type Item = &'a mut T;
    type Source = Lent<'a, T>;

    fn into_source(self) -> Self::Source {
        self.as_mut_slice().into_source()
    }
}

/// Integers in a row.
#[doc(hidden)]
#[derive(Debug)]
pub struct Integers<T> {
    start: T,
    len: usize,
}

/// The types of integers. One implementation for all ranges lets the compiler find out which a range is of.
#[doc(hidden)]
pub trait Integer: Copy + Sync {
    /// How many there are from `start` up to `end`.
    fn count(start: Self, end: Self) -> Option<usize>;
    /// `self` and so much more: not past the end of a range that has been counted.
    fn plus(self, position: usize) -> Self;
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl Integer for $integer {
            fn count(start: Self, end: Self) -> Option<usize> {
                if start < end { end.abs_diff(start).try_into().ok() } else { Some(0) }
            }

            #[inline(always)]
            fn plus(self, position: usize) -> Self {
                // What the cast cuts off and the wrap come out even.
                self.wrapping_add(position as $integer)
            }
        }
    )*};
}

integers! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize }

impl<T: Integer> Source for Integers<T> {
    type Item = T;
    type Base = T;
    const OWNS: bool = false;

    fn base(&self) -> T {
        self.start
    }

    fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    unsafe fn take(start: T, position: usize) -> T {
        start.plus(position)
    }

    unsafe fn skip(&self, _: Range<usize>, _: &dyn Fn(Payload)) {}
}

impl<T: Integer> sealed::Sealed for Range<T> {}

impl<T: Integer> ParallelItems for Range<T> {
    type Item = T;
    type Source = Integers<T>;

    fn into_source(self) -> Self::Source {
        let len = T::count(self.start, self.end).expect("a range has at most usize::MAX integers");
        Integers { start: self.start, len }
    }
}
