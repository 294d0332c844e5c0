//! Waiting until a pool has nothing left to do.

mod common;

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use common::*;
use filch::Pool;

#[test]
fn a_fresh_pool_is_idle() {
    let _watchdog = watchdog();
    for threads in [1, 2, 8] {
        Pool::with_threads(threads).wait_idle();
        assert!(Pool::with_threads(threads).wait_idle_timeout(PATIENCE));
    }
}

#[test]
fn an_idle_pool_is_idle_at_once_and_stays_so() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    pool.wait_idle();
    assert!((0..1000).all(|_| pool.wait_idle_timeout(Duration::ZERO)));
}

#[test]
fn wait_idle_is_never_early_after_a_submit_by_the_same_thread() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let runs = Counter::new();
    for round in 0..5000 {
        match round % 4 {
            0 => pool.spawn(runs.adder()),
            1 => drop(pool.submit(runs.adder())),
            2 => pool.spawn_first(runs.adder()),
            _ => pool.spawn_batch([runs.adder()]),
        }
        // Sometimes the workers are awake still, sometimes asleep.
        spin((round % 64) as u64 * 50);
        pool.wait_idle();
        assert_eq!(runs.get(), round + 1);
        spin((round % 32) as u64 * 100);
    }
}

#[test]
fn wait_idle_waits_for_what_jobs_submit() {
    fn tree(depth: u32, runs: Counter) {
        if depth == 0 {
            return runs.add();
        }
        for _ in 0..2 {
            let runs = runs.clone();
            filch::spawn(move || tree(depth - 1, runs));
        }
    }
    let _watchdog = watchdog();
    let pool = Pool::with_threads(3);
    for round in 1..100 {
        let runs = Counter::new();
        let root = runs.clone();
        pool.spawn(move || tree(round % 10, root));
        pool.wait_idle();
        assert_eq!(runs.get(), 1 << (round % 10), "round {round}");
    }
}

#[test]
fn wait_idle_waits_for_running_and_for_queued_jobs() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let gate = Gate::new();
    let doorway = gate.doorway();
    pool.spawn(move || doorway.wait());
    gate.await_arrivals(1);
    assert!(!pool.wait_idle_timeout(Duration::from_millis(5)), "one runs");
    let doorway = gate.doorway();
    pool.spawn(move || doorway.wait());
    gate.await_arrivals(2);
    let runs = Counter::new();
    pool.spawn(runs.adder());
    assert!(!pool.wait_idle_timeout(Duration::from_millis(5)), "two run, one is queued");
    gate.open();
    pool.wait_idle();
    assert_eq!(runs.get(), 1);
}

#[test]
fn wait_idle_timeout_keeps_its_time() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    for timeout in [0, 1, 50].map(Duration::from_millis) {
        let start = Instant::now();
        assert!(!pool.wait_idle_timeout(timeout));
        assert!(start.elapsed() >= timeout);
    }
    gate.open();
    assert!(pool.wait_idle_timeout(Duration::MAX));
}

#[test]
fn wait_idle_ends_also_when_the_last_job_is_cancelled() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    for round in 0..300 {
        let gate = block(&pool);
        let handle = pool.submit(|| ());
        let waiter = thread::spawn({
            let pool = pool.clone();
            move || pool.wait_idle()
        });
        if round % 2 == 0 {
            gate.open();
            handle.cancel();
        } else {
            handle.cancel();
            gate.open();
        }
        waiter.join().unwrap();
        assert_eq!(pool.pending(), 0);
    }
}

#[test]
fn many_threads_may_wait_at_once() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    for _ in 0..100 {
        let runs = Counter::new();
        (0..20).for_each(|_| pool.spawn(runs.adder()));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    pool.spawn(runs.adder());
                    pool.wait_idle();
                    assert!(runs.get() > 20, "all that was there before, and one's own");
                });
            }
        });
        assert_eq!(runs.get(), 24);
    }
}

#[test]
fn wait_idle_sees_what_the_jobs_did() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let (send, receive) = mpsc::channel();
    for n in 0..1000 {
        let send = send.clone();
        pool.spawn(move || send.send(n).unwrap());
        pool.wait_idle();
        assert_eq!(receive.try_recv(), Ok(n));
    }
}

#[test]
fn wait_idle_waits_for_jobs_that_are_run_in_place_and_their_leftovers() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    for _ in 0..200 {
        let ended = Counter::new();
        let counter = ended.clone();
        pool.spawn(move || {
            let handles: Vec<_> = (0..10).map(|_| filch::submit(|| ())).collect();
            handles.into_iter().for_each(|handle| handle.join().unwrap());
            counter.add();
        });
        pool.wait_idle();
        assert_eq!((ended.get(), pool.pending(), pool.running()), (1, 0, 0));
    }
}

#[test]
fn wait_idle_waits_for_install() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let gate = Gate::new();
    let doorway = gate.doorway();
    let caller = thread::spawn({
        let pool = pool.clone();
        move || pool.install(|| doorway.wait())
    });
    gate.await_arrivals(1);
    assert!(!pool.wait_idle_timeout(Duration::from_millis(5)));
    gate.open();
    caller.join().unwrap();
    pool.wait_idle();
}

#[test]
fn wait_idle_ends_when_the_pool_shuts_down() {
    let _watchdog = watchdog();
    for round in 0..200 {
        let pool = Pool::with_threads(2);
        let gate = block(&pool);
        (0..10).for_each(|_| pool.spawn(|| ()));
        let waiter = thread::spawn({
            let pool = pool.clone();
            move || pool.wait_idle()
        });
        spin(round * 50);
        if round % 2 == 0 {
            assert!(!pool.shutdown_timeout(Duration::ZERO))
        } else {
            gate.open()
        }
        gate.open();
        pool.shutdown_now();
        waiter.join().unwrap();
        pool.wait_idle();
    }
}

#[test]
fn wait_idle_in_a_callback_on_an_outside_thread_panics_like_in_a_job() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let (send, receive) = mpsc::channel();
    let own = pool.clone();
    let callback = move |_| send.send(panic_of(|| own.wait_idle())).unwrap();
    assert!(pool.submit(|| ()).on_complete(callback).cancel());
    assert!(receive.recv().unwrap().contains("it would wait for itself"));
    drop(gate);
}
