//! Waiting until a pool has nothing left to do.
//!
//! Idle means: every worker sleeps, every queue is empty, and nobody outside the workers is ending a job. If the event count's version and the count of ends
//! are the same before and after a look at the queues, nobody took or pushed anything in between.

use std::time::Duration;

use super::Registry;
use crate::sync::futex::{Futex, WaitOutcome};
use crate::sync::thread::yield_now;
use crate::sync::time::Deadline;
use crate::sync::{AtomicU64, AtomicUsize, Ordering, full_fence};
use crate::util::limits::{IDLE_NAPS, IDLE_ROUNDS};

/// See [`IDLE_NAPS`].
const NAP: Duration = Duration::from_millis(1);

const ONE_ACTIVE: u64 = 1;
const ONE_BEGUN: u64 = 1 << 32;

fn active(endings: u64) -> u64 {
    endings & (ONE_BEGUN - 1)
}

/// Those who wait for a pool to be idle, and those who keep it from being.
#[derive(Debug)]
pub struct Idle {
    /// Ends of jobs outside the workers, whose callbacks may still run: `begun:32 | active:32`, so that it never is the same again.
    endings: AtomicU64,
    /// Threads that wait or are about to.
    waiters: AtomicUsize,
    /// Changes when waiters should look again.
    turn: Futex,
}

impl Idle {
    pub(super) fn new() -> Self {
        Self { endings: AtomicU64::new(0), waiters: AtomicUsize::new(0), turn: Futex::new(0) }
    }

    pub(super) fn begin_ending(&self) {
        self.endings.fetch_add(ONE_BEGUN + ONE_ACTIVE, Ordering::AcqRel);
    }

    pub(super) fn end_ending(&self) {
        if active(self.endings.fetch_sub(ONE_ACTIVE, Ordering::AcqRel)) == 1 {
            // Ordering: the end comes before the look at `waiters`.
            full_fence(Ordering::SeqCst);
            self.tell();
        }
    }

    /// Lets waiters look. The caller has passed a full fence since it changed what they look at.
    pub(super) fn tell(&self) {
        if self.waiters.load(Ordering::Relaxed) != 0 {
            self.turn.fetch_add(1, Ordering::Release);
            self.turn.wake_all();
        }
    }
}

impl Registry {
    /// Whether nothing is queued or running and all callbacks are done.
    pub fn is_idle(&self) -> bool {
        let before = (self.sleep.version(), self.idle.endings.load(Ordering::Acquire));
        // Ordering: the fences keep the looks in this order.
        full_fence(Ordering::SeqCst);
        let resting = self.lifecycle.is_drained() || self.sleep.all_asleep();
        let nothing = resting && active(before.1) == 0 && !self.has_queued() && !self.has_mail();
        full_fence(Ordering::SeqCst);
        nothing && before == (self.sleep.version(), self.idle.endings.load(Ordering::Acquire))
    }

    /// Blocks until the pool is idle. False: the time ran out first.
    pub fn wait_idle(&self, deadline: Deadline) -> bool {
        self.is_idle() || self.wait_idle_slow(deadline)
    }

    #[cold]
    fn wait_idle_slow(&self, deadline: Deadline) -> bool {
        self.id().assert_not_inherited();
        self.idle.waiters.fetch_add(1, Ordering::AcqRel);
        let idle = loop {
            let turn = self.idle.turn.load(Ordering::Acquire);
            // Ordering: our announcement in `waiters` comes before the look; pairs with the fences before `tell`.
            full_fence(Ordering::SeqCst);
            if self.is_idle() {
                break true;
            }
            let left = deadline.left();
            let timed_out = left.is_some_and(|left| left.is_zero());
            if timed_out || self.idle.turn.wait(turn, left) == WaitOutcome::TimedOut {
                break self.is_idle_in_a_moment();
            }
        };
        self.idle.waiters.fetch_sub(1, Ordering::AcqRel);
        idle
    }

    /// Whether the pool is idle, or is as soon as workers that have nothing to do are asleep: those get a few microseconds,
    /// and some milliseconds if the machine is busy.
    fn is_idle_in_a_moment(&self) -> bool {
        let has_nothing = || self.pending() == 0 && self.running() == 0;
        for round in 0..IDLE_ROUNDS + IDLE_NAPS {
            let turn = self.idle.turn.load(Ordering::Acquire);
            if self.is_idle() {
                return true;
            }
            if !has_nothing() {
                return false;
            }
            if round < IDLE_ROUNDS {
                yield_now();
            } else {
                // Other programs may have the processors: a worker that is about to sleep tells us.
                self.idle.turn.wait(turn, Some(NAP));
            }
        }
        self.is_idle()
    }

    /// Called by a spare thread that rests from now on.
    pub fn about_to_rest(&self) {
        // Ordering: that it rests comes before the look at `waiters`.
        full_fence(Ordering::SeqCst);
        self.about_to_park(self.sleep.all_asleep());
    }

    /// Called by a worker that is about to park, after its last look.
    pub fn about_to_park(&self, all_asleep: bool) {
        if all_asleep {
            self.idle.tell();
        }
    }
}
