//! Panics in data-parallel calls: everything is dropped once, and the pool goes on.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use common::*;
use filch::Pool;

const ITEMS: usize = 67;

/// A number that must be dropped once.
struct Tracked<'a>(usize, &'a Drops);

/// How often each was made and dropped.
struct Drops(Vec<AtomicUsize>, Vec<AtomicUsize>);

impl Drops {
    fn new() -> Self {
        let zeros = || (0..ITEMS).map(|_| AtomicUsize::new(0)).collect();
        Self(zeros(), zeros())
    }

    fn make(&self, number: usize) -> Tracked<'_> {
        self.0[number].fetch_add(1, Ordering::SeqCst);
        Tracked(number, self)
    }

    #[track_caller]
    fn check(&self, what: &str) {
        let [made, dropped] = [&self.0, &self.1].map(|counts| counts.iter().map(|n| n.load(Ordering::SeqCst)));
        let (made, dropped) = (made.collect::<Vec<_>>(), dropped.collect::<Vec<_>>());
        assert_eq!(made, dropped, "{what}: made and dropped");
    }
}

impl Drop for Tracked<'_> {
    fn drop(&mut self) {
        self.1.1[self.0].fetch_add(1, Ordering::SeqCst);
    }
}

/// Runs `call` with items, a place for results, and each position at which it is to panic; on pools of several sizes, from outside and inside.
fn at_every_position(call: impl for<'a> Fn(&Pool, Vec<Tracked<'a>>, &'a Drops, usize) + Sync) {
    let _watchdog = watchdog();
    for pool in [1, 2, 4].map(Pool::with_threads) {
        let one = |bad: usize| {
            let (items, results) = (Drops::new(), Drops::new());
            let owned: Vec<_> = (0..ITEMS).map(|n| items.make(n)).collect();
            let outcome = catch_unwind(AssertUnwindSafe(|| call(&pool, owned, &results, bad)));
            let payload = outcome.err().map(|payload| message(&*payload));
            assert_eq!(payload, (bad < ITEMS).then(|| format!("item {bad}")));
            items.check("items");
            results.check("results");
        };
        for bad in 0..=ITEMS {
            one(bad);
            pool.install(|| one(bad));
        }
        assert_sound(&pool);
    }
}

fn unless(bad: usize, item: &Tracked<'_>) {
    thread::yield_now();
    assert!(item.0 != bad, "item {bad}");
}

#[test]
fn map_drops_each_item_and_each_result_once_wherever_it_panics() {
    at_every_position(|pool, items, results, bad| {
        let mapped = pool.map(items, |item| {
            unless(bad, &item);
            results.make(item.0)
        });
        assert!(mapped.iter().map(|result| result.0).eq(0..ITEMS));
    });
}

#[test]
fn map_with_drops_each_item_result_and_state_once_wherever_it_panics() {
    let live = AtomicUsize::new(0);
    struct State<'a>(&'a AtomicUsize);
    impl Drop for State<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    at_every_position(|pool, items, results, bad| {
        let init = || {
            live.fetch_add(1, Ordering::SeqCst);
            State(&live)
        };
        let mapped = pool.map_with(items, init, |_, item| {
            unless(bad, &item);
            results.make(item.0)
        });
        assert!(mapped.iter().map(|result| result.0).eq(0..ITEMS));
    });
    assert_eq!(live.into_inner(), 0, "states");
}

#[test]
fn for_each_drops_each_item_once_wherever_it_panics() {
    at_every_position(|pool, items, _, bad| pool.for_each(items, |item| unless(bad, &item)));
}

#[test]
fn map_reduce_drops_each_item_and_each_result_once_wherever_map_panics() {
    at_every_position(|pool, items, results, bad| {
        let last = pool.map_reduce(
            items,
            None,
            |item| {
                unless(bad, &item);
                Some(results.make(item.0))
            },
            |_, later| later,
        );
        assert_eq!(last.unwrap().0, ITEMS - 1);
    });
}

#[test]
fn map_reduce_drops_each_item_and_each_result_once_wherever_reduce_panics() {
    at_every_position(|pool, items, results, bad| {
        let map = |item: Tracked<'_>| {
            thread::yield_now();
            Some(results.make(item.0))
        };
        let has_bad = |side: &Option<Tracked<'_>>| side.as_ref().is_some_and(|result| result.0 == bad);
        let last = pool.map_reduce(items, None, map, |sum, next| {
            assert!(!has_bad(&sum) && !has_bad(&next), "item {bad}");
            drop(sum);
            next
        });
        assert_eq!(last.unwrap().0, ITEMS - 1);
    });
}

#[test]
fn a_panic_of_init_is_raised_and_the_items_are_dropped() {
    let _watchdog = watchdog();
    for threads in [1, 2, 4] {
        let pool = Pool::with_threads(threads);
        for good in 0..3 {
            let (items, states) = (Drops::new(), AtomicUsize::new(0));
            let owned: Vec<_> = (0..ITEMS).map(|n| items.make(n)).collect();
            let init = || assert!(states.fetch_add(1, Ordering::SeqCst) < good, "no state");
            let call = || pool.map_with(owned, init, |(), _| thread::yield_now());
            if let Err(payload) = catch_unwind(AssertUnwindSafe(call)) {
                assert_eq!(message(&*payload), "no state");
            } else {
                assert!(good > 0, "there was a panic");
            }
            items.check("items");
        }
        assert_sound(&pool);
    }
}

