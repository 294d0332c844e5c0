//! The sets of a round: those that all threads and jobs share, and those of one thread or job.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use filch::{JobId, JobSet, Pool};

use super::accounts::{Accounts, Fruit, Submitter, Tree};
use super::book::{BOUNDED, book};
use super::jobs::DEPTH;
use super::members::{submit, submit_producer};
use super::support::random::Random;

/// A set with its accounts.
pub struct Set {
    pub set: JobSet<Fruit>,
    pub capacity: Option<usize>,
    /// One thread takes from it, and nobody waits for room but in its jobs.
    solo: bool,
    accounts: Mutex<Accounts>,
}

/// How to take an outcome.
#[derive(Debug, Clone, Copy)]
pub enum How {
    Now,
    Soon(Duration),
    Wait,
}

fn lock<T>(list: &Mutex<T>) -> MutexGuard<'_, T> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the caller is no worker.
pub fn is_outside() -> bool {
    filch::current_worker_index().is_none()
}

impl Set {
    /// Draws one.
    pub fn new(pool: &Pool, random: &mut Random, solo: bool) -> Arc<Self> {
        let capacity = match random.below(4) {
            0 => Some(1),
            1 => Some(1 + random.below(3) as usize),
            2 => Some(1 + random.below(30) as usize),
            _ => None,
        };
        let set = capacity.map_or_else(|| JobSet::new(pool), |capacity| JobSet::with_capacity(pool, capacity));
        Arc::new(Self { set, capacity, solo, accounts: Mutex::default() })
    }

    /// Whether the caller may wait for room: somebody else makes it.
    pub fn may_wait_for_room(&self) -> bool {
        !self.solo || self.capacity.is_none() || !is_outside()
    }

    /// Whether a job of the set may take from it.
    pub fn is_solo(&self) -> bool {
        self.solo
    }

    /// A job of this set has been submitted.
    pub fn enlist(&self, id: JobId, number: u32, tree: Option<Arc<Tree>>) {
        let by = Submitter { outside: is_outside(), capacity: self.capacity };
        lock(&self.accounts).enlist(id, number, tree, by);
        book().queued(number);
    }

    /// Takes an outcome. False: there was none.
    pub fn take(&self, how: How) -> bool {
        lock(&self.accounts).begin();
        let taken = match how {
            How::Now => self.set.try_next(),
            How::Soon(limit) => self.set.next_timeout(limit),
            How::Wait => self.set.next(),
        };
        let is_some = taken.is_some();
        lock(&self.accounts).end(taken, self.solo);
        is_some
    }

    /// Cancels any job.
    pub fn cancel_one(&self, random: &mut Random) {
        let chosen = lock(&self.accounts).choose(random.next());
        if let Some((id, number)) = chosen {
            if self.set.cancel(id) {
                book().won(number);
            }
        }
    }

    /// Cancels every job.
    pub fn cancel_all(&self) {
        book().swept.fetch_add(self.set.cancel_all() as u64, Relaxed);
    }

    /// Takes all that comes. Nobody else takes or submits any more, but for the jobs of the set.
    fn drain(&self) {
        while self.take(How::Wait) {}
        if !self.set.is_empty() || self.set.try_next().is_some() {
            book().fault(format!("nothing outstanding, and yet something is there: {:?}", self.set));
        }
        lock(&self.accounts).close(true);
    }

    /// The end of a set that nobody else has: dropped half-way, or drained.
    fn end(self, pool: &Pool, random: &mut Random) {
        match random.below(5) {
            0 => drop(self),
            1 => pool.spawn(move || drop(self)),
            2 => {
                self.cancel_all();
                self.drain();
            }
            _ => {
                self.drain();
                if self.capacity.is_some_and(|capacity| capacity <= 4) || random.one_in(3) {
                    self.check_room(pool, random);
                }
            }
        }
    }

    /// All the room is there in an empty set, and no more.
    fn check_room(&self, pool: &Pool, random: &mut Random) {
        let Some(capacity) = self.capacity.filter(|_| is_outside() && !book().has(BOUNDED)) else { return };
        let full = |n: usize| match super::members::try_plain(self, random) {
            Some(is_full) if is_full != (n == capacity) && !book().is_closing() => {
                book().fault(format!("{n} jobs in a set for {capacity}, {pool:?}; full: {is_full}"));
            }
            _ => {}
        };
        (0..=capacity).for_each(full);
        self.drain();
    }
}

