//! `map`, `map_with`, `for_each`, `for_range` and `map_reduce`: what they call, in which order the results come, and where the work goes.

mod common;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use common::*;
use filch::{ParallelItems, Pool};

/// None, one, some that a worker may share out, and more than it looks at in a row.
const LENGTHS: [usize; 7] = [0, 1, 2, 3, 7, 100, 5000];

fn pools() -> impl Iterator<Item = Pool> {
    [1, 2, 4].into_iter().map(Pool::with_threads)
}

/// From a thread outside the pool, and on one of its workers.
fn everywhere(check: impl Fn(&Pool) + Sync) {
    let _watchdog = watchdog();
    for pool in pools() {
        check(&pool);
        pool.install(|| check(&pool));
    }
}

#[test]
fn map_returns_the_results_in_order_for_each_kind_of_items() {
    everywhere(|pool| {
        for len in LENGTHS {
            let source: Vec<usize> = (0..len).collect();
            let twice: Vec<usize> = (0..len).map(|n| 2 * n).collect();
            let boxed = source.iter().map(|n| Box::new(*n)).collect::<Vec<_>>();
            assert_eq!(pool.map(boxed, |n| *n * 2), twice, "Vec<T>");
            assert_eq!(pool.map(&source, |n: &usize| n * 2), twice, "&Vec<T>");
            assert_eq!(pool.map(&source[..], |n: &usize| n * 2), twice, "&[T]");
            assert_eq!(pool.map(0..len, |n| n * 2), twice, "Range");
            let double = |n: &mut usize| {
                *n *= 2;
                *n
            };
            let mut numbers = source.clone();
            assert_eq!(pool.map(&mut numbers, double), twice, "&mut Vec<T>");
            assert_eq!(numbers, twice);
            let mut numbers = source.clone();
            assert_eq!(pool.map(&mut numbers[..], double), twice, "&mut [T]");
            assert_eq!(numbers, twice);
        }
    });
}

#[test]
fn map_returns_the_results_in_order_for_arrays() {
    everywhere(|pool| {
        assert_eq!(pool.map(["a", "b", "c"].map(String::from), |text| text + "!"), ["a!", "b!", "c!"]);
        assert_eq!(pool.map([0_u8; 0], |n| n), []);
        assert_eq!(pool.map(&[1, 2, 3], |n: &i32| n * 2), [2, 4, 6]);
        let mut numbers = [1, 2, 3];
        pool.for_each(&mut numbers, |n: &mut i32| *n *= 2);
        assert_eq!(numbers, [2, 4, 6]);
    });
}

#[test]
fn the_entries_of_a_map_come_once_each_and_those_of_a_btree_map_in_order() {
    everywhere(|pool| {
        for len in [0, 1, 2, 1000] {
            let pairs = || (0..len).map(|n| (n, n.to_string()));
            let hashed: HashMap<i32, String> = pairs().collect();
            let mut entries = pool.map(hashed, |(n, text)| (n, text));
            entries.sort();
            assert_eq!(entries, pairs().collect::<Vec<_>>());
            let tree: BTreeMap<i32, String> = pairs().collect();
            assert_eq!(pool.map(tree, |(n, text)| (n, text)), pairs().collect::<Vec<_>>());
        }
    });
}

macro_rules! check_limits {
    ($pool:ident: $($integer:ident)*) => {$(
        for range in [
            $integer::MIN..$integer::MIN,
            $integer::MIN..$integer::MIN + 1,
            $integer::MIN..$integer::MIN + 100,
            $integer::MAX - 100..$integer::MAX,
            $integer::MAX..$integer::MAX,
            $integer::MAX..$integer::MIN,
            ($integer::MAX / 2)..($integer::MAX / 2 + 60),
            (0 as $integer).wrapping_sub(1).min(0)..50,
        ] {
            let expected: Vec<$integer> = range.clone().collect();
            assert_eq!($pool.map(range.clone(), |n| n), expected, "{range:?} of {}", stringify!($integer));
        }
    )*};
}

#[test]
#[expect(clippy::reversed_empty_ranges, reason = "they must be empty, too")]
fn a_range_of_any_integer_may_lie_at_its_limits() {
    everywhere(|pool| {
        check_limits!(pool: u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);
        assert_eq!(pool.map(i8::MIN..i8::MAX, |n| n), (i8::MIN..i8::MAX).collect::<Vec<_>>());
        assert_eq!(pool.map(u8::MIN..u8::MAX, |n| n), (u8::MIN..u8::MAX).collect::<Vec<_>>());
        assert_eq!(pool.map(i16::MIN..i16::MAX, |n| n), (i16::MIN..i16::MAX).collect::<Vec<_>>());
    });
}

