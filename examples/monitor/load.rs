//! Work for the pool to do: a thread feeds it, as the keys say.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use filch::{Pool, Schedule, Semaphore};

/// How often the feeder feeds.
const TICK: Duration = Duration::from_millis(1);

/// How long a job takes.
const JOB: Duration = Duration::from_micros(20);

/// Jobs of a burst.
pub const BURST: u64 = 100_000;

/// Jobs a tick.
const MOST: u64 = 1 << 12;

/// How many jobs may do something scarce at once.
pub const PERMITS: usize = 4;

/// One job in so many does.
const SCARCE: u64 = 16;

/// How long that takes.
const HOLD: Duration = Duration::from_micros(200);

/// One job in so many goes before all others.
const URGENT: u64 = 8;

/// Delayed jobs a tick, and for how long the last of them waits.
const DELAYED: u64 = 2;
const LONGEST_DELAY: u64 = 2000;

/// Numbers to add up by fork-join.
const NUMBERS: u64 = 4096;

/// What the keys have chosen.
pub struct Knobs {
    /// Jobs a tick.
    pub level: AtomicU64,
    pub paused: AtomicBool,
    pub fork_join: AtomicBool,
    pub timers: AtomicBool,
    /// Jobs to be queued at once.
    burst: AtomicU64,
    stop: AtomicBool,
}

/// The load. Dropping it ends it.
pub struct Load {
    pub knobs: Arc<Knobs>,
    pub permits: Arc<Semaphore>,
    feeder: Option<JoinHandle<()>>,
    schedules: Mutex<Vec<Schedule>>,
    pool: Pool,
}

impl Load {
    pub fn start(pool: &Pool) -> Self {
        let knobs = Arc::new(Knobs {
            level: AtomicU64::new(16),
            paused: AtomicBool::new(false),
            fork_join: AtomicBool::new(true),
            timers: AtomicBool::new(true),
            burst: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        });
        let permits = Arc::new(Semaphore::new(PERMITS));
        let mut feeder = Feeder { pool: pool.clone(), knobs: knobs.clone(), permits: permits.clone(), fed: 0 };
        let feeder = thread::spawn(move || feeder.feed());
        Self { knobs, permits, feeder: Some(feeder), schedules: Mutex::default(), pool: pool.clone() }
    }

    /// Whether it feeds.
    pub fn is_alive(&self) -> bool {
        self.feeder.as_ref().is_some_and(|feeder| !feeder.is_finished())
    }

    pub fn more(&self) {
        let doubled = |level: u64| Some((level * 2).clamp(1, MOST));
        let _ = self.knobs.level.fetch_update(Ordering::Relaxed, Ordering::Relaxed, doubled);
    }

    pub fn less(&self) {
        let _ = self.knobs.level.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |level| Some(level / 2));
    }

    pub fn burst(&self) {
        self.knobs.burst.fetch_add(BURST, Ordering::Relaxed);
    }

    /// Adds a schedule, or ends all when there are enough.
    pub fn schedule(&self) {
        let mut schedules = self.schedules.lock().unwrap_or_else(PoisonError::into_inner);
        if schedules.len() == 5 {
            schedules.drain(..).for_each(|schedule| assert!(schedule.cancel(), "a schedule that has ended by itself"));
        } else {
            let period = Duration::from_millis(10 << schedules.len());
            schedules.push(self.pool.schedule(period, || work(JOB)));
        }
    }
}

/// Turns a switch.
pub fn toggle(switch: &AtomicBool) {
    switch.fetch_not(Ordering::Relaxed);
}

impl Drop for Load {
    fn drop(&mut self) {
        self.knobs.stop.store(true, Ordering::Relaxed);
        // It may wait for room in the queue, or for a result: it has to be let go.
        self.pool.shutdown_now();
        self.permits.close();
        if let Some(feeder) = self.feeder.take() {
            let _ = feeder.join();
        }
    }
}

/// The thread that feeds the pool.
struct Feeder {
    pool: Pool,
    knobs: Arc<Knobs>,
    permits: Arc<Semaphore>,
    /// Jobs so far.
    fed: u64,
}

impl Feeder {
    fn feed(&mut self) {
        while !self.knobs.stop.load(Ordering::Relaxed) {
            thread::sleep(TICK);
            let burst = self.knobs.burst.swap(0, Ordering::Relaxed);
            (0..burst).for_each(|_| self.pool.spawn(|| work(JOB / 20)));
            if !self.knobs.paused.load(Ordering::Relaxed) {
                self.tick();
            }
        }
    }

    fn tick(&mut self) {
        for _ in 0..self.knobs.level.load(Ordering::Relaxed) {
            self.fed += 1;
            if self.fed % SCARCE == 0 {
                let permits = self.permits.clone();
                self.pool.spawn(move || {
                    // Closed: the load has ended.
                    let _permit = permits.acquire();
                    work(HOLD);
                });
            } else if self.fed % URGENT == 1 {
                self.pool.spawn_first(|| work(JOB));
            } else {
                self.pool.spawn(|| work(JOB));
            }
        }
        if self.knobs.timers.load(Ordering::Relaxed) {
            for delayed in 0..DELAYED {
                let delay = (self.fed * 7919 + delayed * 911) % LONGEST_DELAY;
                self.pool.spawn_later(Duration::from_millis(delay), || work(JOB));
            }
        }
        if self.knobs.fork_join.load(Ordering::Relaxed) {
            let pool = &self.pool;
            assert_eq!(pool.install(|| sum(pool, 0, NUMBERS)), NUMBERS * (NUMBERS - 1) / 2, "a wrong sum");
        }
    }
}

/// Adds up the numbers from `start` to `end` by halves.
fn sum(pool: &Pool, start: u64, end: u64) -> u64 {
    if end - start <= 64 {
        work(JOB / 4);
        return (start..end).sum();
    }
    let middle = start.midpoint(end);
    let (low, high) = pool.join(|| sum(pool, start, middle), || sum(pool, middle, end));
    low + high
}

/// Keeps a processor busy for so long.
fn work(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        spin_loop();
    }
}
