//! Wake-ups gathered under a lock, and given when it has been left.

use std::panic::resume_unwind;

use super::line::Wake;
use crate::util::contain::{Payload, bury, contain};

/// So many at once: they lie in the frame.
const ROOM: usize = 16;

/// Some wake-ups.
pub struct Wakes {
    some: [Option<Wake>; ROOM],
    len: usize,
    panic: Option<Payload>,
}

impl Wakes {
    /// None yet.
    pub fn new() -> Self {
        Self { some: [const { None }; ROOM], len: 0, panic: None }
    }

    /// One more. There is room.
    pub fn push(&mut self, wake: Wake) {
        self.some[self.len] = Some(wake);
        self.len += 1;
    }

    /// Whether they must be given before there can be more.
    pub fn is_full(&self) -> bool {
        self.len == ROOM
    }

    /// Gives them all. A waker is foreign code; if it panics, that is kept for [`finish`](Self::finish).
    pub fn give(&mut self) {
        for wake in &mut self.some[..self.len] {
            match wake.take() {
                Some(Wake::Thread(wake)) => wake.wake_one(),
                Some(Wake::Task(waker)) => {
                    if let Err(payload) = contain(|| waker.wake()) {
                        self.panic.replace(payload).into_iter().for_each(bury);
                    }
                }
                Some(Wake::Nobody) | None => {}
            }
        }
        self.len = 0;
    }

    /// Gives the last of them, and lets the panic of a waker go on now that nobody is forgotten. In the middle of another panic it ends here.
    pub fn finish(mut self) {
        self.give();
        match self.panic {
            Some(payload) if std::thread::panicking() => bury(payload),
            Some(payload) => resume_unwind(payload),
            None => {}
        }
    }
}
