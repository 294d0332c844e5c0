//! Random cases, each of which is done beside an oracle.
//!
//! A case that fails is made smaller, and printed with the seed. `FILCH_SEED` sets the seed; `FILCH_SOAK_SECONDS` how long it goes on with new ones.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::support::random::{Random, seed};
use crate::support::watch::{Watch, box_of};

/// Does `test` with so many cases, or for as long as the environment says. It panics if the case fails.
pub fn check<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value))
where
    S::Value: Debug,
{
    let (start, time) = (Instant::now(), box_of(Duration::ZERO));
    let watch = Watch::start("the first case");
    let mut seed = seed();
    let mut rounds = 0;
    while rounds == 0 || start.elapsed() < time {
        let result = runner(cases, seed).run(&strategy, |case| {
            // Printed if the case hangs.
            watch.step(format!("seed {seed}, case {case:?}"));
            test(case);
            Ok(())
        });
        if let Err(error) = result {
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
        // A case starts threads, and is small.
        max_shrink_iters: 2000,
        ..Config::default()
    };
    let mut random = Random::new(seed);
    let bytes: Vec<_> = (0..4).flat_map(|_| random.next().to_le_bytes()).collect();
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}