#[test]
fn a_range_with_more_integers_than_a_usize_can_count_is_refused_clearly() {
    let pool = Pool::with_threads(1);
    let refused = [
        panic_of(|| pool.for_each(0..u128::MAX, |_| ())),
        panic_of(|| pool.for_each(i128::MIN..i128::MAX, |_| ())),
        panic_of(|| pool.map(0..usize::MAX as u128 + 1, |_| ())),
    ];
    for message in refused {
        assert!(message.contains("at most usize::MAX integers"), "{message:?}");
    }
    assert_sound(&pool);
}

#[test]
fn items_and_results_of_no_size_are_counted_all_the_same() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    #[derive(Clone)]
    struct Nothing;
    impl Drop for Nothing {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Ordering::SeqCst);
        }
    }
    everywhere(|pool| {
        DROPS.store(0, Ordering::SeqCst);
        let calls = AtomicUsize::new(0);
        let results = pool.map(vec![(); 1000], |()| {
            calls.fetch_add(1, Ordering::SeqCst);
            Nothing
        });
        assert_eq!((calls.into_inner(), results.len(), DROPS.load(Ordering::SeqCst)), (1000, 1000, 0));
        pool.for_each(results, drop);
        assert_eq!(DROPS.load(Ordering::SeqCst), 1000);
    });
}

#[test]
fn for_each_calls_with_every_item_once() {
    everywhere(|pool| {
        for len in LENGTHS {
            let seen: Vec<AtomicUsize> = (0..len).map(|_| AtomicUsize::new(0)).collect();
            pool.for_each(0..len, |n| {
                seen[n].fetch_add(1, Ordering::SeqCst);
            });
            pool.for_each(&seen, |seen: &AtomicUsize| {
                seen.fetch_add(1, Ordering::SeqCst);
            });
            assert!(seen.iter().all(|seen| seen.load(Ordering::SeqCst) == 2));
        }
    });
}

#[test]
fn for_range_covers_the_range_exactly() {
    everywhere(|pool| {
        for len in LENGTHS.into_iter().chain([100_000]) {
            for start in [0, 1, 12_345, usize::MAX - len] {
                let parts = Mutex::new(Vec::new());
                pool.for_range(start..start + len, |part| lock(&parts).push((part.start, part.end)));
                let mut parts = parts.into_inner().unwrap();
                parts.sort_unstable();
                let mut next = start;
                for (first, end) in parts {
                    assert!(first == next && end > first, "a part {first}..{end} after {next}");
                    next = end;
                }
                assert_eq!(next, start + len);
            }
        }
        let (start, end) = (9, 3);
        pool.for_range(start..end, |part| panic!("a part {part:?} of a reversed range"));
    });
}

#[test]
fn map_reduce_keeps_the_order_and_begins_with_the_identity() {
    everywhere(|pool| {
        for len in LENGTHS {
            let expected: String =
                std::iter::once("identity".into()).chain((0..len).map(|n| format!(" {n}"))).collect();
            let reduced = pool.map_reduce(0..len, String::from("identity"), |n| format!(" {n}"), |a, b| a + &b);
            assert_eq!(reduced, expected);
        }
    });
}

#[test]
fn the_identity_is_used_once() {
    everywhere(|pool| {
        for len in LENGTHS {
            assert_eq!(pool.map_reduce(0..len, 1_000_000, |_| 1, |a, b| a + b), 1_000_000 + len);
        }
    });
}

#[test]
fn a_result_that_cannot_be_cloned_can_be_reduced() {
    struct Unique(usize);
    let sum = Pool::with_threads(2).map_reduce(0..1000_usize, Unique(0), Unique, |a, b| Unique(a.0 + b.0));
    assert_eq!(sum.0, 499_500);
}

#[test]
fn a_state_is_made_where_it_is_used_and_dropped_there() {
    struct State(ThreadId, Arc<AtomicUsize>, std::rc::Rc<()>);
    impl Drop for State {
        fn drop(&mut self) {
            assert_eq!(self.0, thread::current().id(), "dropped elsewhere");
            self.1.fetch_sub(1, Ordering::SeqCst);
        }
    }
    everywhere(|pool| {
        let (live, made) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
        let init = || {
            live.fetch_add(1, Ordering::SeqCst);
            made.fetch_add(1, Ordering::SeqCst);
            State(thread::current().id(), live.clone(), std::rc::Rc::new(()))
        };
        let results = pool.map_with(0..3000, init, |state: &mut State, n| {
            assert_eq!(state.0, thread::current().id(), "used elsewhere");
            assert_eq!(std::rc::Rc::strong_count(&state.2), 1);
            n
        });
        assert_eq!(results, (0..3000).collect::<Vec<_>>());
        assert_eq!(live.load(Ordering::SeqCst), 0, "states are dropped before the call returns");
        let made = made.into_inner();
        assert!((1..1000).contains(&made), "{made} states for 3000 items");
        pool.map_with(0..0, || panic!("a state for no items"), |(), _: i32| ());
    });
}

