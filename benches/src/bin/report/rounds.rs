//! Lets the contestants take turns.

use std::thread;
use std::time::Duration;

use filch_benches::contestant::{Entry, Runner};
use filch_benches::workload::{Sample, Workload};

use crate::options::Options;

/// Between two runs, so that the workers of the pool before have fallen asleep.
const SETTLE: Duration = Duration::from_millis(5);

/// A contestant's pool.
pub(crate) type Started = (Entry, &'static dyn Runner);

/// A contestant's samples of one workload, one a round.
pub(crate) struct Record {
    pub(crate) name: &'static str,
    pub(crate) is_ours: bool,
    pub(crate) samples: Vec<Sample>,
}

/// Starts the pools.
pub(crate) fn start(options: &Options) -> Vec<Started> {
    let takes_part = |entry: &Entry| options.workloads.iter().any(|&workload| entry.takes_part(workload));
    let entries = options.contestants.iter().copied().filter(takes_part);
    entries.map(|entry| (entry, entry.start(options.workers))).collect()
}

/// Runs one workload: a round to warm up, which does not count, and then the rounds that do.
pub(crate) fn run(options: &Options, workload: Workload, pools: &[Started]) -> Vec<Record> {
    let size = options.size(workload);
    let pools: Vec<Started> = pools.iter().copied().filter(|(entry, _)| entry.takes_part(workload)).collect();
    let record = |entry: Entry| Record { name: entry.name, is_ours: entry.is_ours(), samples: Vec::new() };
    let mut records: Vec<Record> = pools.iter().map(|&(entry, _)| record(entry)).collect();
    for round in 0..=options.rounds {
        for (record, (_, pool)) in records.iter_mut().zip(&pools) {
            thread::sleep(SETTLE);
            let sample = pool.run(workload, size);
            if round > 0 {
                record.samples.push(sample);
            }
        }
    }
    records
}
