//! Pools under abuse: 64 workers on few cores, jobs that stall anywhere, pools built and ended inside each other's jobs, destructors of captures and of
//! thread-locals that use, end and drop pools, sets and streams that are dropped half-way, and shutdowns in the midst of all of it.
//!
//! At the end every closure has been run or dropped, every pool is gone, and so is every thread. `FILCH_SOAK_SECONDS` sets how long; `FILCH_SEED` the seed.

#[path = "soak/forks.rs"]
mod forks;
#[path = "soak/sets.rs"]
mod sets;
#[path = "ledger/support/mod.rs"]
mod support;

use std::any::Any;
use std::cell::RefCell;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use filch::{JobError, JobHandle, Pool, WaitPolicy};
use support::random::{Random, seed, spin};
use support::watch::{Watch, box_of, eventually};

/// Closures made, run, and dropped unrun.
static MADE: AtomicU64 = AtomicU64::new(0);
static RUN: AtomicU64 = AtomicU64::new(0);
static UNRUN: AtomicU64 = AtomicU64::new(0);
/// Pools whose shared half exists.
static POOLS: AtomicI64 = AtomicI64::new(0);
static ENDED: AtomicU64 = AtomicU64::new(0);
static FAULTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn fault(what: String) {
    FAULTS.lock().unwrap_or_else(PoisonError::into_inner).push(what);
}

/// What every closure captures.
struct Load(bool);

impl Load {
    fn new() -> Self {
        MADE.fetch_add(1, Ordering::Relaxed);
        Self(false)
    }

    fn run(mut self) {
        self.0 = true;
        RUN.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if !self.0 {
            UNRUN.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Counts a pool as long as its settings live.
struct Alive;

impl Alive {
    fn new() -> Self {
        POOLS.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        POOLS.fetch_sub(1, Ordering::SeqCst);
        ENDED.fetch_add(1, Ordering::Relaxed);
    }
}

/// Threads beside the one that replaces the large pool.
const USERS: usize = 6;

/// The payload of deliberate panics.
struct Deliberate;

fn silence() {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<Deliberate>() {
            loud(info)
        }
    }));
}

fn heed(payload: Box<dyn Any + Send>) {
    if !payload.is::<Deliberate>() {
        fault(format!("a panic of the test itself: {:?}", payload.downcast_ref::<String>()));
    }
}

/// How the jobs of a pool behave, and so how it can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manners {
    /// They keep no handle: dropping the last one ends the pool.
    Plain,
    /// Their threads keep handles until they end: only a shutdown ends the pool.
    Clinging,
}

/// Loses time, or does not.
fn stall(random: &mut Random) {
    match random.below(8) {
        0 => std::thread::yield_now(),
        1 => std::thread::sleep(Duration::from_micros(random.below(300))),
        2 => spin(random.below(3000)),
        _ => {}
    }
}

fn build(threads: usize, random: &mut Random) -> Pool {
    let (alive, seed, capacity) = (Alive::new(), random.next(), 1 + random.below(64) as usize);
    let builder = Pool::builder()
        .threads(threads)
        .stack_size(256 * 1024)
        .on_thread_start(move |index| stall(&mut Random::new(seed ^ index as u64)))
        .on_thread_stop(move |index| {
            stall(&mut Random::new(!seed ^ index as u64));
            // Too late: it is dropped.
            let load = Load::new();
            filch::spawn(move || load.run());
        })
        .panic_handler(move |payload| {
            let _ = &alive;
            heed(payload);
        });
    let builder = if random.one_in(3) { builder.queue_capacity(capacity) } else { builder };
    let builder = if random.one_in(3) { builder.wait_policy(WaitPolicy::HelpAny) } else { builder };
    builder.build().expect("a pool")
}

/// What a worker's thread-local holds: a handle to its own pool, to be used when the thread ends.
struct Last {
    pool: Pool,
    seed: u64,
}

std::thread_local! {
    static LAST: RefCell<Vec<Last>> = const { RefCell::new(Vec::new()) };
}

impl Drop for Last {
    fn drop(&mut self) {
        let mut random = Random::new(self.seed);
        stall(&mut random);
        if filch::current_worker_index().is_some() {
            fault("a worker is still there in the destructors of its thread".into());
        }
        match random.below(5) {
            0 => spawn(&self.pool, &mut random, Manners::Plain, 2),
            1 => {
                let load = Load::new();
                match self.pool.submit(move || load.run()).join() {
                    Err(JobError::ShutDown) => {}
                    other => fault(format!("a submit to a pool whose threads end: {other:?}")),
                }
            }
            2 => self.pool.install(|| Load::new().run()),
            3 => self.pool.shutdown(),
            _ => self.pool.shutdown_now(),
        }
    }
}

