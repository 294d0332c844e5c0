//! What does a message cost that comes back, with five clients in the same process?
//!
//! Latencies, more connections, larger messages, and the server's own processor time: see the program `echo`.

use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput};
use filch_benches::echo::FIELD;

const CONNECTIONS: usize = 5;
const BYTES: usize = 1000;

/// Messages in one iteration.
const MESSAGES: u64 = 1000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group(format!("echo_{CONNECTIONS}x{BYTES}"));
    group.throughput(Throughput::Elements(MESSAGES));
    group.sampling_mode(SamplingMode::Flat).sample_size(20);
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3));
    for entry in FIELD {
        let mut turn = (entry.turns)(CONNECTIONS, BYTES, MESSAGES);
        group.bench_function(entry.name, |bencher| bencher.iter(&mut turn));
    }
    group.finish();
    criterion.final_summary();
}
