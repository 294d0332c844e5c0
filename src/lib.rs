//! A lock-free work-stealing runtime: a thread pool for very many small jobs, with results, cancellation and orderly shutdown.
#![cfg_attr(filch_loom, allow(missing_docs, missing_debug_implementations))]

#[cfg(not(target_has_atomic = "64"))]
compile_error!("filch needs 64-bit atomics");

mod job;
mod ops;
mod park;
mod pool;
mod queue;
mod registry;
mod sleep;
mod sync;
mod util;
mod worker;

pub use job::{JobError, JobId, PanicPayload};
pub use ops::{CancelToken, JobHandle, TrySubmitError};
pub use pool::{
    BuildError, Pool, PoolBuilder, PoolMetrics, WorkerMetrics, cancelled, current_worker_index, join, spawn, submit,
};

/// What the models reach beyond the public surface.
#[cfg(filch_loom)]
#[doc(hidden)]
pub mod internals {
    pub use crate::job::{
        Cell, CellRef, Executed, Header, JobRef, JobWord, Owner, OwnerId, RawCell, Reason, Spawned, StackJob,
        StackOutcome, Verb, Waiter,
    };
    pub use crate::park::{Parker, Unparker};
    pub use crate::queue::{Asymmetric, DequeOwner, Express, Injector, Steal, Stealer, Symmetric, deque};
    pub use crate::registry::{Gate, Refusal};
    pub use crate::sleep::{Searching, Sleep, Slept};
    pub use crate::sync::fence::model::{Mode, set_mode};
    pub use crate::sync::fence::{heavy, init as init_fences, light};
    pub use crate::sync::futex::{Futex, WaitOutcome};
    pub use crate::sync::time::Deadline;
    pub use crate::util::contain::Payload;

    /// A handle of a job that belongs to no pool.
    pub fn handle<T>(cell: CellRef<T>) -> crate::JobHandle<T> {
        crate::JobHandle::new(cell)
    }
}
