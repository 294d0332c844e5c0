//! What does a parallel loop add to its items: a sum, a map in place, items of uneven cost?

mod support;

use filch_benches::workload::Workload;

fn main() {
    support::bench(&[Workload::ParallelSum, Workload::ParallelMapInPlace, Workload::ParallelSkewed]);
}
