//! What does a job without a result cost: spawned from outside, from a worker, by other jobs?

mod support;

use filch_benches::workload::Workload;

fn main() {
    support::bench(&[Workload::SpawnExternal, Workload::SpawnInternal, Workload::SpawnTree]);
}
