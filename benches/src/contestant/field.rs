//! Who takes part in what.

use super::forker::{self, Forker, Forks};
use super::looper::{self, Looper, Loops};
use super::*;
use crate::record::Role;
use crate::workload::{Blocked, Queued, Sample, Workload, block, queue, spawn_from_many};

/// The crate that the others are rivals of.
pub const OURS: &str = "filch";

/// A started pool.
pub trait Runner {
    /// Runs `workload` once at the given size and checks what came of it.
    ///
    /// # Panics
    ///
    /// Panics if something was lost, ran twice or came to a wrong result, or if the pool does not take part in `workload`.
    fn run(&'static self, workload: Workload, size: u64) -> Sample;

    /// Blocks all workers until what it returns is dropped, if the pool takes jobs.
    fn block(&'static self) -> Option<Blocked> {
        None
    }

    /// Spawns that many jobs, if the pool takes jobs.
    fn queue(&'static self, _jobs: u64) -> Option<Queued> {
        None
    }

    /// Spawns that many jobs from so many threads at once and waits until all have run, if the pool takes jobs.
    fn spawn_from_many(&'static self, _submitters: usize, _jobs: u64) -> Option<Sample> {
        None
    }
}

/// A pool that takes jobs.
struct Jobs<C> {
    pool: C,
    workers: usize,
}

impl<C: Contestant> Runner for Jobs<C> {
    fn run(&'static self, workload: Workload, size: u64) -> Sample {
        workload.run_jobs(&self.pool, size, self.workers)
    }

    fn block(&'static self) -> Option<Blocked> {
        Some(block(&self.pool, self.workers))
    }

    fn queue(&'static self, jobs: u64) -> Option<Queued> {
        Some(queue(&self.pool, jobs))
    }

    fn spawn_from_many(&'static self, submitters: usize, jobs: u64) -> Option<Sample> {
        Some(spawn_from_many(&self.pool, submitters, jobs))
    }
}

impl<F: Forker> Runner for Forks<F> {
    fn run(&'static self, workload: Workload, size: u64) -> Sample {
        workload.run_forks(&self.0, size)
    }
}

impl<L: Looper> Runner for Loops<L> {
    fn run(&'static self, workload: Workload, size: u64) -> Sample {
        workload.run_loops(&self.0, size)
    }
}

/// One line of the field: a name, how to start the pool, and what it takes part in.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The contestant's name. A crate that takes part in different ways has one entry each under one name.
    pub name: &'static str,
    /// The crate whose pool it is, if it needs one. Most contestants are named after it.
    pub package: Option<&'static str>,
    workloads: &'static [Workload],
    start: fn(usize) -> &'static dyn Runner,
}

impl Entry {
    const fn jobs<C: Contestant>(name: &'static str) -> Self {
        let start = |workers| Box::leak(Box::new(Jobs { pool: C::start(workers), workers })) as &dyn Runner;
        Self { name, package: Some(name), workloads: Workload::OF_JOBS, start }
    }

    /// Another way to gather results from a pool that the field has already.
    const fn gathers<C: Contestant>(name: &'static str, package: &'static str) -> Self {
        Self { package: Some(package), workloads: Workload::OF_GATHERING, ..Self::jobs::<C>(name) }
    }

    const fn forks<F: Forker>(name: &'static str, package: Option<&'static str>) -> Self {
        let start = |workers| Box::leak(Box::new(Forks(F::start(workers)))) as &dyn Runner;
        Self { name, package, workloads: Workload::OF_FORKING, start }
    }

    const fn loops<L: Looper>(name: &'static str, package: Option<&'static str>) -> Self {
        let start = |workers| Box::leak(Box::new(Loops(L::start(workers)))) as &dyn Runner;
        Self { name, package, workloads: Workload::OF_LOOPS, start }
    }

    /// Another way that is for ranges of numbers only.
    const fn of_ranges<L: Looper>(name: &'static str, package: &'static str) -> Self {
        Self { workloads: Workload::OF_RANGES, ..Self::loops::<L>(name, Some(package)) }
    }

    /// What it is to the others.
    pub fn role(&self) -> Role {
        match self.package {
            Some(OURS) => Role::Ours,
            _ if self.name == SEQUENTIAL => Role::Baseline,
            _ => Role::Rival,
        }
    }

    /// Whether it is the same line. One name stands in several that differ in their workloads.
    pub fn is(&self, other: &Self) -> bool {
        self.name == other.name && self.workloads == other.workloads
    }

    /// Whether it runs that workload.
    pub fn takes_part(&self, workload: Workload) -> bool {
        self.workloads.contains(&workload)
    }

    /// Starts the pool, for the rest of the process.
    pub fn start(&self, workers: usize) -> &'static dyn Runner {
        (self.start)(workers)
    }
}

/// The name of those that do it all on the thread outside.
const SEQUENTIAL: &str = "sequential";

/// Every contestant, in the order in which they take turns.
pub const FIELD: &[Entry] = &[
    Entry::jobs::<filch::Filch>(OURS),
    Entry::gathers::<filch_map_unordered::FilchMapUnordered>("filch-map-unordered", OURS),
    Entry::jobs::<rayon::Rayon>("rayon"),
    Entry::jobs::<tokio::Tokio>("tokio"),
    Entry::gathers::<tokio_futures_unordered::TokioFuturesUnordered>("tokio-futures-unordered", "tokio"),
    Entry::jobs::<threadpool::Threadpool>("threadpool"),
    Entry::jobs::<rusty_pool::RustyPool>("rusty_pool"),
    Entry::jobs::<async_executor::AsyncExecutor>("async-executor"),
    Entry::jobs::<crossbeam_channel::CrossbeamChannel>("crossbeam-channel"),
    Entry::jobs::<flume::Flume>("flume"),
    Entry::forks::<forker::sequential::Sequential>(SEQUENTIAL, None),
    Entry::forks::<forker::filch_context::FilchContext>("filch-context", Some(OURS)),
    Entry::forks::<forker::filch_context::FilchContextHelpAny>("filch-context-help-any", Some(OURS)),
    Entry::forks::<forker::filch::Filch>(OURS, Some(OURS)),
    Entry::forks::<forker::filch::FilchHelpAny>("filch-help-any", Some(OURS)),
    Entry::forks::<forker::rayon::Rayon>("rayon", Some("rayon")),
    Entry::forks::<forker::chili::Chili>("chili", Some("chili")),
    #[cfg(feature = "forte")]
    Entry::forks::<forker::forte::Forte>("forte", Some("forte")),
    Entry::loops::<looper::sequential::Sequential>(SEQUENTIAL, None),
    Entry::loops::<looper::filch::Filch>(OURS, Some(OURS)),
    Entry::of_ranges::<looper::filch_for_range::FilchForRange>("filch-for-range", OURS),
    Entry::loops::<looper::rayon::Rayon>("rayon", Some("rayon")),
    Entry::loops::<looper::orx_parallel::OrxParallel>("orx-parallel", Some("orx-parallel")),
    Entry::loops::<looper::std_threads::StdThreads>("std-threads", None),
];
