//! Destructors of thread-locals use the pool: on its own threads, when those end; on others; and on the thread that exits the process.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use filch::{AcquireTimeoutError, JobError, JobSet, Pool, Semaphore, WorkerLocal};

use crate::common::*;

const SHORT: Duration = Duration::from_millis(1);

/// What a destructor finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    /// The pool whose thread-local it is takes jobs.
    is_open: bool,
    /// The thread works for a pool.
    is_inside: bool,
}

/// What the destructors of this process found, and what went wrong there.
static FOUND: LazyLock<Notes<Found>> = LazyLock::new(Notes::new);
static FAULTS: LazyLock<Notes<String>> = LazyLock::new(Notes::new);
static LOCAL: LazyLock<WorkerLocal<usize>> = LazyLock::new(|| WorkerLocal::new(|_| 0));
static PERMITS: Semaphore = Semaphore::new(2);

/// Uses everything when it is dropped.
struct Guest {
    pool: Pool,
    other: Pool,
}

thread_local! {
    /// Made before the thread has waited for anything: dropped after what the crate keeps for such waits.
    static FIRST: RefCell<Option<Guest>> = const { RefCell::new(None) };
    /// Made after that, and dropped before.
    static LAST: RefCell<Option<Guest>> = const { RefCell::new(None) };
}

impl Guest {
    /// Puts guests into this thread's thread-locals.
    fn invite(pool: &Pool, other: &Pool) {
        let guest = || Some(Guest { pool: pool.clone(), other: other.clone() });
        FIRST.with(|place| *place.borrow_mut() = guest());
        assert_eq!(other.submit(|| 1).join().unwrap(), 1);
        drop(PERMITS.acquire().unwrap());
        LAST.with(|place| *place.borrow_mut() = guest());
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // A panic that leaves a thread-local's destructor ends the process.
        match catch_unwind(AssertUnwindSafe(|| use_everything(&self.pool, &self.other))) {
            Ok(found) => FOUND.note(found),
            Err(payload) => FAULTS.note(message(&*payload)),
        }
    }
}

fn use_everything(pool: &Pool, other: &Pool) -> Found {
    let is_open = match pool.submit(|| 1).join() {
        Ok(1) => true,
        Err(JobError::ShutDown) => false,
        unexpected => panic!("{unexpected:?}"),
    };
    assert_eq!(pool.try_submit(|| ()).is_ok(), is_open);
    assert_eq!(pool.submit_later(SHORT, || ()).join().is_ok(), is_open);
    assert_eq!(pool.join(|| 1, || 2), (1, 2));
    assert_eq!(pool.install(|| 3), 3);
    use_waits(other);
    use_sets(other);
    // The current pool, else the global one.
    let is_inside = Pool::current().is_some();
    assert_eq!(filch::current_worker_index().is_some(), is_inside);
    filch::spawn(|| ());
    assert_eq!((filch::join(|| 1, || 2), filch::scope(|scope| scope.submit(|| 3).join().unwrap())), ((1, 2), 3));
    assert!(!filch::cancelled());
    filch::yield_now();
    LOCAL.with(|value| *value += 1);
    use_a_pool_to_its_end();
    Found { is_open, is_inside }
}

fn use_waits(other: &Pool) {
    assert_eq!(other.submit(|| 2).join().unwrap(), 2);
    assert_eq!(other.submit_later(SHORT, || 3).join_timeout(PATIENCE).unwrap().unwrap(), 3);
    assert_eq!(other.map(vec![1, 2, 3], |n| n * 2), [2, 4, 6]);
    assert_eq!(other.broadcast(|index| index), [0, 1]);
    let ran = AtomicBool::new(false);
    other.scope(|scope| scope.spawn(|| ran.store(true, Ordering::Relaxed)));
    assert!(ran.into_inner());
    let permit = PERMITS.acquire().unwrap();
    assert!(matches!(PERMITS.acquire_many_timeout(2, SHORT), Err(AcquireTimeoutError::TimedOut)));
    drop(permit);
}

fn use_sets(other: &Pool) {
    let set = JobSet::with_capacity(other, 2);
    set.submit_later(SHORT, || 100);
    // From here on the set may be full until somebody takes results.
    set.submit_iter(|| 0..10);
    assert_eq!(set.as_completed().map(|(_, result)| result.unwrap()).sum::<i32>(), 145);
    assert_eq!(other.map_stream(0..5, 2, |n| n).map(Result::unwrap).sum::<i32>(), 10);
}

/// Threads are started and joined from within the destructor, too.
fn use_a_pool_to_its_end() {
    let (pool, runs) = (Pool::with_threads(1), Counter::new());
    (0..10).for_each(|_| pool.spawn(runs.adder()));
    let schedule = pool.schedule(SHORT, || ());
    drop(pool);
    assert_eq!((runs.get(), schedule.is_active()), (10, false));
}

