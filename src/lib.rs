//! A lock-free work-stealing runtime: a thread pool for very many small jobs, with results, cancellation and orderly shutdown, each protocol
//! checked by a model.
//!
//! This page is a tour, from the first job to the end of a pool; what to use when stands [at its end](#what-to-use-when). The [cookbook] has ten tasks, each with a program.
//!
//! # Jobs and results
//!
//! A [`Pool`] has a few threads, its *workers*. [`Pool::submit`] queues a closure, a *job*, and returns a [`JobHandle`]; [`JobHandle::join`] waits for the result.
//! [`Pool::spawn`] queues one whose result nobody wants, and [`Pool::wait_idle`] waits for all of them.
//!
//! ```
//! use filch::{JobError, Pool};
//!
//! fn main() -> Result<(), JobError> {
//!     let pool = Pool::new(); // a worker for each core
//!     let words = vec!["a", "bb", "ccc"];
//!
//!     let lengths: Vec<_> = words.into_iter().map(|word| pool.submit(move || word.len())).collect();
//!     pool.spawn(|| println!("hello from a worker"));
//!
//!     let mut total = 0;
//!     for length in lengths {
//!         total += length.join()?;
//!     }
//!     assert_eq!(total, 6);
//!     pool.wait_idle();
//!     Ok(())
//! } // the pool is dropped: its threads end
//! ```
//!
//! Nobody knows when a job runs, so it owns what it uses: `move`, and a clone or an `Arc` of what others use too. Jobs that borrow come [below](#work-that-borrows). A `Pool` is a handle, and
//! so are its clones. Who has none uses [`filch::submit`](submit) and [`filch::spawn`](spawn()): the pool of the job that calls, else the [global](Pool::global) one. A
//! [builder](Pool::builder) sets the number of threads, their names, hooks and limits.
//!
//! # Errors and panics
//!
//! A job that can fail returns a `Result`, like any function. Around it is the one of `join`, which says whether there is a result: a [`JobError`] if the job panicked, was cancelled, or the pool
//! shut down before it started. A panic harms nobody else; what no handle will show goes to [`PoolBuilder::panic_handler`].
//!
//! ```
//! use filch::{JobError, Pool};
//!
//! let pool = Pool::with_threads(2);
//! let port = pool.submit(|| "80a".parse::<u16>());
//! let parsed = port.join()?; // it ran …
//! assert!(parsed.is_err()); // … and found no number
//!
//! let crash = pool.submit(|| -> u32 { panic!("out of cheese") });
//! match crash.join() {
//!     Err(JobError::Panicked(panic)) => assert_eq!(panic.message(), Some("out of cheese")),
//!     other => unreachable!("{other:?}"),
//! }
//! # Ok::<(), JobError>(())
//! ```
//!
//! # Many results
//!
//! A [`JobSet`] hands results out in the order in which they are done. [`Pool::map_stream`] and [`Pool::map_unordered`] apply a function to an iterator's items and
//! are iterators themselves, which never pull more than a buffer ahead. A [`WorkerLocal`] keeps what jobs need and is too costly to make for each.
//!
//! ```
//! let pool = filch::Pool::with_threads(2);
//! let set = filch::JobSet::new(&pool);
//! for n in 0..100_u32 {
//!     set.submit(move || n * n);
//! }
//! let mut sum = 0;
//! for (_id, square) in set.as_completed() {
//!     sum += square?;
//! }
//! assert_eq!(sum, 328_350);
//!
//! let squares: Result<Vec<_>, _> = pool.map_stream(1..5, 2, |n: u32| n * n).collect();
//! assert_eq!(squares?, [1, 4, 9, 16]);
//! # Ok::<(), filch::JobError>(())
//! ```
//!
//! # Work that borrows
//!
//! These calls return when all is done, so their closures may borrow from the caller. [`Pool::map`], [`Pool::for_each`], [`Pool::for_range`] and [`Pool::map_reduce`] share the items of a slice, a vector or
//! a range out among the workers. [`join`] runs two closures, potentially at the same time, and [`scope`] any number of them. They re-raise a panic.
//!
//! ```
//! let pool = filch::Pool::with_threads(2);
//! let words = vec!["share", "them", "out"];
//! assert_eq!(pool.map(&words, |word| word.len()), [5, 4, 3]);
//! assert_eq!(pool.map_reduce(&words, 0, |word| word.len(), |a, b| a + b), 12);
//!
//! let (mut first, mut last) = (None, None);
//! pool.scope(|scope| {
//!     scope.spawn(|| first = words.iter().min());
//!     scope.spawn(|| last = words.iter().max());
//! });
//! assert_eq!((first, last), (Some(&"out"), Some(&"them")));
//! ```
//!
//! # Cancelling and time limits
//!
//! [`JobHandle::cancel`] answers whether the job now never runs; if so, its closure has been dropped. A running job is asked to stop, and looks at [`cancelled()`] now and then.
//! [`JobHandle::join_timeout`] hands the handle back when the time is over.
//!
//! ```
//! use std::time::Duration;
//! use filch::{JobError, Pool};
//!
//! let pool = Pool::with_threads(1);
//! let endless = pool.submit(|| (0_u64..).find(|_| filch::cancelled()));
//! let queued = pool.submit(|| "the only worker is busy");
//! assert!(queued.cancel());
//! assert!(queued.join().unwrap_err().is_cancelled());
//!
//! let endless = endless.join_timeout(Duration::from_millis(1)).unwrap_err();
//! match (endless.cancel(), endless.join()) {
//!     (true, Err(JobError::Cancelled)) => println!("it had not started, and never will"),
//!     (false, Ok(number)) => println!("it looked, and stopped at {number:?}"),
//!     other => unreachable!("{other:?}"),
//! }
//! ```
//!
//! # Later, and again and again
//!
//! [`Pool::submit_later`] and [`Pool::submit_at`] queue a job when its time has come, [`Pool::schedule`] runs one over and over, on a grid that does not drift. A schedule never overlaps with itself, and goes on until it is
//! cancelled or the pool ends. One thread serves all of them. Tests move a [`ManualClock`].
//!
//! ```
//! use std::time::Duration;
//! use filch::{ManualClock, Pool};
//!
//! let pool = Pool::with_threads(1);
//! let reminder = pool.submit_later(Duration::from_millis(2), || "the tea is ready");
//! let heartbeat = pool.schedule(Duration::from_millis(1), || println!("alive"));
//! assert_eq!(reminder.join()?, "the tea is ready");
//! assert!(heartbeat.cancel());
//!
//! // An hour that takes no time.
//! let clock = ManualClock::new();
//! let pool = Pool::builder().threads(1).clock(clock.clone()).build()?;
//! let sweep = pool.schedule(Duration::from_secs(60), || println!("sweeping"));
//! clock.advance(Duration::from_secs(3600));
//! assert_eq!(sweep.runs(), 60);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Limits
//!
//! A [`Semaphore`] limits how many do something at once, in jobs, threads and tasks: who wants to go ahead acquires a permit, and dropping it lets the next one go. With
//! [`PoolBuilder::queue_capacity`] a thread outside the pool that submits too much waits; [`Pool::try_submit`] hands the closure back instead.
//!
//! ```
//! use std::sync::Arc;
//! use filch::{Pool, Semaphore};
//!
//! let pool = Pool::builder().threads(4).queue_capacity(1000).build()?;
//! let connections = Arc::new(Semaphore::new(2));
//! for n in 0..10 {
//!     // This thread waits, and no worker does.
//!     let permit = connections.clone().acquire_owned()?;
//!     pool.spawn(move || {
//!         println!("request {n}, one of two at a time");
//!         drop(permit);
//!     });
//! }
//! pool.wait_idle();
//! assert_eq!(connections.available(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A job that blocks, for a permit or in [`blocking`], keeps its worker, unless the pool has [spare threads](PoolBuilder::spare_threads), which work in its place.
//!
//! # Waiting inside a job
//!
//! A job may submit others and join them. While it waits, its worker runs the awaited job itself, if nobody has started it, and nothing else: a
//! lock held across the wait never meets a stranger's job. In fork-join calls it runs parts of what it waits for. The price is that a worker whose awaited job runs elsewhere sleeps.
//! [`WaitPolicy::HelpAny`] and [`yield_now`] are for those who want it otherwise.
//!
//! ```
//! let pool = filch::Pool::with_threads(1);
//! let sum = pool.submit(|| {
//!     let other = filch::submit(|| 40); // on the same pool
//!     other.join().unwrap() + 2
//! });
//! assert_eq!(sum.join()?, 42);
//! # Ok::<(), filch::JobError>(())
//! ```
//!
//! # Asynchronous code
//!
//! A [`JobHandle`] is a [`Future`] for any executor, and [`Semaphore::acquire_async`] gives one. [`JobHandle::on_complete`] calls back.
//!
//! # The end
//!
//! Dropping the last [`Pool`] handle is a [`Pool::shutdown`]: what is queued runs, delayed jobs and schedules end, the threads are joined. [`Pool::shutdown_now`] drops what is queued. A handle
//! outlives its pool, and every job ends.
//!
//! ```
//! let pool = filch::Pool::with_threads(1);
//! let queued = pool.submit(|| 1);
//! drop(pool);
//! assert_eq!(queued.join()?, 1);
//! # Ok::<(), filch::JobError>(())
//! ```
//!
//! # Cost
//!
//! An idle pool costs nothing, with timers too: workers look for work for a few microseconds, then sleep until they are woken. No counter is shared by all jobs. `submit`
//! allocates once; `spawn` does not once the pool is warm, if the closure has 48 bytes at most and its queue is short; `join` and `install` never. A parallel loop
//! allocates nothing for its items.
//!
//! # Features
//!
//! | feature | effect |
//! |---|---|
//! | `tracing` | tells a subscriber of the crate `tracing` who runs what when: spans and events of the targets `filch::job` and `filch::worker`, which `docs/tracing.md` describes. Off by default: then none of it is compiled |
//!
//! # Platforms
//!
//! Wherever `std` has threads and there are 64-bit atomics. Linux gets futexes and asymmetric fences by system call, other systems the
//! same protocols on `std`'s locks and full fences. Two variables of the environment are read:
//!
//! | variable | effect |
//! |---|---|
//! | `RUST_MIN_STACK` | bytes of stack of each worker, where the builder says nothing |
//! | `FILCH_FENCE=full` | full fences instead of `membarrier` on Linux |
//!
//! # What to use when
//!
//! | to | use |
//! |---|---|
//! | have a result later | [`Pool::submit`], [`JobHandle::join`] |
//! | have no result | [`Pool::spawn`], [`Pool::wait_idle`] |
//! | go before all that is queued | [`Pool::submit_first`], [`Pool::spawn_first`] |
//! | take many results, the first to be done first | [`JobSet`], [`Pool::map_unordered`] |
//! | work through an iterator, in order | [`Pool::map_stream`] |
//! | give many results from one job | [`JobSet::submit_iter`] |
//! | work through a slice, a vector or a range | [`Pool::map`], [`Pool::for_each`], [`Pool::for_range`], [`Pool::map_reduce`] |
//! | divide and conquer | [`join`]; the last nanoseconds: [`join_context`] |
//! | run jobs that borrow | [`scope`]; one that is waited for at once: [`Pool::install`] |
//! | do something on each worker | [`Pool::broadcast`]; as it starts: [`PoolBuilder::on_thread_start`] |
//! | keep a value for each worker | [`WorkerLocal`]; for one loop: [`Pool::map_with`] |
//! | start later, or again and again | [`Pool::submit_later`], [`Pool::submit_at`], [`Pool::schedule`], [`Pool::schedule_with`] |
//! | stop a job | [`JobHandle::cancel`] and, in the job, [`cancelled()`] |
//! | stop many | [`JobSet::cancel_all`], [`Pool::cancel_pending`], [`Pool::cancel_timers`] |
//! | wait for a limited time | [`JobHandle::join_timeout`], [`JobSet::next_timeout`], [`Pool::wait_idle_timeout`] |
//! | limit what is queued | [`PoolBuilder::queue_capacity`], [`Pool::try_submit`]; with results: [`JobSet::with_capacity`] |
//! | limit how many are at it | [`Semaphore`] |
//! | block in a job | [`PoolBuilder::spare_threads`], [`blocking`] |
//! | be told by a call | [`JobHandle::on_complete`] |
//! | wait in async code | `.await` on a [`JobHandle`], [`Semaphore::acquire_async`] |
//! | test what is delayed or periodic | [`ManualClock`] |
//! | see what a pool does | [`Pool::metrics`], [`Pool::pending`], [`Pool::running`] |
//! | end it | drop the [`Pool`], [`Pool::shutdown`], [`Pool::shutdown_now`], [`Pool::shutdown_timeout`] |
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
mod trace;
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

// Only in the documents: ten tasks, each with a program.
#[cfg(doc)]
#[doc = include_str!("../docs/cookbook.md")]
pub mod cookbook {}

/// The examples of the documents are tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/migrating.md")]
struct Migrating;

/// So is the one that everybody sees first.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// This one needs the feature.
#[cfg(all(doctest, feature = "tracing"))]
#[doc = include_str!("../docs/tracing.md")]
struct Tracing;

/// So are the programs that must not compile.
#[cfg(doctest)]
#[doc = include_str!("../tests/compile_fail.md")]
struct MustNotCompile;
