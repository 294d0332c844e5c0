//! `src/util/nursery.rs`: things that share one piece of memory are freed by any thread while more are made, and the piece once, after all uses.
//!
//! Threads: who makes (main), 1 or 2 who free. Bound: none. Property: a thing keeps what was written into it; the last to leave frees the piece, and everybody's use of it comes
//! before that. It is freed although its nursery goes, or begins another piece, before its things do.
//! Seen failing: the rows of `nursery` in `mutants`.

use std::ptr::NonNull;

use filch::internals::{Nursery, free_nursed};
use loom::cell::UnsafeCell;
use loom::thread::{self, JoinHandle};

use crate::support::{ALL, explore};

/// Four have room in a piece.
struct Thing {
    content: UnsafeCell<u32>,
    _rest: [u8; 200],
}

/// The one owner of a thing.
struct Owned(NonNull<Thing>);

// SAFETY: there is one, and the checker watches what is in it.
unsafe impl Send for Owned {}

impl Owned {
    fn free(self) {
        // SAFETY: put, and not freed.
        let thing = unsafe { self.0.as_ref() };
        // SAFETY: the thing is ours; the model fails if not.
        thing.content.with_mut(|content| assert_eq!(unsafe { content.replace(0) }, 42));
        // SAFETY: as above.
        unsafe { free_nursed(self.0) };
    }

    fn free_elsewhere(self) -> JoinHandle<()> {
        thread::spawn(move || self.free())
    }
}

fn make(nursery: &mut Nursery) -> Owned {
    let thing = Thing { content: UnsafeCell::new(42), _rest: [0; 200] };
    Owned(nursery.put(thing).unwrap_or_else(|_| panic!("it is not early")))
}

#[test]
fn a_thing_is_freed_while_more_are_made() {
    explore("nursery: free, make, drop", ALL, || {
        let mut nursery = Nursery::new(0);
        let other = make(&mut nursery).free_elsewhere();
        make(&mut nursery).free();
        drop(nursery);
        other.join().unwrap();
    });
}

#[test]
fn a_thing_outlives_its_nursery() {
    explore("nursery: free, drop, free", ALL, || {
        let mut nursery = Nursery::new(0);
        let (first, second) = (make(&mut nursery), make(&mut nursery));
        let other = first.free_elsewhere();
        drop(nursery);
        second.free();
        other.join().unwrap();
    });
}

#[test]
fn three_leave_at_once() {
    explore("nursery: free, free, drop", ALL, || {
        let mut nursery = Nursery::new(0);
        let others = [make(&mut nursery), make(&mut nursery)].map(Owned::free_elsewhere);
        drop(nursery);
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

#[test]
fn a_piece_is_full() {
    explore("nursery: free, begin a piece", ALL, || {
        let mut nursery = Nursery::new(0);
        let mut things: Vec<_> = (0..4).map(|_| make(&mut nursery)).collect();
        let other = things.remove(0).free_elsewhere();
        let in_another = make(&mut nursery);
        things.into_iter().for_each(Owned::free);
        in_another.free();
        drop(nursery);
        other.join().unwrap();
    });
}
