//! `JobSet::submit_iter`: iterators that are not `Send`, and the threads that they live on.

mod common;

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, ThreadId};

use common::*;
use filch::{JobSet, Pool, current_worker_index};

const CAPACITIES: [Option<usize>; 4] = [None, Some(1), Some(3), Some(1000)];

fn set<T: Send + 'static>(pool: &Pool, capacity: Option<usize>) -> JobSet<T> {
    match capacity {
        Some(capacity) => JobSet::with_capacity(pool, capacity),
        None => JobSet::new(pool),
    }
}

/// Numbers that the iterator has shared with itself by reference count: it is not `Send`.
fn sums(items: u32) -> impl Iterator<Item = u32> {
    let sum = Rc::new(RefCell::new(0));
    let other = sum.clone();
    (0..items).map(move |n| {
        *sum.borrow_mut() += n;
        *other.borrow()
    })
}

#[test]
fn an_iterator_need_not_be_send() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    for capacity in CAPACITIES {
        let set = set(&pool, capacity);
        set.submit_iter(|| sums(200));
        let items: Vec<_> = set.as_completed().map(|(_, item)| item.unwrap()).collect();
        assert_eq!(items, sums(200).collect::<Vec<_>>());
    }
}

#[test]
fn an_iterator_may_be_a_boxed_one() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    for capacity in CAPACITIES {
        let set = set(&pool, capacity);
        set.submit_iter(|| -> Box<dyn Iterator<Item = u32>> { Box::new(sums(50)) });
        assert_eq!(set.as_completed().count(), 50);
    }
}

#[test]
fn a_job_of_the_pool_may_gather_what_is_not_send() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    for capacity in CAPACITIES {
        let gathered = pool.submit(move || {
            let set = set(&Pool::current().unwrap(), capacity);
            set.submit_iter(|| sums(50));
            set.submit_iter(|| sums(50));
            set.as_completed().map(|(_, item)| item.unwrap()).sum::<u32>()
        });
        assert_eq!(gathered.join().unwrap(), 2 * sums(50).sum::<u32>());
    }
}

/// Notes the thread of every call.
struct Here(Arc<Mutex<Vec<ThreadId>>>, u32);

impl Here {
    fn note(&self) {
        self.0.lock().unwrap().push(thread::current().id());
    }
}

impl Iterator for Here {
    type Item = Option<usize>;

    fn next(&mut self) -> Option<Self::Item> {
        self.note();
        self.1 += 1;
        (self.1 <= 100).then(current_worker_index)
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        self.note();
    }
}

#[test]
fn an_iterator_lives_on_one_thread_and_in_the_place_of_workers() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(3);
    for (capacity, cancel) in CAPACITIES.into_iter().flat_map(|capacity| [(capacity, false), (capacity, true)]) {
        let threads = Arc::new(Mutex::new(Vec::new()));
        let theirs = threads.clone();
        let set = set(&pool, capacity);
        let id = set.submit_iter(move || Here(theirs, 0));
        let places: Vec<_> = set.as_completed().take(60).map(|(_, place)| place.unwrap()).collect();
        assert!(places.iter().all(|place| place.is_some_and(|index| index < 3)), "{places:?}");
        if cancel {
            set.cancel(id);
        }
        set.as_completed().for_each(drop);
        pool.wait_idle();
        let threads = threads.lock().unwrap();
        assert_eq!(threads.iter().collect::<HashSet<_>>().len(), 1, "{capacity:?} {threads:?}");
        assert!(cancel || threads.len() == 102);
    }
}

#[test]
fn no_more_producers_run_at_a_time_than_there_are_workers() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let set = JobSet::with_capacity(&pool, 4);
    let [running, most] = [const { AtomicUsize::new(0) }; 2].map(Arc::new);
    for _ in 0..10 {
        let (running, most) = (running.clone(), most.clone());
        set.submit_iter(move || {
            (0..50).inspect(move |_| {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
            })
        });
    }
    assert_eq!(set.as_completed().filter(|(_, item)| item.is_ok()).count(), 500);
    assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
}

thread_local! {
    static AT_THE_END: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
}

/// What is done when a thread's locals are dropped.
struct AtTheEnd(Box<dyn Fn()>);

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        self.0();
    }
}

fn at_the_threads_end(f: impl Fn() + 'static) {
    AT_THE_END.set(Some(AtTheEnd(Box::new(f))));
}

#[test]
fn a_paused_producers_thread_ends_with_the_pool_and_with_the_set() {
    let _watchdog = watchdog();
    for by_the_set in [false, true] {
        let (ended, end) = mpsc::channel();
        let pool = Pool::with_threads(1);
        let set = JobSet::with_capacity(&pool, 1);
        set.submit_iter(move || {
            at_the_threads_end(move || ended.send(()).unwrap());
            0_u32..
        });
        pool.wait_idle();
        if by_the_set {
            drop(set);
        } else {
            pool.shutdown();
        }
        // Its thread-locals are gone when we are back.
        end.try_recv().unwrap();
    }
}

