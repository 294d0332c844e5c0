//! What the storm's jobs do, and how they are queued.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::Ordering::Relaxed;

use filch::{Pool, TrySubmitError};

use super::book::{Capture, FORK_JOIN, HANDED_BACK, PANICS, Receipt, SETS, WILD, book};
use super::handles::{Held, Ticket, exchange, treat};
use super::sets::{deed, party};
use super::streams::stream;
use super::support::random::{Random, spin};
use super::workers::{broadcast, use_desk};

/// Words of a large capture. It takes a while to move, so a job that carries it is queued slowly: much happens meanwhile.
const LARGE: usize = 4096;

/// Jobs that jobs make, make jobs down to here.
pub const DEPTH: u8 = 2;

/// A job to be queued.
pub struct Errand {
    pub number: u32,
    pub seed: u64,
    pub depth: u8,
    pub panics: bool,
    pub rude: bool,
    /// No job waits for it, not even in a roundabout way.
    unawaited: bool,
    /// A handle that the job joins. Its job is older, so no two wait for each other.
    awaited: Option<Box<dyn Ticket>>,
}

impl Errand {
    /// Draws one, if the book has room.
    pub fn draw(random: &mut Random, depth: u8, traits: u16) -> Option<Self> {
        let number = book().open(traits)?;
        let awaited = if depth == 0 && !book().has(WILD) && random.one_in(12) {
            exchange().take_older(random, number)
        } else {
            None
        };
        let [panics, rude] = [10, 20].map(|n| random.one_in(n));
        Some(Self { number, seed: random.next(), depth, panics, rude, unawaited: false, awaited })
    }

    pub fn capture<const N: usize>(&self) -> Capture<N> {
        let mut capture = Capture::new(self.number);
        capture.rude = self.rude;
        capture
    }

    /// The closure, with a capture of `N` words and a result of `M`.
    pub fn closure<const N: usize, const M: usize>(self) -> impl FnOnce() -> Receipt<M> + Send + 'static {
        let mut capture = self.capture::<N>();
        move || {
            capture.begin();
            self.run();
            Receipt::new(capture.number)
        }
    }

    pub fn run(self) {
        self.awaited.into_iter().for_each(|ticket| ticket.join());
        let mut random = Random::new(self.seed);
        act(&mut random, self.depth);
        if let (true, Some(pool)) = (self.unawaited && random.one_in(20), Pool::current()) {
            broadcast(&pool, &mut random);
        }
        if self.panics {
            book().entry(self.number).traits.fetch_or(PANICS, Relaxed);
            panic_any(Receipt::<0>::new(self.number));
        }
    }
}

/// What a job does beside being counted.
fn act(random: &mut Random, depth: u8) {
    let choice = random.below(20);
    match (choice, Pool::current()) {
        (0, _) => std::thread::yield_now(),
        (1..=4, _) => spin(random.below(2000)),
        (5, Some(pool)) if random.one_in(16) => cancel_pending(&pool),
        (5..=7, Some(pool)) if depth < DEPTH => parent(&pool, random, depth + 1),
        (8, Some(pool)) if depth < DEPTH => fork(&pool, random, depth + 1),
        (9, Some(pool)) if depth < DEPTH => {
            (0..random.below(4)).for_each(|_| spawn(&pool, random, depth + 1));
        }
        (10, Some(pool)) if depth < DEPTH => install(&pool, random, depth + 1),
        (11, _) => drop(filch::cancelled()),
        (12, _) if book().has(WILD) => filch::yield_now(),
        (13 | 14, _) if book().has(SETS) && depth < DEPTH => deed(random, depth, depth == 0 && !book().has(WILD)),
        (15, Some(pool)) if book().has(SETS) && depth < DEPTH && random.one_in(4) => party(&pool, random, depth),
        (16, Some(pool)) if book().has(SETS) && depth < DEPTH && random.one_in(4) => stream(&pool, random, depth),
        (17, _) if book().has(SETS) => use_desk(random),
        _ => {}
    }
}

/// Submits children and joins them, or does otherwise with them.
fn parent(pool: &Pool, random: &mut Random, depth: u8) {
    let children: Vec<_> = (0..1 + random.below(4)).filter_map(|_| submit(pool, random, depth)).collect();
    for child in children {
        if random.one_in(3) { treat(child, random) } else { child.join() }
    }
}

pub fn cancel_pending(pool: &Pool) {
    book().swept.fetch_add(pool.cancel_pending() as u64, Relaxed);
}

