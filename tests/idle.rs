//! An idle pool costs nothing: its workers sleep without a single context switch and without a nanosecond of CPU time, also right after a burst.
//!
//! `FILCH_LONG=1` watches for five seconds instead of one, after a burst of a million jobs.
#![cfg(target_os = "linux")]

#[path = "ledger/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use filch::Pool;
use support::child;
use support::threads::{self, Thread, Usage};
use support::watch::{PATIENCE, Watch, eventually, long};

const WORKERS: usize = 4;

/// How long nothing may change before the workers are taken to sleep.
const SETTLED: Duration = Duration::from_millis(20);

fn usage(workers: &[Thread]) -> Vec<Usage> {
    workers.iter().map(Thread::usage).collect()
}

/// Waits until the workers' counters stand still, and returns them and how long that took.
fn settle(workers: &[Thread]) -> (Vec<Usage>, Duration) {
    let start = Instant::now();
    let mut last = usage(workers);
    let mut since = Instant::now();
    while since.elapsed() < SETTLED {
        assert!(start.elapsed() < PATIENCE, "the workers do not come to rest");
        std::thread::sleep(Duration::from_millis(1));
        let now = usage(workers);
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
    (last, since - start)
}

/// The pool is idle: its workers may use nothing at all.
fn assert_costs_nothing(what: &str, prefix: &str) {
    let window = Duration::from_secs(if long() { 5 } else { 1 });
    // A thread that has only just started has no name yet.
    eventually("every worker has its name", || threads::named(prefix).len() == WORKERS);
    let workers = threads::named(prefix);
    let (before, settled) = settle(&workers);
    // Not a wait for something: this is the time in which nothing may happen.
    std::thread::sleep(window);
    let after = usage(&workers);
    let switches = |all: &[Usage]| all.iter().map(|usage| usage.voluntary + usage.involuntary).sum::<u64>();
    println!(
        "  {what}: at rest after {settled:?}, then {} context switches and {} in {window:?}",
        switches(&after) - switches(&before),
        if before == after { "no CPU time" } else { "CPU time" }
    );
    assert!(switches(&before) > 0, "the system does not count context switches");
    assert_eq!(before, after, "{what}: an idle worker did something");
}

fn idle_in_every_way(prefix: &'static str) {
    let watch = Watch::start("an idle pool");
    let name = move |index| format!("{prefix}{index}");
    let pool = Pool::builder().threads(WORKERS).thread_name(name).build().expect("a pool");
    pool.wait_idle();
    assert_costs_nothing("a fresh pool", prefix);

    watch.beat();
    let jobs = if long() { 1_000_000 } else { 100_000 };
    for _ in 0..jobs {
        pool.spawn(|| ());
    }
    pool.wait_idle();
    assert_costs_nothing("after a burst of spawns", prefix);

    watch.beat();
    let handles: Vec<_> = (0..jobs / 10).map(|n| pool.submit(move || n)).collect();
    handles.iter().step_by(3).for_each(|handle| _ = handle.cancel());
    drop(handles);
    pool.wait_idle();
    assert_costs_nothing("after submits and cancels", prefix);

    watch.beat();
    assert_eq!(pool.install(|| fib(18)), 2584);
    pool.wait_idle();
    assert_costs_nothing("after fork-join work", prefix);
}

fn fib(n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let (a, b) = filch::join(|| fib(n - 1), || fib(n - 2));
    a + b
}

/// What fences a process uses is decided once, so this and the next test are processes of their own.
#[test]
fn an_idle_pool_costs_nothing() {
    const NAME: &str = "an_idle_pool_costs_nothing";
    child::alone(NAME, || idle_in_every_way("rest-"));
}

#[test]
fn an_idle_pool_on_full_fences_costs_nothing() {
    const NAME: &str = "an_idle_pool_on_full_fences_costs_nothing";
    if child::role().is_none() {
        return child::run_well(NAME, "full fences", &[("FILCH_FENCE", "full")]);
    }
    println!();
    idle_in_every_way("full-");
}
