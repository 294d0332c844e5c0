//! How long does a thread outside wait for the result of one job: workers awake, and asleep?

mod support;

use filch_benches::workload::Workload;

fn main() {
    support::bench(&[Workload::RoundtripHot, Workload::RoundtripCold]);
}