/// `spawn` and `spawn_first`.
pub fn spawn(pool: &Pool, random: &mut Random, depth: u8) {
    fn sized<const N: usize>(pool: &Pool, first: bool, errand: Errand) {
        let closure = errand.closure::<N, 0>();
        let closure = move || drop(closure());
        if first { pool.spawn_first(closure) } else { pool.spawn(closure) }
    }
    let Some(mut errand) = Errand::draw(random, depth, 0) else { return };
    errand.unawaited = depth == 0 && book().has(SETS) && !book().has(WILD);
    let number = errand.number;
    let first = random.one_in(4);
    match random.below(3) {
        0 => sized::<0>(pool, first, errand),
        1 => sized::<9>(pool, first, errand),
        _ if random.one_in(4) => sized::<LARGE>(pool, first, errand),
        _ => sized::<100>(pool, first, errand),
    }
    book().queued(number);
}

pub fn spawn_batch(pool: &Pool, random: &mut Random) {
    let errands: Vec<_> = (0..random.below(12)).filter_map(|_| Errand::draw(random, 0, 0)).collect();
    let numbers: Vec<_> = errands.iter().map(|errand| errand.number).collect();
    pool.spawn_batch(errands.into_iter().map(|errand| {
        let closure = errand.closure::<5, 0>();
        move || drop(closure())
    }));
    numbers.into_iter().for_each(|number| book().queued(number));
}

/// `submit`, `submit_first` and `try_submit`. Nothing, if the last hands it back.
pub fn submit(pool: &Pool, random: &mut Random, depth: u8) -> Option<Box<dyn Ticket>> {
    let errand = Errand::draw(random, depth, 0)?;
    match random.below(4) {
        0 => submit_sized::<0, 0>(pool, random, errand),
        1 => submit_sized::<1, 60>(pool, random, errand),
        2 => submit_sized::<60, 1>(pool, random, errand),
        _ if random.one_in(4) => submit_sized::<LARGE, 0>(pool, random, errand),
        _ => submit_sized::<10, 10>(pool, random, errand),
    }
}

fn submit_sized<const N: usize, const M: usize>(
    pool: &Pool,
    random: &mut Random,
    mut errand: Errand,
) -> Option<Box<dyn Ticket>> {
    let number = errand.number;
    let handle = match random.below(6) {
        0 => pool.submit_first(errand.closure::<N, M>()),
        1 | 2 => {
            // Here the storm drops the closure itself.
            errand.rude = false;
            match pool.try_submit(errand.closure::<N, M>()) {
                Ok(handle) => handle,
                Err(error) => {
                    if matches!(error, TrySubmitError::ShutDown(_)) && !book().is_closing() {
                        book().fault(format!("job {number}: refused by a pool that nobody shut down"));
                    }
                    book().entry(number).traits.fetch_or(HANDED_BACK, Relaxed);
                    return None;
                }
            }
        }
        _ => pool.submit(errand.closure::<N, M>()),
    };
    book().queued(number);
    Some(Box::new(Held { number, handle }))
}

/// A job that starts at once, and is cancelled just then.
pub fn duel(pool: &Pool, random: &mut Random) {
    let Some(errand) = Errand::draw(random, DEPTH, 0) else { return };
    let number = errand.number;
    let handle = pool.submit_first(errand.closure::<2, 2>());
    book().queued(number);
    spin(random.below(200));
    let ticket = Held { number, handle };
    ticket.cancel();
    treat(Box::new(ticket), random);
}

type Caught<R> = Result<R, Box<dyn Any + Send>>;

fn caught<R>(f: impl FnOnce() -> R) -> Caught<R> {
    catch_unwind(AssertUnwindSafe(f))
}

/// `install`.
pub fn install(pool: &Pool, random: &mut Random, depth: u8) {
    Errand::draw(random, depth, FORK_JOIN).into_iter().for_each(|errand| install_errand(pool, errand));
}

/// The closure borrows from this frame, which so must outlive the run.
pub fn install_errand(pool: &Pool, errand: Errand) {
    let number = errand.number;
    let mut capture = errand.capture::<7>();
    let result: Caught<Receipt<20>> = caught(|| {
        pool.install(|| {
            capture.begin();
            errand.run();
            Receipt::new(number)
        })
    });
    drop(capture);
    match result {
        Ok(receipt) => book().settle(number, Ok(receipt)),
        Err(payload) => book().settle_panic(number, payload),
    }
}

/// `join`, with two jobs as its halves. Of two panics the caller gets the first's, and the handler the second's.
pub fn fork(pool: &Pool, random: &mut Random, depth: u8) {
    let Some(a) = Errand::draw(random, depth, FORK_JOIN) else { return };
    let Some(b) = Errand::draw(random, depth, FORK_JOIN) else { return install_errand(pool, a) };
    let (number_a, number_b, a_panics) = (a.number, b.number, a.panics);
    match caught(|| pool.join(a.closure::<3, 30>(), b.closure::<40, 2>())) {
        Ok((a, b)) => {
            book().settle(number_a, Ok(a));
            book().settle(number_b, Ok(b));
        }
        Err(payload) => book().settle_panic(if a_panics { number_a } else { number_b }, payload),
    }
}
