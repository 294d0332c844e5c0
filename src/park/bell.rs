//! Waiting for a condition that many threads may make true, and that nobody usually waits for.

use crate::sync::futex::Futex;
use crate::sync::time::Deadline;
use crate::sync::{AtomicU32, Ordering, full_fence};

/// Wakes those who wait for a condition. Ringing costs a fence and a load while nobody does.
///
/// A waiter reads `turn`, announces itself, passes a fence and looks at the condition; who changes the condition passes a fence and looks for an announcement. One of
/// the two sees the other. Whoever rings takes the announcement away, changes `turn` and wakes all, and each looks and announces itself again:
/// so of many changes in a row only the first pays for a wake-up.
#[derive(Debug)]
pub struct Bell {
    /// 1: somebody may be asleep.
    asleep: AtomicU32,
    /// Changes with every ring.
    turn: Futex,
}

impl Bell {
    /// Makes a bell that nobody waits for.
    pub fn new() -> Self {
        Self { asleep: AtomicU32::new(0), turn: Futex::new(0) }
    }

    /// Tells that the condition may hold now.
    #[inline]
    pub fn ring(&self) {
        // Ordering: the change comes before the look for sleepers; pairs with the fence in `wait_until`.
        full_fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::Relaxed) != 0 {
            self.wake();
        }
    }

    #[cold]
    fn wake(&self) {
        if self.asleep.swap(0, Ordering::AcqRel) != 0 {
            self.turn.fetch_add(1, Ordering::Release);
            self.turn.wake_all();
        }
    }

    /// Blocks until `done` gives something. `None`: the time ran out first.
    pub fn wait_until<R>(&self, deadline: Deadline, mut done: impl FnMut() -> Option<R>) -> Option<R> {
        loop {
            // Ordering: Acquire pairs with the ring: what came before it is visible.
            let turn = self.turn.load(Ordering::Acquire);
            self.asleep.swap(1, Ordering::AcqRel);
            // Ordering: the announcement comes before our look; pairs with the fence in `ring`.
            full_fence(Ordering::SeqCst);
            if let Some(result) = done() {
                return Some(result);
            }
            let left = deadline.left();
            if left.is_some_and(|left| left.is_zero()) {
                return None;
            }
            self.turn.wait(turn, left);
        }
    }
}
