//! What is done to each worker: `broadcast`, and values of a `WorkerLocal`.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use filch::{Pool, WorkerLocal};

use super::book::{FORK_JOIN, Guest, Lost, book};
use super::jobs::{DEPTH, Errand, install_errand};
use super::support::random::{Random, spin};

/// `broadcast`, with a job for each worker. Each runs at its index; of several panics the caller gets the first, and the handler the others.
pub fn broadcast(pool: &Pool, random: &mut Random) {
    let draw = |_| Errand::draw(random, DEPTH, FORK_JOIN);
    let errands: Vec<_> = (0..pool.threads()).map_while(draw).collect();
    if errands.len() < pool.threads() {
        // The book is full, and they are in it.
        return errands.into_iter().for_each(|errand| install_errand(pool, errand));
    }
    let numbers: Vec<_> = errands.iter().map(|errand| errand.number).collect();
    let first_panic = errands.iter().find(|errand| errand.panics).map(|errand| errand.number);
    let jobs: Vec<_> = errands.into_iter().map(|errand| Mutex::new(Some(errand.closure::<4, 10>()))).collect();
    let on_worker = |index: usize| {
        if filch::current_worker_index().is_some_and(|own| own != index) && !book().is_closing() {
            book().fault(format!("a broadcast's part {index} on worker {:?}", filch::current_worker_index()));
        }
        let job = jobs[index].lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(job) = job else { return Err(index) };
        Ok(job())
    };
    match catch_unwind(AssertUnwindSafe(|| pool.broadcast(on_worker))) {
        Ok(results) if results.len() == numbers.len() => {
            for (number, result) in numbers.into_iter().zip(results) {
                match result {
                    Ok(receipt) => book().settle(number, Ok(receipt)),
                    Err(index) => book().fault(format!("part {index} of a broadcast ran twice")),
                }
            }
        }
        Ok(results) => book().fault(format!("{} results of a broadcast to {}", results.len(), numbers.len())),
        Err(payload) => match first_panic {
            Some(number) => book().settle_panic(number, payload),
            None => book().fault("a broadcast panicked, and none of its parts".into()),
        },
    }
}

/// A worker's value.
struct Desk {
    /// What it was made for.
    index: usize,
    /// Threads that use it now.
    users: AtomicUsize,
    used: u64,
    rude: bool,
    _guest: Guest,
}

impl Drop for Desk {
    fn drop(&mut self) {
        if self.users.load(Relaxed) != 0 {
            book().fault(format!("the value of worker {} is dropped in use", self.index));
        }
        if !self.rude || std::thread::panicking() {
            return;
        }
        // Off the workers there is no pool to tell.
        if filch::current_worker_index().is_some() { book().mishap() } else { panic_any(Lost) }
    }
}

/// The local of the moment.
static DESKS: Mutex<Option<Arc<WorkerLocal<Desk>>>> = Mutex::new(None);

fn desks() -> Option<Arc<WorkerLocal<Desk>>> {
    DESKS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Puts a new one in its place. The values of the one before are dropped here, or where it is still in use.
pub fn renew_desks(random: &mut Random) {
    let seed = random.next();
    let made = Mutex::new(HashSet::new());
    let new = WorkerLocal::new(move |index| {
        let mut random = Random::new(seed ^ index as u64);
        if random.one_in(30) {
            panic_any(Lost);
        }
        // A panic leaves no value, so it is not counted.
        if !made.lock().unwrap_or_else(PoisonError::into_inner).insert(index) {
            book().fault(format!("worker {index} gets a second value of one WorkerLocal"));
        }
        Desk { index, users: AtomicUsize::new(0), used: 0, rude: random.one_in(20), _guest: Guest::new() }
    });
    let old = DESKS.lock().unwrap_or_else(PoisonError::into_inner).replace(Arc::new(new));
    drop(old);
}

/// Ends the round.
pub fn clear_desks() {
    let last = DESKS.lock().unwrap_or_else(PoisonError::into_inner).take();
    drop(last);
}

/// Uses the value of this worker, or the spare one.
pub fn use_desk(random: &mut Random) {
    let Some(desks) = desks() else { return };
    let turns = random.below(300);
    let panics = random.one_in(30);
    let used = catch_unwind(AssertUnwindSafe(|| {
        desks.with(|desk| {
            let index = filch::current_worker_index().unwrap_or(usize::MAX);
            if desk.index != index {
                book().fault(format!("worker {index} has the value of {}", desk.index));
            }
            if desk.users.fetch_add(1, Relaxed) != 0 {
                book().fault(format!("two have the value of worker {index}"));
            }
            spin(turns);
            if turns % 8 == 0 {
                std::thread::yield_now();
            }
            desk.used += 1;
            desk.users.fetch_sub(1, Relaxed);
            if panics {
                panic_any(Lost);
            }
        })
    }));
    if used.is_err_and(|payload| !payload.is::<Lost>()) {
        book().fault("a WorkerLocal panics".into());
    }
}
