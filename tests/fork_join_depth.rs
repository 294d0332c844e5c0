//! How deep fork-join nests: recursion in the shape of a list, through either closure.
//!
//! `cargo test --release --test fork_join_depth -- --nocapture` prints the bytes of stack that a level takes: 144 to 224 with an x86-64 compiler of 2025; without
//! `--release` 1488 to 2256.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::*;
use filch::{Pool, Worker};

/// Which closure has the rest of the list.
#[derive(Clone, Copy, Debug)]
enum Shape {
    First,
    Second,
}

const SHAPES: [Shape; 2] = [Shape::First, Shape::Second];

#[inline(never)]
fn leaf(sum: &AtomicUsize) {
    sum.fetch_add(1, Ordering::Relaxed);
}

fn by_pool(pool: &Pool, shape: Shape, left: usize, sum: &AtomicUsize) {
    if left == 0 {
        return;
    }
    match shape {
        Shape::First => drop_units(pool.join(|| by_pool(pool, shape, left - 1, sum), || leaf(sum))),
        Shape::Second => drop_units(pool.join(|| leaf(sum), || by_pool(pool, shape, left - 1, sum))),
    }
}

fn by_worker(worker: &Worker, shape: Shape, left: usize, sum: &AtomicUsize) {
    if left == 0 {
        return;
    }
    match shape {
        Shape::First => drop_units(worker.join(|worker| by_worker(worker, shape, left - 1, sum), |_| leaf(sum))),
        Shape::Second => drop_units(worker.join(|_| leaf(sum), |worker| by_worker(worker, shape, left - 1, sum))),
    }
}

fn drop_units(_: ((), ())) {}

fn list(pool: &Pool, shape: Shape, depth: usize) {
    let sum = AtomicUsize::new(0);
    pool.install(|| by_pool(pool, shape, depth, &sum));
    assert_eq!(sum.swap(0, Ordering::Relaxed), depth);
    pool.join_context(|worker| by_worker(worker, shape, depth, &sum), |_| ());
    assert_eq!(sum.into_inner(), depth);
}

fn here() -> usize {
    let local = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&local)).addr()
}

/// Bytes of stack from one level to the next, with `join` and with `Worker::join`.
fn bytes_per_level(shape: Shape) -> [usize; 2] {
    const LEVELS: usize = 200;
    fn by_pool(pool: &Pool, shape: Shape, left: usize) -> usize {
        if left == 0 {
            return here();
        }
        match shape {
            Shape::First => pool.join(|| by_pool(pool, shape, left - 1), || ()).0,
            Shape::Second => pool.join(|| (), || by_pool(pool, shape, left - 1)).1,
        }
    }
    fn by_worker(worker: &Worker, shape: Shape, left: usize) -> usize {
        if left == 0 {
            return here();
        }
        match shape {
            Shape::First => worker.join(|worker| by_worker(worker, shape, left - 1), |_| ()).0,
            Shape::Second => worker.join(|_| (), |worker| by_worker(worker, shape, left - 1)).1,
        }
    }
    // Nobody else, so all levels are on one stack.
    let pool = Pool::with_threads(1);
    let pool = &pool;
    let [top, bottom] = [1, 1 + LEVELS].map(|levels| pool.install(|| by_pool(pool, shape, levels)));
    let by_pool = (top - bottom) / LEVELS;
    let on_worker = |levels| pool.join_context(|worker| by_worker(worker, shape, levels), |_| ()).0;
    [by_pool, (on_worker(1) - on_worker(1 + LEVELS)) / LEVELS]
}

#[test]
fn a_list_of_a_million_levels_needs_less_than_a_gibibyte() {
    let _watchdog = watchdog();
    for shape in SHAPES {
        let bytes = bytes_per_level(shape);
        println!("{shape:?}: {bytes:?} bytes a level, with `Pool::join` and `Worker::join`");
        // An unoptimised build may need more than there is: then half of what fits.
        let most = *bytes.iter().max().unwrap();
        let depth = if most <= 1000 { 1_000_000 } else { (1 << 29) / most };
        assert!(cfg!(debug_assertions) || depth == 1_000_000, "{most} bytes a level");
        for threads in [1, 2] {
            list(&Pool::builder().threads(threads).stack_size(1 << 30).build().unwrap(), shape, depth);
        }
    }
}

/// Levels that the default stack of 2 MiB holds, with a margin of two: parts that a waiter takes back may need the half that other parts have left.
const SAFE_DEPTH: usize = if cfg!(debug_assertions) { 400 } else { 4000 };

#[test]
fn the_default_stack_holds_twice_as_many_levels_as_are_promised() {
    let _watchdog = watchdog();
    for shape in SHAPES {
        let most = *bytes_per_level(shape).iter().max().unwrap();
        assert!(most * SAFE_DEPTH * 2 <= 2 << 20, "{shape:?}: {most} bytes a level");
        list(&Pool::builder().threads(1).stack_size(2 << 20).build().unwrap(), shape, 2 * SAFE_DEPTH);
        for threads in [1, 2, 4] {
            let pool = Pool::builder().threads(threads).stack_size(2 << 20).build().unwrap();
            (0..20).for_each(|_| list(&pool, shape, SAFE_DEPTH));
        }
    }
}
