//! gather: an outside thread submits jobs and takes their results in the order in which they are done.

use super::answer;
use super::sample::{Sample, measure};
use crate::contestant::Contestant;

/// So many jobs are submitted and gathered before the next ones are. A run is as many batches as its size needs.
const BATCH: u64 = 10_000;

/// How many jobs are outstanding at most, where that is bounded.
pub(crate) const WINDOW: usize = 1024;

/// All jobs of a batch are submitted before the first result is taken.
pub(super) fn all<C: Contestant>(pool: &'static C, jobs: u64) -> Sample {
    run(pool, jobs, usize::MAX)
}

/// At most [`WINDOW`] jobs are outstanding: one more is submitted after each result.
pub(super) fn window<C: Contestant>(pool: &'static C, jobs: u64) -> Sample {
    run(pool, jobs, WINDOW)
}

fn run<C: Contestant>(pool: &'static C, jobs: u64, window: usize) -> Sample {
    measure(
        || pool.heavies(),
        || {
            for first in (0..jobs).step_by(BATCH as usize) {
                batch(pool, first, BATCH.min(jobs - first), window);
            }
        },
    )
}

/// Gathers one batch and checks that every result came once.
fn batch<C: Contestant>(pool: &'static C, first: u64, jobs: u64, window: usize) {
    let questions = first..first + jobs;
    let mut results = Sum::default();
    pool.gather(questions.clone().map(|question| move || answer(question)), window, |result| results.add(result));
    let mut expected = Sum::default();
    questions.for_each(|question| expected.add(answer(question)));
    assert_eq!(results, expected, "a result was lost, came twice or was wrong");
}

/// How many results came, and what they add up to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    results: u64,
    sum: u64,
}

impl Sum {
    fn add(&mut self, result: u64) {
        self.results += 1;
        self.sum = self.sum.wrapping_add(result);
    }
}
