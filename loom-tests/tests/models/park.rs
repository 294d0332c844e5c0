//! The parker's token, and the futex below it.
//!
//! Threads: 2 or 3. Bound: none, but 4 for the model of two unparkers.
//! Properties of the parker: a token is not lost, whenever it comes; one token ends one wait; a timed wait that gives up leaves the token to the next
//! one; what came before the `unpark` is visible after the `park`.
//! Properties of the futex: a wake that follows a change of the word reaches who waits for the change; a waiter that
//! gives up takes no wake from another.
//! Seen failing: every mutant whose name begins with "park" or "futex".

use std::sync::Arc;
use std::time::Duration;

use filch::internals::{Deadline, Futex, Parker, Unparker, WaitOutcome};
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::thread::{self, JoinHandle};

use crate::support::{ALL, explore};

/// Under the model a timed wait may give up whenever the others have had a chance to run.
const SOON: Duration = Duration::from_millis(1);

/// What an unparking thread writes for the parked one. The model checker reports if nothing orders the two.
struct Note(UnsafeCell<usize>);

// SAFETY: that threads do not meet in the cell is what the models check.
unsafe impl Sync for Note {}

impl Note {
    fn new() -> Arc<Self> {
        Arc::new(Self(UnsafeCell::new(0)))
    }

    fn write(&self, value: usize) {
        // SAFETY: the pointer is valid inside the closure, and the model fails before it lets two threads in.
        self.0.with_mut(|note| unsafe { note.write(value) });
    }

    fn read(&self) -> usize {
        // SAFETY: as above.
        self.0.with(|note| unsafe { note.read() })
    }
}

fn unpark_after_writing(parker: &Parker, note: &Arc<Note>) -> JoinHandle<()> {
    let (unparker, note) = (parker.unparker().clone(), note.clone());
    thread::spawn(move || {
        note.write(1);
        unparker.unpark();
    })
}

#[test]
fn a_token_ends_a_wait_whenever_it_comes() {
    explore("park", ALL, || {
        let (parker, note) = (Parker::new(), Note::new());
        let other = unpark_after_writing(&parker, &note);
        assert!(parker.park(Deadline::NEVER));
        assert_eq!(note.read(), 1);
        other.join().unwrap();
    });
}

#[test]
fn a_token_that_came_too_late_is_there_for_the_next_wait() {
    explore("park, timed then untimed", ALL, || {
        let (parker, note) = (Parker::new(), Note::new());
        let other = unpark_after_writing(&parker, &note);
        if !parker.park(Deadline::after(SOON)) {
            assert!(parker.park(Deadline::NEVER));
        }
        assert_eq!(note.read(), 1);
        other.join().unwrap();
    });
}

#[test]
fn one_token_ends_one_wait() {
    explore("park, twice timed", ALL, || {
        let (parker, note) = (Parker::new(), Note::new());
        let other = unpark_after_writing(&parker, &note);
        let waits = [(); 2].map(|()| parker.park(Deadline::after(SOON)));
        assert_ne!(waits, [true, true], "one token ended two waits");
        other.join().unwrap();
        let left = parker.park(Deadline::after(SOON));
        let tokens = waits.into_iter().chain([left]).filter(|token| *token).count();
        assert_eq!(tokens, 1, "the token was lost or doubled");
    });
}

/// Two threads each finish something and unpark. Tokens merge, so the one that waits counts on seeing both.
#[test]
fn two_unparkers_are_both_seen() {
    explore("park, two unparkers", Some(4), || {
        let parker = Parker::new();
        let finished = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let finish = |index: usize| {
            let (unparker, finished): (Unparker, _) = (parker.unparker().clone(), finished.clone());
            thread::spawn(move || {
                // Ordering: Relaxed: only the token makes it visible.
                finished[index].store(1, Relaxed);
                unparker.unpark();
            })
        };
        let threads = [0, 1].map(finish);
        while finished.iter().any(|one| one.load(Relaxed) == 0) {
            assert!(parker.park(Deadline::NEVER));
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

fn wait_for_change(word: &Futex, timeout: Option<Duration>) {
    while word.load(Relaxed) == 0 {
        word.wait(0, timeout);
    }
}

#[test]
fn a_wake_after_a_change_reaches_the_waiter() {
    for timeout in [None, Some(SOON)] {
        explore(&format!("futex, wait {timeout:?}"), ALL, move || {
            let word = Arc::new(Futex::new(0));
            let waiter = thread::spawn({
                let word = word.clone();
                move || wait_for_change(&word, timeout)
            });
            word.store(1, Relaxed);
            word.wake_one();
            waiter.join().unwrap();
        });
    }
}

#[test]
fn wake_all_reaches_all() {
    explore("futex, wake_all", ALL, || {
        let word = Arc::new(Futex::new(0));
        let waiter = |word: Arc<Futex>| thread::spawn(move || wait_for_change(&word, None));
        let waiters = [(); 2].map(|()| waiter(word.clone()));
        word.store(1, Relaxed);
        word.wake_all();
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
    });
}

/// One wake for two waiters. If it reached the one with a time limit, that one passes it on.
#[test]
fn a_waiter_that_gives_up_takes_no_wake_from_another() {
    explore("futex, timed and untimed", ALL, || {
        let word = Arc::new(Futex::new(0));
        let timed = thread::spawn({
            let word = word.clone();
            move || {
                if word.wait(0, Some(SOON)) == WaitOutcome::Woken {
                    word.wake_one();
                }
            }
        });
        let untimed = thread::spawn({
            let word = word.clone();
            move || wait_for_change(&word, None)
        });
        word.store(1, Relaxed);
        word.wake_one();
        timed.join().unwrap();
        untimed.join().unwrap();
    });
}
