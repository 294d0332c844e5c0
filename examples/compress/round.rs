//! A round: the jobs of one contestant, their outcomes and the progress bar.

use std::mem;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use filch::PoolMetrics;
use indicatif::{ProgressBar, ProgressStyle};

use crate::pack::{self, FileError, Sizes};
use crate::tree::Failures;

/// The bar goes to stderr, and nowhere when that is no terminal.
const BAR: &str = "{msg:32} [{bar:40}] {human_pos} of {human_len} files, {eta} to go";

/// What is the same in every round: the files, and how to compress them.
pub struct Work {
    pub files: Vec<PathBuf>,
    pub level: i32,
}

/// What a contestant did in one round.
pub struct Round {
    pub elapsed: Duration,
    pub sizes: Sizes,
    pub failures: Failures,
    /// What the pool counted, if there was one.
    pub metrics: Option<PoolMetrics>,
}

/// A round in progress, shared by the threads that work on it.
pub struct Running {
    work: Arc<Work>,
    jobs: usize,
    bar: ProgressBar,
    tally: Mutex<Tally>,
}

#[derive(Default)]
struct Tally {
    sizes: Sizes,
    failures: Failures,
}

impl Running {
    /// A round that takes every file `repeat` times.
    pub fn new(work: Arc<Work>, repeat: usize, label: String) -> Running {
        let jobs = work.files.len() * repeat;
        let style = ProgressStyle::with_template(BAR).expect("the template is well-formed").progress_chars("=> ");
        let bar = ProgressBar::new(jobs as u64).with_style(style).with_message(label);
        Running { work, jobs, bar, tally: Mutex::default() }
    }

    /// How many jobs there are: 0, 1, 2 and so on.
    pub fn jobs(&self) -> usize {
        self.jobs
    }

    /// Runs one job: the tree is taken from the first file to the last, then again.
    pub fn compress(&self, job: usize) -> Result<Sizes, FileError> {
        pack::compress(self.path(job), self.work.level)
    }

    /// Notes the outcome of a job. A file that fails time and again is noted once.
    pub fn record(&self, job: usize, outcome: Result<Sizes, FileError>) {
        let mut tally = self.tally();
        match outcome {
            Ok(sizes) => tally.sizes += sizes,
            Err(error) => drop(tally.failures.entry(self.path(job).clone()).or_insert(error)),
        }
        drop(tally);
        self.bar.inc(1);
    }

    /// Clears the bar and hands over what was noted.
    pub fn finish(&self, elapsed: Duration, metrics: Option<PoolMetrics>) -> Round {
        self.bar.finish_and_clear();
        let Tally { sizes, failures } = mem::take(&mut *self.tally());
        Round { elapsed, sizes, failures, metrics }
    }

    fn path(&self, job: usize) -> &PathBuf {
        &self.work.files[job % self.work.files.len()]
    }

    /// The tally is sound even if a thread panicked with the lock: it is only ever added to.
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