#[test]
fn calls_nest_to_any_depth() {
    everywhere(|pool| {
        let table =
            pool.map(0..30_usize, |row| pool.map(0..row, |column| pool.map_reduce(0..column, 0, |n| n, |a, b| a + b)));
        for (row, sums) in table.iter().enumerate() {
            let expected = (0..row).map(|column| (0..column).sum::<usize>());
            assert_eq!(*sums, expected.collect::<Vec<_>>());
        }
    });
}

#[test]
fn the_calls_work_after_shutdown_on_the_calling_thread() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    pool.shutdown();
    let here = thread::current().id();
    let threads = pool.map(0..10_000, |_| thread::current().id());
    assert!(threads.len() == 10_000 && threads.iter().all(|id| *id == here));
    assert_eq!(pool.map_reduce(0..1000, 0, |n| n, |a, b| a + b), 499_500);
    let sum = AtomicUsize::new(0);
    pool.for_range(0..10_000, |part| {
        sum.fetch_add(part.sum(), Ordering::SeqCst);
    });
    assert_eq!(sum.into_inner(), 49_995_000);
    assert_eq!(pool.map_with(vec![1, 2], || 1, |one, n| n + *one), [2, 3]);
    assert_eq!(panic_of(|| pool.for_each(0..100, |n| assert!(n < 50, "not that one"))), "not that one");
}

#[test]
fn the_calls_work_on_a_worker_of_another_pool() {
    let _watchdog = watchdog();
    let (here, there) = (Pool::with_threads(1), Pool::with_threads(2));
    let workers = here.install(|| there.map(0..100, |n| (n, Pool::current().unwrap().threads())));
    assert_eq!(workers, (0..100).map(|n| (n, 2)).collect::<Vec<_>>());
}

#[test]
fn the_calls_do_not_wait_for_room() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(1).queue_capacity(1).build().unwrap();
    let gate = block(&pool);
    assert!(pool.try_submit(|| ()).is_ok(), "the only place");
    let theirs = pool.clone();
    let mapped = task::start_waiting(move || theirs.map(0..100, |n| n).len());
    gate.open();
    assert_eq!(mapped.join().unwrap(), 100);
}

/// One item keeps its worker busy until the others are done, which takes another worker. Each costs more than a chunk should.
fn one_item_of_many_is_expensive(pool: &Pool, place: usize) -> usize {
    const ITEMS: usize = 64;
    let (done, gave_up) = (AtomicUsize::new(0), AtomicBool::new(false));
    pool.for_each(0..ITEMS, |n| {
        let start = Instant::now();
        if n != place {
            while start.elapsed() < Duration::from_micros(100) {}
            done.fetch_add(1, Ordering::SeqCst);
            return;
        }
        while done.load(Ordering::SeqCst) < ITEMS - 1 && !gave_up.load(Ordering::SeqCst) {
            gave_up.store(start.elapsed() > Duration::from_secs(5), Ordering::SeqCst);
            thread::sleep(Duration::from_micros(50));
        }
        gave_up.store(done.load(Ordering::SeqCst) < ITEMS - 1, Ordering::SeqCst);
        done.fetch_or(1 << 32 | (ITEMS - 1 - done.load(Ordering::SeqCst)) << 33, Ordering::SeqCst);
    });
    done.into_inner() >> 33
}

#[test]
fn no_item_waits_behind_an_expensive_one_while_a_worker_is_idle() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let stuck: Vec<_> = [0, 1, 31, 32, 62, 63].map(|place| (place, one_item_of_many_is_expensive(&pool, place))).into();
    assert!(stuck.iter().all(|(_, left)| *left == 0), "(expensive item, items left behind it): {stuck:?}");
}

#[test]
fn every_kind_of_items_is_one_for_generic_code() {
    fn count<I: ParallelItems>(pool: &Pool, items: I) -> usize {
        let calls = AtomicUsize::new(0);
        pool.for_each(items, |_| {
            calls.fetch_add(1, Ordering::SeqCst);
        });
        calls.into_inner()
    }
    let pool = Pool::with_threads(2);
    let mut numbers = vec![1, 2];
    assert_eq!((count(&pool, &numbers), count(&pool, &numbers[..1]), count(&pool, 0..3)), (2, 1, 3));
    assert_eq!((count(&pool, &mut numbers), count(&pool, &mut numbers[..1]), count(&pool, numbers)), (2, 1, 2));
    assert_eq!(count(&pool, BTreeMap::from([(1, 1)])) + count(&pool, HashMap::from([(1, 1)])), 2);
}
