//! Ended jobs on their way out of a set, and the sleep of those who wait for them.

use crate::job::{Announced, Cells, Pile, Pushed, RawCell};
use crate::sync::futex::Futex;
use crate::sync::time::Deadline;
use crate::sync::{AtomicU32, Ordering, Patience, before_free};

/// A [`Pile`] that wakes those who wait for something to come. A push costs one read-modify-write while nobody does.
///
/// A waiter reads `turn`, announces itself in the pile's word and looks. Who finds the announcement takes it away in the step in which it pushes or rings, changes
/// `turn` and wakes all; each looks and announces itself again: so of many pushes in a row only the first pays for a wake-up. A look must see, under a lock
/// that both take, what was done before a ring.
///
/// Who pushed does not touch the outbox any more, unless it has to wake. So whoever [closes](Self::close) it, after all waiters have gone, need only wait for wakers.
#[derive(Debug)]
pub struct Outbox {
    pile: Pile,
    /// Changes with every wake-up.
    turn: Futex,
    /// Announcements made.
    announced: AtomicU32,
    /// Wake-ups that are over.
    woken: AtomicU32,
}

impl Outbox {
    /// Makes an empty outbox.
    pub fn new() -> Self {
        Self { pile: Pile::new(), turn: Futex::new(0), announced: AtomicU32::new(0), woken: AtomicU32::new(0) }
    }

    /// Adds a job that has ended, or hands it back: the outbox is closed.
    #[inline]
    pub fn push(&self, cell: RawCell) -> Result<(), RawCell> {
        match self.pile.push(cell) {
            Pushed::Quietly => {}
            Pushed::OnSleepers => self.wake(),
            Pushed::Refused(cell) => return Err(cell),
        }
        Ok(())
    }

    /// Tells that a waiter's look may find something now.
    pub fn ring(&self) {
        if self.pile.ring() {
            self.wake();
        }
    }

    /// The caller has taken an announcement away.
    #[cold]
    fn wake(&self) {
        // Ordering: Release: a waiter that sees the new turn sees what came before.
        self.turn.fetch_add(1, Ordering::Release);
        self.turn.wake_all();
        // Ordering: Release: `close` returns after our last use.
        self.woken.fetch_add(1, Ordering::Release);
    }

    /// Whether a job has come that nobody has taken.
    pub fn has_some(&self) -> bool {
        self.pile.has_some()
    }

    /// Takes all. The caller is the only one who does so now.
    #[inline]
    pub fn take_all(&self) -> Cells {
        self.pile.take_all()
    }

    /// Blocks until `look` gives something. `None`: the time ran out first.
    pub fn wait_until<R>(&self, deadline: Deadline, mut look: impl FnMut() -> Option<R>) -> Option<R> {
        loop {
            // Ordering: Acquire pairs with `wake`.
            let turn = self.turn.load(Ordering::Acquire);
            let announced = self.pile.announce();
            if announced == Announced::First {
                self.announced.fetch_add(1, Ordering::Relaxed);
            }
            if let Some(result) = look() {
                return Some(result);
            }
            let left = deadline.left();
            if left.is_some_and(|left| left.is_zero()) {
                return None;
            }
            if announced != Announced::NotEmpty {
                self.turn.wait(turn, left);
            }
        }
    }

    /// Closes the outbox, in which nobody waits any more, and returns what is in it.
    pub fn close(&self) -> Cells {
        let (cells, nobody_woke) = self.pile.close();
        let wakers = self.announced.load(Ordering::Relaxed).wrapping_sub(u32::from(nobody_woke));
        let mut patience = Patience::new();
        // Ordering: Acquire pairs with `wake`.
        while self.woken.load(Ordering::Acquire) != wakers {
            patience.wait();
        }
        cells
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        before_free(&mut *self.turn);
        before_free(&mut self.woken);
    }
}
