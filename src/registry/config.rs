//! The settings of a pool, as plain data.

use crate::util::contain::Payload;

/// Called with a worker's index.
pub type Hook = Box<dyn Fn(usize) + Send + Sync>;

/// Called with what a job panicked with when nobody else will see it.
pub type PanicHandler = Box<dyn Fn(Payload) + Send + Sync>;

/// Settings that have been checked.
pub struct Config {
    /// Number of workers, from 1.
    pub threads: usize,
    /// Bytes of stack of each worker.
    pub stack_size: usize,
    /// Called on each worker before its first job.
    pub on_start: Option<Hook>,
    /// Called on each worker after its last job.
    pub on_stop: Option<Hook>,
    /// Told of panics that nobody else sees.
    pub panic_handler: Option<PanicHandler>,
    /// Most jobs that outside threads may have queued; from 1.
    pub queue_capacity: Option<usize>,
}
