//! Running a scenario under a scheduler.

use std::path::PathBuf;

use filch::{Pool, PoolBuilder};
use shuttle::scheduler::{PctScheduler, RandomScheduler, ReplayScheduler, Scheduler};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

/// Runs by default, of each scenario and scheduler.
const RUNS: usize = 50;

/// So many changes of priority make one bug, less one.
const DEPTH: usize = 4;

/// A run that takes more steps goes round in circles.
const LONGEST: usize = 3_000_000;

/// Runs it in orders in which each step of any thread is as likely as each other's.
pub fn random(scenario: fn()) {
    run(RandomScheduler::new(number("FILCH_SHUTTLE_RUNS", RUNS)), scenario);
}

/// Runs it in orders in which the same threads go first all the time, but for a few moments (Burckhardt et al. 2010).
pub fn pct(scenario: fn()) {
    let depth = number("FILCH_SHUTTLE_DEPTH", DEPTH);
    // The first run measures.
    run(PctScheduler::new(depth, number("FILCH_SHUTTLE_RUNS", RUNS) + 1), scenario);
}

fn run(scheduler: impl Scheduler + 'static, scenario: fn()) {
    match std::env::var_os("FILCH_SHUTTLE_REPLAY") {
        Some(path) => {
            let mut replay = ReplayScheduler::new_from_file(&path).expect("a file that a failure has left");
            // What comes after the failure was never chosen.
            replay.set_allow_incomplete();
            Runner::new(replay, config()).run(scenario);
        }
        None => {
            let runs = Runner::new(scheduler, config()).run(scenario);
            assert!(runs > 1, "a scenario that ran once shows nothing");
        }
    }
}

fn config() -> Config {
    let mut config = Config::new();
    config.stack_size = STACK;
    config.max_steps = MaxSteps::FailAfter(LONGEST);
    config.silence_warnings = true;
    config.failure_persistence = FailurePersistence::File(Some(schedules()));
    config
}

/// Where failing schedules go.
fn schedules() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

fn number(variable: &str, default: usize) -> usize {
    let parse = |text: String| text.parse().unwrap_or_else(|_| panic!("{variable} is a number"));
    std::env::var(variable).map_or(default, parse)
}

const STACK: usize = 256 << 10;

/// A pool of so many workers, with stacks that are quickly made.
pub fn builder(threads: usize) -> PoolBuilder {
    Pool::builder().threads(threads).stack_size(STACK)
}

pub fn pool(threads: usize) -> Pool {
    builder(threads).build().expect("the scheduler refuses no thread")
}

/// Panics without a word: the scheduler's hook would take it for a failure of the scenario.
pub fn panic_quietly() {
    std::panic::resume_unwind(Box::new("on purpose"));
}

/// A number below `bound`, chosen by the scheduler's generator, so that a replay chooses the same.
pub fn below(bound: u64) -> u64 {
    use shuttle::rand::RngCore;
    shuttle::rand::thread_rng().next_u64() % bound
}

/// Starts a thread of the scheduler's.
pub fn start(body: impl FnOnce() + Send + 'static) -> shuttle::thread::JoinHandle<()> {
    shuttle::thread::spawn(body)
}

pub fn end(threads: Vec<shuttle::thread::JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().expect("it did not panic"));
}
