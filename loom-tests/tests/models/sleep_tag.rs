//! The tag of the stack of sleepers.
//!
//! Threads: 3 workers, a waker (main). Bound: 1, in both fence modes. Property: a waker that slept while the stack was taken apart and built up again, with the same
//! worker on top and as many of them but another below, forgets nobody.
//! Seen failing: "sleep: the tag stays the same".

use std::sync::Arc;

use filch::internals::{Searching, Sleep};
use loom::sync::atomic::{AtomicBool, Ordering, fence};
use loom::thread;

use crate::support::explore_in_both_modes;

struct Room {
    sleep: Sleep,
    closed: AtomicBool,
    /// Workers that are about to park or run; no atomic of the model, since it only serves to set the stage.
    in_place: std::sync::atomic::AtomicUsize,
}

impl Room {
    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn wake_all(&self) {
        fence(Ordering::SeqCst);
        self.sleep.wake_all();
    }

    fn take_place(&self) {
        self.in_place.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    /// Lets the other threads run until so many workers are in place.
    fn wait_for(&self, workers: usize) {
        while self.in_place.load(std::sync::atomic::Ordering::Relaxed) < workers {
            thread::yield_now();
        }
    }

    fn sleep_once(&self, searching: Searching, index: usize) -> Searching {
        self.sleep.sleep(searching, index, || self.is_closed(), || false, |_| self.take_place()).0
    }

    fn sleep_until_closed(&self, mut searching: Searching, index: usize) {
        while !self.is_closed() {
            searching = self.sleep_once(searching, index);
        }
        self.sleep.leave(searching);
    }

    fn run(&self, searching: Searching) {
        self.sleep.found_work(searching, || self.is_closed());
    }
}

const TOP: usize = 0;
const BELOW: usize = 1;
const RUNNING: usize = 2;

#[test]
fn a_waker_sleeps_through_changes_of_the_stack() {
    explore_in_both_modes("sleep: the tag", Some(1), || {
        loom::stop_exploring();
        let room = Room { sleep: Sleep::new(3), closed: AtomicBool::new(false), in_place: 0.into() };
        let room = Arc::new(room);
        let start = |worker: fn(&Room)| {
            let room = room.clone();
            thread::spawn(move || worker(&room))
        };
        let mut workers = vec![start(|room| room.run(room.sleep_once(room.sleep.arrive(), BELOW)))];
        room.wait_for(1);
        workers.push(start(|room| room.sleep_until_closed(room.sleep.arrive(), TOP)));
        room.wait_for(2);
        workers.push(start(|room| {
            room.run(room.sleep.arrive());
            room.take_place();
            loom::thread::yield_now();
            // The stack is taken apart, and this worker becomes the one below.
            room.wake_all();
            room.sleep_until_closed(room.sleep.start_searching(), RUNNING);
        }));
        room.wait_for(3);
        loom::explore();
        room.wake_all();
        room.closed.swap(true, Ordering::AcqRel);
        room.wake_all();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}
