//! Small numbers for things that come and go, so that tables by number stay small.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Mutex, PoisonError};

/// A number that nobody else has until this is dropped.
#[derive(Debug)]
pub struct Seat(usize);

// Plain `std` on purpose, also under the model: who sits where is no part of a protocol.
static FREE: Mutex<Free> = Mutex::new(Free { returned: BinaryHeap::new(), never_taken: 0 });

struct Free {
    returned: BinaryHeap<Reverse<usize>>,
    never_taken: usize,
}

impl Seat {
    /// Takes the smallest number that is free.
    pub fn take() -> Self {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let number = match free.returned.pop() {
            Some(Reverse(number)) => number,
            None => {
                free.never_taken += 1;
                free.never_taken - 1
            }
        };
        Self(number)
    }

    /// The number.
    pub fn number(&self) -> usize {
        self.0
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        FREE.lock().unwrap_or_else(PoisonError::into_inner).returned.push(Reverse(self.0));
    }
}

#[cfg(all(test, not(filch_loom)))]
mod tests {
    use super::Seat;

    #[test]
    fn no_two_have_the_same_number() {
        let seats: Vec<_> = (0..100).map(|_| Seat::take()).collect();
        let mut numbers: Vec<_> = seats.iter().map(Seat::number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 100);
    }
}
