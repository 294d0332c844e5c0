//! What does a permit cost that nobody else wants, and one that four threads fight for?
//!
//! Under a fight, time alone says little: the program `permits` tells the longest waits and how evenly the threads passed, too.

use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput};
use filch_benches::permits::{Contest, FIELD, Length};

const THREADS: usize = 4;

/// Passes of each thread in one iteration.
const PASSES: u64 = 10_000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    uncontended(&mut criterion);
    for permits in [1, 2, 4] {
        contended(&mut criterion, permits);
    }
    criterion.final_summary();
}

fn uncontended(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("semaphore_uncontended");
    group.throughput(Throughput::Elements(1));
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    for entry in FIELD {
        group.bench_function(entry.name, |bencher| bencher.iter_custom(entry.uncontended));
    }
    group.finish();
}

fn contended(criterion: &mut Criterion, permits: usize) {
    let mut group = criterion.benchmark_group(format!("semaphore_contended_{permits}"));
    group.throughput(Throughput::Elements(PASSES * THREADS as u64));
    group.sampling_mode(SamplingMode::Flat).sample_size(20);
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3));
    for entry in FIELD {
        let Some(contest) = entry.contest else { continue };
        let run = || contest(&Contest { threads: THREADS, permits, length: Length::Passes(PASSES) }).elapsed;
        group.bench_function(entry.name, |bencher| {
            bencher.iter_custom(|iterations| (0..iterations).map(|_| run()).sum());
        });
    }
    group.finish();
}
