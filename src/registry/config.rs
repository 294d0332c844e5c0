//! The settings of a pool, as plain data.

use crate::timer::Clock;
use crate::util::contain::Payload;

/// Called with a worker's index.
pub type Hook = Box<dyn Fn(usize) + Send + Sync>;

/// Called with what a job panicked with when nobody else will see it.
pub type PanicHandler = Box<dyn Fn(Payload) + Send + Sync>;

/// What a worker does while it waits inside a job, for a handle or a set.
///
/// ```
/// use filch::WaitPolicy;
///
/// let pool = filch::Pool::builder().threads(1).wait_policy(WaitPolicy::HelpAny).build()?;
/// let sum = pool.submit(|| filch::submit(|| 1).join().unwrap() + 1);
/// assert_eq!(sum.join().unwrap(), 2);
/// # Ok::<(), filch::BuildError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum WaitPolicy {
    /// It runs the awaited job, if nobody has started it, and nothing else. A lock that the job holds never meets another job on the same thread. The price: while the
    /// awaited job runs elsewhere, one worker less works.
    #[default]
    Isolated,
    /// It runs whatever is queued, on top of the job that waits. All workers stay busy. The price: that job goes on only when the other one has ended, and a lock that
    /// it holds blocks the other one for ever if it needs that too. A worker that finds nothing queued looks again every millisecond.
    HelpAny,
}

/// Settings that have been checked.
pub struct Config {
    /// Number of workers, from 1.
    pub threads: usize,
    /// Number of threads that take the places of workers that block.
    pub spare_threads: usize,
    /// Bytes of stack of each worker.
    pub stack_size: usize,
    /// Called on each worker before its first job.
    pub on_start: Option<Hook>,
    /// Called on each worker after its last job.
    pub on_stop: Option<Hook>,
    /// Told of panics that nobody else sees.
    pub panic_handler: Option<PanicHandler>,
    /// What a worker does while it waits inside a job.
    pub wait_policy: WaitPolicy,
    /// Most jobs that outside threads may have queued; from 1.
    pub queue_capacity: Option<usize>,
    /// By which delayed and periodic jobs go.
    pub clock: Clock,
}
