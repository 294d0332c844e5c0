//! Who waits gets its turn, however busy the others are.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::*;
use filch::Semaphore;

/// Threads that pass as often as they can.
struct Busy {
    stop: Arc<AtomicBool>,
    threads: Vec<thread::JoinHandle<u64>>,
}

impl Busy {
    fn start(semaphore: &Arc<Semaphore>, threads: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let body = || {
            let (semaphore, stop) = (semaphore.clone(), stop.clone());
            move || {
                let mut passed = 0;
                while !stop.load(Ordering::Relaxed) {
                    drop(semaphore.acquire().unwrap());
                    passed += 1;
                }
                passed
            }
        };
        Self { threads: (0..threads).map(|_| thread::spawn(body())).collect(), stop }
    }

    fn stop(self) -> Vec<u64> {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    }
}

#[test]
fn who_wants_many_is_not_starved_by_those_who_want_one() {
    let _watchdog = watchdog();
    let semaphore = Arc::new(Semaphore::new(4));
    let busy = Busy::start(&semaphore, 4);
    for _ in 0..100 {
        drop(semaphore.acquire_many_timeout(4, PATIENCE).expect("all of them, in time"));
    }
    busy.stop();
    assert_eq!(semaphore.available(), 4);
}

#[test]
fn who_wants_one_is_not_starved_by_one_who_never_rests() {
    let _watchdog = watchdog();
    let semaphore = Arc::new(Semaphore::new(1));
    let busy = Busy::start(&semaphore, 1);
    let start = Instant::now();
    for _ in 0..200 {
        drop(semaphore.acquire_timeout(PATIENCE).expect("a permit, in time"));
    }
    let took = start.elapsed();
    busy.stop();
    assert!(took < PATIENCE / 3, "200 turns took {took:?}");
}

#[test]
fn nobody_is_left_out() {
    let _watchdog = watchdog();
    let semaphore = Arc::new(Semaphore::new(1));
    let busy = Busy::start(&semaphore, 8);
    thread::sleep(Duration::from_secs(1));
    let passed = busy.stop();
    assert!(passed.iter().all(|passed| *passed > 0), "{passed:?}");
    assert_eq!(semaphore.available(), 1);
}

/// Once the first in line has waited for half a millisecond, what is there is for it.
#[test]
fn permits_are_kept_for_one_who_has_waited_long() {
    let _watchdog = watchdog();
    let semaphore = Arc::new(Semaphore::new(1));
    let permit = semaphore.acquire().unwrap();
    let waiter = common::task::start_waiting({
        let semaphore = semaphore.clone();
        move || semaphore.acquire_many(2).map(drop)
    });
    drop(permit);
    assert_eq!(semaphore.available(), 1);
    assert!(semaphore.try_acquire().is_err(), "it is kept for the waiter");
    semaphore.release(1);
    waiter.join().unwrap().unwrap();
    assert_eq!(semaphore.available(), 2);
}
