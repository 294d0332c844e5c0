//! Back-pressure: a bound on the jobs queued, at which outside threads wait.
//!
//! A wake-up costs as much as a thousand small jobs, so a waiter should find more room than for one when it comes back. Two events wake one waiter:
//! the first room in a full queue, and the queue's being half empty. A waiter that finds room, but less than half, *lingers* a moment for the
//! second event, and then enters anyway: nothing may depend on the queue getting emptier. Who enters and leaves room behind wakes the next.

use std::time::Duration;

use crossbeam_utils::CachePadded;

use crate::sync::futex::Futex;
use crate::sync::{AtomicUsize, Ordering, full_fence};

/// How long a waiter that has found room lingers. On two cores each wake-up also pushes a worker off its core: with jobs of 17 µs and 500 µs here,
/// that took 5 % of the workers' time (`examples/compress`); with 10 ms less than 1 %.
const LINGER: Duration = Duration::from_millis(10);

/// Counts queued jobs, and makes outside threads wait while there are too many.
#[derive(Debug)]
pub struct Gate {
    capacity: usize,
    /// Queued jobs. Can exceed the capacity: inside threads never wait.
    queued: CachePadded<AtomicUsize>,
    /// Threads that wait or are about to.
    waiters: AtomicUsize,
    /// Changes when waiters should look again.
    turn: Futex,
}

/// Why a job was not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The queue is full.
    Full,
    /// The pool is shut down.
    ShutDown,
}

impl Gate {
    /// Makes a gate for `capacity` jobs.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            queued: CachePadded::new(AtomicUsize::new(0)),
            waiters: AtomicUsize::new(0),
            turn: Futex::new(0),
        }
    }

    /// Counts one more job if there is room.
    pub fn try_enter(&self) -> Result<(), Refusal> {
        let room = |queued: usize| (queued < self.capacity).then_some(queued + 1);
        // Ordering: AcqRel: whoever enters after a leave sees what that job did before it left.
        let entered = self.queued.fetch_update(Ordering::AcqRel, Ordering::Acquire, room);
        entered.map(drop).map_err(|_| Refusal::Full)
    }

    /// Counts one more job, room or not.
    pub fn force(&self) {
        self.queued.fetch_add(1, Ordering::AcqRel);
    }

    /// Counts one more job as soon as there is room, or gives up when `closed` holds.
    pub fn enter(&self, closed: impl Fn() -> bool) -> Result<(), Refusal> {
        if self.try_enter().is_ok() { Ok(()) } else { self.enter_slow(closed) }
    }

    #[cold]
    fn enter_slow(&self, closed: impl Fn() -> bool) -> Result<(), Refusal> {
        self.waiters.fetch_add(1, Ordering::AcqRel);
        let result = self.wait_for_room(closed);
        let others_wait = self.waiters.fetch_sub(1, Ordering::AcqRel) > 1;
        if others_wait && self.queued.load(Ordering::Relaxed) < self.capacity {
            self.wake_one();
        }
        result
    }

    /// The caller is counted in `waiters`.
    fn wait_for_room(&self, closed: impl Fn() -> bool) -> Result<(), Refusal> {
        let mut lingers = true;
        loop {
            let turn = self.turn.load(Ordering::Acquire);
            // Ordering: our announcement in `waiters` comes before the looks below; pairs with the fences in `leave` and `wake_all`.
            full_fence(Ordering::SeqCst);
            if closed() {
                return Err(Refusal::ShutDown);
            }
            let queued = self.queued.load(Ordering::Relaxed);
            if queued >= self.capacity {
                self.turn.wait(turn, None);
            } else if queued > self.half() && lingers {
                lingers = false;
                self.turn.wait(turn, Some(LINGER));
            } else if self.try_enter().is_ok() {
                return Ok(());
            }
        }
    }

    fn half(&self) -> usize {
        self.capacity / 2
    }

    /// Counts one job less, and lets a waiter look if that matters to one.
    #[inline]
    pub fn leave(&self) {
        let before = self.queued.fetch_sub(1, Ordering::AcqRel);
        if before == self.capacity || before == self.half() + 1 {
            // Ordering: the room that we made comes before the look at `waiters`.
            full_fence(Ordering::SeqCst);
            if self.waiters.load(Ordering::Relaxed) != 0 {
                self.wake_one();
            }
        }
    }

    #[cold]
    fn wake_one(&self) {
        self.turn.fetch_add(1, Ordering::Release);
        self.turn.wake_one();
    }

    /// Lets every waiter look: the pool has closed.
    pub fn wake_all(&self) {
        full_fence(Ordering::SeqCst);
        self.turn.fetch_add(1, Ordering::Release);
        self.turn.wake_all();
    }
}
