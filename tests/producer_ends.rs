//! `JobSet::submit_iter`: iterators and items that panic, and producers that end before their iterator does.

mod common;

use std::sync::{Arc, mpsc};

use common::*;
use filch::{JobError, JobSet, Pool};

fn pool_with_notes() -> (Pool, Notes<String>) {
    let notes = Notes::new();
    let pool = Pool::builder().threads(1).panic_handler(notes.handler()).build().unwrap();
    (pool, notes)
}

/// An unbounded set and small ones: in these the producer ends in another stage than in which it began.
fn sets<T: Send + 'static>(pool: &Pool) -> [JobSet<T>; 3] {
    [JobSet::new(pool), JobSet::with_capacity(pool, 1), JobSet::with_capacity(pool, 2)]
}

/// What panics in its drop ends an iterator of five items.
struct Loaded(u32, #[expect(dead_code, reason = "for its drop")] PanicOnDrop);

impl Iterator for Loaded {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.0 += 1;
        (self.0 <= 5).then_some(self.0)
    }
}

fn loaded() -> Loaded {
    Loaded(0, PanicOnDrop("the iterator"))
}

#[test]
fn a_panic_of_the_closure_is_the_only_result() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    for set in sets::<u8>(&pool) {
        let id = set.submit_iter(|| -> Vec<u8> { panic!("before the first") });
        let (from, result) = set.next().unwrap();
        assert_eq!((from, message(&*result.unwrap_err().into_panic())), (id, "before the first".into()));
        assert!(set.next().is_none());
    }
    assert_sound(&pool);
}

#[test]
fn a_panic_in_the_making_of_the_iterator_is_the_only_result() {
    struct Unmakeable;
    impl IntoIterator for Unmakeable {
        type Item = u8;
        type IntoIter = std::vec::IntoIter<u8>;

        fn into_iter(self) -> Self::IntoIter {
            panic!("it cannot be made")
        }
    }
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    for set in sets(&pool) {
        set.submit_iter(|| Unmakeable);
        let results: Vec<_> = set.as_completed().map(|(_, result)| result.unwrap_err().is_panic()).collect();
        assert_eq!(results, [true]);
    }
    assert_sound(&pool);
}