#[test]
fn an_iterator_may_use_the_pool_from_its_stages() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    for capacity in CAPACITIES {
        let set = set(&pool, capacity);
        set.submit_iter(|| {
            let pool = Pool::current().unwrap();
            (0..20_u32).map(move |n| {
                let spawned = pool.submit(move || n * 10);
                filch::spawn(|| ());
                pool.broadcast(|index| assert_eq!(index, 0));
                spawned.join().unwrap()
            })
        });
        let sum: u32 = set.as_completed().map(|(_, item)| item.unwrap()).sum();
        assert_eq!(sum, 1900);
    }
}

/// A worker waits for the thread, so its destructors run in that worker's place.
#[test]
fn a_thread_that_ends_may_still_use_the_pool() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(1).queue_capacity(1).build().unwrap();
    let uses: [fn(&Pool); 4] = [
        |pool| (0..3).for_each(|_| pool.spawn(|| ())),
        |pool| pool.submit(|| ()).join().unwrap(),
        |pool| assert!(panic_of(|| pool.wait_idle()).contains("inside"), "as in a job"),
        |pool| pool.shutdown(),
    ];
    for used in uses {
        let set = JobSet::with_capacity(&pool, 4);
        let theirs = pool.clone();
        set.submit_iter(move || {
            at_the_threads_end(move || used(&theirs));
            0..2
        });
        assert_eq!(set.as_completed().count(), 2);
        pool.wait_idle();
    }
}

#[test]
fn a_thread_that_ends_on_another_pools_worker_may_shut_its_own_down() {
    let _watchdog = watchdog();
    let [pool, other] = [(); 2].map(|_| Pool::with_threads(1));
    let set = JobSet::with_capacity(&pool, 1);
    let theirs = pool.clone();
    set.submit_iter(move || {
        at_the_threads_end(move || theirs.shutdown());
        0_u32..
    });
    pool.wait_idle();
    other.submit(move || drop(set)).join().unwrap();
    assert!(pool.is_shut_down());
}

/// Calls a function when it is dropped.
struct Endless<F: FnMut()>(F);

impl<F: FnMut()> Iterator for Endless<F> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        Some(1)
    }
}

impl<F: FnMut()> Drop for Endless<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn an_iterator_that_is_dropped_is_in_the_place_of_who_drops_it() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let local = Arc::new(filch::WorkerLocal::new(|_| 0));
    let inside = Arc::new(Mutex::new(None));
    let set = JobSet::with_capacity(&pool, 1);
    let (theirs, found) = (local.clone(), inside.clone());
    set.submit_iter(move || {
        Endless(move || {
            // The spare value of the thread that drops the set is in use by that very thread.
            let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| theirs.with(|_| ())));
            *found.lock().unwrap() = Some(tried.is_err());
        })
    });
    pool.wait_idle();
    local.with(|_| drop(set));
    assert_eq!(*inside.lock().unwrap(), Some(true));
}

#[test]
fn a_panic_of_an_iterators_drop_in_the_middle_of_another_panic_is_reported() {
    let _watchdog = watchdog();
    let notes = Notes::<String>::new();
    let pool = Pool::builder().threads(1).panic_handler(notes.handler()).build().unwrap();
    let set = JobSet::with_capacity(&pool, 1);
    set.submit_iter(|| Endless(|| panic!("the iterator")));
    pool.wait_idle();
    let outer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _set = set;
        panic!("outer");
    }));
    assert!(outer.is_err());
    assert_eq!(notes.all(), ["the iterator"]);
}

#[test]
fn the_last_handle_in_an_iterator_that_is_dropped_outside_shuts_the_pool_down() {
    let _watchdog = watchdog();
    let stopped = Arc::new(AtomicUsize::new(0));
    let counter = stopped.clone();
    let stop = move |_| _ = counter.fetch_add(1, Ordering::SeqCst);
    let pool = Pool::builder().threads(2).on_thread_stop(stop).build().unwrap();
    let set = JobSet::with_capacity(&pool, 1);
    let mut last = Some(pool.clone());
    set.submit_iter(move || Endless(move || drop(last.take())));
    pool.wait_idle();
    drop(pool);
    drop(set);
    assert_eq!(stopped.load(Ordering::SeqCst), 2);
}

#[test]
fn one_free_place_is_enough_for_a_paused_producer() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let set = JobSet::with_capacity(&pool, 4);
    let (send, made) = mpsc::channel();
    set.submit_iter(move || (0..100).inspect(move |n| send.send(*n).unwrap()));
    // Four in the set, and one in hand.
    assert_eq!(made.iter().take(5).sum::<u32>(), 10);
    pool.wait_idle();
    assert_eq!(set.next().unwrap().1.unwrap(), 0);
    assert_eq!(made.recv().unwrap(), 5);
}
