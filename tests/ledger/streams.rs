//! Streams: `map_stream` and `map_unordered`, read to the end or dropped half-way.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};

use filch::{JobError, Pool};

use super::accounts::Fruit;
use super::book::{BEREFT, Capture, Guest, Lost, Outcome, book};
use super::jobs::Errand;
use super::support::random::Random;

/// An item.
struct Load {
    capture: Capture<12>,
    errand: Errand,
}

impl Load {
    fn run(self) -> Fruit {
        let Self { mut capture, errand } = self;
        capture.begin();
        let rude = Random::new(!errand.seed).one_in(20);
        errand.run();
        Fruit::new(capture.number, capture.number, rude)
    }
}

/// Items that were pulled and have not come back, oldest first.
type Pulled = Arc<Mutex<VecDeque<u32>>>;

fn with<R>(pulled: &Pulled, f: impl FnOnce(&mut VecDeque<u32>) -> R) -> R {
    f(&mut pulled.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Gives items, and panics now and then.
struct Source {
    left: u64,
    random: Random,
    depth: u8,
    pulled: Pulled,
    _guest: Guest,
}

impl Iterator for Source {
    type Item = Load;

    fn next(&mut self) -> Option<Load> {
        if self.random.one_in(40) {
            panic_any(Lost);
        }
        self.left = self.left.checked_sub(1)?;
        let errand = Errand::draw(&mut self.random, self.depth, 0)?;
        let capture = errand.capture();
        with(&self.pulled, |pulled| pulled.push_back(errand.number));
        Some(Load { capture, errand })
    }
}

/// A stream from its first item to its last, or not so far.
pub fn stream(pool: &Pool, random: &mut Random, depth: u8) {
    let (buffer, pulled) = (random.below(8) as usize, Pulled::default());
    let (random_of_source, guest) = (Random::new(random.next()), Guest::new());
    let source = Source {
        left: random.below(25),
        random: random_of_source,
        depth: depth + 1,
        pulled: pulled.clone(),
        _guest: Guest::new(),
    };
    let f = move |load: Load| {
        let _ = &guest;
        load.run()
    };
    if random.one_in(2) {
        read(pool, pool.map_stream(source, buffer, f), &pulled, Rules { buffer, ordered: true }, random);
    } else {
        read(pool, pool.map_unordered(source, buffer, f), &pulled, Rules { buffer, ordered: false }, random);
    }
}

#[derive(Clone, Copy)]
struct Rules {
    buffer: usize,
    ordered: bool,
}

fn read<S>(pool: &Pool, mut stream: S, pulled: &Pulled, rules: Rules, random: &mut Random)
where
    S: Iterator<Item = Result<Fruit, JobError>> + Send + 'static,
{
    let patience = if random.one_in(3) { random.below(12) } else { u64::MAX };
    let mut unrun = 0;
    for _ in 0..patience {
        // The items pulled in this call were queued before its end.
        let step = catch_unwind(AssertUnwindSafe(|| stream.next()));
        let ahead = with(pulled, |pulled| {
            pulled.iter().for_each(|number| book().queued(*number));
            pulled.len() - unrun
        });
        if ahead > rules.buffer.max(1) {
            book().fault(format!("{ahead} items pulled and not returned, {} allowed", rules.buffer));
        }
        match step {
            Ok(Some(result)) => unrun += settle(result, pulled, rules.ordered),
            Ok(None) => return end(pulled, unrun),
            Err(payload) if payload.is::<Lost>() => {}
            Err(_) => book().fault("a stream panics with something strange".into()),
        }
    }
    // Before the drop: the items are not told apart from those that come to their end just now.
    if random.one_in(3) {
        pool.spawn(move || drop(stream))
    } else {
        drop(stream)
    }
    with(pulled, |pulled| pulled.drain(..).for_each(bereave));
}

fn bereave(number: u32) {
    book().entry(number).traits.fetch_or(BEREFT, Relaxed);
}

/// Nothing more comes. What is left are the items of errors that do not say whose they are.
fn end(pulled: &Pulled, unrun: usize) {
    let left = with(pulled, |pulled| pulled.drain(..).count());
    if left != unrun {
        book().fault(format!("a stream has ended, and of {left} items nothing has come, but {unrun} errors"));
    }
}

/// Returns how many items stay in `pulled` for what has come: 1, if it does not say from which it is.
fn settle(result: Result<Fruit, JobError>, pulled: &Pulled, ordered: bool) -> usize {
    let outcome = match &result {
        Err(JobError::Cancelled) => Outcome::Cancelled,
        Err(JobError::ShutDown) => Outcome::ShutDown,
        Err(JobError::Panicked(_)) => Outcome::Panicked,
        Err(_) => Outcome::Unheard,
        Ok(_) => Outcome::Value,
    };
    let expected = if ordered { with(pulled, VecDeque::pop_front) } else { None };
    let number = match (result, expected) {
        (Ok(fruit), _) => {
            let (number, _) = fruit.take();
            book().hear(number, outcome);
            Some(number)
        }
        (Err(JobError::Panicked(payload)), _) => book().deliver_panic(payload.into_inner()),
        (Err(error), _) if outcome == Outcome::Unheard => {
            book().fault(format!("an item of a stream: {error}"));
            None
        }
        (Err(_), Some(number)) => {
            book().hear(number, outcome);
            Some(number)
        }
        (Err(_), None) => return 1,
    };
    if ordered {
        if number != expected {
            book().fault(format!("{number:?} came out of a stream, not {expected:?}"));
        }
        return 0;
    }
    let position = |pulled: &mut VecDeque<u32>| {
        let found = pulled.iter().position(|other| Some(*other) == number);
        found.and_then(|position| pulled.remove(position))
    };
    if with(pulled, position).is_none() {
        book().fault(format!("{number:?} came out of a stream that has not pulled it, or twice"));
    }
    0
}