impl Drop for Set {
    /// What has not come out by now never will.
    fn drop(&mut self) {
        lock(&self.accounts).close(false);
    }
}

/// Ends a set as soon as nobody else has it. Until then it is taken from: others may wait for room.
fn finish(mut set: Arc<Set>, pool: &Pool, random: &mut Random) {
    loop {
        match Arc::try_unwrap(set) {
            Ok(set) => return set.end(pool, random),
            Err(others) => set = others,
        }
        set.take(How::Soon(Duration::from_micros(100)));
    }
}

/// The sets that everybody uses. Each has a thread that takes from it.
static SHARED: [Mutex<Option<Arc<Set>>>; SHARED_SETS] = [const { Mutex::new(None) }; SHARED_SETS];

/// How many of these there are.
pub const SHARED_SETS: usize = 3;

/// Takes from a shared set until `over`, and puts a new one in its place now and then.
pub fn consume(pool: &Pool, place: usize, random: &mut Random, over: impl Fn() -> bool) {
    while !over() {
        let set = Set::new(pool, random, false);
        *lock(&SHARED[place]) = Some(set.clone());
        for _ in 0..random.below(300) {
            let how = match random.below(4) {
                0 => How::Now,
                1 => How::Soon(Duration::from_micros(random.below(300))),
                _ => How::Wait,
            };
            if !set.take(how) {
                if over() {
                    break;
                }
                std::thread::yield_now();
            }
            if random.one_in(100) {
                set.cancel_all();
            }
        }
        *lock(&SHARED[place]) = None;
        finish(set, pool, random);
    }
}

/// Does something with a shared set. Only who is no job of one, and is awaited by none, may wait.
pub fn deed(random: &mut Random, depth: u8, may_wait: bool) {
    let chosen = random.below(SHARED_SETS as u64) as usize;
    let Some(set) = lock(&SHARED[chosen]).clone() else { return };
    act_on(&set, random, depth, may_wait);
}

fn act_on(set: &Arc<Set>, random: &mut Random, depth: u8, may_wait: bool) {
    match random.below(16) {
        0..=5 => submit(set, random, depth + 1),
        6 | 7 => submit_producer(set, random, depth + 1),
        8 | 9 => _ = set.take(How::Now),
        10 => _ = set.take(How::Soon(Duration::from_micros(random.below(200)))),
        11 | 12 if may_wait => _ = set.take(How::Wait),
        13 if random.one_in(10) => set.cancel_all(),
        _ => set.cancel_one(random),
    }
}

/// What a job of the set does with it.
pub fn inner_deed(set: &Weak<Set>, random: &mut Random, depth: u8) {
    // If the others let go of it meanwhile, it is dropped here, inside one of its jobs.
    let Some(set) = set.upgrade() else { return };
    match random.below(6) {
        0 | 1 if depth < DEPTH => (0..1 + random.below(4)).for_each(|_| submit(&set, random, depth + 1)),
        2 if depth < DEPTH => submit_producer(&set, random, depth + 1),
        3 if !set.is_solo() => _ = set.take(How::Now),
        _ => set.cancel_one(random),
    }
}

/// Sets that nobody takes from until the pool has ended.
static LEFT: Mutex<Vec<Arc<Set>>> = Mutex::new(Vec::new());

/// Ends these. The pool takes nothing new any more.
pub fn end_left(random: &mut Random) {
    let sets = std::mem::take(&mut *lock(&LEFT));
    for mut set in sets {
        while random.one_in(3) {
            set.take(How::Now);
        }
        // A job that has not ended may have it for a moment.
        let set = loop {
            match Arc::try_unwrap(set) {
                Ok(set) => break set,
                Err(others) => set = others,
            }
            std::thread::yield_now();
        };
        if random.one_in(3) { drop(set) } else { set.drain() }
    }
}

/// A set of one's own, from its beginning to its end, or until it is left. All that is waited for is of this set.
pub fn party(pool: &Pool, random: &mut Random, depth: u8) {
    let set = Set::new(pool, random, true);
    for _ in 0..random.below(20) {
        match random.below(8) {
            0..=4 if depth < DEPTH => act_on(&set, random, depth, false),
            5 => _ = set.take(How::Wait),
            6 => submit_producer(&set, random, depth + 1),
            _ => submit(&set, random, depth + 1),
        }
    }
    if random.one_in(3) { lock(&LEFT).push(set) } else { finish(set, pool, random) }
}
