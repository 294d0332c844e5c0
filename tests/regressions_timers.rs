//! Faults that other libraries' timers had, each as a test that ours do not.

mod common;

use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};

use common::*;
use filch::{MissedTick, Pool, ScheduleOptions};

const HOUR: Duration = Duration::from_secs(3600);

#[cfg(target_os = "linux")]
#[test]
fn ten_thousand_timers_take_one_thread() {
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    in_child("ten_thousand_timers_take_one_thread", || {
        let pool = Pool::with_threads(2);
        pool.install(|| ());
        let before = threads();
        let handles: Vec<_> = (0..10_000).map(|_| pool.submit_later(HOUR, || ())).collect();
        let schedules: Vec<_> = (0..1000).map(|_| pool.schedule(HOUR, || ())).collect();
        assert_eq!(threads(), before + 1);
        assert_eq!((pool.delayed(), pool.scheduled()), (handles.len(), schedules.len()));
    });
}

#[test]
fn a_delay_of_zero_is_a_delay() {
    let _watchdog = watchdog();
    assert_eq!(Pool::with_threads(1).submit_later(Duration::ZERO, || 1).join().unwrap(), 1);
}

#[test]
fn a_schedule_can_be_cancelled_before_its_first_run() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let schedule = pool.schedule(HOUR, || unreachable!());
    assert!(schedule.cancel());
    assert!(!schedule.cancel());
    assert_eq!((schedule.runs(), schedule.next_run(), pool.scheduled()), (0, None, 0));
}

#[test]
fn cancelling_one_timer_leaves_all_others() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let queued = pool.submit(|| 1);
    let handles: Vec<_> = (0..10).map(|n| pool.submit_later(Duration::from_millis(5), move || n)).collect();
    assert!(handles[4].cancel());
    gate.open();
    assert_eq!(queued.join().unwrap(), 1);
    let left: Vec<_> = handles.into_iter().filter_map(|handle| handle.join().ok()).collect();
    assert_eq!(left, [0, 1, 2, 3, 5, 6, 7, 8, 9]);
}

#[test]
fn the_number_of_a_job_is_not_used_again() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let mut ids = std::collections::HashSet::new();
    for _ in 0..2000 {
        let handle = pool.submit_later(HOUR, || ());
        assert!(ids.insert(handle.id()) && handle.cancel());
    }
}

#[test]
fn a_moment_of_the_wall_clock_does_not_become_one_of_the_monotonic_clock() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let soon = Duration::from_millis(30);
    let start = Instant::now();
    let handle = pool.submit_at(SystemTime::now() + soon, || ());
    handle.join().unwrap();
    let passed = start.elapsed();
    assert!(passed >= soon - Duration::from_millis(2) && passed < Duration::from_secs(20), "{passed:?}");
}

#[test]
fn a_schedule_of_a_millisecond_keeps_time() {
    let _watchdog = watchdog();
    let seconds = if long() { 5 } else { 1 };
    let (pool, period) = (Pool::with_threads(2), Duration::from_millis(1));
    let start = Instant::now() + period;
    let burst = ScheduleOptions::fixed_rate(period).start(start).missed_tick(MissedTick::Burst);
    let schedule = pool.schedule_with(burst, || ());
    let end = start + Duration::from_secs(seconds) - period / 2;
    std::thread::sleep(end - Instant::now());
    // Whatever other programs do, every tick that has passed is a run: at once, or as soon as there is time.
    let ticks = 1 + start.elapsed().as_millis() as u64;
    eventually("all ticks are runs", || schedule.runs() >= ticks);
    let late = 1 + start.elapsed().as_millis() as u64;
    assert!(schedule.runs() <= late, "more runs than ticks");
}

#[test]
fn one_late_tick_makes_a_schedule_neither_drift_nor_oscillate() {
    let _watchdog = watchdog();
    let (pool, period) = (Pool::with_threads(1), Duration::from_millis(10));
    let (send, receive) = mpsc::channel();
    let start = Instant::now() + period;
    let options = ScheduleOptions::fixed_rate(period).start(start).max_runs(40);
    let mut run = 0;
    let _ = pool.schedule_with(options, move || {
        run += 1;
        let lateness = start.elapsed();
        if run == 5 {
            std::thread::sleep(Duration::from_millis(25));
        }
        send.send(lateness).unwrap();
    });
    let runs: Vec<_> = receive.iter().collect();
    assert_eq!(runs.len(), 40);
    let tick = |at: &Duration| at.as_nanos() / period.as_nanos();
    let off_grid = |at: &Duration| Duration::from_nanos((at.as_nanos() % period.as_nanos()) as u64);
    // No tick twice, and about every one from the late one on: others may take the processor for a while.
    assert!(runs.windows(2).all(|pair| tick(&pair[1]) > tick(&pair[0])), "{runs:?}");
    let mut off: Vec<_> = runs[6..].iter().map(off_grid).collect();
    off.sort();
    assert!(off[off.len() / 2] < Duration::from_millis(4), "off the grid: {off:?}");
}

/// The first timer of a pool needs a thread, and the one who shuts down waits for all threads meanwhile.
#[test]
fn the_first_timer_may_come_from_a_job_that_a_shutdown_waits_for() {
    let _watchdog = watchdog();
    let first: [fn(&Pool) -> bool; 2] = [
        |pool| pool.submit_later(HOUR, || ()).join().unwrap_err().is_shut_down(),
        |pool| !pool.schedule(HOUR, || ()).is_active(),
    ];
    for first in first {
        let pool = Pool::with_threads(1);
        let gate = Gate::new();
        let doorway = gate.doorway();
        let job = pool.submit(move || {
            doorway.wait();
            first(&Pool::current().expect("a worker's pool"))
        });
        gate.await_arrivals(1);
        let waiting = task::start_waiting(move || pool.shutdown());
        gate.open();
        assert!(job.join().unwrap());
        waiting.join().unwrap();
    }
}
