//! `src/park/latch.rs`: one thread waits until others have counted down what it gave them, and then its frame, the latch in it, is gone.
//!
//! Threads: the one that waits (main) and 1 or 2 that count down. Bounds: all. Property: who waits sees what the others did before; nobody touches the latch
//! when it may be gone; nobody waits for ever.
//! Seen failing: the rows of `latch` in `mutants`.

use std::ptr::NonNull;
use std::sync::Arc;

use filch::internals::{Deadline, Latch, Parker};
use loom::cell::UnsafeCell;
use loom::thread::{self, JoinHandle};

use crate::frame::Frame;
use crate::support::{ALL, Bound, explore};

/// A latch on its way to another thread.
struct Lent(NonNull<Latch>);

// SAFETY: made to be used by threads; it counts what it lends.
unsafe impl Send for Lent {}

impl Lent {
    fn add(&self, count: usize) {
        // SAFETY: lent and not given back.
        unsafe { self.0.as_ref() }.add(count);
    }

    fn release(self, count: usize) {
        // SAFETY: counted by whoever lent it.
        unsafe { Latch::release(self.0, count) };
    }
}

/// What another thread does before it counts down.
struct Deed(UnsafeCell<bool>);

// SAFETY: the model checker fails the model if two threads are in the cell at once.
unsafe impl Sync for Deed {}

impl Deed {
    fn new() -> Arc<Self> {
        Arc::new(Self(UnsafeCell::new(false)))
    }

    fn does(&self) {
        // SAFETY: nobody looks yet; the model checker fails the model otherwise.
        self.0.with_mut(|done| unsafe { *done = true });
    }

    fn is_done(&self) -> bool {
        // SAFETY: as above.
        self.0.with(|done| unsafe { *done })
    }
}

fn release_elsewhere(lent: Lent, count: usize, deed: &Arc<Deed>) -> JoinHandle<()> {
    let deed = deed.clone();
    thread::spawn(move || {
        deed.does();
        lent.release(count);
    })
}

/// Waits as a scope does, and leaves the frame.
fn wait(frame: Box<Frame<Latch>>, parker: &Parker) {
    if !frame.get().leave() {
        while !frame.get().has_ended() {
            assert!(parker.park(Deadline::NEVER));
        }
    }
    drop(frame.leave());
}

/// One thread counts down for each number, so many.
fn wait_for(counts: &[usize]) {
    let parker = Parker::new();
    let frame = Frame::new(Latch::new(parker.unparker().clone()));
    let mut others = Vec::new();
    for &count in counts {
        let (lent, deed) = (Lent(NonNull::from(frame.get())), Deed::new());
        lent.add(count);
        others.push((release_elsewhere(lent, count, &deed), deed));
    }
    wait(frame, &parker);
    for (other, deed) in others {
        assert!(deed.is_done());
        other.join().unwrap();
    }
}

fn explore_counts(name: &str, bound: Bound, counts: &'static [usize]) {
    explore(name, bound, || wait_for(counts));
}

#[test]
fn one_counts_down() {
    explore_counts("latch: one thread", ALL, &[1]);
    explore_counts("latch: one thread, several at once", ALL, &[3]);
}

#[test]
fn two_count_down() {
    explore_counts("latch: two threads", Some(5), &[1, 2]);
}

#[test]
fn one_hands_on_before_it_counts_down() {
    explore("latch: a thread that lends to another", Some(4), || {
        let parker = Parker::new();
        let frame = Frame::new(Latch::new(parker.unparker().clone()));
        let (first, second) = (Deed::new(), Deed::new());
        let lent = Lent(NonNull::from(frame.get()));
        lent.add(1);
        let other = thread::spawn({
            let (first, second) = (first.clone(), second.clone());
            move || {
                let also_lent = Lent(lent.0);
                also_lent.add(1);
                let third = release_elsewhere(also_lent, 1, &second);
                first.does();
                lent.release(1);
                third.join().unwrap();
            }
        });
        wait(frame, &parker);
        assert!(first.is_done() && second.is_done());
        other.join().unwrap();
    });
}
