//! How does the cost of a job grow: with more jobs, more workers, more threads that spawn at once?
//!
//! Kept short: `report --growth` goes up to 10,000,000 jobs and 64 workers.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use filch_benches::WORKERS;
use filch_benches::contestant::{Entry, FIELD, Runner};
use filch_benches::workload::Workload;

/// Jobs where they do not grow.
const JOBS: u64 = 10_000;

/// Leaves of the tree for the workers.
const LEAVES: u64 = 1 << 13;

type Started = (&'static Entry, &'static dyn Runner);

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let pools = start(WORKERS);
    for jobs in [1_000, 10_000, 100_000] {
        let run = |pool: &'static dyn Runner| pool.run(Workload::SpawnExternal, jobs).elapsed;
        group(&mut criterion, &pools, ("scaling_jobs", jobs), jobs, run);
    }
    for submitters in [1, 2, 4, 8, 16] {
        let run = |pool: &'static dyn Runner| pool.spawn_from_many(submitters, JOBS).expect("it takes jobs").elapsed;
        group(&mut criterion, &pools, ("scaling_submitters", submitters as u64), JOBS, run);
    }
    for workers in [1, 2, 4, 8, 16] {
        let run = |pool: &'static dyn Runner| pool.run(Workload::SpawnTree, LEAVES).elapsed;
        let jobs = Workload::SpawnTree.count(LEAVES);
        group(&mut criterion, &start(workers), ("scaling_workers", workers as u64), jobs, run);
    }
    criterion.final_summary();
}

/// The pools that take jobs.
fn start(workers: usize) -> Vec<Started> {
    let takers = FIELD.iter().filter(|entry| entry.takes_part(Workload::SpawnExternal));
    takers.map(|entry| (entry, entry.start(workers))).collect()
}

/// One point of a series: a line for each contestant.
fn group(
    criterion: &mut Criterion,
    pools: &[Started],
    (name, value): (&str, u64),
    jobs: u64,
    run: impl Fn(&'static dyn Runner) -> Duration,
) {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(jobs));
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(500));
    for (entry, pool) in pools {
        group.bench_function(BenchmarkId::new(entry.name, value), |bencher| {
            bencher.iter_custom(|iterations| (0..iterations).map(|_| run(*pool)).sum());
        });
    }
    group.finish();
}
