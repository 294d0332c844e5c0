//! Memory: what a queued job costs, that a burst gives everything back, that cancelled jobs do not pile up, and what each call allocates.
//!
//! Each test counts alone in a process of its own. `FILCH_LONG=1` makes the bursts ten million jobs, and looks at the resident set too.
// Elsewhere the queue's memory comes from the allocator, and is part of what is counted here.
#![cfg(all(target_os = "linux", not(filch_portable)))]

#[path = "ledger/support/heap.rs"]
mod heap;
#[path = "ledger/support/mod.rs"]
mod support;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak, mpsc};
use std::time::{Duration, Instant};

use filch::Pool;
use support::child::alone;
use support::threads::resident;
use support::watch::{Watch, eventually, long};

#[global_allocator]
static ALLOCATOR: heap::Counting = heap::Counting;

static RUNS: AtomicU64 = AtomicU64::new(0);

fn add(n: u64) {
    RUNS.fetch_add(n, Ordering::Relaxed);
}

fn burst() -> u64 {
    if long() { 10_000_000 } else { 200_000 }
}

/// Keeps every worker busy until it is dropped.
struct Blocked {
    _end: Vec<mpsc::Sender<()>>,
}

fn block(pool: &Pool) -> Blocked {
    let (started, running) = mpsc::channel();
    let one = |_| {
        let (end, ended) = mpsc::channel::<()>();
        let started = started.clone();
        pool.spawn(move || {
            let _ = started.send(());
            drop(started);
            let _ = ended.recv();
        });
        end
    };
    let ends: Vec<_> = (0..pool.threads()).map(one).collect();
    ends.iter().for_each(|_| running.recv().expect("a worker"));
    Blocked { _end: ends }
}

/// A pool of two that has done everything once, so that what is made on first use is there.
fn warm_pool() -> Pool {
    let pool = Pool::with_threads(2);
    for _ in 0..3 {
        drop(block(&pool));
        pool.submit(|| ()).join().expect("a plain job");
        assert_eq!(pool.install(|| filch::join(|| 1, || 2)), (1, 2));
        pool.wait_idle();
    }
    pool
}

/// Queues a burst behind blocked workers, lets it run, and returns how many bytes each job took.
fn bytes_per_job(what: &str, queue: impl Fn(&Pool, u64), settle: impl Fn()) -> f64 {
    let watch = Watch::start(what);
    let (pool, jobs) = (warm_pool(), burst());
    let (before, resident_before) = (heap::live(), resident());
    let blocked = block(&pool);
    let empty = heap::live();
    queue(&pool, jobs);
    let full = heap::live();
    let resident_full = resident();
    watch.step("the burst runs");
    let start = Instant::now();
    drop(blocked);
    settle();
    pool.wait_idle();
    let ran = start.elapsed().as_secs_f64();
    let after = heap::live();
    let [bytes, blocks] = [full.bytes - empty.bytes, full.blocks - empty.blocks].map(|n| n as f64 / jobs as f64);
    let resident_bytes = (resident_full - resident_before) as f64 / jobs as f64;
    println!(
        "  {jobs} jobs by {what}: {resident_bytes:.1} bytes each, {bytes:.1} of them allocated in {blocks:.3} blocks; run in {ran:.2} s; left: {} bytes",
        after.bytes - before.bytes
    );
    assert!(after.bytes - before.bytes < 4096, "not given back: {before:?}, then {after:?}");
    given_back(what, resident_before, resident_full, bytes < 1.0);
    resident_bytes
}

/// What the pool has from the system goes back at once, but for a mebibyte. The allocator may keep what it has: there the promise is that it can give it back.
fn given_back(what: &str, before: u64, full: u64, all_at_once: bool) {
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    std::thread::sleep(Duration::from_secs(1));
    let kept = resident();
    // glibc's `malloc_trim` leaves the end of a thread's arena alone: to free something larger there is what gives that back.
    drop(std::hint::black_box(vec![1_u8; 100 << 10]));
    // SAFETY: malloc_trim may be called at any time.
    let _ = unsafe { libc::malloc_trim(0) };
    let trimmed = resident();
    println!(
        "  resident, {what}: {:.1} MiB before, {:.1} full, {:.1} after one second, {:.1} after malloc_trim",
        mib(before),
        mib(full),
        mib(kept),
        mib(trimmed)
    );
    // After a trim the allocator still has the pages in which it keeps a few pieces.
    let (left, bound) = if all_at_once { (kept, 4 << 20) } else { (trimmed, full / 32 + (1 << 20)) };
    assert!(left < before + bound, "the process stays large");
}

#[test]
fn a_burst_of_spawns_is_small_and_given_back() {
    alone("a_burst_of_spawns_is_small_and_given_back", || {
        let queue = |pool: &Pool, jobs| {
            for n in 0..jobs {
                pool.spawn(move || add(n));
            }
        };
        let bytes = bytes_per_job("spawn", queue, || ());
        // A slot of the queue, and at first the pages that the threads touch.
        assert!(bytes < 72.0, "{bytes} bytes a job");
        assert_eq!(RUNS.load(Ordering::Relaxed), burst() * (burst() - 1) / 2);
    });
}

