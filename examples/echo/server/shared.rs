//! What the jobs of a server share.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use filch::{Semaphore, WorkerLocal};
use mio::{Poll, Registry, Token, Waker};
use slab::Slab;

use super::seat::Seat;

pub const WAKER: Token = Token(usize::MAX);

/// A read takes so many bytes at most.
const BUFFER: usize = 128 * 1024;

pub struct Shared {
    /// By token. The lock is taken for each round of the reactor, not for each message.
    seats: Mutex<Slab<Arc<Seat>>>,
    /// One for each connection.
    pub permits: Arc<Semaphore>,
    pub registry: Registry,
    waker: Waker,
    /// A worker serves one connection at a time, so a buffer for each is enough; it stays in the cache.
    pub buffers: WorkerLocal<Vec<u8>>,
    /// Sweeps so far: the clock of the idle limit, cheaper than the system's.
    sweeps: AtomicU64,
    is_stopping: AtomicBool,
    pub counts: Counts,
}

/// Of connections that have ended, but for `connections`.
#[derive(Default)]
pub struct Counts {
    pub connections: AtomicU64,
    pub read: AtomicU64,
    pub answered: AtomicU64,
}

impl Counts {
    pub fn add(&self, read: u64, answered: u64) {
        self.read.fetch_add(read, Ordering::Relaxed);
        self.answered.fetch_add(answered, Ordering::Relaxed);
    }
}

impl Shared {
    pub fn new(poll: &Poll, connections: usize) -> io::Result<Self> {
        Ok(Self {
            seats: Mutex::new(Slab::new()),
            permits: Arc::new(Semaphore::new(connections)),
            registry: poll.registry().try_clone()?,
            waker: Waker::new(poll.registry(), WAKER)?,
            buffers: WorkerLocal::new(|_| vec![0; BUFFER]),
            sweeps: AtomicU64::new(0),
            is_stopping: AtomicBool::new(false),
            counts: Counts::default(),
        })
    }

    /// A connection must not be dropped under this lock: it leaves its seat.
    pub fn seats(&self) -> MutexGuard<'_, Slab<Arc<Seat>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn sweeps(&self) -> u64 {
        self.sweeps.load(Ordering::Relaxed)
    }

    pub fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    pub fn wake_reactor(&self) {
        self.waker.wake().expect("the system takes a wake-up");
    }

    pub fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
        self.wake_reactor();
    }

    /// Counts a sweep, and closes what has not been served for so many.
    pub fn sweep(&self, longest: u64) {
        let now = self.sweeps.fetch_add(1, Ordering::Relaxed) + 1;
        let since = now.saturating_sub(longest);
        let idle: Vec<_> = self.seats().iter().filter_map(|(_, seat)| seat.close_if_idle(since)).collect();
        drop(idle);
    }

    pub fn close_all(&self) {
        let closed: Vec<_> = self.seats().iter().filter_map(|(_, seat)| seat.close()).collect();
        drop(closed);
    }
}
