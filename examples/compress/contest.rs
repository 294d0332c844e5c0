//! The contest: one thread, plain threads and a filch pool do the same work in turn.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use filch::{BuildError, Pool, PoolMetrics};

use crate::args::Args;
use crate::pack::FileError;
use crate::round::{Round, Running, Work};

/// How long one thread should be busy in a round; a small tree is taken several times.
const ROUND: Duration = Duration::from_secs(1);

/// How many jobs may wait in the pool. While there are so many, the thread that submits sleeps.
const QUEUE: usize = 1024;

/// A way to do the work.
#[derive(Clone, Copy)]
pub enum Contestant {
    /// Plain threads, so many, that take files from a shared list.
    Threads(usize),
    /// A pool of so many workers.
    Filch(usize),
}

/// The contest once it is over.
pub struct Contest {
    /// How many files the tree has.
    pub files: usize,
    /// How often a round took them.
    pub repeat: usize,
    /// Each contestant and its rounds: one thread, plain threads, filch.
    pub results: [(Contestant, Vec<Round>); 3],
}

impl Contest {
    /// Warms up, then lets the contestants take turns, a different one first in every round.
    pub fn hold(args: &Args, files: Vec<PathBuf>) -> Result<Contest, BuildError> {
        let contestants = [Contestant::Threads(1), Contestant::Threads(args.workers), Contestant::Filch(args.workers)];
        let work = Arc::new(Work { files, level: args.level });
        let repeat = warm_up(&work, args.repeat)?;
        let mut results = contestants.map(|contestant| (contestant, Vec::new()));
        for round in 0..args.rounds {
            for turn in 0..results.len() {
                let (contestant, rounds) = &mut results[(round + turn) % contestants.len()];
                let label = format!("round {} of {}: {contestant}", round + 1, args.rounds);
                rounds.push(contestant.run(&work, repeat, label)?);
            }
        }
        Ok(Contest { files: work.files.len(), repeat, results })
    }
}

/// Brings the files into the page cache, and finds how often a round must take them to last.
fn warm_up(work: &Arc<Work>, wanted: Option<usize>) -> Result<usize, BuildError> {
    let mut repeat = 1;
    loop {
        let elapsed = Contestant::Threads(1).run(work, repeat, "warming up".into())?.elapsed;
        if wanted.is_some() || elapsed >= ROUND || work.files.is_empty() {
            return Ok(wanted.unwrap_or(repeat));
        }
        let factor = ROUND.as_secs_f64() / elapsed.as_secs_f64();
        repeat = (repeat as f64 * factor.clamp(1.1, 100.0)).ceil() as usize;
    }
}

impl fmt::Display for Contestant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Contestant::Threads(1) => f.pad("one thread"),
            Contestant::Threads(n) => f.pad(&format!("{n} plain threads")),
            Contestant::Filch(1) => f.pad("filch, one worker"),
            Contestant::Filch(n) => f.pad(&format!("filch, {n} workers")),
        }
    }
}

impl Contestant {
    /// Does the work `repeat` times. The time runs from before the first thread starts until after the last has ended.
    fn run(self, work: &Arc<Work>, repeat: usize, label: String) -> Result<Round, BuildError> {
        let running = Arc::new(Running::new(Arc::clone(work), repeat, label));
        let start = Instant::now();
        let metrics = match self {
            Contestant::Threads(n) => on_threads(n, &running),
            Contestant::Filch(n) => Some(on_filch(n, &running)?),
        };
        Ok(running.finish(start.elapsed(), metrics))
    }
}

/// The rival: threads that take the next file from a shared list until it is empty.
fn on_threads(threads: usize, running: &Running) -> Option<PoolMetrics> {
    let next = AtomicUsize::new(0);
    let take_files = || loop {
        let job = next.fetch_add(1, Ordering::Relaxed);
        if job >= running.jobs() {
            return;
        }
        running.record(job, running.compress(job));
    };
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(take_files))));
    None
}

/// The same on a pool: a job for each file, its outcome handed to a callback when it ends.
///
/// A job that panicked or never ran is one more failed file: its outcome is an error of the pool, not of the file.
fn on_filch(workers: usize, running: &Arc<Running>) -> Result<PoolMetrics, BuildError> {
    let pool = Pool::builder().threads(workers).queue_capacity(QUEUE).build()?;
    for job in 0..running.jobs() {
        let (compress, record) = (Arc::clone(running), Arc::clone(running));
        pool.submit(move || compress.compress(job))
            .on_complete(move |outcome| record.record(job, outcome.unwrap_or_else(|error| Err(FileError::Job(error)))));
    }
    pool.wait_idle();
    let metrics = pool.metrics();
    pool.shutdown();
    Ok(metrics)
}
