//! A worker gets next to no processor time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use filch::Pool;

use crate::common::*;

/// Threads that use up all processor time of this process's priority, until this is dropped.
struct Hogs {
    goes_on: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Hogs {
    fn start() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let goes_on = Arc::new(AtomicBool::new(true));
        let hog = |_| {
            let goes_on = goes_on.clone();
            std::thread::spawn(move || {
                while goes_on.load(Ordering::Relaxed) {
                    spin(1000);
                }
            })
        };
        let threads = (0..cores).map(hog).collect();
        Self { goes_on, threads }
    }
}

impl Drop for Hogs {
    fn drop(&mut self) {
        self.goes_on.store(false, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| _ = thread.join());
    }
}

/// From now on this thread runs only when nobody else wants to.
fn starve() {
    let nothing = libc::sched_param { sched_priority: 0 };
    // SAFETY: reads the parameters; 0 is the calling thread.
    let done = unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const nothing) };
    assert_eq!(done, 0, "SCHED_IDLE: {}", std::io::Error::last_os_error());
}

/// How long the drill lasts.
fn duration() -> Duration {
    Duration::from_secs(if long() { 60 } else { 2 })
}

#[test]
fn jobs_go_on_beside_a_worker_that_starves() {
    in_child("starved::jobs_go_on_beside_a_worker_that_starves", || {
        let _watchdog = watchdog();
        let pool = Pool::with_threads(3);
        pool.broadcast(|index| {
            if index == 0 {
                starve();
            }
        });
        let (runs, elsewhere, mut made) = (Counter::new(), Counter::new(), 0);
        let mut slowest = Duration::ZERO;
        let hogs = Hogs::start();
        let start = Instant::now();
        while start.elapsed() < duration() {
            for _ in 0..100 {
                let (runs, elsewhere) = (runs.clone(), elsewhere.clone());
                pool.spawn(move || {
                    runs.add();
                    if filch::current_worker_index() != Some(0) {
                        elsewhere.add();
                    }
                });
            }
            made += 100;
            let asked = Instant::now();
            assert_eq!(pool.submit(|| filch::join(|| 1, || 2)).join().unwrap(), (1, 2));
            slowest = slowest.max(asked.elapsed());
        }
        let took = start.elapsed();
        drop(hogs);
        eventually("all that was spawned has run", || runs.get() == made);
        pool.wait_idle();
        println!("{made} jobs in {took:.1?}, {} elsewhere, the slowest round trip {slowest:.1?}", elsewhere.get());
        assert!(elsewhere.get() * 2 > made, "most jobs waited for the worker that starves");
        assert_sound(&pool);
    });
}
