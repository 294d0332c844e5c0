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

/// The pools that have been started so far.
#[derive(Default)]
pub(crate) struct Pools(Vec<Started>);

impl Pools {
    /// The pools of a workload's contestants, which are started when a workload first asks for them.
    pub(crate) fn of(&mut self, options: &Options, workload: Workload) -> Vec<Started> {
        let entries = options.contestants.iter().filter(|entry| entry.takes_part(workload));
        entries.map(|entry| self.started(*entry, options.workers)).collect()
    }

    fn started(&mut self, entry: Entry, workers: usize) -> Started {
        if let Some(started) = self.0.iter().find(|(known, _)| known.is(&entry)) {
            return *started;
        }
        let started = (entry, entry.start(workers));
        self.0.push(started);
        started
    }
}

/// A contestant's samples of one workload, one a round.
pub(crate) struct Record {
    pub(crate) name: &'static str,
    pub(crate) is_rival: bool,
    pub(crate) samples: Vec<Sample>,
}

/// Runs one workload: a round to warm up, which does not count, and then the rounds that do.
pub(crate) fn run(options: &Options, workload: Workload, pools: &[Started]) -> Vec<Record> {
    let size = options.size(workload);
    let record = |entry: Entry| Record { name: entry.name, is_rival: entry.is_rival(), samples: Vec::new() };
    let mut records: Vec<Record> = pools.iter().map(|&(entry, _)| record(entry)).collect();
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
