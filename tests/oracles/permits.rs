//! What a semaphore is to do when one thread alone does everything: a number, and a queue of tasks.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::{Duration, Instant};

use filch::Semaphore;

/// Who has waited for so long at the front is kept what comes back.
pub const PATIENCE: Duration = Duration::from_micros(500);

/// What becomes of an attempt to take permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Taken,
    NoPermits,
    Closed,
    TooMany,
    /// Taken, or `NoPermits`: the clock decides whether they are kept for the front of the line.
    Either,
}

/// Whether something holds: only the semaphore's own look at the clock may tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    No,
    Maybe,
    Yes,
}

/// A task in the line.
struct Waiter {
    id: usize,
    need: usize,
    /// It has entered in that time.
    entered: Range<Instant>,
}

impl Waiter {
    /// Whether it had waited long at a moment of that time.
    fn has_waited_long(&self, now: &Range<Instant>) -> Known {
        if now.start.saturating_duration_since(self.entered.end) >= PATIENCE {
            return Known::Yes;
        }
        let at_most = now.end.saturating_duration_since(self.entered.start);
        if at_most < PATIENCE { Known::No } else { Known::Maybe }
    }
}

/// The number and the queue.
pub struct Oracle {
    pub available: usize,
    pub is_closed: bool,
    line: VecDeque<Waiter>,
    /// Whether permits are kept for the front.
    is_kept: Known,
}

impl Oracle {
    pub fn new(available: usize) -> Self {
        Self { available, is_closed: false, line: VecDeque::new(), is_kept: Known::No }
    }

    /// What is to become of an attempt to take so many now.
    pub fn verdict(&self, need: usize) -> Verdict {
        if need > Semaphore::MAX_PERMITS {
            Verdict::TooMany
        } else if self.is_closed {
            Verdict::Closed
        } else if need == 0 {
            Verdict::Taken
        } else if need > self.available || self.is_kept == Known::Yes {
            Verdict::NoPermits
        } else if self.is_kept == Known::Maybe {
            Verdict::Either
        } else {
            Verdict::Taken
        }
    }

    /// What became of that attempt.
    pub fn attempted(&mut self, need: usize, was_taken: bool) {
        if self.verdict(need) == Verdict::Either {
            self.is_kept = if was_taken { Known::No } else { Known::Yes };
        }
        if was_taken {
            self.available -= need;
        }
    }

    /// A task enters the line, after an attempt in vain.
    pub fn enter(&mut self, id: usize, need: usize, now: Range<Instant>) {
        self.line.push_back(Waiter { id, need, entered: now });
    }

    /// A task leaves the line unserved. Returns who is granted permits by that.
    pub fn leave(&mut self, id: usize, now: &Range<Instant>) -> Vec<usize> {
        let was_front = self.line.front().is_some_and(|waiter| waiter.id == id);
        self.line.retain(|waiter| waiter.id != id);
        if was_front {
            self.is_kept = Known::No;
        }
        self.settle(now, false)
    }

    /// Permits come back; those beyond the most that there may be are gone. Returns who is granted some.
    pub fn put_back(&mut self, count: usize, now: &Range<Instant>) -> Vec<usize> {
        self.available = (self.available + count).min(Semaphore::MAX_PERMITS);
        self.settle(now, count > 0)
    }

    /// Permits are added, unless there would be too many.
    pub fn release(&mut self, count: usize, now: &Range<Instant>) -> Option<Vec<usize>> {
        let has_room = count <= Semaphore::MAX_PERMITS && self.available + count <= Semaphore::MAX_PERMITS;
        has_room.then(|| self.put_back(count, now))
    }

    /// Somebody was in the line for a moment, in vain.
    pub fn look_in(&mut self, now: &Range<Instant>) {
        let granted = self.settle(now, false);
        assert!(granted.is_empty(), "the front had permits, and was not told");
    }

    /// Closes it. Returns who is sent away.
    pub fn close(&mut self) -> Vec<usize> {
        (self.is_closed, self.is_kept) = (true, Known::No);
        self.line.drain(..).map(|waiter| waiter.id).collect()
    }

    fn settle(&mut self, now: &Range<Instant>, came_back: bool) -> Vec<usize> {
        let mut granted = Vec::new();
        while let Some(front) = self.line.front() {
            if front.need > self.available {
                self.is_kept = match (self.is_kept, front.has_waited_long(now)) {
                    (Known::Yes, _) => Known::Yes,
                    (before, Known::No) => before,
                    (_, Known::Yes) if came_back => Known::Yes,
                    _ => Known::Maybe,
                };
                return granted;
            }
            self.available -= front.need;
            self.is_kept = Known::No;
            granted.extend(self.line.pop_front().map(|front| front.id));
        }
        self.is_kept = Known::No;
        granted
    }
}
