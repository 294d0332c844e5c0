//! Spare threads in the places of workers that block.

mod common;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use common::*;
use filch::{Pool, Semaphore};

fn pool(threads: usize, spare: usize) -> Pool {
    Pool::builder().threads(threads).spare_threads(spare).build().unwrap()
}

#[test]
fn workers_that_wait_for_permits_of_queued_jobs_are_replaced() {
    let _watchdog = watchdog();
    let pool = pool(2, 3);
    let permits = Arc::new(Semaphore::new(0));
    let waiting: Vec<_> = (0..4)
        .map(|_| {
            let permits = permits.clone();
            pool.submit(move || permits.acquire().unwrap().forget())
        })
        .collect();
    for _ in 0..4 {
        let permits = permits.clone();
        pool.spawn(move || permits.release(1));
    }
    waiting.into_iter().for_each(|job| job.join().unwrap());
    assert_eq!(permits.available(), 0);
}

#[test]
fn blocking_jobs_run_at_the_same_time() {
    // fastthreadpool ran them one after the other.
    let _watchdog = watchdog();
    let pool = pool(1, 3);
    let meeting = Meeting::of(4);
    let attend = |meeting: &Arc<Meeting>| {
        let meeting = meeting.clone();
        move || filch::blocking(|| meeting.attend())
    };
    let jobs: Vec<_> = (0..4).map(|_| pool.submit(attend(&meeting))).collect();
    assert!(jobs.into_iter().all(|job| job.join().unwrap()));
}

#[test]
fn no_more_run_than_there_are_places() {
    let _watchdog = watchdog();
    let pool = pool(2, 2);
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for n in 0..400 {
        let (inside, most) = (inside.clone(), most.clone());
        pool.spawn(move || {
            if n % 4 == 0 {
                filch::blocking(|| thread::sleep(Duration::from_micros(300)));
            }
            most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            spin(2000);
            inside.fetch_sub(1, Ordering::SeqCst);
        });
    }
    pool.wait_idle();
    // Two workers, and those that came back while a spare thread had not ended its job.
    assert!(most.load(Ordering::SeqCst) <= 4);
    assert_eq!(pool.metrics().jobs(), 400);
}

#[test]
fn queued_jobs_of_a_worker_that_blocks_are_stolen() {
    let _watchdog = watchdog();
    let pool = pool(1, 1);
    let (send, receive) = channel();
    let job = pool.submit(move || {
        // In this worker's own queue.
        filch::spawn(move || send.send(7).unwrap());
        filch::blocking(|| receive.recv().unwrap())
    });
    assert_eq!(job.join().unwrap(), 7);
}

#[test]
fn the_halves_of_a_join_go_on_while_one_blocks() {
    let _watchdog = watchdog();
    let pool = pool(1, 1);
    let permits = Semaphore::new(0);
    let (a, b) = pool.join(|| permits.acquire().map(drop), || permits.release(1));
    assert_eq!((a, b), (Ok(()), ()));
}

#[test]
fn a_spare_thread_that_blocks_is_replaced_too() {
    let _watchdog = watchdog();
    let pool = pool(1, 4);
    fn chain(depth: usize) -> usize {
        match depth {
            0 => 0,
            _ => {
                let (send, receive) = channel();
                filch::spawn(move || send.send(chain(depth - 1)).unwrap());
                filch::blocking(|| receive.recv().unwrap()) + 1
            }
        }
    }
    assert_eq!(pool.submit(|| chain(4)).join().unwrap(), 4);
}

#[test]
fn without_spare_threads_it_is_a_plain_call() {
    assert_eq!(filch::blocking(|| 1), 1);
    let pool = Pool::with_threads(1);
    assert_eq!(pool.submit(|| filch::blocking(|| filch::blocking(|| 2))).join().unwrap(), 2);
    assert!(pool.submit(|| filch::blocking(|| panic!("blocked"))).join().unwrap_err().is_panic());
}

