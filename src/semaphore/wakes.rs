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

    /// Gives them all, threads first: everybody may be waiting for what one of these does. A waker is foreign code; if it panics, that is kept for
    /// [`finish`](Self::finish).
    pub fn give(&mut self) {
        let some = &mut self.some[..self.len];
        for wake in some.iter_mut().filter_map(|wake| wake.take_if(|wake| matches!(wake, Wake::Thread(_)))) {
            if let Wake::Thread(wake) = wake {
                wake.wake_one();
            }
        }
        for wake in some.iter_mut().filter_map(Option::take) {
            if let Wake::Task(waker) = wake {
                let result = contain(|| waker.wake());
                result.err().and_then(|payload| self.panic.replace(payload)).into_iter().for_each(bury);
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
