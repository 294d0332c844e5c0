//! Lets the contestants take turns.

use std::thread;
use std::time::Duration;

use filch_benches::contestant::Runner;
use filch_benches::workload::{Sample, Workload};

use crate::options::Options;

/// Between two runs, so that the workers of the pool before have fallen asleep.
const SETTLE: Duration = Duration::from_millis(5);

/// A contestant's pool.
pub(crate) type Started = (&'static str, &'static dyn Runner);

/// A contestant's samples of one workload, one a round.
pub(crate) struct Record {
    pub(crate) name: &'static str,
    pub(crate) samples: Vec<Sample>,
}

/// Starts the pools.
pub(crate) fn start(options: &Options) -> Vec<Started> {
    options.contestants.iter().map(|entry| (entry.name, entry.start(options.workers))).collect()
}

/// Runs one workload: a round to warm up, which does not count, and then the rounds that do.
pub(crate) fn run(options: &Options, workload: Workload, pools: &[Started]) -> Vec<Record> {
    let size = options.size(workload);
    let mut records: Vec<Record> = pools.iter().map(|&(name, _)| Record { name, samples: Vec::new() }).collect();
    for round in 0..=options.rounds {
        for (record, (_, pool)) in records.iter_mut().zip(pools) {
            thread::sleep(SETTLE);
            let sample = pool.run(workload, size);
            if round > 0 {
                record.samples.push(sample);
            }
        }
    }
    records
}
