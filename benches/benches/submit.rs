//! What does a job with a result cost, its handle kept and its result collected?

mod support;

use filch_benches::workload::Workload;

fn main() {
    support::bench(&[Workload::SubmitWithResult]);
}
