//! Setting up a pool.

use std::any::Any;
use std::fmt;
use std::io;
use std::sync::Arc;

use super::{ManualClock, Pool};
use crate::registry::{Config, Hook, PanicHandler, Queues, Registry, WaitPolicy};
use crate::sleep::MAX_WORKERS;
use crate::sync::thread;
use crate::timer::Clock;
use crate::util::contain::{Payload, bury, contain};
use crate::worker;

/// What a thread gets when neither the builder nor `RUST_MIN_STACK` says otherwise: as much as `std` gives.
const DEFAULT_STACK_SIZE: usize = 2 * 1024 * 1024;

type NameFn = Box<dyn Fn(usize) -> String + Send + Sync>;

/// The settings of a pool to be.
///
/// # Examples
///
/// ```
/// let pool = filch::Pool::builder()
///     .threads(2)
///     .thread_name(|index| format!("worker-{index}"))
///     .on_thread_start(|index| println!("worker {index} starts"))
///     .panic_handler(|_payload| eprintln!("a job panicked"))
///     .build()?;
/// let name = pool.install(|| std::thread::current().name().map(String::from));
/// assert!(name.unwrap().starts_with("worker-"));
/// # Ok::<(), filch::BuildError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
#[derive(Default)]
pub struct PoolBuilder {
    threads: Option<usize>,
    spare_threads: usize,
    thread_name: Option<NameFn>,
    stack_size: Option<usize>,
    on_start: Option<Hook>,
    on_stop: Option<Hook>,
    panic_handler: Option<PanicHandler>,
    queue_capacity: Option<usize>,
    wait_policy: WaitPolicy,
    clock: Option<ManualClock>,
}

impl PoolBuilder {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Sets the number of workers, from 1 to 4095. Default: [`available_parallelism`](std::thread::available_parallelism).
    pub fn threads(mut self, n: usize) -> Self {
        self.threads = Some(n);
        self
    }

    /// Sets the number of workers relative to [`available_parallelism`](std::thread::available_parallelism): -1 leaves one core free. At least one worker is
    /// started.
    pub fn threads_relative(self, n: isize) -> Self {
        let threads = parallelism().saturating_add_signed(n).max(1);
        self.threads(threads)
    }

    /// Sets the number of threads that stand by for workers that block: in [`Semaphore::acquire`](crate::Semaphore::acquire) and the like, or in
    /// [`filch::blocking`](crate::blocking). Together with the workers there may be 4095. Default: 0.
    ///
    /// While so many workers block, as many others run jobs as ever; if more block, fewer do. A spare thread has its own index,
    /// after those of the workers, calls the hooks, and has a place in the metrics, but no part in [`Pool::broadcast`] and [`Pool::threads`].
    /// While it has nothing to do it takes no processor time.
    ///
    /// ```
    /// let pool = filch::Pool::builder().threads(1).spare_threads(1).build()?;
    /// let permits = std::sync::Arc::new(filch::Semaphore::new(0));
    /// let waits = pool.submit({
    ///     let permits = permits.clone();
    ///     move || permits.acquire().is_ok()
    /// });
    /// // The only worker waits for what this job does.
    /// pool.spawn(move || permits.release(1));
    /// assert!(waits.join().unwrap());
    /// # Ok::<(), filch::BuildError>(())
    /// ```
    pub fn spare_threads(mut self, n: usize) -> Self {
        self.spare_threads = n;
        self
    }

    /// Names each thread, by the worker's index. Default: `filch-0`, `filch-1`, …, and `filch-spare-0` and so on for spare ones.
    ///
    /// A name with a NUL, or a panic in `f`, is a [`BuildError`].
    pub fn thread_name(mut self, f: impl Fn(usize) -> String + Send + Sync + 'static) -> Self {
        self.thread_name = Some(Box::new(f));
        self
    }

    /// Sets the bytes of stack of each worker. Default: `RUST_MIN_STACK`, else 2 MiB.
    ///
    /// When jobs that join jobs have used half of it, the next one gets a thread of its own to run on.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Has `f` called on each worker, with its index, before its first job. A panic goes to the panic handler, and the worker goes on.
    pub fn on_thread_start(mut self, f: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.on_start = Some(Box::new(f));
        self
    }

    /// Has `f` called on each worker, with its index, after its last job. A panic goes to the panic handler.
    pub fn on_thread_stop(mut self, f: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.on_stop = Some(Box::new(f));
        self
    }

    /// Lets outside threads have at most `n` jobs queued, from 1; running ones do not count. Default: no limit.
    ///
    /// A thread outside the pool that submits one more waits. Jobs submitted from inside the pool count, but never wait.
    pub fn queue_capacity(mut self, n: usize) -> Self {
        self.queue_capacity = Some(n);
        self
    }

    /// Sets what a worker does while it waits inside a job. Default: [`WaitPolicy::Isolated`].
    pub fn wait_policy(mut self, policy: WaitPolicy) -> Self {
        self.wait_policy = policy;
        self
    }

