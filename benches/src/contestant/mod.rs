//! The pools that are compared: one file each, behind one trait.
//!
//! Each file uses its pool the way that measured fastest among the ways its documentation offers, with the same number
//! of workers. A pool that has a way of its own to return a result is asked for results that way, the others through
//! the channel that measured fastest. A second way to gather results is a contestant of its own. Pools are started outside every timed section and live until the process ends.

mod async_executor;
mod crossbeam_channel;
mod filch;
mod filch_map_unordered;
mod rayon;
mod threadpool;
mod tokio;
mod tokio_futures_unordered;

use ::crossbeam_channel::unbounded;

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

    /// Submits jobs and hands each result to `each` in the order in which they are done. At most `window` jobs are
    /// outstanding: once there are so many, one more is submitted after each result.
    fn gather<T, J>(
        &'static self,
        mut jobs: impl Iterator<Item = J> + Send + 'static,
        window: usize,
        mut each: impl FnMut(T),
    ) where
        T: Send + 'static,
        J: FnOnce() -> T + Send + 'static,
    {
        let (sender, receiver) = unbounded();
        let submit = |job: J| {
            let sender = sender.clone();
            self.spawn(move || sender.send(job()).expect("the receiver waits"));
        };
        let mut outstanding = jobs.by_ref().take(window).map(submit).count();
        while outstanding > 0 {
            each(receiver.recv().expect("no job panics"));
            outstanding -= 1;
            outstanding += jobs.next().map(submit).iter().count();
        }
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
    /// The contestant's name.
    pub name: &'static str,
    /// The crate whose pool it is. Most contestants are named after it.
    pub package: &'static str,
    only_gathers: bool,
    start: fn(usize) -> &'static dyn Runner,
}

impl Entry {
    const fn new<C: Contestant>(name: &'static str) -> Self {
        Self { name, package: name, only_gathers: false, start: |workers| Box::leak(Box::new(C::start(workers))) }
    }

    /// Another way to gather results from a pool that the field has already.
    const fn gathering<C: Contestant>(name: &'static str, package: &'static str) -> Self {
        Self { package, only_gathers: true, ..Self::new::<C>(name) }
    }

    /// Whether it is one of those that the others are rivals of.
    pub fn is_ours(&self) -> bool {
        self.package == OURS
    }

    /// Whether it runs that workload. In the others it would do the same as the contestant named after its crate.
    pub fn takes_part(&self, workload: Workload) -> bool {
        workload.gathers() || !self.only_gathers
    }

    /// Starts the pool, for the rest of the process.
    pub fn start(&self, workers: usize) -> &'static dyn Runner {
        (self.start)(workers)
    }
}

/// The crate that the others are rivals of.
pub const OURS: &str = "filch";

/// Every contestant, in the order in which they take turns.
pub const FIELD: [Entry; 8] = [
    Entry::new::<filch::Filch>(OURS),
    Entry::gathering::<filch_map_unordered::FilchMapUnordered>("filch-map-unordered", OURS),
    Entry::new::<rayon::Rayon>("rayon"),
    Entry::new::<tokio::Tokio>("tokio"),
    Entry::gathering::<tokio_futures_unordered::TokioFuturesUnordered>("tokio-futures-unordered", "tokio"),
    Entry::new::<threadpool::Threadpool>("threadpool"),
    Entry::new::<async_executor::AsyncExecutor>("async-executor"),
    Entry::new::<crossbeam_channel::CrossbeamChannel>("crossbeam-channel"),
];
