//! The jobs of sets: those that give one result, and producers.

use std::panic::panic_any;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};

use filch::TrySubmitError;

use super::accounts::{Fruit, Tree};
use super::book::{Capture, HANDED_BACK, PANICS, PRODUCER, Receipt, book};
use super::jobs::{DEPTH, Errand};
use super::sets::{Set, inner_deed};
use super::support::random::{Random, spin};

/// The closure of a job that gives one result, and does something with its set before.
fn member<const N: usize>(errand: Errand, set: Weak<Set>) -> impl FnOnce() -> Fruit + Send + 'static {
    let mut capture = errand.capture::<N>();
    move || {
        capture.begin();
        let (mut random, depth) = (Random::new(!errand.seed), errand.depth);
        let rude = random.one_in(20);
        if random.one_in(6) {
            inner_deed(&set, &mut random, depth);
        }
        drop(set);
        errand.run();
        Fruit::new(capture.number, capture.number, rude)
    }
}

/// `submit`, `submit_first` and `try_submit`.
pub fn submit(set: &Arc<Set>, random: &mut Random, depth: u8) {
    let Some(errand) = Errand::draw(random, depth, 0) else { return };
    match random.below(4) {
        0 => submit_sized::<0>(set, random, errand),
        1 => submit_sized::<1>(set, random, errand),
        2 => submit_sized::<30>(set, random, errand),
        _ => submit_sized::<100>(set, random, errand),
    }
}

fn submit_sized<const N: usize>(set: &Arc<Set>, random: &mut Random, mut errand: Errand) {
    let number = errand.number;
    let weak = Arc::downgrade(set);
    let kind = if set.may_wait_for_room() { random.below(6) } else { 0 };
    let id = match kind {
        0 | 1 => {
            errand.rude = false;
            match set.set.try_submit(member::<N>(errand, weak)) {
                Ok(id) => id,
                Err(error) => return handed_back(number, error),
            }
        }
        2 => set.set.submit_first(member::<N>(errand, weak)),
        _ => set.set.submit(member::<N>(errand, weak)),
    };
    set.enlist(id, number, None);
}

fn handed_back<F>(number: u32, error: TrySubmitError<F>) {
    if matches!(error, TrySubmitError::ShutDown(_)) && !book().is_closing() {
        book().fault(format!("job {number}: refused by the set of a pool that nobody shut down"));
    }
    book().entry(number).traits.fetch_or(HANDED_BACK, Relaxed);
}

/// `try_submit` of a job that does nothing. Whether the set was full; nothing if that cannot be said.
pub fn try_plain(set: &Set, random: &mut Random) -> Option<bool> {
    let mut errand = Errand::draw(random, DEPTH, 0)?;
    errand.rude = false;
    let number = errand.number;
    match set.set.try_submit(member::<3>(errand, Weak::new())) {
        Ok(id) => {
            set.enlist(id, number, None);
            Some(false)
        }
        Err(error) => {
            let is_full = error.is_full().then_some(true);
            handed_back(number, error);
            is_full
        }
    }
}

/// A producer's iterator.
struct Basket {
    _receipt: Receipt<2>,
    number: u32,
    set: Weak<Set>,
    depth: u8,
    tree: Arc<Tree>,
    random: Random,
    left: u64,
    /// It must not be asked again.
    over: bool,
}

impl Basket {
    fn finish(&mut self) -> Option<Fruit> {
        self.over = true;
        self.tree.finished.store(true, Relaxed);
        None
    }

    /// What an iterator may do meanwhile.
    fn dawdle(&mut self) {
        match self.random.below(24) {
            0 => inner_deed(&self.set, &mut self.random, self.depth),
            1 => std::thread::yield_now(),
            2..=4 => spin(self.random.below(1000)),
            _ => {}
        }
    }
}

impl Iterator for Basket {
    type Item = Fruit;

    fn next(&mut self) -> Option<Fruit> {
        if std::mem::replace(&mut self.over, true) {
            book().fault(format!("producer {} is asked again after its end", self.number));
        }
        self.dawdle();
        let Some(left) = self.left.checked_sub(1) else { return self.finish() };
        let Some(number) = book().open(0) else { return self.finish() };
        self.left = left;
        Capture::<1>::new(number).begin();
        if self.random.one_in(100) {
            book().entry(number).traits.fetch_or(PANICS, Relaxed);
            panic_any(Receipt::<0>::new(number));
        }
        self.tree.pulled.fetch_add(1, Relaxed);
        self.over = false;
        // Two panics at a time would abort.
        let rude = !self.tree.rude && self.random.one_in(30);
        Some(Fruit::new(number, self.number, rude))
    }
}

impl Drop for Basket {
    fn drop(&mut self) {
        if self.tree.rude && !std::thread::panicking() {
            book().mishap();
        }
    }
}

/// `submit_iter`.
pub fn submit_producer(set: &Arc<Set>, random: &mut Random, depth: u8) {
    let Some(errand) = Errand::draw(random, depth, PRODUCER) else { return };
    let (number, seed, depth, panics) = (errand.number, errand.seed, errand.depth, errand.panics);
    let tree = Arc::new(Tree { rude: random.one_in(15), ..Tree::default() });
    let left = if random.one_in(8) { random.below(200) } else { random.below(12) };
    let (mut capture, weak, theirs) = (errand.capture::<8>(), Arc::downgrade(set), tree.clone());
    let id = set.set.submit_iter(move || {
        capture.begin();
        if panics {
            book().entry(number).traits.fetch_or(PANICS, Relaxed);
            panic_any(Receipt::<0>::new(number));
        }
        let (_receipt, random) = (Receipt::new(number), Random::new(seed));
        Basket { _receipt, number, set: weak, depth, tree: theirs, random, left, over: false }
    });
    set.enlist(id, number, Some(tree));
}