/// A capture that uses its pool when it is dropped.
struct Clingy {
    pool: Pool,
    seed: u64,
}

impl Drop for Clingy {
    fn drop(&mut self) {
        let mut random = Random::new(self.seed);
        stall(&mut random);
        match random.below(8) {
            0 => _ = self.pool.cancel_pending(),
            1 => self.pool.shutdown(),
            2..=4 => {
                let load = Load::new();
                // An outside thread that cancels must not wait for room here: it may be the one to make it.
                drop(self.pool.try_submit(move || load.run()));
            }
            _ => {}
        }
    }
}

/// A job. `depth`: how far it is from those of the outside threads.
fn job(seed: u64, manners: Manners, depth: u8) -> impl FnOnce() + Send + 'static {
    let load = Load::new();
    move || {
        let mut random = Random::new(seed);
        stall(&mut random);
        load.run();
        let current = Pool::current();
        match (random.below(16), current) {
            (0, Some(pool)) if depth < 3 => submit(&pool, &mut random, manners, depth + 1).into_iter().for_each(settle),
            (1, Some(pool)) if depth < 3 => spawn(&pool, &mut random, manners, depth + 1),
            (2, Some(pool)) if depth < 3 && random.one_in(2) => fork(&pool, &mut random, depth + 1),
            (2, Some(pool)) if depth < 3 => forks::nest(&pool, &mut random, manners),
            (3, Some(pool)) if manners == Manners::Clinging => {
                let last = Last { pool, seed: random.next() };
                LAST.with_borrow_mut(|all| all.push(last));
            }
            (4, Some(pool)) if random.one_in(200) => pool.shutdown(),
            (5, Some(pool)) if random.one_in(200) => pool.shutdown_now(),
            (6, Some(pool)) if random.one_in(4) => _ = pool.cancel_pending(),
            (7, _) if depth == 0 && random.one_in(8) => short_pool(&mut random, 3),
            (8, Some(pool)) => {
                let (clingy, load) = (Clingy { pool: pool.clone(), seed: random.next() }, Load::new());
                pool.spawn(move || {
                    load.run();
                    drop(clingy);
                });
            }
            (9, _) => std::panic::panic_any(Deliberate),
            (10, _) => filch::yield_now(),
            (11, _) => sets::use_value(&mut random),
            (12, Some(pool)) if depth < 3 && random.one_in(2) => sets::own(&pool, &mut random, manners, depth + 1),
            (13, Some(pool)) if depth < 3 && random.one_in(2) => sets::stream(&pool, &mut random, manners, depth + 1),
            _ => {}
        }
        stall(&mut random);
    }
}

fn spawn(pool: &Pool, random: &mut Random, manners: Manners, depth: u8) {
    let job = job(random.next(), manners, depth);
    if random.one_in(4) { pool.spawn_first(job) } else { pool.spawn(job) }
}

fn submit(pool: &Pool, random: &mut Random, manners: Manners, depth: u8) -> Option<JobHandle<()>> {
    let job = job(random.next(), manners, depth);
    match random.below(4) {
        0 => Some(pool.submit_first(job)),
        1 => pool.try_submit(job).ok(),
        _ => Some(pool.submit(job)),
    }
}

fn fork(pool: &Pool, random: &mut Random, depth: u8) {
    let (a, b) = (job(random.next(), Manners::Plain, depth), job(random.next(), Manners::Plain, depth));
    let both = std::panic::AssertUnwindSafe(|| pool.join(a, b));
    std::panic::catch_unwind(both).map_or_else(heed, |_| ());
}

fn settle(handle: JobHandle<()>) {
    match handle.join() {
        Ok(()) | Err(JobError::Cancelled | JobError::ShutDown) => {}
        Err(JobError::Panicked(payload)) => heed(payload.into_inner()),
        Err(other) => fault(other.to_string()),
    }
}

/// Something that a thread does to a pool.
fn use_pool(pool: &Pool, random: &mut Random, manners: Manners, handles: &mut Vec<JobHandle<()>>) {
    stall(random);
    match random.below(20) {
        0..=4 => spawn(pool, random, manners, 0),
        5 => pool.spawn_batch((0..random.below(20)).map(|_| job(random.next(), manners, 0)).collect::<Vec<_>>()),
        6..=9 => handles.extend(submit(pool, random, manners, 0)),
        10 => fork(pool, random, 1),
        11 if random.one_in(2) => forks::nest(pool, random, manners),
        11 => handles.iter().for_each(|handle| _ = handle.cancel()),
        12 => handles.drain(..).for_each(settle),
        13 => handles.drain(..).for_each(|handle| drop(handle.on_complete(drop))),
        14 => _ = pool.wait_idle_timeout(Duration::from_micros(random.below(500))),
        15 => sets::own(pool, random, manners, 1),
        16 if random.one_in(4) => sets::common(pool, random, manners),
        17 => sets::stream(pool, random, manners, 1),
        18 if random.one_in(4) => sets::broadcast(pool, random),
        18 => sets::use_value(random),
        19 if random.one_in(8) => sets::renew_values(true),
        _ => handles.clear(),
    }
}