#[test]
fn a_panic_in_the_drop_of_an_iterator_that_has_ended_is_seen_once() {
    let _watchdog = watchdog();
    let (pool, notes) = pool_with_notes();
    let mut seen = 0;
    for (round, set) in sets(&pool).into_iter().enumerate() {
        set.submit_iter(loaded);
        let (items, panics): (Vec<_>, Vec<_>) = set.as_completed().map(|(_, item)| item).partition(Result::is_ok);
        assert_eq!(items.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        pool.wait_idle();
        seen += panics.len();
        // As a result or by the handler.
        assert_eq!((seen + notes.len(), pool.metrics().panics), (round + 1, round as u64 + 1));
    }
    assert_sound(&pool);
}

#[test]
fn a_panic_in_the_drop_of_a_cancelled_iterator_goes_to_the_handler() {
    let _watchdog = watchdog();
    let (pool, notes) = pool_with_notes();
    let set = JobSet::with_capacity(&pool, 1);
    let paused = set.submit_iter(loaded);
    pool.wait_idle();
    assert!(!set.cancel(paused), "it has begun");
    assert_eq!(notes.all(), ["the iterator"]);
    let results: Vec<_> = set.as_completed().map(|(_, item)| item).collect();
    assert!(matches!(results[..], [Ok(1), Err(JobError::Cancelled)]), "{results:?}");
    set.submit_iter(loaded);
    pool.wait_idle();
    drop(set);
    assert_eq!(notes.all(), ["the iterator"; 2]);
    assert_sound(&pool);
}

#[test]
fn a_panic_in_the_drop_of_an_item_that_found_no_room_does_no_harm() {
    let _watchdog = watchdog();
    let (pool, notes) = pool_with_notes();
    let set = JobSet::with_capacity(&pool, 1);
    let id = set.submit_iter(|| std::iter::repeat_with(|| PanicOnDrop("an item")));
    pool.wait_idle();
    set.cancel(id);
    assert_eq!(notes.all(), ["an item"]);
    set.as_completed().for_each(|(_, item)| std::mem::forget(item));
    set.submit_iter(|| std::iter::repeat_with(|| PanicOnDrop("an item")));
    pool.wait_idle();
    drop(set);
    assert_eq!(notes.all(), ["an item"; 3], "one in the set, and one in hand");
    assert_sound(&pool);
}

#[test]
fn a_panic_in_the_drop_of_an_item_that_a_shutdown_left_over_does_no_harm() {
    let _watchdog = watchdog();
    let (pool, notes) = pool_with_notes();
    let set = JobSet::with_capacity(&pool, 1);
    set.submit_iter(|| std::iter::repeat_with(|| PanicOnDrop("an item")));
    pool.wait_idle();
    pool.shutdown();
    let mut results: Vec<_> = set.as_completed().map(|(_, item)| item.map(std::mem::forget)).collect();
    let last = results.pop().unwrap().unwrap_err();
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(usize::from(last.is_panic()) + notes.len(), 1, "seen once, as a result or by the handler");
}

#[test]
fn a_panic_in_the_drop_of_what_a_queued_producer_captured_goes_to_the_handler() {
    let _watchdog = watchdog();
    let (pool, notes) = pool_with_notes();
    for set in sets::<u8>(&pool) {
        let gate = block(&pool);
        let captured = PanicOnDrop("captured");
        let id = set.submit_iter(move || {
            drop(captured);
            []
        });
        assert!(set.cancel(id));
        assert!(matches!(set.next(), Some((from, Err(JobError::Cancelled))) if from == id));
        gate.open();
    }
    assert_eq!(notes.all(), ["captured"; 3]);
    assert_sound(&pool);
}

#[test]
fn panicking_producers_leave_the_others_alone() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    for capacity in [1, 7, 1000] {
        let set = JobSet::with_capacity(&pool, capacity);
        for producer in 0..10 {
            set.submit_iter(move || (0..20).inspect(move |n| assert!(producer % 2 == 0 || *n < 10, "half-way")));
        }
        let (items, panics): (Vec<_>, Vec<_>) = set.as_completed().map(|(_, item)| item).partition(Result::is_ok);
        assert_eq!((items.len(), panics.len()), (5 * 20 + 5 * 10, 5));
    }
    assert_sound(&pool);
}

#[test]
fn an_iterator_may_hold_the_last_handle_of_its_set() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    for capacity in [1, 100] {
        let set = Arc::new(JobSet::with_capacity(&pool, capacity));
        let (send, receive) = mpsc::channel();
        let theirs = set.clone();
        set.submit_iter(move || {
            (0..10).map(move |n| {
                // It takes its own items, so it never pauses for good.
                theirs.try_next();
                send.send(n).unwrap();
            })
        });
        drop(set);
        pool.wait_idle();
        assert_eq!(receive.iter().collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    }
    assert_sound(&pool);
}

#[test]
fn a_set_counts_a_producer_until_its_iterator_has_ended_and_its_items_until_they_are_taken() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (set, gate) = (JobSet::new(&pool), Gate::new());
    let door = gate.doorway();
    set.submit_iter(move || {
        (0..4).inspect(move |n| {
            if *n == 3 {
                door.wait();
            }
        })
    });
    gate.await_arrivals(1);
    assert_eq!(set.len(), 3 + 1);
    assert!(set.try_next().is_some());
    assert_eq!(set.len(), 2 + 1);
    gate.open();
    pool.wait_idle();
    assert_eq!(set.len(), 3);
    assert_eq!(set.as_completed().count(), 3);
}
