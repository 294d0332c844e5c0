//! Memory for many small things that are made one after another, and freed one by one on any thread: several of them share one piece of the allocator's.
//!
//! A batch of results made in one thread and taken in another order defeats an allocator's short lists of free pieces; then its calls cost as much as all the rest
//! of a small job. A thing that stays keeps its neighbours' memory, [`SIZE`] bytes at most. The first few things of a nursery have memory of their own.
//!
//! What is freed goes back: glibc merges pieces that are larger than 1032 bytes with their neighbours at once, and keeps smaller ones for later.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::RefCell;
use std::ptr::NonNull;

use crate::sync::{AtomicUsize, Ordering, Track, before_free, full_fence};
use crate::util::limits::{NURSERY_FROM, NURSERY_PIECE, THREADS_NURSERY_FROM};

/// Bytes of a shared piece.
const SIZE: usize = NURSERY_PIECE;
const ALIGN: usize = 16;
const LAYOUT: Layout = match Layout::from_size_align(SIZE, ALIGN) {
    Ok(layout) => layout,
    Err(_) => unreachable!(),
};
/// A larger thing has memory of its own.
const LARGEST: usize = 240;

/// The beginning of a piece. Before each thing in it lies the piece's address.
#[repr(C)]
struct Piece {
    /// Things that have not been freed, and [`OPEN`] less those that were made while more may be.
    left: AtomicUsize,
    _track: Track<()>,
}

/// More than the things in a piece.
const OPEN: usize = SIZE;

/// Makes things. They outlive it.
#[derive(Debug)]
pub struct Nursery {
    piece: Option<NonNull<Piece>>,
    /// Bytes of the piece that are in use.
    used: usize,
    /// Things made in the piece.
    made: usize,
    /// The next so many things have memory of their own.
    early: usize,
}

// SAFETY: the piece is only reached through its nursery and its things, and what they share is an atomic.
unsafe impl Send for Nursery {}

impl Nursery {
    /// A nursery whose first `early` things have memory of their own.
    pub const fn new(early: usize) -> Self {
        Self { piece: None, used: 0, made: 0, early }
    }

    /// A `T` in a piece, or the `T` back: it shall have memory of its own.
    #[inline]
    pub fn put<T>(&mut self, value: T) -> Result<NonNull<T>, T> {
        if size_of::<T>() > LARGEST || align_of::<T>() > ALIGN || self.is_early() {
            return Err(value);
        }
        let offset = match self.place::<T>() {
            Some(offset) => offset,
            None => {
                self.begin_piece();
                self.place::<T>().expect("there is room in a new one")
            }
        };
        let piece = self.piece.expect("there is one now");
        self.used = offset + size_of::<T>();
        self.made += 1;
        // SAFETY: inside the piece, behind what is in use.
        let place = unsafe { piece.byte_add(offset) }.cast::<T>();
        // SAFETY: `place` has left room for it.
        unsafe { before(place).write(piece) };
        // SAFETY: as above, and aligned.
        unsafe { place.write(value) };
        Ok(place)
    }

    /// Where the next `T` lies, if there is a piece with room for it.
    fn place<T>(&self) -> Option<usize> {
        let offset = (self.used + size_of::<NonNull<Piece>>()).next_multiple_of(align_of::<T>().max(8));
        (self.piece.is_some() && offset + size_of::<T>() <= SIZE).then_some(offset)
    }

    fn is_early(&mut self) -> bool {
        let is_early = self.early > 0;
        self.early -= usize::from(is_early);
        is_early
    }

    #[cold]
    fn begin_piece(&mut self) {
        self.end_piece();
        // SAFETY: the layout has a size.
        let memory = unsafe { alloc(LAYOUT) };
        let piece = NonNull::new(memory).unwrap_or_else(|| handle_alloc_error(LAYOUT)).cast::<Piece>();
        // SAFETY: new memory, large and aligned enough.
        unsafe { piece.write(Piece { left: AtomicUsize::new(OPEN), _track: Track::new(()) }) };
        *self = Self { piece: Some(piece), used: size_of::<Piece>(), made: 0, early: self.early };
    }

    fn end_piece(&mut self) {
        if let Some(piece) = self.piece.take() {
            // SAFETY: so many things were not made, and will not be.
            unsafe { leave(piece, OPEN - self.made) };
        }
    }
}

impl Default for Nursery {
    fn default() -> Self {
        Self::new(NURSERY_FROM)
    }
}

impl Drop for Nursery {
    fn drop(&mut self) {
        self.end_piece();
    }
}

thread_local! {
    static NURSERIES: RefCell<[Nursery; CLASSES]> = const { RefCell::new([const { Nursery::new(THREADS_NURSERY_FROM) }; CLASSES]) };
}

/// A thread keeps those apart that live long and short: by the nanoseconds that they are likely to live, up to 67 milliseconds, 4.3 seconds, 4.6 minutes, and longer.
const CLASSES: usize = 4;

fn class_of(life: u64) -> usize {
    let bits = u64::BITS - (life >> 26).leading_zeros();
    (bits.div_ceil(6) as usize).min(CLASSES - 1)
}

/// [Puts](Nursery::put) a `T` into a nursery of this thread, among others that are likely to live as many nanoseconds.
#[inline]
pub fn put_here<T>(value: T, life: u64) -> Result<NonNull<T>, T> {
    let mut value = Some(value);
    let put = NURSERIES.try_with(|nurseries| {
        let mut nurseries = nurseries.try_borrow_mut().ok()?;
        Some(nurseries[class_of(life)].put(value.take()?))
    });
    // The thread ends, and its nursery is gone; or the allocator itself, called by the nursery, wants a thing.
    put.ok().flatten().unwrap_or_else(|| Err(value.expect("not taken")))
}

