//! What does it cost to take many results in the order in which they are done: all jobs queued first, and a window of them?

mod support;

use filch_benches::workload::Workload;

fn main() {
    support::bench(&[Workload::Gather, Workload::GatherWindow]);
}
