//! `map_stream` and `map_unordered`.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use common::*;
use filch::{JobError, Pool};

/// An iterator that counts what was pulled.
fn counted(items: u32) -> (Arc<AtomicUsize>, impl Iterator<Item = u32>) {
    let pulled = Arc::new(AtomicUsize::new(0));
    let counter = pulled.clone();
    let count = move |_: &u32| {
        counter.fetch_add(1, Ordering::SeqCst);
    };
    (pulled, (0..items).inspect(count))
}

#[test]
fn results_come_in_the_order_of_the_items() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let slow_first = |n: u64| {
        thread::sleep(Duration::from_micros(200 - 2 * n));
        n
    };
    let results: Vec<_> = pool.map_stream(0..100, 16, slow_first).map(Result::unwrap).collect();
    assert_eq!(results, (0..100).collect::<Vec<_>>());
}

#[test]
fn unordered_results_come_as_they_are_done() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let both = Arc::new(Barrier::new(2));
    let first_waits = move |n: u32| {
        if n < 2 {
            both.wait();
        }
        if n == 0 {
            thread::sleep(Duration::from_millis(50));
        }
        n
    };
    let results: Vec<_> = pool.map_unordered(0..2, 2, first_waits).map(Result::unwrap).collect();
    assert_eq!(results, [1, 0]);
}

#[test]
fn unordered_results_are_all_there() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let mut results: Vec<_> = pool.map_unordered(0..10_000_u32, 64, |n| n).map(Result::unwrap).collect();
    results.sort_unstable();
    assert_eq!(results, (0..10_000).collect::<Vec<_>>());
}

#[test]
fn never_more_than_the_buffer_is_pulled_ahead() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    for buffer in [0, 1, 3, 1000] {
        let (pulled, items) = counted(100);
        let stream = pool.map_stream(items, buffer, |n| n);
        check_lead(stream, &pulled, buffer.max(1));
        let (pulled, items) = counted(100);
        let stream = pool.map_unordered(items, buffer, |n| n);
        check_lead(stream, &pulled, buffer.max(1));
    }
}

fn check_lead(stream: impl Iterator<Item = Result<u32, JobError>>, pulled: &AtomicUsize, buffer: usize) {
    assert_eq!(pulled.load(Ordering::SeqCst), 0, "nothing is pulled before the first `next`");
    let mut returned = 0;
    for result in stream {
        assert!(result.is_ok());
        let ahead = pulled.load(Ordering::SeqCst) - returned;
        assert!(ahead <= buffer, "{ahead} pulled and not returned, {buffer} allowed");
        returned += 1;
    }
    assert_eq!(returned, 100);
}

#[test]
fn the_iterator_is_pulled_on_the_callers_thread() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let me = thread::current().id();
    // An iterator that cannot leave its thread.
    let rc = std::rc::Rc::new(me);
    let items = (0..10).inspect(move |_| assert_eq!(thread::current().id(), *rc));
    assert_eq!(pool.map_stream(items, 4, |n: u32| n).count(), 10);
}

#[test]
fn a_panic_of_the_function_is_a_result() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let picky = |n: u32| if n == 3 { panic!("three") } else { n };
    let ordered: Vec<_> = pool.map_stream(0..6, 2, picky).map(|result| result.ok()).collect();
    assert_eq!(ordered, [Some(0), Some(1), Some(2), None, Some(4), Some(5)]);
    assert_eq!(pool.map_unordered(0..6, 2, picky).filter(Result::is_err).count(), 1);
}

#[test]
fn a_panic_of_the_iterator_comes_out_of_next() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let items = || (0..10_u32).inspect(|n| assert!(*n != 4, "four"));
    let mut stream = pool.map_stream(items(), 3, |n| n);
    assert!(catch_unwind(AssertUnwindSafe(|| stream.by_ref().for_each(drop))).is_err());
    drop(stream);
    let mut stream = pool.map_unordered(items(), 3, |n| n);
    assert!(catch_unwind(AssertUnwindSafe(|| stream.by_ref().for_each(drop))).is_err());
    // What was pulled before is still there.
    assert!(stream.next().is_some());
    drop(stream);
    assert_eq!(pool.submit(|| 7).join().unwrap(), 7);
}

#[test]
fn a_stream_that_is_dropped_half_way_cancels_what_is_queued() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let ran = Counter::new();
    let counter = ran.clone();
    let mut stream = pool.map_stream(0..1000, 100, move |_: u32| counter.add());
    assert!(stream.next().is_some());
    let gate = block(&pool);
    let before = ran.get();
    drop(stream);
    gate.open();
    pool.wait_idle();
    assert_eq!(ran.get(), before);
    let gate = block(&pool);
    let counter = ran.clone();
    let mut stream = pool.map_unordered(0..1000, 100, move |_: u32| counter.add());
    let opener = thread::spawn(move || {
        thread::sleep(Duration::from_millis(10));
        gate.open();
    });
    assert!(stream.next().is_some());
    opener.join().unwrap();
    drop(stream);
    pool.wait_idle();
    assert!(ran.get() <= before + 100);
    assert_eq!(pool.pending(), 0);
}

#[test]
fn a_stream_that_is_never_asked_does_nothing() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (pulled, items) = counted(10);
    drop(pool.map_stream(items, 4, |n| n));
    assert_eq!(pulled.load(Ordering::SeqCst), 0);
    assert_eq!(pool.metrics().jobs(), 0);
}

#[test]
fn a_stream_on_the_pools_only_worker_ends() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let sums = pool.submit(|| {
        let pool = Pool::current().unwrap();
        let ordered: u32 = pool.map_stream(0..100, 7, |n: u32| n).map(Result::unwrap).sum();
        let unordered: u32 = pool.map_unordered(0..100, 7, |n: u32| n).map(Result::unwrap).sum();
        (ordered, unordered)
    });
    assert_eq!(sums.join().unwrap(), (4950, 4950));
}

#[test]
fn a_stream_outlives_its_pool() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let mut stream = pool.map_stream(0..3, 1, |n: u32| n);
    assert_eq!(stream.next().unwrap().unwrap(), 0);
    drop(pool);
    assert!(stream.all(|result| result.unwrap_err().is_shut_down()));
}

#[test]
fn a_stream_gets_along_with_a_full_queue() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(2).queue_capacity(1).build().unwrap();
    assert_eq!(pool.map_stream(0..500, 50, |n: u32| n).count(), 500);
    assert_eq!(pool.map_unordered(0..500, 50, |n: u32| n).count(), 500);
}

#[test]
fn no_thread_is_left_or_doubled_by_a_map() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    for _ in 0..50 {
        assert_eq!(pool.map_stream(0..20, 5, |n: u32| n).count(), 20);
    }
    assert_eq!(pool.threads(), 2);
    let mut indices: Vec<_> = pool.broadcast(|index| index);
    indices.dedup();
    assert_eq!(indices, [0, 1]);
}