/// This thread's nurseries begin anew: what they have made last may be the last there is, and its piece is freed with it.
pub fn end_here() {
    let _ = NURSERIES.try_with(|nurseries| {
        let mut nurseries = nurseries.try_borrow_mut().ok()?;
        nurseries.iter_mut().for_each(|nursery| *nursery = Nursery::new(THREADS_NURSERY_FROM));
        Some(())
    });
}

/// The word before a thing.
fn before<T>(place: NonNull<T>) -> NonNull<NonNull<Piece>> {
    // SAFETY: inside the piece (duty of all who call this).
    unsafe { place.cast::<NonNull<Piece>>().sub(1) }
}

/// Gives the memory of a thing back.
///
/// # Safety
///
/// It comes from [`Nursery::put`] of this type, what was in it has been dropped or moved out, and nobody uses it any more.
#[inline]
pub unsafe fn free<T>(place: NonNull<T>) {
    // SAFETY: `put` has written it.
    let piece = unsafe { before(place).read() };
    // SAFETY: one of the things that were made.
    unsafe { leave(piece, 1) };
}

/// # Safety
///
/// So many of the piece's [`OPEN`] things are freed, or were never made.
#[inline]
unsafe fn leave(piece: NonNull<Piece>, things: usize) {
    // SAFETY: not all things are gone, so the piece is alive.
    let left = unsafe { &(*piece.as_ptr()).left };
    // Ordering: as `Arc`: our use of the piece comes before its end, and the end after everybody's.
    if left.fetch_sub(things, Ordering::Release) == things {
        full_fence(Ordering::Acquire);
        // SAFETY: the rest is gone.
        let mut beginning = unsafe { piece.read() };
        before_free(&mut beginning.left);
        // SAFETY: made by `alloc` with this layout, and nobody uses it.
        unsafe { dealloc(piece.as_ptr().cast(), LAYOUT) };
    }
}

#[cfg(all(test, not(filch_loom)))]
mod tests {
    use super::*;

    fn filled() -> Nursery {
        let mut nursery = Nursery::new(2);
        (0..2).for_each(|_| assert!(nursery.put(0_u8).is_err()));
        nursery
    }

    /// Frees what it holds, on whichever thread it is dropped.
    struct Thing<T>(NonNull<T>);

    // SAFETY: it is the one owner of its place.
    unsafe impl<T: Send> Send for Thing<T> {}

    impl<T> Drop for Thing<T> {
        fn drop(&mut self) {
            // SAFETY: put, and dropped once.
            unsafe { free(self.0) };
        }
    }

    #[test]
    fn things_keep_what_is_in_them_and_are_freed_anywhere() {
        let mut nursery = filled();
        let (mut small, mut large) = (Vec::new(), Vec::new());
        for n in 0..1000_u64 {
            small.push(Thing(nursery.put(n).unwrap()));
            large.push(Thing(nursery.put([u128::from(n); 5]).unwrap()));
        }
        drop(nursery);
        // SAFETY: put above, and not freed.
        assert!((0..).zip(&small).all(|(n, thing)| unsafe { thing.0.read() } == n));
        // SAFETY: as above.
        assert!((0..).zip(&large).all(|(n, thing)| unsafe { thing.0.read() } == [n; 5]));
        let other = std::thread::spawn(move || drop(small));
        drop(large);
        other.join().unwrap();
    }

    #[test]
    fn what_does_not_fit_comes_back() {
        let mut nursery = filled();
        assert!(nursery.put([0_u8; LARGEST + 1]).is_err());
        assert!(nursery.put([0_u8; LARGEST]).is_ok_and(|place| {
            // SAFETY: put just now, and not used again.
            unsafe { free(place) };
            true
        }));
    }

    #[test]
    fn long_and_short_lives_are_kept_apart() {
        let classes = [0, 67, 68, 4_294, 4_295, 274_877, 274_878].map(|millis| class_of(millis * 1_000_000));
        assert_eq!(classes, [0, 0, 1, 1, 2, 2, 3]);
        assert_eq!(class_of(u64::MAX), 3);
    }

    #[test]
    fn a_thread_has_a_nursery_until_its_end() {
        struct Late;
        impl Drop for Late {
            fn drop(&mut self) {
                // Destroyed before or after the nursery: there is memory either way.
                let thing = put_here(1_u64, 0).map(Thing);
                // SAFETY: put just now.
                let is_there = |thing: Thing<u64>| unsafe { thing.0.read() } == 1;
                assert!(thing.map_or_else(|back| back == 1, is_there));
                end_here();
            }
        }
        thread_local!(static LATE: Late = const { Late });
        let put = || (0..200_u64).filter_map(|n| put_here(n, 0).ok()).map(Thing).collect::<Vec<_>>();
        let made = std::thread::spawn(move || {
            LATE.with(|_| ());
            let things = put();
            end_here();
            assert_eq!(put().len(), things.len(), "it begins anew");
            things
        });
        let things = made.join().unwrap();
        assert_eq!(things.len(), 200_usize.saturating_sub(THREADS_NURSERY_FROM));
        let first = THREADS_NURSERY_FROM as u64;
        // SAFETY: put above, and not freed.
        assert!((first..).zip(&things).all(|(n, thing)| unsafe { thing.0.read() } == n));
    }
}
