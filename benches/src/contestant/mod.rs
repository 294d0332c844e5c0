//! The pools that are compared: one file each, behind one trait for each kind of workload.
//!
//! [`Contestant`] is for pools that take jobs; fork-join is in [`forker`], loops over data in [`looper`].
//!
//! Each file uses its pool the way that measured fastest among the ways its documentation offers, with the same number
//! of workers. A pool that has a way of its own to return a result is asked for results that way, the others through
//! the channel that measured fastest. A second way to gather results is a contestant of its own. Pools are started
//! outside every timed section and live until the process ends.

mod async_executor;
mod crossbeam_channel;
mod field;
mod filch;
mod filch_map_unordered;
mod flume;
pub(crate) mod forker;
pub(crate) mod looper;
mod rayon;
mod rusty_pool;
mod threadpool;
mod tokio;
mod tokio_futures_unordered;

use ::crossbeam_channel::unbounded;

pub use field::{Entry, FIELD, OURS, Runner};

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
