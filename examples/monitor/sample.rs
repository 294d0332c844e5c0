//! From the counters of a pool to what the screen shows: shares, rates, and how the queues have been.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use filch::{Pool, PoolMetrics};

use crate::load::{Load, PERMITS};

/// How many intervals are kept.
const KEPT: usize = 512;

/// What one worker did in an interval.
#[derive(Debug, Clone, Default)]
pub struct Worker {
    /// The share of the looks at which it was inside a job, from 0 to 1.
    pub running: f64,
    /// A second.
    pub jobs: f64,
    pub steals: f64,
    pub parks: f64,
    pub queued: u64,
}

/// A length, now and in the intervals before, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Length {
    pub now: u64,
    pub before: VecDeque<u64>,
}

impl Length {
    fn note(&mut self, now: u64) {
        self.now = now;
        self.before.push_back(now);
        if self.before.len() > KEPT {
            self.before.pop_front();
        }
    }
}

/// All that the screen shows.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// Spare threads come last.
    pub workers: Vec<Worker>,
    pub spares: usize,
    pub total: u64,
    pub rate: f64,
    /// In the queues of the workers themselves.
    pub own: Length,
    pub injected: Length,
    pub express: Length,
    pub due: Length,
    /// Not due yet.
    pub delayed: Length,
    pub schedules: usize,
    pub permits: usize,
    pub all_permits: usize,
    pub level: u64,
    pub paused: bool,
    pub fork_join: bool,
    pub timers: bool,
}

/// Looks at a pool.
pub struct Sampler {
    last: PoolMetrics,
    at: Instant,
    looks: u32,
    /// By worker: the looks at which it was inside a job.
    running: Vec<u32>,
    view: View,
}

impl Sampler {
    pub fn new(pool: &Pool) -> Self {
        let last = pool.metrics();
        let running = vec![0; last.workers.len()];
        Self { last, at: Instant::now(), looks: 0, running, view: View::default() }
    }

    /// Looks which workers are inside a job. Often: that is all that is known of the time between.
    pub fn look(&mut self, pool: &Pool) {
        self.looks += 1;
        for (looks, worker) in self.running.iter_mut().zip(&pool.metrics().workers) {
            *looks += u32::from(worker.running > 0);
        }
    }

    /// Ends an interval, and says what was in it.
    pub fn view(&mut self, pool: &Pool, load: &Load) -> &View {
        let (metrics, now) = (pool.metrics(), Instant::now());
        let passed = now - self.at;
        let pairs = metrics.workers.iter().zip(&self.last.workers).zip(&self.running);
        let worker = |((new, old), looks): ((&filch::WorkerMetrics, &filch::WorkerMetrics), &u32)| Worker {
            running: f64::from(*looks) / f64::from(self.looks.max(1)),
            jobs: rate(new.jobs - old.jobs, passed),
            steals: rate(new.steals - old.steals, passed),
            parks: rate(new.parks - old.parks, passed),
            queued: new.queued,
        };
        self.view.workers = pairs.map(worker).collect();
        self.view.spares = metrics.workers.len() - pool.threads();
        self.view.rate = rate(metrics.jobs() - self.last.jobs(), passed);
        self.view.total = metrics.jobs();
        self.note_lengths(&metrics, pool);
        self.note_load(pool, load);
        self.running.fill(0);
        (self.last, self.at, self.looks) = (metrics, now, 0);
        &self.view
    }

    fn note_lengths(&mut self, metrics: &PoolMetrics, pool: &Pool) {
        self.view.own.note(metrics.workers.iter().map(|worker| worker.queued).sum());
        self.view.injected.note(metrics.injected);
        self.view.express.note(metrics.express);
        self.view.due.note(metrics.due);
        self.view.delayed.note(pool.delayed() as u64);
    }

    fn note_load(&mut self, pool: &Pool, load: &Load) {
        self.view.schedules = pool.scheduled();
        (self.view.permits, self.view.all_permits) = (load.permits.available(), PERMITS);
        self.view.level = load.knobs.level.load(Ordering::Relaxed);
        self.view.paused = load.knobs.paused.load(Ordering::Relaxed);
        self.view.fork_join = load.knobs.fork_join.load(Ordering::Relaxed);
        self.view.timers = load.knobs.timers.load(Ordering::Relaxed);
    }
}

fn rate(count: u64, passed: Duration) -> f64 {
    count as f64 / passed.as_secs_f64().max(1e-9)
}
