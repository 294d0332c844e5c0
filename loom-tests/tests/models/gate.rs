//! Back-pressure: the gate that submitters wait at while too many jobs are queued.
//!
//! Threads: 2 or 3. Bounds: at each model.
//! Properties: nobody waits for ever while there is room, however many wake-ups are saved; no more than the capacity are inside at once, but
//! for those that force their way; who enters after a leave sees what came before the leave; a closed gate lets every waiter go.
//! Seen failing: every mutant whose name begins with "gate".

use std::sync::Arc;

use filch::internals::{Gate, Refusal};
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};
use loom::thread::{self, JoinHandle};

use crate::support::{ALL, explore};

/// A gate for one, used as a lock.
struct Room {
    gate: Gate,
    /// Visits so far: reached by whoever is inside, so the model checker reports two at once, or two that nothing orders.
    visits: UnsafeCell<usize>,
    closed: AtomicBool,
}

// SAFETY: `visits` is the only part that is not `Sync`, and that threads do not meet there is what the models check.
unsafe impl Sync for Room {}

impl Room {
    fn new() -> Arc<Self> {
        Arc::new(Self { gate: Gate::new(1), visits: UnsafeCell::new(0), closed: AtomicBool::new(false) })
    }

    fn enter(&self) -> Result<(), Refusal> {
        self.gate.enter(|| self.closed.load(Relaxed))
    }

    fn visit(&self) {
        // SAFETY: the pointer is valid inside the closure, and the model fails before it lets two threads in.
        self.visits.with_mut(|visits| unsafe { *visits += 1 });
    }

    fn visits(&self) -> usize {
        // SAFETY: as above.
        self.visits.with(|visits| unsafe { *visits })
    }

    fn enter_visit_leave(&self) {
        self.enter().unwrap();
        self.visit();
        self.gate.leave();
    }
}

fn start(room: &Arc<Room>, body: impl FnOnce(&Room) + 'static) -> JoinHandle<()> {
    let room = room.clone();
    thread::spawn(move || body(&room))
}

#[test]
fn a_leaver_lets_a_waiter_in() {
    explore("gate, one waiter", ALL, || {
        let room = Room::new();
        room.gate.try_enter().unwrap();
        let waiter = start(&room, Room::enter_visit_leave);
        room.visit();
        room.gate.leave();
        waiter.join().unwrap();
        assert_eq!(room.visits(), 2);
    });
}

#[test]
fn two_waiters_and_a_leaver() {
    explore("gate, two waiters", Some(3), || {
        let room = Room::new();
        room.gate.try_enter().unwrap();
        let waiters = [(); 2].map(|()| start(&room, Room::enter_visit_leave));
        room.visit();
        room.gate.leave();
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
        assert_eq!(room.visits(), 3);
        assert_eq!(room.gate.try_enter(), Ok(()), "the gate forgot a leave");
        assert_eq!(room.gate.try_enter(), Err(Refusal::Full), "the gate forgot an entry");
    });
}

/// The wake-up may go to a waiter that finds the room taken by one who never waited.
#[test]
fn a_waiter_and_one_who_only_tries() {
    explore("gate, a waiter and a trier", Some(3), || {
        let room = Room::new();
        room.gate.try_enter().unwrap();
        let waiter = start(&room, Room::enter_visit_leave);
        let trier = start(&room, |room| {
            if room.gate.try_enter().is_ok() {
                room.visit();
                room.gate.leave();
            }
        });
        room.visit();
        room.gate.leave();
        waiter.join().unwrap();
        trier.join().unwrap();
    });
}

/// Inside threads enter without room, so a leave need not make any.
#[test]
fn a_waiter_waits_until_the_excess_has_left() {
    explore("gate, excess", Some(3), || {
        let room = Room::new();
        room.gate.force();
        room.gate.force();
        let waiter = start(&room, Room::enter_visit_leave);
        let leaver = start(&room, |room| room.gate.leave());
        room.visit();
        room.gate.leave();
        waiter.join().unwrap();
        leaver.join().unwrap();
        assert_eq!(room.visits(), 2);
    });
}

/// Fills the gate, lets waiters come, and leaves once for each: all must get in. The leaves are spread over two threads, main's first.
fn admit(capacity: usize, waiters: usize, leaves: [usize; 2]) {
    let gate = Arc::new(Gate::new(capacity));
    (0..capacity).for_each(|_| gate.try_enter().unwrap());
    let spawn = |body: fn(&Gate, usize), count| {
        let gate = gate.clone();
        thread::spawn(move || body(&gate, count))
    };
    let enter = |gate: &Gate, _| gate.enter(|| false).unwrap();
    let leave = |gate: &Gate, times| (0..times).for_each(|_| gate.leave());
    let mut others: Vec<_> = (0..waiters).map(|_| spawn(enter, 1)).collect();
    if leaves[1] > 0 {
        others.push(spawn(leave, leaves[1]));
    }
    leave(&gate, leaves[0]);
    others.into_iter().for_each(|other| other.join().unwrap());
}

/// Only the first of the two leaves wakes: whoever comes in first must wake the other.
#[test]
fn one_wake_lets_two_in() {
    explore("gate, one wake for two", Some(3), || admit(2, 2, [2, 0]));
}

#[test]
fn a_waiter_lingers() {
    explore("gate, lingering for more room", Some(5), || admit(3, 1, [2, 0]));
    explore("gate, lingering in vain", ALL, || admit(3, 1, [1, 0]));
}

#[test]
fn two_waiters_linger() {
    explore("gate, two linger", Some(3), || admit(3, 2, [2, 0]));
}

#[test]
fn a_waiter_and_two_leavers() {
    explore("gate, two leavers", Some(3), || admit(2, 1, [1, 1]));
}

fn close_on_waiters(waiters: usize) {
    let room = Room::new();
    room.gate.try_enter().unwrap();
    let wait = |_| start(&room, |room| assert_eq!(room.enter(), Err(Refusal::ShutDown)));
    let waiters: Vec<_> = (0..waiters).map(wait).collect();
    // Ordering: Relaxed: that the waiters see it is the gate's business.
    room.closed.store(true, Relaxed);
    room.gate.wake_all();
    waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
}

#[test]
fn closing_lets_every_waiter_go() {
    explore("gate, closing on one", ALL, || close_on_waiters(1));
    explore("gate, closing on two", Some(4), || close_on_waiters(2));
}

#[test]
fn closing_and_leaving_at_once() {
    explore("gate, closing and leaving", Some(4), || {
        let room = Room::new();
        room.gate.try_enter().unwrap();
        let waiter = start(&room, |room| {
            if room.enter().is_ok() {
                room.gate.leave();
            }
        });
        let leaver = start(&room, |room| room.gate.leave());
        room.closed.store(true, Relaxed);
        room.gate.wake_all();
        waiter.join().unwrap();
        leaver.join().unwrap();
        assert_eq!(room.gate.try_enter(), Ok(()), "the gate forgot a leave");
    });
}

#[test]
fn every_entry_and_every_leave_counts() {
    explore("gate, counting", ALL, || {
        let room = Room::new();
        room.gate.try_enter().unwrap();
        let other = start(&room, |room| {
            room.gate.force();
            room.gate.leave();
        });
        room.gate.force();
        room.gate.leave();
        other.join().unwrap();
        assert_eq!(room.gate.try_enter(), Err(Refusal::Full), "the gate forgot an entry");
        room.gate.leave();
        assert_eq!(room.gate.try_enter(), Ok(()), "the gate forgot a leave");
    });
}