#[test]
fn a_burst_of_batches_is_small_and_given_back() {
    alone("a_burst_of_batches_is_small_and_given_back", || {
        let queue = |pool: &Pool, jobs| pool.spawn_batch((0..jobs).map(|n| move || add(n)));
        let bytes = bytes_per_job("spawn_batch", queue, || ());
        assert!(bytes < 72.0, "{bytes} bytes a job");
        assert_eq!(RUNS.load(Ordering::Relaxed), burst() * (burst() - 1) / 2);
    });
}

#[test]
fn a_burst_of_submits_is_small_and_given_back() {
    alone("a_burst_of_submits_is_small_and_given_back", || {
        let queue = |pool: &Pool, jobs| {
            // The handles are dropped: a list of them would be part of the figure.
            (0..jobs).for_each(|n| drop(pool.submit(move || RUNS.fetch_add(n, Ordering::Relaxed))));
        };
        let bytes = bytes_per_job("submit", queue, || ());
        // A cell of 96 bytes and 16 of the allocator's, and a slot.
        assert!(bytes < 192.0, "{bytes} bytes a job");
    });
}

/// The lane of `spawn_first` keeps its nodes for the next burst, until the pool is dropped.
#[test]
fn a_burst_of_express_jobs_is_small_and_used_again() {
    alone("a_burst_of_express_jobs_is_small_and_used_again", || {
        let _watch = Watch::start("an express burst");
        let (pool, jobs) = (warm_pool(), burst().min(1_000_000));
        let before = heap::live();
        let mut kept = 0;
        for round in 0..3 {
            let blocked = block(&pool);
            let empty = heap::live();
            (0..jobs).for_each(|n| pool.spawn_first(move || add(n)));
            let bytes = (heap::live().bytes - empty.bytes) as f64 / jobs as f64;
            drop(blocked);
            pool.wait_idle();
            let left = heap::live().bytes - before.bytes;
            println!("  {jobs} jobs by spawn_first: {bytes:.1} bytes each, {left} bytes kept for later");
            assert!(bytes < 64.0);
            assert!(round == 0 || left <= kept + 4096, "the lane grows with every burst");
            kept = left;
        }
        let (before_drop, threads) = (heap::live(), 2);
        drop(pool);
        assert!(before_drop.bytes - heap::live().bytes > kept, "{threads} workers and the lane are still there");
    });
}

/// Cancels every job of a loop while nobody can run them; the memory must stay as it is, whatever lives beside them.
fn cancel_in_a_loop(what: &str, beside: u64, submit_and_cancel: impl Fn(&Pool)) {
    let watch = Watch::start(what);
    let times = if long() { 1_000_000 } else { 100_000 };
    let pool = warm_pool();
    let before = heap::live();
    let blocked = block(&pool);
    (0..beside).for_each(|_| pool.spawn(|| ()));
    let base = heap::live().bytes;
    heap::take_peak();
    let start = Instant::now();
    for n in 0..times {
        submit_and_cancel(&pool);
        if n % 1024 == 0 {
            watch.beat();
        }
    }
    let peak = heap::take_peak() - base;
    let each = start.elapsed().as_secs_f64() * 1e6 / f64::from(times);
    println!("  {times} jobs {what} and cancelled, {beside} beside them: at most {peak} bytes, {each:.2} us each");
    assert!(peak < 1 << 20, "cancelled jobs pile up: {peak} bytes");
    drop(blocked);
    pool.wait_idle();
    let after = heap::live();
    assert!(after.bytes - before.bytes < 64 << 10, "not given back: {before:?}, then {after:?}");
}

#[test]
fn cancelled_jobs_do_not_pile_up() {
    alone("cancelled_jobs_do_not_pile_up", || {
        for beside in [0, 2000] {
            cancel_in_a_loop("submitted", beside, |pool| assert!(pool.submit(|| ()).cancel()));
        }
    });
}

#[test]
fn a_live_job_among_cancelled_ones_keeps_no_room_but_its_own() {
    alone("a_live_job_among_cancelled_ones_keeps_no_room_but_its_own", || {
        let watch = Watch::start("a live job among cancelled ones");
        let pool = warm_pool();
        let blocked = block(&pool);
        let before = resident();
        for _ in 0..300 {
            pool.spawn(|| add(1));
            // More than a block of the queue.
            (0..1100).for_each(|_| assert!(pool.submit(|| ()).cancel()));
            watch.beat();
        }
        let grown = resident().saturating_sub(before);
        println!("  300 live jobs among 330,000 cancelled ones: {grown} bytes");
        assert!(grown < 6 << 20, "the queue keeps {grown} bytes");
        drop(blocked);
        pool.wait_idle();
        assert_eq!(RUNS.load(Ordering::Relaxed), 300);
    });
}

