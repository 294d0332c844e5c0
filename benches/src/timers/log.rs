//! What a run's jobs write down.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What is written for a job that ran before its time.
pub(super) const EARLY: u64 = u64::MAX;

/// The jobs of a run, each of which runs at most once.
pub(super) struct Log {
    start: Instant,
    /// Jobs that ran.
    runs: AtomicU64,
    /// When each is due, in nanoseconds after the start, and then one more than how late it ran. Empty: only counts.
    slots: Vec<(AtomicU64, AtomicU64)>,
}

impl Log {
    /// Only counts.
    pub(super) fn counting() -> &'static Self {
        Self::with(0)
    }

    /// Writes down how late each of so many jobs runs.
    pub(super) fn timing(jobs: u64) -> &'static Self {
        Self::with(jobs)
    }

    fn with(jobs: u64) -> &'static Self {
        let slots = (0..jobs).map(|_| (AtomicU64::new(0), AtomicU64::new(0))).collect();
        Box::leak(Box::new(Self { start: Instant::now(), runs: AtomicU64::new(0), slots }))
    }

    pub(super) fn job(&'static self, index: u64) -> Job {
        Job { log: self, index }
    }

    /// The job that is due so long after the start, and how long that is from now.
    pub(super) fn job_due(&'static self, index: u64, due: Duration) -> (Duration, Job) {
        let now = self.start.elapsed();
        let due = due.max(now);
        self.slots[index as usize].0.store(due.as_nanos() as u64, Ordering::Relaxed);
        (due - now, self.job(index))
    }

    pub(super) fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// Waits until all have run. Returns how late each was, in nanoseconds, or [`EARLY`].
    pub(super) fn wait(&self) -> Vec<u64> {
        let patience = Instant::now() + Duration::from_secs(60);
        self.slots.iter().enumerate().map(|(index, _)| self.wait_for(index, patience)).collect()
    }

    fn wait_for(&self, index: usize, patience: Instant) -> u64 {
        loop {
            match self.slots[index].1.load(Ordering::Relaxed) {
                0 => assert!(Instant::now() < patience, "job {index} has not run"),
                EARLY => return EARLY,
                late => return late - 1,
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A delayed job: a pointer and a number.
#[derive(Clone, Copy)]
pub(crate) struct Job {
    log: &'static Log,
    index: u64,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Job({})", self.index)
    }
}

impl Job {
    pub(super) fn run(self) {
        match self.log.slots.get(self.index as usize) {
            None => _ = self.log.runs.fetch_add(1, Ordering::Relaxed),
            Some((due, late)) => {
                let now = self.log.start.elapsed().as_nanos() as u64;
                let lateness = now.checked_sub(due.load(Ordering::Relaxed)).map_or(EARLY, |late| late + 1);
                let before = late.swap(lateness, Ordering::Relaxed);
                assert_eq!(before, 0, "job {} ran twice", self.index);
            }
        }
    }
}

/// The runs of some schedules.
pub(super) struct Beats {
    late: Vec<AtomicU64>,
    runs: AtomicU64,
}

impl Beats {
    /// Room for so many runs.
    pub(super) fn new(runs: u64) -> &'static Self {
        let late = (0..runs).map(|_| AtomicU64::new(0)).collect();
        Box::leak(Box::new(Self { late, runs: AtomicU64::new(0) }))
    }

    pub(super) fn beat(&'static self, first: Instant, period: Duration) -> Beat {
        Beat { beats: self, due: first, period }
    }

    /// How late each run was so far, in nanoseconds, or [`EARLY`].
    pub(super) fn lateness(&self) -> Vec<u64> {
        let runs = self.runs.load(Ordering::Relaxed) as usize;
        self.late[..runs].iter().map(|late| late.load(Ordering::Relaxed)).collect()
    }
}

/// A periodic job, which knows its grid.
pub(crate) struct Beat {
    beats: &'static Beats,
    due: Instant,
    period: Duration,
}

impl std::fmt::Debug for Beat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Beat({:?})", self.due)
    }
}

impl Beat {
    pub(super) fn run(&mut self) {
        let late = Instant::now().checked_duration_since(self.due).map_or(EARLY, |late| late.as_nanos() as u64);
        self.due += self.period;
        let run = self.beats.runs.fetch_add(1, Ordering::Relaxed);
        self.beats.late[run as usize].store(late, Ordering::Relaxed);
    }
}
