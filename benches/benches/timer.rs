//! What does it cost to insert timers and to cancel them again?
//!
//! Lateness, processor time and memory want processes of their own: see the program `timers`.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use filch_benches::timers::FIELD;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for timers in [1000, 10_000, 100_000] {
        insert_cancel(&mut criterion, timers);
    }
    criterion.final_summary();
}

fn insert_cancel(criterion: &mut Criterion, timers: u64) {
    let mut group = criterion.benchmark_group("timer_insert_cancel");
    group.throughput(Throughput::Elements(timers));
    group.sampling_mode(SamplingMode::Flat).sample_size(20);
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    // Of the others each turn would leave its timers behind.
    for entry in FIELD.iter().filter(|entry| entry.is_prompt) {
        let mut turn = (entry.turns)(timers);
        group.bench_function(BenchmarkId::new(entry.name, timers), |bencher| bencher.iter(&mut turn));
    }
    group.finish();
}
