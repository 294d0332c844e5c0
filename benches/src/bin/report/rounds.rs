//! Lets the contestants take turns at a workload.

use std::thread;
use std::time::Duration;

use filch_benches::contestant::{Entry, Runner};
use filch_benches::record::{Figures, Measurement, Row, grouped, in_turns};
use filch_benches::workload::{Sample, Workload};

use crate::options::Options;

/// Between two runs, so that the workers of the pool before have fallen asleep.
const SETTLE: Duration = Duration::from_millis(5);

/// A contestant's pool.
#[derive(Clone, Copy)]
pub(crate) struct Started {
    entry: Entry,
    workers: usize,
    pub(crate) pool: &'static dyn Runner,
}

/// The pools that have been started so far.
#[derive(Default)]
pub(crate) struct Pools(Vec<Started>);

impl Pools {
    /// The pools of a workload's contestants with so many workers, which are started when they are first asked for.
    pub(crate) fn of(&mut self, field: &[Entry], workload: Workload, workers: usize) -> Vec<Started> {
        let entries = field.iter().filter(|entry| entry.takes_part(workload));
        entries.map(|entry| self.started(*entry, workers)).collect()
    }

    fn started(&mut self, entry: Entry, workers: usize) -> Started {
        let known = self.0.iter().find(|started| started.workers == workers && started.entry.is(&entry));
        if let Some(started) = known {
            return *started;
        }
        let started = Started { entry, workers, pool: entry.start(workers) };
        self.0.push(started);
        started
    }
}

/// A round to warm up, which does not count, and then the rounds that do.
pub(crate) fn rounds(pools: &[Started], rounds: usize, run: impl Fn(&'static dyn Runner) -> Figures) -> Vec<Row> {
    let name = |started: &Started| (started.entry.name, started.entry.role());
    let settled = |started: &Started| {
        thread::sleep(SETTLE);
        Some(run(started.pool))
    };
    in_turns(pools, 1, rounds, name, settled).expect("a run that fails ends the program")
}

/// Runs one workload.
pub(crate) fn run(options: &Options, workload: Workload, pools: &mut Pools) -> Measurement {
    let (size, unit) = (options.size(workload), workload.unit());
    let count = workload.count(size);
    let pools = pools.of(&options.contestants, workload, options.workers);
    let rows = rounds(&pools, options.rounds, |pool| figures(workload, &pool.run(workload, size), count));
    let titles = titles(workload);
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let at = [(&*format!("{unit}s"), count), ("workers", options.workers as u64)];
    Measurement::new(workload.name(), format!("{} {unit}s a run", grouped(count)), &at, &titles, rows)
}

/// What [`figures`] are.
fn titles(workload: Workload) -> Vec<String> {
    let unit = workload.unit();
    let mut titles = if workload.has_latency() {
        ["p50 ns", "p99 ns", "p99.9 ns"].map(String::from).to_vec()
    } else {
        vec![format!("ns/{unit}"), format!("call ns/{unit}")]
    };
    titles.extend([format!("CPU ns/{unit}"), "heavy fences/run".into()]);
    titles
}

fn figures(workload: Workload, sample: &Sample, count: u64) -> Figures {
    let each = |time: Duration| time.as_nanos() as f64 / count as f64;
    let mut figures = if workload.has_latency() {
        let nanos = |pick: fn(&_) -> u64| sample.latency.as_ref().map(|latency| pick(latency) as f64);
        vec![nanos(|latency| latency.p50), nanos(|latency| latency.p99), nanos(|latency| latency.p999)]
    } else {
        vec![Some(each(sample.elapsed)), sample.calls.map(each)]
    };
    figures.extend([sample.cpu.map(each), sample.heavies.map(|heavies| heavies as f64)]);
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_figure_for_each_title() {
        let sample =
            Sample { elapsed: Duration::from_micros(3), calls: None, latency: None, cpu: None, heavies: Some(7) };
        for workload in Workload::ALL {
            assert_eq!(titles(workload).len(), figures(workload, &sample, 100).len(), "{}", workload.name());
        }
        assert_eq!(figures(Workload::JoinFib, &sample, 100), [Some(30.0), None, None, Some(7.0)]);
    }
}
