//! A lock-free work-stealing runtime: a thread pool for very many small jobs, with results, cancellation and orderly shutdown, each protocol
//! checked by a model.
//!
//! # Jobs and results
//!
//! [`Pool::submit`] queues a closure and returns a [`JobHandle`]; [`JobHandle::join`] waits for the result.
//!
//! ```
//! let pool = filch::Pool::new();
//! let lengths: Vec<_> = ["a", "bb", "ccc"].map(|word| pool.submit(move || word.len())).into();
//! let total: usize = lengths.into_iter().map(|length| length.join().unwrap()).sum();
//! assert_eq!(total, 6);
//! ```
//!
//! [`Pool::spawn`] queues one whose result nobody wants, and [`Pool::wait_idle`] waits for all of them.
//!
//! # Work that borrows
//!
//! [`join`] runs two closures that may borrow from the caller, potentially at the same time, and [`scope`] any number of them. [`Pool::map`], [`Pool::for_each`],
//! [`Pool::for_range`] and [`Pool::map_reduce`] share the items of a slice, a vector or a range out among the workers.
//!
//! ```
//! let pool = filch::Pool::new();
//! let words = vec!["share", "them", "out"];
//! assert_eq!(pool.map(&words, |word| word.len()), [5, 4, 3]);
//! assert_eq!(pool.map_reduce(&words, 0, |word| word.len(), |a, b| a + b), 12);
//! ```
//!
//! # Errors and panics
//!
//! A job that can fail returns a `Result`, like any function. A job that panics harms nobody: the panic is in its handle, as [`JobError::Panicked`]. What
//! no handle will show goes to [`PoolBuilder::panic_handler`].
//!
//! # Many results
//!
//! A [`JobSet`] hands results out in the order in which they are done. [`Pool::map_stream`] and [`Pool::map_unordered`] apply a function to an iterator's items and
//! are iterators themselves. A [`WorkerLocal`] keeps what jobs need and is too costly to make for each.
//!
//! # Later, and again and again
//!
//! [`Pool::submit_later`] and [`Pool::submit_at`] queue a job when its time has come, [`Pool::schedule`] runs one over and over, on a grid that does not drift. One thread serves
//! all of them. Tests move a [`ManualClock`].
//!
//! ```
//! use std::time::Duration;
//!
//! let pool = filch::Pool::new();
//! let timeout = pool.submit_later(Duration::from_secs(30), || println!("too late"));
//! let heartbeat = pool.schedule(Duration::from_millis(100), || println!("alive"));
//! assert!(timeout.cancel() && heartbeat.cancel());
//! ```
//!
//! # Cancelling
//!
//! [`JobHandle::cancel`] answers whether the job now never runs; if so, its closure has been dropped. A running job is asked to stop, and
//! looks at [`cancelled()`].
//!
//! # Waiting inside a job
//!
//! A job may submit others and join them. While it waits, its worker runs the awaited job itself, if nobody has started it, and nothing else: a
//! lock held across the wait never meets a stranger's job. In fork-join calls it runs parts of what it waits for. The price is that a worker whose awaited job runs elsewhere sleeps. [`WaitPolicy::HelpAny`] and
//! [`yield_now`] are for those who want it otherwise.
//!
//! # Asynchronous code
//!
//! A [`JobHandle`] is a [`Future`] for any executor. [`JobHandle::on_complete`] calls back.
//!
//! # Back-pressure
//!
//! With [`PoolBuilder::queue_capacity`] a thread outside the pool that submits too much waits; [`Pool::try_submit`] hands the closure back instead.
//!
//! # Limits on concurrency
//!
//! A [`Semaphore`] limits how many do something at once, in jobs, threads and tasks. A job that blocks, for a permit or in [`blocking`], keeps its worker, unless the pool has
//! [spare threads](PoolBuilder::spare_threads), which work in its place.
//!
//! # The end
//!
//! Dropping the last [`Pool`] handle is a [`Pool::shutdown`]: what is queued runs, the threads are joined. [`Pool::shutdown_now`] drops what is queued. A handle
//! outlives its pool, and every job ends.
//!
//! # Cost
//!
//! An idle pool costs nothing, with timers too: workers look for work for a few microseconds, then sleep until they are woken. No counter is shared by all jobs. `submit`
//! allocates once; `spawn` does not once the pool is warm, if the closure has 48 bytes at most and its queue is short; `join` and `install` never. A parallel loop
//! allocates nothing for its items.
//!
//! # Environment
//!
//! | variable | effect |
//! |---|---|
//! | `RUST_MIN_STACK` | bytes of stack of each worker, where the builder says nothing |
//! | `FILCH_FENCE=full` | full fences instead of `membarrier` on Linux |
//!
//! # Platforms
//!
//! Wherever `std` has threads and there are 64-bit atomics. Linux gets futexes and asymmetric fences by system call, other systems the
//! same protocols on `std`'s locks and full fences.
#![cfg_attr(
    filch_loom,
    allow(
        missing_docs,
        missing_debug_implementations,
        clippy::new_without_default,
        clippy::len_without_is_empty,
        clippy::missing_safety_doc,
        reason = "the models reach inside"
    )
)]

