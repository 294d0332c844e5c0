//! Random cases, each of which is done beside an oracle.
//!
//! A case that fails is made smaller, and printed with the seed. `FILCH_SEED` sets the seed; `FILCH_SOAK_SECONDS` how long it goes on with new ones.

use std::cell::RefCell;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::time::{Duration, Instant};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use crate::support::random::{Random, seed};
use crate::support::watch::{Watch, box_of};

thread_local! {
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Does `test` with so many cases, or for as long as the environment says. It panics if the case fails.
pub fn check<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value))
where
    S::Value: Debug,
{
    // Panics are part of many a case, so they are not printed. That of a case that fails is.
    set_hook(Box::new(|panic| LAST_PANIC.with(|last| *last.borrow_mut() = panic.to_string())));
    let (start, time) = (Instant::now(), box_of(Duration::ZERO));
    let watch = Watch::start("the first case");
    let mut seed = seed();
    let mut rounds = 0;
    while rounds == 0 || start.elapsed() < time {
        let result = runner(cases, seed).run(&strategy, |case| {
            // Printed if the case hangs.
            watch.step(format!("seed {seed}, case {case:?}"));
            let result = catch_unwind(AssertUnwindSafe(|| test(case)));
            result.map_err(|_| TestCaseError::fail(LAST_PANIC.with(|last| last.take())))
        });
        if let Err(error) = result {
            drop(take_hook());
            panic!("FILCH_SEED={seed}: {error}");
        }
        (seed, rounds) = (seed.wrapping_add(1), rounds + 1);
    }
    if time > Duration::ZERO {
        println!("{} cases in {:?}", rounds * u64::from(cases), start.elapsed());
    }
}

fn runner(cases: u32, seed: u64) -> TestRunner {
    let config = Config {
        cases,
        failure_persistence: None,
        // In milliseconds. A case that waits in vain does so for long.
        max_shrink_time: 20_000,
        max_shrink_iters: 2000,
        ..Config::default()
    };
    let mut random = Random::new(seed);
    let bytes: Vec<_> = (0..4).flat_map(|_| random.next().to_le_bytes()).collect();
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}