#[test]
fn a_panic_gives_the_place_back() {
    let _watchdog = watchdog();
    let pool = pool(1, 1);
    for _ in 0..100 {
        pool.spawn(|| filch::blocking(|| panic!("while it blocks")));
    }
    pool.wait_idle();
    let meeting = Meeting::of(2);
    let other = meeting.clone();
    let job = pool.submit(move || filch::blocking(|| other.attend()));
    let last = pool.submit(move || meeting.attend());
    assert!(job.join().unwrap() && last.join().unwrap());
}

#[test]
fn a_pool_is_idle_when_its_spare_threads_rest_or_sleep() {
    let _watchdog = watchdog();
    let pool = pool(2, 2);
    for round in 0..300 {
        let ran = Counter::new();
        for _ in 0..8 {
            let add = ran.adder();
            pool.spawn(move || filch::blocking(add));
        }
        pool.wait_idle();
        assert_eq!(ran.get(), 8, "round {round}");
    }
}

#[test]
fn it_rests_without_a_sound() {
    let _watchdog = watchdog();
    let pool = pool(1, 2);
    pool.spawn(|| filch::blocking(|| thread::sleep(Duration::from_millis(1))));
    pool.wait_idle();
    let parks = || pool.metrics().workers.iter().map(|worker| worker.parks).sum::<u64>();
    let before = parks();
    thread::sleep(Duration::from_millis(100));
    assert_eq!(parks(), before);
}

#[test]
fn spare_threads_have_names_hooks_and_indexes() {
    let _watchdog = watchdog();
    let (started, stopped) = (Arc::new(Mutex::new(HashSet::new())), Arc::new(Mutex::new(HashSet::new())));
    let (starts, stops) = (started.clone(), stopped.clone());
    let pool = Pool::builder()
        .threads(1)
        .spare_threads(1)
        .on_thread_start(move |index| _ = lock(&starts).insert(index))
        .on_thread_stop(move |index| _ = lock(&stops).insert(index))
        .build()
        .unwrap();
    assert_eq!((pool.threads(), pool.metrics().workers.len()), (1, 2));
    let (send, receive) = channel();
    let job = pool.submit(move || filch::blocking(|| receive.recv().unwrap()));
    pool.spawn(move || {
        let name = thread::current().name().map(String::from);
        send.send((filch::current_worker_index(), name, Pool::current().is_some())).unwrap();
    });
    assert_eq!(job.join().unwrap(), (Some(1), Some(String::from("filch-spare-0")), true));
    assert_eq!(pool.broadcast(|index| index), [0]);
    pool.shutdown();
    assert_eq!(*lock(&started), HashSet::from([0, 1]));
    assert_eq!(*lock(&stopped), HashSet::from([0, 1]));
}

#[test]
fn a_pool_that_ends_waits_for_what_blocks() {
    let _watchdog = watchdog();
    for spare in [1, 3] {
        let pool = pool(1, spare);
        let ran = Counter::new();
        for _ in 0..20 {
            let add = ran.adder();
            pool.spawn(move || {
                filch::blocking(|| thread::sleep(Duration::from_millis(1)));
                add();
            });
        }
        pool.shutdown();
        assert_eq!(ran.get(), 20);
    }
}

#[test]
fn a_pool_ends_at_any_moment() {
    let _watchdog = watchdog();
    for round in 0..200 {
        let pool = pool(1 + round % 2, 1 + round % 3);
        let permits = Arc::new(Semaphore::new(1));
        for _ in 0..10 {
            let permits = permits.clone();
            pool.spawn(move || {
                let _permit = permits.acquire();
                thread::yield_now();
            });
        }
        match round % 3 {
            0 => pool.shutdown(),
            1 => pool.shutdown_now(),
            _ => drop(pool),
        }
        assert_eq!(permits.available(), 1);
    }
}

#[test]
fn too_many_are_refused() {
    for (threads, spare) in [(1, 4095), (4095, 1), (2, usize::MAX)] {
        let error = Pool::builder().threads(threads).spare_threads(spare).build().unwrap_err();
        assert!(error.to_string().contains("at most 4095"), "{error}");
    }
}

