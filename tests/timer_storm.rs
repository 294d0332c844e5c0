//! Everything that timers do, from many threads at once.
//!
//! `FILCH_SOAK_SECONDS` says how long (default 3).

mod common;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::*;
use filch::{JobSet, MissedTick, Pool, Schedule, ScheduleOptions};

fn seconds() -> u64 {
    std::env::var("FILCH_SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

/// What has become of the closures.
#[derive(Default)]
struct Books {
    made: AtomicU64,
    dropped: AtomicU64,
    ran: AtomicU64,
    cancelled: AtomicU64,
    early: AtomicU64,
}

/// Counts the drop of a closure.
struct Entry(&'static Books);

impl Entry {
    fn new(books: &'static Books) -> Self {
        books.made.fetch_add(1, Ordering::Relaxed);
        Self(books)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

fn delay(random: &mut Random) -> Duration {
    let nanos = [1_000, 50_000, 3_000_000, 100_000_000, 1 << 50][random.below(5) as usize];
    Duration::from_nanos(random.below(nanos))
}

/// A closure that is booked, and that sees whether it is early.
fn job(books: &'static Books, delay: Duration) -> impl FnOnce() -> u64 + Send + 'static {
    let (entry, due) = (Entry::new(books), Instant::now() + delay);
    move || {
        let books = entry.0;
        books.early.fetch_add(u64::from(Instant::now() < due), Ordering::Relaxed);
        books.ran.fetch_add(1, Ordering::Relaxed) + 1
    }
}

fn one_round(pool: &Pool, books: &'static Books, random: &mut Random, schedules: &mut Vec<Schedule>) {
    let time = delay(random);
    match random.below(10) {
        0..=3 => {
            let handle = pool.submit_later(time, job(books, time));
            if random.below(3) == 0 {
                spin(random.below(3000));
            }
            books.cancelled.fetch_add(u64::from(handle.cancel()), Ordering::Relaxed);
        }
        4 => {
            let run = job(books, time);
            pool.spawn_later(time, move || _ = run());
        }
        5 => {
            let short = time.min(Duration::from_millis(2));
            let outer = pool.clone();
            pool.spawn(move || _ = outer.submit_later(short, job(books, short)).join().map(drop));
        }
        6 => {
            let set = JobSet::new(pool);
            for _ in 0..random.below(8) {
                let short = delay(random).min(Duration::from_millis(1));
                set.submit_later(short, job(books, short));
            }
            if random.below(2) == 0 {
                let ended = |result: Result<u64, filch::JobError>| result.is_ok_and(|n| n > 0);
                _ = set.as_completed().filter(|(_, result)| result.is_ok()).all(|(_, result)| ended(result));
            }
        }
        7 => {
            let (entry, period) = (Entry::new(books), Duration::from_micros(1 + random.below(5000)));
            let missed = [MissedTick::Burst, MissedTick::Skip, MissedTick::Delay][random.below(3) as usize];
            let options = ScheduleOptions::fixed_rate(period).missed_tick(missed).max_runs(1 + random.below(50));
            schedules.push(pool.schedule_with(options, move || spin(entry.0.made.load(Ordering::Relaxed) % 100)));
        }
        8 => {
            if let Some(schedule) = schedules.pop() {
                spin(random.below(1000));
                schedule.cancel();
                let runs = schedule.runs();
                thread::yield_now();
                assert_eq!(schedule.runs(), runs, "a run after the cancel");
            }
        }
        _ => {
            let (entry, handle) = (Entry::new(books), pool.submit_later(time, || ()));
            let token = handle.on_complete(move |_| drop(entry));
            if random.below(2) == 0 {
                token.cancel();
            }
        }
    }
}

#[test]
fn timers_in_a_storm() {
    let books: &'static Books = Box::leak(Box::default());
    let stop = AtomicBool::new(false);
    let end = Instant::now() + Duration::from_secs(seconds());
    let mut seed = 0;
    // One pool after another, each of which ends in the middle of it all.
    while Instant::now() < end {
        let _watchdog = watchdog();
        let pool = Pool::with_threads(1 + seed as usize % 3);
        stop.store(false, Ordering::Relaxed);
        thread::scope(|scope| {
            for thread in 0..6 {
                let (pool, stop) = (pool.clone(), &stop);
                scope.spawn(move || {
                    let mut random = Random::new(seed * 100 + thread);
                    let mut schedules = Vec::new();
                    while !stop.load(Ordering::Relaxed) && !pool.is_shut_down() {
                        one_round(&pool, books, &mut random, &mut schedules);
                    }
                });
            }
            thread::sleep(Duration::from_millis(50 + 100 * (seed % 4)));
            match seed % 4 {
                0 => pool.shutdown(),
                1 => pool.shutdown_now(),
                2 => _ = pool.cancel_timers(),
                _ => {}
            }
            stop.store(true, Ordering::Relaxed);
        });
        pool.shutdown();
        drop(pool);
        seed += 1;
        let count = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        assert_eq!(count(&books.made), count(&books.dropped), "closures made and dropped");
        assert_eq!(count(&books.early), 0, "runs before their time");
    }
    let count = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
    println!("  {} closures, {} runs, {} cancelled", count(&books.made), count(&books.ran), count(&books.cancelled));
    assert!(count(&books.ran) > 0 && count(&books.cancelled) > 0);
}
