//! What does a join cost: nothing but joins down to the leaves, and the sum of a tree?

mod support;

use filch_benches::workload::Workload;

fn main() {
    support::bench(&[Workload::JoinFib, Workload::JoinTreeSum]);
}
