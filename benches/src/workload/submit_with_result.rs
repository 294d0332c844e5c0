//! submit_with_result: an outside thread submits jobs with results, keeps the handles, collects and checks them all.

use std::time::{Duration, Instant};

use super::answer;
use super::sample::{Sample, measure};
use crate::contestant::Contestant;

pub(super) fn run<C: Contestant>(pool: &'static C, jobs: u64) -> Sample {
    let mut calls = Duration::ZERO;
    let sample = measure(
        || pool.heavies(),
        || {
            let start = Instant::now();
            let handles = (0..jobs).map(|question| pool.submit(move || answer(question))).collect();
            calls = start.elapsed();
            collect(pool, handles, jobs);
        },
    );
    Sample { calls: Some(calls), ..sample }
}

fn collect<C: Contestant>(pool: &'static C, handles: Vec<C::Handle<u64>>, jobs: u64) {
    let mut question = 0;
    pool.join_all(handles, |result| {
        assert_eq!(result, answer(question), "a job returned a wrong result");
        question += 1;
    });
    assert_eq!(question, jobs, "results were lost");
}