/// Ends a pool in one of the ways that its jobs' manners allow.
fn end(pool: Pool, random: &mut Random, manners: Manners) {
    stall(random);
    match random.below(if manners == Manners::Plain { 6 } else { 4 }) {
        0 => pool.shutdown(),
        1 => pool.shutdown_now(),
        2 => _ = pool.shutdown_timeout(Duration::from_micros(random.below(2000))),
        3 => {
            let other = pool.clone();
            pool.spawn(move || other.shutdown());
            pool.shutdown();
        }
        // The last handle goes in a job, perhaps.
        4 => {
            let (inside, load, mut random) = (pool.clone(), Load::new(), Random::new(random.next()));
            pool.spawn(move || {
                load.run();
                stall(&mut random);
                drop(inside);
            });
        }
        _ => {}
    }
    drop(pool);
}

/// The whole life of a small pool, on whichever thread this is.
fn short_pool(random: &mut Random, uses: u64) {
    let manners = if random.one_in(2) { Manners::Plain } else { Manners::Clinging };
    let pool = build(1 + random.below(3) as usize, random);
    let mut handles = Vec::new();
    for _ in 0..random.below(uses + 1) {
        use_pool(&pool, random, manners, &mut handles);
    }
    end(pool, random, manners);
    handles.into_iter().for_each(settle);
}

/// The pool of 64 that several threads use while one ends it and puts the next in its place.
struct Shared(Mutex<Pool>);

impl Shared {
    fn get(&self) -> Pool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn use_it(&self, random: &mut Random) {
        let (pool, mut handles) = (self.get(), Vec::new());
        (0..50).for_each(|_| use_pool(&pool, random, Manners::Clinging, &mut handles));
        handles.into_iter().for_each(settle);
    }

    fn replace(&self, random: &mut Random) {
        let next = build(64, random);
        let old = std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), next);
        end(old, random, Manners::Clinging);
    }
}

#[test]
fn pools_survive_abuse() {
    silence();
    let (watch, seed, limit) = (Watch::start("soak"), seed(), box_of(Duration::from_secs(4)));
    println!("  FILCH_SEED={seed}");
    #[cfg(target_os = "linux")]
    let threads = support::threads::named("").len();
    let start = Instant::now();
    let shared = Shared(Mutex::new(build(64, &mut Random::new(seed))));
    let came_by: [AtomicU64; USERS] = Default::default();
    std::thread::scope(|scope| {
        for (user, steps) in came_by.iter().enumerate() {
            let (shared, mut random) = (&shared, Random::new(seed ^ (user as u64 + 1) << 56));
            scope.spawn(move || {
                while start.elapsed() < limit {
                    if user % 2 == 0 {
                        short_pool(&mut random, 40)
                    } else {
                        shared.use_it(&mut random)
                    }
                    steps.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let (mut random, mut seen) = (Random::new(seed), [0; USERS]);
        while start.elapsed() < limit {
            std::thread::sleep(Duration::from_millis(random.below(60)));
            shared.replace(&mut random);
            // All is well only if each of the others has come by.
            let now = came_by.each_ref().map(|steps| steps.load(Ordering::Relaxed));
            if now.iter().zip(&seen).all(|(now, seen)| now > seen) {
                watch.beat();
                seen = now;
            }
        }
    });
    end(shared.0.into_inner().unwrap_or_else(PoisonError::into_inner), &mut Random::new(seed), Manners::Clinging);
    sets::renew_values(false);
    eventually("every pool is gone", || POOLS.load(Ordering::SeqCst) == 0);
    #[cfg(target_os = "linux")]
    eventually("every thread is gone", || support::threads::named("").len() == threads);
    let [made, run, unrun, ended] = [&MADE, &RUN, &UNRUN, &ENDED].map(|count| count.load(Ordering::SeqCst));
    println!("  {ended} pools and {made} jobs, {run} run, in {:.1} s", start.elapsed().as_secs_f64());
    let faults = FAULTS.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(faults.is_empty(), "seed {seed}: {faults:#?}");
    assert_eq!(made, run + unrun, "seed {seed}: closures that were not run once or dropped once");
}
