//! Ten thousand pools are built and dropped in every state, with sets and streams that are dropped before or after them, and nothing of them is left: no block, no byte, no thread.
//!
//! `FILCH_SEED` replays a run.
#![cfg(target_os = "linux")]

#[path = "ledger/support/heap.rs"]
mod heap;
#[path = "ledger/support/mod.rs"]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use filch::{JobHandle, JobSet, Pool, WorkerLocal};
use support::random::{Random, seed, spin};
use support::threads;
use support::watch::{Watch, eventually};

#[global_allocator]
static ALLOCATOR: heap::Counting = heap::Counting;

/// Pools before the count begins: by then every table and thread-local has its size.
const WARM_UP: u64 = 1000;
const POOLS: u64 = 10_000;

/// Jobs that were queued, and their captures that are gone.
#[derive(Default)]
struct Tally {
    queued: AtomicU64,
    gone: AtomicU64,
}

/// Counts its end.
struct Token(Arc<Tally>);

impl Tally {
    fn token(self: &Arc<Self>) -> Token {
        self.queued.fetch_add(1, Ordering::Relaxed);
        Token(self.clone())
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.0.gone.fetch_add(1, Ordering::Relaxed);
    }
}

/// What outlives the pools, settled now and then.
type Outliving = Vec<JobHandle<Token>>;

/// Queues a few jobs, in and out of order.
fn queue(pool: &Pool, tally: &Arc<Tally>, random: &mut Random) -> Outliving {
    let submit = |n| {
        let token = tally.token();
        if n == 0 { pool.submit_first(move || token) } else { pool.submit(move || token) }
    };
    for _ in 0..random.below(8) {
        let token = tally.token();
        pool.spawn(move || drop(token));
    }
    (0..random.below(8)).map(submit).collect()
}

/// A set with jobs and producers, some of which have come out. A job, and a producer, may keep the set alive until the pool's end.
fn set(pool: &Pool, tally: &Arc<Tally>, random: &mut Random) -> Arc<JobSet<Token>> {
    let capacity = random.below(4) as usize;
    let set = Arc::new(if capacity == 0 { JobSet::new(pool) } else { JobSet::with_capacity(pool, capacity) });
    for _ in 0..random.below(8) {
        let (token, inner) = (tally.token(), random.one_in(3).then(|| set.clone()));
        let _ = set.try_submit(move || {
            drop(inner);
            token
        });
    }
    if random.one_in(2) {
        let (tally, captured, inner) = (tally.clone(), tally.token(), random.one_in(3).then(|| set.clone()));
        let left = random.below(20);
        let id = set.submit_iter(move || {
            (0..left).map(move |_| {
                let _ = (&captured, &inner);
                tally.token()
            })
        });
        if random.one_in(3) {
            set.cancel(id);
        }
    }
    for _ in 0..random.below(8) {
        drop(set.next());
    }
    set
}

/// A stream that is dropped half-way, or at its end.
fn stream(pool: &Pool, tally: &Arc<Tally>, random: &mut Random) {
    let (buffer, patience) = (random.below(5) as usize, random.below(12) as usize);
    let tokens: Vec<_> = (0..random.below(10)).map(|_| tally.token()).collect();
    if random.one_in(2) {
        pool.map_stream(tokens, buffer, |token| token).take(patience).for_each(drop);
    } else {
        pool.map_unordered(tokens, buffer, |token| token).take(patience).for_each(drop);
    }
}

/// Builds a pool, brings it into some state, and drops it there.
fn one_pool(tally: &Arc<Tally>, random: &mut Random, outliving: &mut Outliving) {
    let threads = if random.one_in(50) { 8 } else { 1 + random.below(2) as usize };
    let pool = Pool::with_threads(threads);
    match random.below(14) {
        // Not used; perhaps not even awake yet.
        0 => spin(random.below(20_000)),
        1 => drop(queue(&pool, tally, random)),
        2 => outliving.extend(queue(&pool, tally, random)),
        3 => {
            outliving.extend(queue(&pool, tally, random));
            pool.shutdown_now();
        }
        4 => {
            let handles = queue(&pool, tally, random);
            handles.iter().for_each(|handle| _ = handle.cancel());
            outliving.extend(handles);
        }
        5 => {
            queue(&pool, tally, random).into_iter().for_each(|handle| {
                let token = handle.on_complete(drop);
                token.cancel();
            });
            pool.cancel_pending();
        }
        6 => {
            // The last handle goes inside a job.
            let inside = pool.clone();
            outliving.extend(queue(&pool, tally, random));
            outliving.push(pool.submit({
                let token = tally.token();
                move || {
                    drop(inside);
                    token
                }
            }));
        }
        7 => {
            outliving.extend(queue(&pool, tally, random));
            pool.shutdown_timeout(Duration::ZERO);
        }
        8 => drop(set(&pool, tally, random)),
        9 => {
            // Read when its pool is gone.
            let set = set(&pool, tally, random);
            drop(pool);
            return set.as_completed().for_each(drop);
        }
        10 => stream(&pool, tally, random),
        11 => {
            let (tally, own) = (tally.clone(), tally.token());
            let values = Arc::new(WorkerLocal::new(move |_| tally.token()));
            pool.broadcast(|_| values.with(|_| _ = &own));
            // The last one, perhaps.
            let inside = values.clone();
            pool.spawn(move || inside.with(|_| ()));
        }
        12 => {
            assert_eq!(pool.install(|| filch::join(|| 1, || 2)), (1, 2));
            pool.wait_idle();
        }
        _ => {
            // A child is left in its worker's own queue.
            let tokens = (tally.token(), tally.token());
            outliving.push(pool.submit(move || {
                filch::spawn(move || drop(tokens.0));
                tokens.1
            }));
        }
    }
    drop(pool);
    if outliving.len() > 100 {
        outliving.drain(..).for_each(|handle| drop(handle.join()));
    }
}

fn many_pools(count: u64, threads: usize, tally: &Arc<Tally>, random: &mut Random, watch: &Watch) {
    let mut outliving = Vec::with_capacity(200);
    let mut done = 0;
    while done < count {
        watch.beat();
        if random.one_in(20) {
            // Two threads at once.
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    let mut random = Random::new(random.next());
                    scope.spawn(move || one_pool(tally, &mut random, &mut Vec::new()));
                }
            });
            done += 2;
        } else {
            one_pool(tally, random, &mut outliving);
            done += 1;
        }
    }
    drop(outliving);
    // Counted, for a thread that has only just started has no name yet.
    eventually("no thread of a pool is left", || threads::named("").len() == threads);
}

#[test]
fn ten_thousand_pools_leave_nothing_behind() {
    let watch = Watch::start("the warm-up");
    let seed = seed();
    println!("FILCH_SEED={seed}");
    let mut random = Random::new(seed);
    let tally = Arc::new(Tally::default());
    let threads = threads::named("").len();
    // The table of pools keeps the size that the most pools at a time have given it.
    drop((0..100).map(|_| Pool::with_threads(1)).collect::<Vec<_>>());
    many_pools(WARM_UP, threads, &tally, &mut random, &watch);
    let (before, start) = (heap::live(), Instant::now());
    many_pools(POOLS, threads, &tally, &mut random, &watch);
    let after = heap::live();
    let [queued, gone] = [&tally.queued, &tally.gone].map(|count| count.load(Ordering::Relaxed));
    println!("{POOLS} pools and {queued} jobs in {:.1} s: {before:?} => {after:?}", start.elapsed().as_secs_f64());
    assert_eq!(queued, gone, "captures and results that were not dropped once");
    assert_eq!(after, before, "something is left on the heap");
}