/// Respawns itself until it is told to stop.
fn tick(stop: &Arc<AtomicBool>) {
    if !stop.load(Ordering::Relaxed) {
        let stop = stop.clone();
        filch::spawn(move || tick(&stop));
    }
}

#[test]
fn a_spare_thread_with_much_to_do_looks_at_other_queues_too() {
    let _watchdog = watchdog();
    let pool = pool(1, 1);
    let (permits, stop) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicBool::new(false)));
    let waiting = pool.submit({
        let permits = permits.clone();
        move || permits.acquire().unwrap().forget()
    });
    // On the spare thread this is an endless stream of its own jobs; what ends the wait is queued outside.
    pool.spawn({
        let stop = stop.clone();
        move || tick(&stop)
    });
    thread::sleep(Duration::from_millis(5));
    pool.spawn(move || permits.release(1));
    waiting.join().unwrap();
    stop.store(true, Ordering::Relaxed);
}

#[test]
fn jobs_of_a_worker_that_blocks_are_not_starved_by_others() {
    let _watchdog = watchdog();
    let pool = pool(1, 1);
    let is_over = AtomicBool::new(false);
    let permits = Arc::new(Semaphore::new(0));
    thread::scope(|scope| {
        // The shared queue is never empty.
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                if pool.pending() < 200 { pool.spawn(|| spin(10_000)) } else { thread::yield_now() }
            }
        });
        let job = pool.submit(move || {
            let other = permits.clone();
            filch::spawn(move || other.release(1));
            permits.acquire().unwrap().forget();
        });
        job.join().unwrap();
        is_over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_worker_that_blocks_while_it_blocks_lends_one_place() {
    let _watchdog = watchdog();
    let pool = pool(1, 2);
    let permits = Arc::new(Semaphore::new(0));
    let waiting = pool.submit({
        let permits = permits.clone();
        move || filch::blocking(|| permits.acquire().map(drop)).unwrap()
    });
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let ran: Vec<_> = (0..50)
        .map(|_| {
            let (inside, most) = (inside.clone(), most.clone());
            pool.submit(move || {
                most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::sleep(Duration::from_micros(200));
                inside.fetch_sub(1, Ordering::SeqCst);
            })
        })
        .collect();
    ran.into_iter().for_each(|job| job.join().unwrap());
    permits.release(1);
    waiting.join().unwrap();
    assert_eq!(most.load(Ordering::SeqCst), 1);
}

#[test]
fn a_pool_that_ends_keeps_spare_threads_for_what_still_blocks() {
    let _watchdog = watchdog();
    for _ in 0..20 {
        let pool = pool(1, 1);
        let (send, closing) = channel::<()>();
        pool.spawn(move || {
            closing.recv().unwrap();
            // Long enough that the pool is closed and everybody has seen it.
            thread::sleep(Duration::from_millis(5));
            let permits = Semaphore::new(0);
            filch::scope(|scope| {
                scope.spawn(|| permits.release(1));
                permits.acquire().unwrap().forget();
            });
        });
        send.send(()).unwrap();
        pool.shutdown();
    }
}

#[test]
fn hooks_and_destructors_of_thread_locals_may_block() {
    struct Blocks;
    impl Drop for Blocks {
        fn drop(&mut self) {
            filch::blocking(thread::yield_now);
        }
    }
    thread_local!(static BLOCKS: Blocks = const { Blocks });
    let _watchdog = watchdog();
    for _ in 0..50 {
        let pool = Pool::builder()
            .threads(2)
            .spare_threads(2)
            .on_thread_start(|_| {
                BLOCKS.with(|_| ());
                filch::blocking(thread::yield_now);
            })
            .on_thread_stop(|_| filch::blocking(thread::yield_now))
            .build()
            .unwrap();
        let ran = Counter::new();
        for _ in 0..10 {
            let add = ran.adder();
            pool.spawn(move || filch::blocking(add));
        }
        pool.shutdown();
        assert_eq!(ran.get(), 10);
    }
}
