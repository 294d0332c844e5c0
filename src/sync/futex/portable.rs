//! A futex from a lock and a queue, for systems without the call, and as the model of it.
//!
//! The lock stands for the kernel's bucket lock: the word is compared under it, so a wake that follows a change of
//! the word cannot fall between a waiter's comparison and its sleep. Waiters are woken in the order they came.

use std::collections::VecDeque;
use std::time::Duration;

#[cfg(filch_loom)]
use loom::sync::{Arc, Condvar};
#[cfg(filch_shuttle)]
use shuttle::sync::{Arc, Condvar};
#[cfg(not(any(filch_loom, filch_shuttle)))]
use std::sync::{Arc, Condvar};

use super::WaitOutcome;
use crate::sync::{AtomicU32, Mutex, MutexGuard, Ordering, lock, time};

/// A word to wait on.
#[derive(Debug)]
pub struct Futex {
    word: AtomicU32,
    // Plain `std` on purpose, also under the model: it keeps what stands for the kernel alive, which is part of no protocol.
    queue: std::sync::Arc<Mutex<Queue>>,
}

/// Wakes one waiter of a word that may be gone by then.
#[derive(Debug)]
pub struct LateWake(std::sync::Arc<Mutex<Queue>>);

impl LateWake {
    /// Wakes one waiter, if there is one.
    pub fn wake_one(self) {
        wake_one(&self.0);
    }
}

fn wake_one(queue: &Mutex<Queue>) {
    let waiter = lock(queue).waiters.pop_front();
    if let Some(waiter) = waiter {
        waiter.condvar.notify_one();
    }
}

#[derive(Debug, Default)]
struct Queue {
    next_ticket: u64,
    waiters: VecDeque<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    condvar: Arc<Condvar>,
}

impl Queue {
    fn holds(&self, ticket: u64) -> bool {
        self.waiters.iter().any(|waiter| waiter.ticket == ticket)
    }

    fn add(&mut self, condvar: Arc<Condvar>) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiters.push_back(Waiter { ticket, condvar });
        ticket
    }
}

impl Futex {
    /// Makes a word holding `value`.
    pub fn new(value: u32) -> Self {
        Self { word: AtomicU32::new(value), queue: std::sync::Arc::new(Mutex::new(Queue::default())) }
    }

    /// Blocks while the word holds `expected`, until woken or `timeout` has passed (`None`: no limit).
    pub fn wait(&self, expected: u32, timeout: Option<Duration>) -> WaitOutcome {
        let mut queue = lock(&self.queue);
        // Ordering: Relaxed, as in the kernel; the lock orders this load after every wake that came before.
        if self.word.load(Ordering::Relaxed) != expected {
            return WaitOutcome::Woken;
        }
        let condvar = Arc::new(Condvar::new());
        let ticket = queue.add(condvar.clone());
        let deadline = timeout.and_then(|timeout| time::now().checked_add(timeout));
        while queue.holds(ticket) {
            match deadline {
                None => queue = condvar.wait(queue).unwrap_or_else(|poisoned| poisoned.into_inner()),
                Some(deadline) => {
                    let (reacquired, expired) = self.wait_until(queue, &condvar, deadline);
                    queue = reacquired;
                    if expired && queue.holds(ticket) {
                        queue.waiters.retain(|waiter| waiter.ticket != ticket);
                        return WaitOutcome::TimedOut;
                    }
                }
            }
        }
        WaitOutcome::Woken
    }

    #[cfg(not(any(filch_loom, filch_shuttle)))]
    fn wait_until<'a>(
        &'a self,
        queue: MutexGuard<'a, Queue>,
        condvar: &Condvar,
        deadline: std::time::Instant,
    ) -> (MutexGuard<'a, Queue>, bool) {
        let left = deadline.saturating_duration_since(time::now());
        let (queue, result) = condvar.wait_timeout(queue, left).unwrap_or_else(|poisoned| poisoned.into_inner());
        (queue, result.timed_out())
    }

    /// The model has no clock: a timed wait lets the others run and then gives up, at any moment they reach.
    #[cfg(filch_loom)]
    fn wait_until<'a>(
        &'a self,
        queue: MutexGuard<'a, Queue>,
        _condvar: &Condvar,
        _deadline: std::time::Instant,
    ) -> (MutexGuard<'a, Queue>, bool) {
        drop(queue);
        loom::thread::yield_now();
        (lock(&self.queue), true)
    }

    /// The simulated clock stands still while a timed wait lets the others run, and jumps when the wait gives up, which may be soon or late.
    #[cfg(filch_shuttle)]
    fn wait_until<'a>(
        &'a self,
        queue: MutexGuard<'a, Queue>,
        _condvar: &Condvar,
        deadline: std::time::Instant,
    ) -> (MutexGuard<'a, Queue>, bool) {
        use shuttle::rand::RngCore;

        drop(queue);
        shuttle::thread::yield_now();
        let expired = shuttle::rand::thread_rng().next_u32() % 8 == 0;
        if expired {
            time::pass_until(deadline);
        }
        (lock(&self.queue), expired)
    }

    /// Wakes one waiter, if there is one.
    pub fn wake_one(&self) {
        wake_one(&self.queue);
    }

    /// A wake-up to be given later.
    pub fn late_wake(&self) -> LateWake {
        LateWake(self.queue.clone())
    }

    /// Wakes every waiter.
    pub fn wake_all(&self) {
        let waiters = std::mem::take(&mut lock(&self.queue).waiters);
        waiters.iter().for_each(|waiter| waiter.condvar.notify_one());
    }
}

impl std::ops::Deref for Futex {
    type Target = AtomicU32;

    #[inline(always)]
    fn deref(&self) -> &AtomicU32 {
        &self.word
    }
}

impl std::ops::DerefMut for Futex {
    fn deref_mut(&mut self) -> &mut AtomicU32 {
        &mut self.word
    }
}
