//! Runs workloads under criterion, one group a workload, one line a contestant.

use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput, measurement::WallTime};
use filch_benches::WORKERS;
use filch_benches::contestant::{Entry, FIELD, Runner};
use filch_benches::workload::{Sample, Workload};

type Started = (Entry, &'static dyn Runner);

/// The whole of a bench program: starts the pools, then runs the workloads.
pub fn bench(workloads: &[Workload]) {
    let mut criterion = Criterion::default().configure_from_args();
    let pools: Vec<Started> = FIELD
        .iter()
        .filter(|entry| workloads.iter().any(|&workload| entry.takes_part(workload)))
        .map(|&entry| (entry, entry.start(WORKERS)))
        .collect();
    for &workload in workloads {
        group(&mut criterion, workload, &pools);
    }
    criterion.final_summary();
}

fn group(criterion: &mut Criterion, workload: Workload, pools: &[Started]) {
    let mut group = criterion.benchmark_group(workload.name());
    configure(&mut group, workload);
    for &(entry, pool) in pools.iter().filter(|(entry, _)| entry.takes_part(workload)) {
        group.bench_function(entry.name, |bencher| bencher.iter_custom(|iterations| time(pool, workload, iterations)));
    }
    group.finish();
}

fn configure(group: &mut BenchmarkGroup<'_, WallTime>, workload: Workload) {
    group.throughput(Throughput::Elements(workload.count(workload.iteration_size())));
    group.sampling_mode(SamplingMode::Flat).sample_size(20);
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    if matches!(workload, Workload::RoundtripCold | Workload::StealLatencyIdle | Workload::StealLatencyAsleep) {
        // The gaps between the trips are not in their times: with these, a thousand or so trips take some seconds.
        group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(20));
    }
}

fn time(pool: &'static dyn Runner, workload: Workload, iterations: u64) -> Duration {
    if workload.is_trips() {
        return pool.run(workload, iterations).elapsed;
    }
    (0..iterations).map(|_| pool.run(workload, workload.iteration_size())).map(elapsed).sum()
}

fn elapsed(sample: Sample) -> Duration {
    sample.elapsed
}