#[cfg(not(target_has_atomic = "64"))]
compile_error!("filch needs 64-bit atomics");

mod job;
mod local;
mod ops;
mod park;
mod pool;
mod queue;
mod registry;
mod semaphore;
mod set;
mod sleep;
mod sync;
mod timer;
mod util;
mod wheel;
mod worker;

pub use job::{JobError, JobId, MissedTick, PanicPayload};
pub use local::WorkerLocal;
pub use ops::{
    CancelToken, JobHandle, ParallelItems, Schedule, ScheduleOptions, Scope, ScopedHandle, TrySubmitError, When,
};
pub use pool::{
    BuildError, ManualClock, Pool, PoolBuilder, PoolMetrics, WorkerMetrics, blocking, cancelled, current_worker_index,
    join, join_context, scope, spawn, submit, yield_now,
};
pub use registry::WaitPolicy;
pub use semaphore::{AcquireError, AcquireTimeoutError, OwnedPermit, Permit, Semaphore, TryAcquireError};
pub use set::JobSet;
pub use worker::Worker;

/// What the models reach beyond the public surface.
#[cfg(filch_loom)]
#[doc(hidden)]
pub mod internals {
    pub use crate::job::{
        Cell, CellRef, Executed, Header, JobRef, JobWord, MissedTick, Node, Owner, OwnerId, Pace, Periodic, RawCell,
        Reason, Recurring, Rhythm, StackJob, StackOutcome, Timekeeper, Verb, Waiter, spawned,
    };
    pub use crate::local::Table;
    pub use crate::park::{Latch, Parker, Unparker};
    pub use crate::queue::{
        Asymmetric, Backlog, DequeOwner, Express, InTransit, Injector, Released, Steal, Stealer, Symmetric, deque,
        take_out,
    };
    pub use crate::registry::{Gate, Lane, Mailbox, Refusal, Serving, Shared, Spares};
    pub use crate::set::outbox::Outbox;
    pub use crate::set::{Core as SetCore, Surroundings};
    pub use crate::sleep::{Searching, Sleep, Slept};
    pub use crate::sync::fence::model::{Mode, set_mode};
    pub use crate::sync::fence::{heavy, init as init_fences, light};
    pub use crate::sync::futex::{Futex, WaitOutcome};
    pub use crate::sync::time::Deadline;
    pub use crate::timer::Timers;
    pub use crate::util::blocks::{Blocks, Depot};
    pub use crate::util::contain::Payload;
    pub use crate::util::nursery::{Nursery, free as free_nursed};

    /// A handle of a job that belongs to no pool.
    pub fn handle<T>(cell: CellRef<T>) -> crate::JobHandle<T> {
        crate::JobHandle::new(cell)
    }
}

/// The examples of the documents are tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/migrating.md")]
struct Migrating;

/// So are the programs that must not compile.
#[cfg(doctest)]
#[doc = include_str!("../tests/compile_fail.md")]
struct MustNotCompile;