    /// Has delayed and periodic jobs go by a clock that is moved by hand, for tests. Default: the system's monotonic clock.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let clock = filch::ManualClock::new();
    /// let pool = filch::Pool::builder().threads(1).clock(clock.clone()).build()?;
    /// let handle = pool.submit_later(Duration::from_secs(3600), || 7);
    /// clock.advance(Duration::from_secs(3600));
    /// assert_eq!(handle.join().unwrap(), 7);
    /// # Ok::<(), filch::BuildError>(())
    /// ```
    pub fn clock(mut self, clock: ManualClock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Has `f` called with every panic that nobody else sees: of spawned jobs, of jobs whose handle was dropped, of callbacks, hooks and destructors.
    ///
    /// It runs on the thread that caught the panic, after the panic hook has. A panic in `f` itself is only counted. Default: counted in the
    /// [metrics](Pool::metrics), and no more.
    pub fn panic_handler(mut self, f: impl Fn(Box<dyn Any + Send>) + Send + Sync + 'static) -> Self {
        self.panic_handler = Some(Box::new(f));
        self
    }

    /// Starts the pool.
    ///
    /// # Errors
    ///
    /// If a setting is out of range, or the system refuses a thread. Threads that had started by then have ended.
    ///
    /// ```
    /// let error = filch::Pool::builder().threads(0).build().unwrap_err();
    /// assert_eq!(error.to_string(), "a pool needs from 1 to 4095 threads, not 0");
    /// ```
    pub fn build(self) -> Result<Pool, BuildError> {
        let threads = self.threads.unwrap_or_else(parallelism);
        if !(1..=MAX_WORKERS).contains(&threads) {
            return Err(Kind::Threads(threads).into());
        }
        if self.queue_capacity == Some(0) {
            return Err(Kind::QueueCapacity.into());
        }
        if threads.saturating_add(self.spare_threads) > MAX_WORKERS {
            return Err(Kind::SpareThreads { threads, spare: self.spare_threads }.into());
        }
        let names = self.names(threads)?;
        let config = Config {
            threads,
            spare_threads: self.spare_threads,
            stack_size: self.stack_size.unwrap_or_else(default_stack_size),
            on_start: self.on_start,
            on_stop: self.on_stop,
            panic_handler: self.panic_handler,
            wait_policy: self.wait_policy,
            queue_capacity: self.queue_capacity,
            clock: self.clock.map_or_else(Clock::real, |clock| Clock::Manual(clock.0)),
        };
        let (registry, queues) = Registry::new(config);
        let pool = Pool { registry };
        start_workers(&pool.registry, names, queues)?;
        Ok(pool)
    }

    fn names(&self, threads: usize) -> Result<Vec<String>, BuildError> {
        let default = |index: usize| match index.checked_sub(threads) {
            Some(spare) => format!("filch-spare-{spare}"),
            None => format!("filch-{index}"),
        };
        let name = |index| match &self.thread_name {
            Some(name) => contain(|| name(index)).map_err(|payload| name_panicked(index, payload)),
            None => Ok(default(index)),
        };
        let checked = |index| {
            let name = name(index)?;
            if name.contains('\0') { Err(Kind::Name(index).into()) } else { Ok(name) }
        };
        (0..threads + self.spare_threads).map(checked).collect()
    }
}

/// Starts every worker, or none: when one is refused the others leave, and dropping the pool joins them.
fn start_workers(registry: &Arc<Registry>, names: Vec<String>, queues: Vec<Queues>) -> Result<(), BuildError> {
    let threads = names.len();
    for (index, (name, queues)) in names.into_iter().zip(queues).enumerate() {
        let shared = registry.clone();
        let body = move || worker::main(shared, index, queues);
        match thread::start(Some(name), registry.config().stack_size, body) {
            Ok(thread) => registry.adopt(thread),
            Err(error) => {
                registry.close();
                for index in index..threads {
                    registry.close_mail(index);
                    registry.worker_left(index);
                }
                return Err(Kind::Refused { index, threads, error }.into());
            }
        }
    }
    Ok(())
}

fn name_panicked(index: usize, payload: Payload) -> Kind {
    bury(payload);
    Kind::NamePanicked(index)
}

fn parallelism() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(MAX_WORKERS)
}

fn default_stack_size() -> usize {
    let wanted = std::env::var("RUST_MIN_STACK").ok();
    wanted.and_then(|bytes| bytes.parse().ok()).unwrap_or(DEFAULT_STACK_SIZE)
}

impl fmt::Debug for PoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuilder")
            .field("threads", &self.threads)
            .field("spare_threads", &self.spare_threads)
            .field("stack_size", &self.stack_size)
            .field("queue_capacity", &self.queue_capacity)
            .finish_non_exhaustive()
    }
}

/// Why a pool could not be started. Its text says what to change.
#[derive(Debug)]
pub struct BuildError(Kind);

#[derive(Debug)]
enum Kind {
    Threads(usize),
    SpareThreads { threads: usize, spare: usize },
    QueueCapacity,
    Name(usize),
    NamePanicked(usize),
    Refused { index: usize, threads: usize, error: io::Error },
}

impl From<Kind> for BuildError {
    fn from(kind: Kind) -> Self {
        Self(kind)
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Threads(n) => write!(f, "a pool needs from 1 to {MAX_WORKERS} threads, not {n}"),
            Kind::SpareThreads { threads, spare } => {
                write!(f, "a pool has at most {MAX_WORKERS} threads, not {threads} and {spare} spare ones")
            }
            Kind::QueueCapacity => f.write_str("a queue capacity of 0 would let nothing in: it starts at 1"),
            Kind::Name(index) => write!(f, "the name of thread {index} contains a NUL"),
            Kind::NamePanicked(index) => write!(f, "the function that names threads panicked for thread {index}"),
            Kind::Refused { index, threads, .. } => write!(f, "the system refused thread {index} of {threads}"),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Kind::Refused { error, .. } => Some(error),
            _ => None,
        }
    }
}
