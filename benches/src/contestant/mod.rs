//! The pools that are compared: one file each, behind one trait.
//!
//! Each file uses its pool the way that measured fastest among the ways its documentation offers, with the same number
//! of workers. A pool that has a way of its own to return a result is asked for results that way, the others through
//! the channel that measured fastest. Pools are started outside every timed section and live until the process ends.

mod async_executor;
mod crossbeam_channel;
mod filch;
mod rayon;
mod threadpool;
mod tokio;

use crate::workload::{Sample, Workload};

/// A pool under test.
///
/// `'static` receivers let a job carry one pointer to its pool, whatever the pool's own handle costs to clone.
pub(crate) trait Contestant: Sync + Sized + 'static {
    /// What [`submit`](Self::submit) returns.
    type Handle<T: Send + 'static>;

    /// Starts the pool.
    fn start(workers: usize) -> Self;

    /// Queues a job from outside the pool.
    fn spawn(&'static self, job: impl FnOnce() + Send + 'static);

    /// Queues a job from inside another job.
    fn spawn_inside(&'static self, job: impl FnOnce() + Send + 'static) {
        self.spawn(job);
    }

    /// Queues a job that has a result, from outside.
    fn submit<T: Send + 'static>(&'static self, job: impl FnOnce() -> T + Send + 'static) -> Self::Handle<T>;

    /// Blocks the outside thread until the job's result is there.
    fn join<T: Send + 'static>(&'static self, handle: Self::Handle<T>) -> T;

    /// Blocks for each result in turn and hands it to `each`.
    fn join_all<T: Send + 'static>(&'static self, handles: Vec<Self::Handle<T>>, each: impl FnMut(T)) {
        handles.into_iter().map(|handle| self.join(handle)).for_each(each);
    }

    /// Runs one job on the pool and blocks the outside thread for its result.
    fn call<T: Send + 'static>(&'static self, job: impl FnOnce() -> T + Send + 'static) -> T {
        self.join(self.submit(job))
    }

    /// As [`call`](Self::call), where the workers are asleep: for pools that then do better another way.
    fn call_asleep<T: Send + 'static>(&'static self, job: impl FnOnce() -> T + Send + 'static) -> T {
        self.call(job)
    }

    /// How many heavy fences the pool has executed so far, if it counts them.
    fn heavies(&self) -> Option<u64> {
        None
    }
}

/// A started pool that can run every workload.
pub trait Runner {
    /// Runs `workload` once at the given size and checks what came of it.
    ///
    /// # Panics
    ///
    /// Panics if a job was lost, ran twice or returned a wrong result.
    fn run(&'static self, workload: Workload, size: u64) -> Sample;
}

impl<C: Contestant> Runner for C {
    fn run(&'static self, workload: Workload, size: u64) -> Sample {
        workload.run(self, size)
    }
}

/// One line of the field: a name and how to start the pool.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The crate's name, which is also the contestant's.
    pub name: &'static str,
    start: fn(usize) -> &'static dyn Runner,
}

impl Entry {
    const fn new<C: Contestant>(name: &'static str) -> Self {
        Self { name, start: |workers| Box::leak(Box::new(C::start(workers))) }
    }

    /// Starts the pool, for the rest of the process.
    pub fn start(&self, workers: usize) -> &'static dyn Runner {
        (self.start)(workers)
    }
}

/// The name of the contestant that the others are rivals of.
pub const OURS: &str = "filch";

/// Every contestant, in the order in which they take turns.
pub const FIELD: [Entry; 6] = [
    Entry::new::<filch::Filch>(OURS),
    Entry::new::<rayon::Rayon>("rayon"),
    Entry::new::<tokio::Tokio>("tokio"),
    Entry::new::<threadpool::Threadpool>("threadpool"),
    Entry::new::<async_executor::AsyncExecutor>("async-executor"),
    Entry::new::<crossbeam_channel::CrossbeamChannel>("crossbeam-channel"),
];
