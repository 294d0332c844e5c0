//! What the feature `tracing` costs a job: without it, with it and no subscriber, with it and a subscriber that does nothing.
//!
//! ```text
//! cargo run --release -p filch-benches --bin tracing_cost -- 1000000
//! cargo run --release -p filch-benches --features tracing --bin tracing_cost -- 1000000
//! cargo run --release -p filch-benches --features tracing --bin tracing_cost -- 1000000 --subscriber
//! ```
//!
//! With `--submit` the jobs are submitted and joined, one after another, else spawned. One worker queues and runs them: two runs of a different number of jobs
//! differ by nothing else, so a simulator that counts instructions says exactly what a job takes (`docs/tracing.md`).

use std::env;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use filch::Pool;

/// Jobs before the clock starts: then the memory for more is there.
const WARM: u64 = 10_000;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("tracing_cost: {message}\nUsage: tracing_cost JOBS [--submit] [--subscriber]");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), String> {
    let (mut jobs, mut queue) = (None, spawn as fn(&Pool, u64));
    for word in env::args().skip(1) {
        match word.as_str() {
            "--submit" => queue = submit,
            "--subscriber" => subscribe()?,
            _ => jobs = Some(word.parse().map_err(|_| format!("{word} is neither a number of jobs nor an option"))?),
        }
    }
    measure(jobs.ok_or("how many jobs?")?, queue);
    Ok(())
}

fn measure(jobs: u64, queue: fn(&Pool, u64)) {
    let pool = Pool::with_threads(1);
    pool.install(|| queue(&pool, WARM));
    pool.wait_idle();
    let start = Instant::now();
    pool.install(|| queue(&pool, jobs));
    pool.wait_idle();
    println!("{jobs} jobs, {:.1} ns each", start.elapsed().as_nanos() as f64 / jobs as f64);
}

fn spawn(pool: &Pool, jobs: u64) {
    for job in 0..jobs {
        pool.spawn(move || _ = black_box(job));
    }
}

fn submit(pool: &Pool, jobs: u64) {
    for job in 0..jobs {
        assert_eq!(pool.submit(move || black_box(job)).join().ok(), Some(job));
    }
}

#[cfg(not(feature = "tracing"))]
fn subscribe() -> Result<(), String> {
    Err("a subscriber is told nothing without the feature `tracing`".into())
}

#[cfg(feature = "tracing")]
fn subscribe() -> Result<(), String> {
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    /// Wants everything, and does nothing with it.
    struct Nothing;

    impl Subscriber for Nothing {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, _: &Event<'_>) {}
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    tracing::subscriber::set_global_default(Nothing).map_err(|error| error.to_string())
}