/// Runs `drill` in a process of its own, and checks that so many destructors have found just that.
fn in_guests_child(name: &str, drill: impl FnOnce(&Pool), guests: usize, expected: Found) {
    in_child(name, || {
        let _watchdog = watchdog();
        let other = Pool::with_threads(2);
        drill(&other);
        assert_eq!(FAULTS.all(), [""; 0]);
        assert_eq!(FOUND.all(), vec![expected; guests]);
        assert_sound(&other);
    });
}

#[test]
fn on_workers_that_end() {
    let drill = |other: &Pool| {
        let pool = Pool::builder().threads(3).spare_threads(1).build().unwrap();
        pool.broadcast(|_| Guest::invite(&Pool::current().expect("a worker's pool"), other));
        pool.shutdown();
        assert_eq!(FOUND.len() + FAULTS.len(), 6);
    };
    in_guests_child("locals::on_workers_that_end", drill, 6, Found { is_open: false, is_inside: false });
}

#[test]
fn on_workers_whose_guests_have_the_last_handles() {
    let drill = |other: &Pool| {
        let pool = Pool::with_threads(2);
        pool.broadcast(|_| Guest::invite(&Pool::current().expect("a worker's pool"), other));
        let ending = pool.clone();
        drop(pool);
        ending.shutdown_now();
        drop(ending);
        assert_eq!(FOUND.len() + FAULTS.len(), 4);
    };
    let found = Found { is_open: false, is_inside: false };
    in_guests_child("locals::on_workers_whose_guests_have_the_last_handles", drill, 4, found);
}

#[test]
fn on_a_thread_outside_that_has_the_last_handle() {
    let drill = |other: &Pool| {
        for _ in 0..10 {
            let (other, stops) = (other.clone(), Counter::new());
            let stop = stops.clone();
            let pool = Pool::builder().threads(2).on_thread_stop(move |_| stop.add()).build().unwrap();
            std::thread::spawn(move || Guest::invite(&pool, &other)).join().unwrap();
            // The last handle went with the last guest.
            assert_eq!(stops.get(), 2);
        }
    };
    let found = Found { is_open: true, is_inside: false };
    in_guests_child("locals::on_a_thread_outside_that_has_the_last_handle", drill, 20, found);
}

/// A producer's iterator lies on a thread of its own, which acts in the place of the worker.
#[test]
fn on_the_thread_of_a_producer() {
    let drill = |other: &Pool| {
        let (pool, other) = (Pool::with_threads(1), other.clone());
        let set = JobSet::with_capacity(&pool, 1);
        set.submit_iter(move || {
            Guest::invite(&Pool::current().expect("a worker's pool"), &other);
            0..5
        });
        assert_eq!(set.as_completed().count(), 5);
        drop(set);
        pool.shutdown();
    };
    let found = Found { is_open: true, is_inside: true };
    in_guests_child("locals::on_the_thread_of_a_producer", drill, 2, found);
}

/// A job that is run in place where little stack is left gets a thread for it.
#[test]
fn on_the_thread_that_lends_its_stack() {
    let drill = |other: &Pool| {
        let pool = Pool::builder().threads(1).stack_size(1024 * 1024).build().unwrap();
        let other = other.clone();
        pool.submit(move || deeper(other, std::thread::current().id())).join().unwrap();
    };
    let found = Found { is_open: true, is_inside: true };
    in_guests_child("locals::on_the_thread_that_lends_its_stack", drill, 2, found);
}

/// Jobs in jobs, until one runs on another thread.
fn deeper(other: Pool, first: std::thread::ThreadId) {
    let pool = Pool::current().expect("a worker's pool");
    let used = std::hint::black_box([0_u8; 50_000]);
    if std::thread::current().id() == first {
        let inner = pool.submit(move || deeper(other, first));
        inner.join().unwrap();
    } else {
        Guest::invite(&pool, &other);
    }
    std::hint::black_box(used);
}

/// The system runs the destructors of the thread that exits, while all others go on.
#[test]
fn on_the_thread_that_exits_the_process() {
    const NAME: &str = "locals::on_the_thread_that_exits_the_process";
    if is_child(NAME) {
        let _watchdog = watchdog();
        let (pool, other) = (Pool::with_threads(2), Pool::with_threads(2));
        let exit = {
            let pool = pool.clone();
            move || {
                Guest::invite(&pool, &other);
                // SAFETY: a function without arguments, that does not unwind.
                assert_eq!(unsafe { libc::atexit(say_what_was_found) }, 0);
                std::process::exit(0);
            }
        };
        match std::env::var("PLACE").expect("the parent says which").as_str() {
            "inside" => pool.submit(exit).join().unwrap(),
            _ => exit(),
        }
    }
    for (place, is_inside) in [("inside", true), ("outside", false)] {
        let output = run_child(NAME, |command| _ = command.env("PLACE", place));
        let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        let found = Found { is_open: true, is_inside };
        let expected = format!("found {:?}, faults {:?}", [found, found], [""; 0]);
        assert!(output.status.success() && stderr.contains(&expected), "{place}: {stdout}\n{stderr}");
    }
}

extern "C" fn say_what_was_found() {
    eprintln!("found {:?}, faults {:?}", FOUND.all(), FAULTS.all());
}
