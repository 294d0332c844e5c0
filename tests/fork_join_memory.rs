//! What fork-join calls and scopes allocate, once the pool is warm.
//!
//! Each test counts alone in a process of its own.
#![cfg(all(target_os = "linux", not(filch_portable)))]

#[path = "ledger/support/heap.rs"]
mod heap;
#[path = "ledger/support/mod.rs"]
mod support;

use std::hint::black_box;

use filch::{Pool, Scope};
use support::child::alone;
use support::watch::Watch;

#[global_allocator]
static ALLOCATOR: heap::Counting = heap::Counting;

/// Fewer than a deque holds.
const JOBS: usize = 500;

/// Allocations of the whole process in one call, when there have been some before.
fn allocations(f: impl Fn()) -> u64 {
    (0..20).for_each(|_| f());
    let before = heap::allocations();
    f();
    heap::allocations() - before
}

/// What a worker makes at most: as many as its deques hold.
const BLOCKS_MADE: u64 = 2048;

/// A closure of 48 bytes.
fn job(n: usize) -> impl FnOnce() + Send + 'static {
    let words = [n; 6];
    move || {
        black_box(words);
    }
}

fn spawn_all<'scope>(scope: &'scope Scope<'scope, '_>) {
    (0..JOBS).for_each(|n| scope.spawn(job(n)));
}

#[test]
fn a_spawn_in_a_scope_allocates_nothing() {
    alone("a_spawn_in_a_scope_allocates_nothing", || {
        let _watch = Watch::start("spawning in scopes");
        assert_eq!(size_of_val(&job(0)), 48);
        for threads in [1, 2] {
            let pool = Pool::with_threads(threads);
            let own_frame = || pool.install(|| allocations(|| pool.scope(spawn_all)));
            let in_jobs = || {
                pool.install(|| {
                    allocations(|| {
                        pool.scope(|scope| {
                            scope.spawn(move || spawn_all(scope));
                            scope.spawn(move || spawn_all(scope));
                        });
                    })
                })
            };
            let in_rounds = |count: &dyn Fn() -> u64| (0..20).map(|_| count()).collect::<Vec<_>>();
            let counts = [in_rounds(&own_frame), in_rounds(&in_jobs)];
            println!(
                "  {threads} workers: {counts:?} allocations for {JOBS} spawns by the scope's own closure, and for twice as many by two jobs"
            );
            assert!(counts.iter().all(|counts| counts.contains(&0)), "{counts:?}");
            // A worker makes another block only if more jobs are queued at once than ever before.
            let all: u64 = counts.iter().flatten().sum();
            assert!(all <= if threads == 1 { 0 } else { 2 * BLOCKS_MADE }, "{counts:?}");
        }
    });
}

#[test]
fn a_spawn_in_a_scope_from_elsewhere_allocates_at_most_its_job() {
    alone("a_spawn_in_a_scope_from_elsewhere_allocates_at_most_its_job", || {
        let _watch = Watch::start("spawning in scopes from elsewhere");
        let pool = Pool::with_threads(2);
        let outside = allocations(|| pool.scope(spawn_all));
        let in_join =
            pool.install(|| allocations(|| pool.scope(|scope| drop_units(pool.join(|| spawn_all(scope), || ())))));
        let overflow = pool.install(|| allocations(|| pool.scope(|scope| (0..10).for_each(|_| spawn_all(scope)))));
        println!(
            "  allocations for {JOBS} spawns from outside: {outside}, in a join: {in_join}; for {} in one scope: {overflow}",
            10 * JOBS
        );
        // Some blocks of the queue, and what the first job put aside makes.
        let bound = |jobs: usize| (jobs + jobs / 20 + 8) as u64;
        assert!(outside <= bound(JOBS) && in_join <= bound(JOBS) && overflow <= bound(10 * JOBS));
    });
}

fn drop_units(_: ((), ())) {}

#[test]
fn a_submit_in_a_scope_allocates_once() {
    alone("a_submit_in_a_scope_allocates_once", || {
        let _watch = Watch::start("submitting in scopes");
        for threads in [1, 2] {
            let pool = Pool::with_threads(threads);
            let submit_all = || {
                pool.scope(|scope| {
                    for n in 0..JOBS {
                        assert_eq!(scope.submit(move || n).join().expect("a plain job"), n);
                    }
                });
            };
            let drop_all = || pool.scope(|scope| (0..JOBS).for_each(|n| drop(scope.submit(move || n))));
            // The first time the worker makes the memory that it keeps for the jobs of its own queue.
            (0..3).for_each(|_| pool.install(drop_all));
            let count = pool.install(|| allocations(submit_all));
            let dropped = pool.install(|| allocations(drop_all));
            println!("  {threads} workers: {count} allocations for {JOBS} submits and joins, {dropped} for submits");
            // As above: with several workers the piece may need a block, too.
            let bound = (threads * JOBS) as u64;
            assert!(count <= bound && dropped <= bound, "{count}, {dropped}");
        }
    });
}

#[test]
fn a_join_allocates_nothing() {
    alone("a_join_allocates_nothing", || {
        let _watch = Watch::start("joining");
        fn tree(pool: &Pool, depth: u32) -> u64 {
            if depth == 0 {
                return 1;
            }
            let (a, b) = pool.join(|| tree(pool, depth - 1), || tree(pool, depth - 1));
            a + b
        }
        for threads in [1, 2] {
            let pool = Pool::with_threads(threads);
            let inside = pool.install(|| allocations(|| assert_eq!(tree(&pool, 10), 1024)));
            let outside = allocations(|| assert_eq!(tree(&pool, 10), 1024));
            println!("  {threads} workers: {inside} allocations for 1023 joins inside, {outside} from outside");
            assert_eq!((inside, outside), (0, 0));
        }
    });
}

#[test]
fn a_data_parallel_call_allocates_its_results_and_nothing_else() {
    alone("a_data_parallel_call_allocates_its_results_and_nothing_else", || {
        let _watch = Watch::start("mapping");
        for threads in [1, 2] {
            let pool = Pool::with_threads(threads);
            let map = allocations(|| assert_eq!(pool.map(0..100_000_u32, |n| n).len(), 100_000));
            let for_each = allocations(|| pool.for_each(0..100_000, |n| drop_number(black_box(n))));
            let for_range =
                allocations(|| pool.for_range(0..1_000_000, |part| drop_number(black_box(part.len() as i32))));
            let reduce = allocations(|| assert!(pool.map_reduce(0..100_000_u64, 0, |n| n, |a, b| a + b) > 0));
            println!(
                "  {threads} workers: allocations by map {map}, for_each {for_each}, for_range {for_range}, map_reduce {reduce}"
            );
            assert_eq!([map, for_each, for_range, reduce], [1, 0, 0, 0]);
        }
    });
}

fn drop_number(_: i32) {}