#[test]
fn cancelled_express_jobs_do_not_pile_up() {
    alone("cancelled_express_jobs_do_not_pile_up", || {
        for beside in [0, 2000] {
            cancel_in_a_loop("submitted first", beside, |pool| assert!(pool.submit_first(|| ()).cancel()));
        }
    });
}

#[test]
fn jobs_that_a_job_cancels_do_not_pile_up() {
    alone("jobs_that_a_job_cancels_do_not_pile_up", || {
        let _watch = Watch::start("jobs cancelled inside");
        let times = if long() { 1_000_000 } else { 100_000 };
        let pool = Pool::with_threads(1);
        pool.install(|| {
            filch::submit(|| ()).cancel();
            let base = heap::live().bytes;
            heap::take_peak();
            (0..times).for_each(|_| assert!(filch::submit(|| ()).cancel()));
            let peak = heap::take_peak() - base;
            println!("  {times} jobs submitted and cancelled by a job: at most {peak} bytes");
            assert!(peak < 1 << 20, "cancelled jobs pile up: {peak} bytes");
        });
    });
}

#[test]
fn an_idle_worker_keeps_nothing_of_its_last_job() {
    alone("an_idle_worker_keeps_nothing_of_its_last_job", || {
        let _watch = Watch::start("captures of the last job");
        let pool = warm_pool();
        let capture = || {
            let capture = Arc::new([0_u8; 4096]);
            (Arc::downgrade(&capture), capture)
        };
        let gone = |witness: &Weak<_>| witness.strong_count() == 0;
        let (witness, last) = capture();
        pool.spawn(move || drop(last));
        pool.wait_idle();
        assert!(gone(&witness), "spawned");

        let (witness, last) = capture();
        let handle = pool.submit(move || last.len());
        eventually("the job has ended", || handle.is_finished());
        assert!(gone(&witness), "submitted, with its handle alive");
        drop(handle);

        let (witness, last) = capture();
        let result = pool.submit(move || last).join().expect("a plain job");
        assert_eq!(witness.strong_count(), 1, "a result that was taken is not kept beside");
        drop(result);

        let (witness, last) = capture();
        drop(pool.submit(move || last));
        pool.wait_idle();
        assert!(gone(&witness), "a result that nobody wants");

        let (witness, last) = capture();
        let (waker, waked) = capture();
        drop(pool.submit(move || last).on_complete(move |_| drop(waked)));
        pool.wait_idle();
        assert!(gone(&witness) && gone(&waker), "a callback");

        let (witness, last) = capture();
        assert_eq!(pool.install(move || last.len()), 4096);
        assert!(gone(&witness), "installed");
    });
}

/// Allocations of the whole process in `calls` calls, for each.
fn allocations_per_call(calls: u64, f: impl FnOnce()) -> f64 {
    let before = heap::allocations();
    f();
    (heap::allocations() - before) as f64 / calls as f64
}

#[test]
fn each_call_allocates_once_or_never() {
    alone("each_call_allocates_once_or_never", || {
        let _watch = Watch::start("counting allocations");
        let pool = warm_pool();
        let n = 5_000;
        let outside_spawn = allocations_per_call(n, || {
            (0..n).for_each(|_| pool.spawn(|| ()));
            pool.wait_idle();
        });
        let outside_submit =
            allocations_per_call(n, || (0..n).for_each(|_| pool.submit(|| ()).join().expect("a plain job")));
        let install = allocations_per_call(n, || (0..n).for_each(|_| pool.install(|| ())));
        // Few enough for the worker's own queue, on a pool of one: nobody takes them away.
        let pool = Pool::with_threads(1);
        let n = 500;
        // The worker makes what it parks with.
        assert_eq!(pool.install(|| filch::join(|| 1, || 2)), (1, 2));
        let spawn = || pool.install(|| allocations_per_call(n, || (0..n).for_each(|_| filch::spawn(|| ()))));
        let first_spawn = spawn();
        pool.wait_idle();
        let spawn = spawn();
        let [submit, join] = pool.install(|| {
            [
                allocations_per_call(n, || (0..n).for_each(|_| filch::submit(|| ()).join().expect("a plain job"))),
                allocations_per_call(n, || (0..n).for_each(|_| assert_eq!(filch::join(|| 1, || 2), (1, 2)))),
            ]
        });
        println!(
            "  allocations a call from outside: spawn {outside_spawn:.3}, submit {outside_submit:.3}, install {install:.3}"
        );
        println!(
            "  allocations a call from a worker: spawn {first_spawn:.3}, again {spawn:.3}, submit {submit:.3}, join {join:.3}"
        );
        // Jobs spawned outside lie in the queue itself.
        assert_eq!([outside_spawn, outside_submit, install], [0.0, 1.0, 0.0]);
        assert!(first_spawn <= 1.0, "{first_spawn}");
        // Jobs that a worker spawns lie where jobs that it has run lay.
        assert_eq!([spawn, submit, join], [0.0, 1.0, 0.0]);
    });
}
