//! The process is stopped and continued under full load.

use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use filch::{AcquireTimeoutError, MissedTick, Pool, Schedule, ScheduleOptions, Semaphore};

use crate::common::*;

const PERIOD: Duration = Duration::from_millis(2);

/// How often the process is stopped, and for how many milliseconds.
fn stops() -> (u32, u64) {
    if long() { (30, 1000) } else { (3, 400) }
}

/// A process that stops this one again and again.
fn stopper() -> std::process::Child {
    let (times, millis) = stops();
    let script = format!(
        "sleep 0.2; for turn in $(seq {times}); do kill -STOP $0; sleep {}; kill -CONT $0; sleep 0.2; done",
        millis as f64 / 1000.0
    );
    Command::new("sh").args(["-c", &script, &std::process::id().to_string()]).spawn().expect("a shell")
}

/// Counts how often this thread was kept from running for about as long as a stop lasts.
fn count_stops(goes_on: &AtomicBool) -> u32 {
    let (mut last, mut stopped) = (Instant::now(), 0);
    while goes_on.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(1));
        stopped += u32::from(last.elapsed() >= Duration::from_millis(stops().1 * 9 / 10));
        last = Instant::now();
    }
    stopped
}

/// A schedule under watch: its runs, each as the time since its start.
struct Watched {
    schedule: Schedule,
    start: Instant,
    runs: Arc<Mutex<Vec<Duration>>>,
}

impl Watched {
    fn start(pool: &Pool, missed: MissedTick) -> Self {
        let (start, runs) = (Instant::now() + PERIOD, Arc::new(Mutex::new(Vec::new())));
        let options = ScheduleOptions::fixed_rate(PERIOD).start(start).missed_tick(missed);
        let noted = runs.clone();
        let schedule = pool.schedule_with(options, move || {
            // Early is an error here: the subtraction panics.
            lock(&noted).push(Instant::now().checked_duration_since(start).expect("not before its start"));
        });
        Self { schedule, start, runs }
    }

    /// Waits until every tick that has passed by now is a run.
    fn catch_up(&self) {
        let ticks = 1 + (self.start.elapsed().as_nanos() / PERIOD.as_nanos()) as u64;
        eventually("every tick is a run", || self.schedule.runs() >= ticks);
    }

    /// Ends it. Its runs, by the ticks that had passed when they began.
    fn end(self) -> Vec<u64> {
        let next = loop {
            // `None` while it runs.
            if let Some(next) = self.schedule.next_run() {
                break next;
            }
        };
        let off_grid = (next - self.start).as_nanos() % PERIOD.as_nanos();
        assert_eq!(off_grid, 0, "the next run is off the grid");
        self.schedule.cancel();
        let tick = |run: &Duration| (run.as_nanos() / PERIOD.as_nanos()) as u64;
        lock(&self.runs).iter().map(tick).collect()
    }
}

/// No tick twice, and none before its time: a run that skips what was missed belongs to the last tick.
fn assert_skipping(ticks: &[u64]) {
    assert!(ticks.len() > 10, "hardly a run: {ticks:?}");
    assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]), "a tick ran twice: {ticks:?}");
    let longest = ticks.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
    let stop = Duration::from_millis(stops().1).as_nanos() / PERIOD.as_nanos();
    assert!(longest as u128 >= stop * 9 / 10, "no run was missed while the process was stopped");
}

/// None before its time.
fn assert_bursting(ticks: &[u64]) {
    let early = ticks.iter().enumerate().find(|(run, tick)| (*run as u64) > **tick);
    assert_eq!(early, None, "early: {ticks:?}");
}

/// Delayed jobs that fire once each, and never early.
fn time_jobs(pool: &Pool, goes_on: &AtomicBool) {
    let (fired, mut made) = (Arc::new(AtomicU64::new(0)), 0);
    while goes_on.load(Ordering::Relaxed) {
        let timers: Vec<_> = (0..200)
            .map(|n| {
                let (delay, fired, start) = (Duration::from_micros(n * 37), fired.clone(), Instant::now());
                let timer = pool.submit_later(delay, move || {
                    fired.fetch_add(1, Ordering::Relaxed);
                    start.elapsed()
                });
                (delay, timer)
            })
            .collect();
        made += timers.len() as u64;
        for (delay, timer) in timers {
            let passed = timer.join().unwrap();
            assert!(passed >= delay, "{delay:?} fired after {passed:?}");
        }
        assert_eq!(fired.load(Ordering::Relaxed), made, "a timer fired twice");
    }
}

/// Spawned jobs, joins and results.
fn compute(pool: &Pool, goes_on: &AtomicBool) {
    let (runs, mut made) = (Counter::new(), 0);
    while goes_on.load(Ordering::Relaxed) {
        (0..500).for_each(|_| pool.spawn(runs.adder()));
        made += 500;
        let (left, right) = pool.join(|| pool.map((0..100).collect::<Vec<_>>(), |n| n + 1).len(), || 1);
        assert_eq!(left + right, 101);
        assert_eq!(pool.submit(move || made).join().unwrap(), made);
    }
    eventually("all that was spawned has run", || runs.get() == made);
}

/// Permits with time limits that run out all the time. Returns how often one did.
fn limit(permits: &Semaphore, goes_on: &AtomicBool) -> u64 {
    let mut timeouts = 0;
    while goes_on.load(Ordering::Relaxed) {
        let (start, patience) = (Instant::now(), Duration::from_micros(300));
        match permits.acquire_many_timeout(2, patience) {
            Ok(permit) => {
                spin(20_000);
                drop(permit);
            }
            Err(AcquireTimeoutError::TimedOut) => {
                assert!(start.elapsed() >= patience, "early");
                timeouts += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
    timeouts
}

#[test]
fn a_process_that_is_stopped_and_continued_loses_nothing() {
    in_child("stopped::a_process_that_is_stopped_and_continued_loses_nothing", || {
        let _watchdog = watchdog();
        let (pool, permits, goes_on) = (Pool::with_threads(4), Semaphore::new(2), AtomicBool::new(true));
        let (skip, burst) = (Watched::start(&pool, MissedTick::Skip), Watched::start(&pool, MissedTick::Burst));
        let stopped = std::thread::scope(|scope| {
            scope.spawn(|| time_jobs(&pool, &goes_on));
            scope.spawn(|| compute(&pool, &goes_on));
            let limited: Vec<_> = (0..3).map(|_| scope.spawn(|| limit(&permits, &goes_on))).collect();
            let stopped = scope.spawn(|| count_stops(&goes_on));
            let is_well = stopper().wait().expect("the shell's end").success();
            goes_on.store(false, Ordering::Relaxed);
            assert!(is_well);
            limited.into_iter().for_each(|limited| _ = limited.join().expect("no panic"));
            stopped.join().expect("no panic")
        });
        assert!(stopped >= stops().0, "the process was stopped {stopped} times only");
        assert_skipping(&skip.end());
        burst.catch_up();
        assert_bursting(&burst.end());
        assert_eq!((permits.available(), pool.metrics().panics), (2, 0));
        pool.wait_idle();
        assert_sound(&pool);
    });
}