#[test]
fn no_run_of_items_begins_after_a_panic() {
    let _watchdog = watchdog();
    for pool in [1, 4].map(Pool::with_threads) {
        let calls = AtomicUsize::new(0);
        let message = panic_of(|| {
            pool.for_each(0..1_000_000, |n| {
                calls.fetch_add(1, Ordering::SeqCst);
                assert!(n != 0, "the first one");
                if calls.load(Ordering::SeqCst) > 900_000 {
                    // Not reached: a few chunks run at most.
                    std::process::abort();
                }
                thread::yield_now();
            });
        });
        assert_eq!(message, "the first one");
    }
}

#[test]
fn of_several_panics_one_is_raised_and_the_others_go_to_the_handler() {
    let _watchdog = watchdog();
    let notes = Notes::new();
    let pool = Pool::builder().threads(2).panic_handler(notes.handler()).build().unwrap();
    let meeting = Meeting::of(2);
    let met = AtomicBool::new(true);
    let message = panic_of(|| {
        pool.for_each(0..2, |n| {
            met.fetch_and(meeting.attend(), Ordering::SeqCst);
            panic!("item {n}");
        });
    });
    assert!(met.into_inner(), "both ran at once");
    assert_eq!((message.as_str(), notes.sorted()), ("item 0", vec![String::from("item 1")]));
}

#[test]
fn a_state_that_panics_when_it_is_dropped_is_reported() {
    let _watchdog = watchdog();
    let notes = Notes::new();
    let pool = Pool::builder().threads(1).panic_handler(notes.handler()).build().unwrap();
    assert_eq!(pool.map_with(0..3, || PanicOnDrop("a state"), |_, n| n), [0, 1, 2]);
    assert_eq!(notes.sorted(), ["a state"]);
}

/// A number. Those that `mined` names panic when they are dropped.
struct Mine(usize, &'static [usize]);

impl Drop for Mine {
    fn drop(&mut self) {
        assert!(!self.1.contains(&self.0), "a drop of {}", self.0);
    }
}

/// `call` panics with its own message, which is raised; and of those in destructors each is reported once.
fn with_mines(threads: &[usize], mined: &'static [usize], call: impl Fn(&Pool, Vec<Mine>)) {
    for &threads in threads {
        let notes = Notes::new();
        let pool = Pool::builder().threads(threads).panic_handler(notes.handler()).build().unwrap();
        let mines = (0..64).map(|n| Mine(n, mined)).collect();
        assert_eq!(panic_of(|| call(&pool, mines)), "my own");
        let expected: Vec<_> = mined.iter().map(|n| format!("a drop of {n}")).collect();
        assert_eq!(notes.sorted(), expected);
        assert_sound(&pool);
    }
}

/// On one worker, so that nobody else comes to the mines meanwhile.
fn panic_before_the_mines(pool: &Pool, mines: Vec<Mine>) {
    pool.for_each(mines, |mine| {
        let number = mine.0;
        std::mem::forget(mine);
        assert!(number != 3, "my own");
    });
}

#[test]
fn an_item_left_after_a_panic_may_panic_when_it_is_dropped() {
    in_child("an_item_left_after_a_panic_may_panic_when_it_is_dropped", || {
        with_mines(&[1], &[4], panic_before_the_mines)
    });
}

#[test]
fn several_items_left_after_a_panic_may_panic_when_they_are_dropped() {
    in_child("several_items_left_after_a_panic_may_panic_when_they_are_dropped", || {
        with_mines(&[1], &[4, 5], panic_before_the_mines);
    });
}

/// The results before the bad one are dropped.
fn panic_after_the_mines(pool: &Pool, mines: Vec<Mine>) {
    pool.map(mines, |mine| {
        if mine.0 == 63 {
            panic!("my own");
        }
        mine
    });
}

#[test]
fn a_result_left_after_a_panic_may_panic_when_it_is_dropped() {
    in_child("a_result_left_after_a_panic_may_panic_when_it_is_dropped", || {
        with_mines(&[1, 2], &[1], panic_after_the_mines)
    });
}

#[test]
fn several_results_left_after_a_panic_may_panic_when_they_are_dropped() {
    in_child("several_results_left_after_a_panic_may_panic_when_they_are_dropped", || {
        with_mines(&[1, 2], &[1, 2], panic_after_the_mines);
    });
}

#[test]
fn a_sum_left_after_a_panic_may_panic_when_it_is_dropped() {
    in_child("a_sum_left_after_a_panic_may_panic_when_it_is_dropped", || {
        let first = |pool: &Pool, mines: Vec<Mine>| {
            let map = |mine: Mine| {
                let number = mine.0;
                assert!(number != 2, "my own");
                mine
            };
            let keep_first = |sum: Mine, next: Mine| {
                std::mem::forget(next);
                sum
            };
            let identity = Mine(100, &[]);
            std::mem::forget(pool.map_reduce(mines, identity, map, keep_first));
        };
        with_mines(&[1, 2], &[0], first);
    });
}
