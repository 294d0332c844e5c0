//! Joins, scopes and parallel loops, nested in each other at random, by threads and jobs that do not know how long their pool lasts.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use filch::{Pool, Scope};

use super::support::random::Random;
use super::{Deliberate, Load, Manners, fault, heed, job, stall};

/// What all calls below one call see to: each promise is counted as made and as kept.
#[derive(Default)]
struct Account {
    made: AtomicU64,
    kept: AtomicU64,
}

/// A promise that something runs. It may panic, once it has been kept.
struct Promise<'a> {
    account: &'a Account,
    load: Load,
    seed: u64,
}

impl<'a> Promise<'a> {
    fn new(account: &'a Account, random: &mut Random) -> Self {
        account.made.fetch_add(1, Ordering::Relaxed);
        Self { account, load: Load::new(), seed: random.next() }
    }

    fn keep(self, pool: &Pool, depth: u8) {
        let mut random = Random::new(self.seed);
        self.load.run();
        self.account.kept.fetch_add(1, Ordering::Relaxed);
        stall(&mut random);
        call(pool, self.account, &mut random, depth);
        if random.one_in(40) {
            panic_any(Deliberate);
        }
    }
}

/// A call of some kind, or none. Everything that it promises is kept when it returns; a panic of it is heeded.
fn call(pool: &Pool, account: &Account, random: &mut Random, depth: u8) {
    if depth == 0 {
        return;
    }
    let call = AssertUnwindSafe(|| match random.below(8) {
        0 | 1 => {
            let (a, b) = (Promise::new(account, random), Promise::new(account, random));
            pool.join(|| a.keep(pool, depth - 1), || b.keep(pool, depth - 1));
        }
        2 | 3 => {
            let jobs = random.below(6);
            pool.scope(|scope| (0..jobs).for_each(|_| spawn(scope, pool, account, random, depth - 1)));
        }
        4 => drop(pool.map((0..random.below(20)).collect::<Vec<_>>(), |n| lend(pool, account, n, depth - 1))),
        5 => pool.for_each(0..random.below(20), |n| drop(lend(pool, account, n, depth - 1))),
        6 => filch::yield_now(),
        _ => pool.install(|| Promise::new(account, random).keep(pool, depth - 1)),
    });
    catch_unwind(call).unwrap_or_else(heed);
}

/// One item of a loop, in which a panic would make the loop leave others out: it has none of its own.
fn lend(pool: &Pool, account: &Account, number: u64, depth: u8) -> Load {
    let mut random = Random::new(number);
    if depth > 0 && random.one_in(4) {
        call(pool, account, &mut random, depth - 1);
    }
    let load = Load::new();
    load.run();
    Load::new()
}

/// A job of a scope, which may spawn others, or have a handle that somebody joins.
fn spawn<'scope, 'env: 'scope>(
    scope: &'scope Scope<'scope, 'env>,
    pool: &'env Pool,
    account: &'env Account,
    random: &mut Random,
    depth: u8,
) {
    let promise = Promise::new(account, random);
    match random.below(4) {
        0 => {
            let handle = scope.submit(move || promise.keep(pool, depth));
            if random.one_in(2) {
                handle.join().map_err(|error| heed(error.into_panic())).unwrap_or(());
            }
        }
        1 if depth > 0 => {
            let mut random = Random::new(random.next());
            scope.spawn(move || {
                spawn(scope, pool, account, &mut random, depth - 1);
                promise.keep(pool, depth);
            });
        }
        2 if depth > 0 => {
            let (seed, other) = (random.next(), Random::new(random.next()));
            scope.spawn(move || {
                let halves = (Mutex::new(Random::new(seed)), Mutex::new(other));
                let half = |random: &Mutex<Random>| {
                    let mut random = random.lock().unwrap_or_else(PoisonError::into_inner);
                    spawn(scope, pool, account, &mut random, depth - 1);
                };
                pool.join(|| half(&halves.0), || half(&halves.1));
                promise.keep(pool, depth);
            });
        }
        _ => scope.spawn(move || promise.keep(pool, depth)),
    }
}

/// Nested calls, and other jobs of the pool beside them.
pub fn nest(pool: &Pool, random: &mut Random, manners: Manners) {
    let account = Account::default();
    if random.one_in(2) {
        pool.spawn(job(random.next(), manners, 3));
    }
    call(pool, &account, random, 4);
    let (made, kept) = (account.made.into_inner(), account.kept.into_inner());
    if made != kept {
        fault(format!("{made} promises were made and {kept} were kept"));
    }
}
