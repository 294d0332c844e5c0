//! `map_stream` and `map_unordered`.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

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

/// A stream of either kind.
fn either<I, R, F>(
    pool: &Pool,
    ordered: bool,
    items: I,
    buffer: usize,
    f: F,
) -> Box<dyn Iterator<Item = Result<R, JobError>>>
where
    I: Iterator<Item: Send + 'static> + 'static,
    R: Send + 'static,
    F: Fn(I::Item) -> R + Send + Sync + 'static,
{
    if ordered { Box::new(pool.map_stream(items, buffer, f)) } else { Box::new(pool.map_unordered(items, buffer, f)) }
}

#[test]
fn results_come_in_the_order_of_the_items() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let done = Notes::new();
    let notes = done.clone();
    let second_first = move |n: u32| {
        if n == 0 {
            eventually("the next item is done", || notes.all().contains(&1));
        }
        notes.note(n);
        n
    };
    let results: Vec<_> = pool.map_stream(0..100, 16, second_first).map(Result::unwrap).collect();
    assert_eq!(results, (0..100).collect::<Vec<_>>());
    assert_ne!(done.all(), results);
}

#[test]
fn unordered_results_come_as_they_are_done() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let gate = Gate::new();
    let door = gate.doorway();
    let first_waits = move |n: u32| {
        if n == 0 {
            door.wait();
        }
        n
    };
    let mut stream = pool.map_unordered(0..10, 2, first_waits).map(Result::unwrap);
    assert_eq!((1..10).map(|_| stream.next().unwrap()).collect::<Vec<_>>(), (1..10).collect::<Vec<_>>());
    gate.open();
    assert_eq!((stream.next(), stream.next()), (Some(0), None));
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
    assert_eq!(pool.map_stream(items.clone(), 4, |n: u32| n).count(), 10);
    assert_eq!(pool.map_unordered(items, 4, |n: u32| n).count(), 10);
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
    for ordered in [true, false] {
        let mut stream = either(&pool, ordered, items(), 3, |n| n);
        assert!(catch_unwind(AssertUnwindSafe(|| stream.by_ref().for_each(drop))).is_err());
        // What was pulled before is still there.
        assert!(stream.next().is_some());
        drop(stream);
        assert_eq!(pool.submit(|| 7).join().unwrap(), 7);
    }
}

#[test]
fn a_stream_that_is_dropped_half_way_cancels_what_is_queued() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    for ordered in [true, false] {
        let (ran, gate) = (Counter::new(), Gate::new());
        let (counter, door) = (ran.clone(), gate.doorway());
        let second_waits = move |n: u32| {
            counter.add();
            if n == 1 {
                door.wait();
            }
        };
        let mut stream = either(&pool, ordered, 0..1000, 100, second_waits);
        assert!(stream.next().is_some());
        gate.await_arrivals(1);
        assert_eq!(pool.pending(), 98);
        drop(stream);
        assert_eq!(pool.pending(), 0);
        gate.open();
        pool.wait_idle();
        assert_eq!(ran.get(), 2);
    }
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
    let mut ordered = pool.map_stream(0..3, 1, |n: u32| n);
    let mut unordered = pool.map_unordered(0..3, 1, |n: u32| n);
    assert_eq!(ordered.next().unwrap().unwrap(), 0);
    assert_eq!(unordered.next().unwrap().unwrap(), 0);
    drop(pool);
    assert_eq!(ordered.filter(|result| matches!(result, Err(JobError::ShutDown))).count(), 2);
    assert_eq!(unordered.filter(|result| matches!(result, Err(JobError::ShutDown))).count(), 2);
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
    let (starts, stops) = (Counter::new(), Counter::new());
    let (start, stop) = (starts.clone(), stops.clone());
    let builder = Pool::builder().threads(2).on_thread_start(move |_| start.add()).on_thread_stop(move |_| stop.add());
    let pool = builder.build().unwrap();
    let before = pool.broadcast(|_| thread::current().id());
    for round in 0..50 {
        let mut stream = either(&pool, round % 2 == 0, 0..20, 5, |n: u32| assert!(n % 3 != 0, "it fails"));
        if round % 3 == 0 {
            assert!(stream.next().is_some());
        } else {
            assert_eq!(stream.filter(Result::is_ok).count(), 13);
        }
    }
    assert_eq!(pool.broadcast(|_| thread::current().id()), before);
    assert_eq!((starts.get(), stops.get()), (2, 0));
    assert_sound(&pool);
}

#[test]
fn as_many_items_are_at_work_as_the_buffer_holds() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(3);
    for ordered in [true, false] {
        let meeting = Meeting::of(3);
        let stream = either(&pool, ordered, 0..3, 3, move |_: u32| meeting.attend());
        assert_eq!(stream.filter(|met| matches!(met, Ok(true))).count(), 3);
    }
}

#[test]
fn a_cancelled_item_comes_out_of_a_stream_in_its_place() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    for ordered in [true, false] {
        let gate = Gate::new();
        let door = gate.doorway();
        let second_waits = move |n: u32| {
            if n == 1 {
                door.wait();
            }
            n
        };
        let mut stream = either(&pool, ordered, 0..5, 4, second_waits);
        assert_eq!(stream.next().unwrap().unwrap(), 0);
        gate.await_arrivals(1);
        assert_eq!(pool.cancel_pending(), 2);
        gate.open();
        let mut rest: Vec<_> = stream.map(|result| result.map_err(|error| error.is_cancelled())).collect();
        if !ordered {
            rest.sort();
        }
        let in_place = [Ok(1), Err(true), Err(true), Ok(4)];
        let sorted = [Ok(1), Ok(4), Err(true), Err(true)];
        assert_eq!(rest, if ordered { in_place } else { sorted });
    }
}

#[test]
fn an_iterator_that_has_ended_is_not_asked_again() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    for ordered in [true, false] {
        let mut asked = 0;
        let items = std::iter::from_fn(move || {
            asked += 1;
            (asked != 4 && asked < 8).then_some(asked)
        });
        let mut stream = either(&pool, ordered, items, 2, |n: u32| n);
        assert_eq!(stream.by_ref().map(Result::unwrap).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(stream.next().is_none());
    }
}

#[test]
fn a_panic_in_the_drop_of_what_nobody_takes_goes_to_the_handler() {
    let _watchdog = watchdog();
    let notes = Notes::<String>::new();
    let pool = Pool::builder().threads(1).panic_handler(notes.handler()).build().unwrap();
    for (ordered, expected) in [(true, 3), (false, 6)] {
        let mut stream = either(&pool, ordered, 0..4, 4, |n: u32| (n > 0).then(|| PanicOnDrop("unread")));
        assert!(stream.next().unwrap().unwrap().is_none());
        pool.wait_idle();
        drop(stream);
        assert_eq!(notes.all(), vec!["unread"; expected]);
    }
    assert_sound(&pool);
}

#[test]
fn the_function_goes_with_the_stream_and_its_jobs() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    for ordered in [true, false] {
        let drops = Counter::new();
        let (token, gate) = (drops.token(), Gate::new());
        let door = gate.doorway();
        let function = move |n: u32| {
            let _token = &token;
            if n == 1 {
                door.wait();
            }
        };
        let mut stream = either(&pool, ordered, 0..10, 5, function);
        assert!(stream.next().is_some());
        gate.await_arrivals(1);
        drop(stream);
        assert_eq!(drops.get(), 0, "a job runs it");
        gate.open();
        pool.wait_idle();
        assert_eq!(drops.get(), 1);
    }
}
