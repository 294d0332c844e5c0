//! Timers: the contestants, one file each, behind two traits, and what they are asked to do.

mod contestant;
mod log;
mod workload;

use std::time::{Duration, Instant};

use contestant::{AsyncIo, DelayQueue, Filch, HashWheel, MapThread, ScheduledThreadPool, Tokio};
pub(crate) use log::{Beat, Job};
pub use workload::{CHURN, INSERT_CANCEL, INSERT_FIRE, PERIODIC, Workload};

use crate::record::Role;

/// Runs jobs after a delay, on [`WORKERS`](crate::WORKERS) threads where it has a pool.
pub(crate) trait Delays: Sized {
    /// By which a job is cancelled.
    type Handle;

    /// Starts the threads.
    fn start() -> Self;

    /// Runs the job after the delay, unless it is cancelled.
    fn insert(&mut self, delay: Duration, job: Job) -> Self::Handle;

    /// Cancels it.
    fn cancel(&mut self, handle: Self::Handle);

    /// Returns when all that was cancelled is gone, as far as the contestant can tell.
    fn settle(&mut self) {}

    /// Runs the job after the delay.
    fn spawn(&mut self, delay: Duration, job: Job) {
        drop(self.insert(delay, job));
    }

    /// All have been inserted that are to run.
    fn go(&mut self) {}
}

/// Runs jobs again and again.
pub(crate) trait Periods: Delays {
    /// By which it is stopped.
    type Schedule;

    /// Runs the job at `first` and then at the grid of the period.
    fn every(&mut self, first: Instant, period: Duration, job: Beat) -> Self::Schedule;

    /// Stops it.
    fn stop(&mut self, schedule: Self::Schedule);
}

/// A contestant: what it does in each workload. `None`: it does not take part.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What it is called in tables and on the command line.
    pub name: &'static str,
    insert_cancel: Run,
    insert_fire: Run,
    periodic: Option<Run>,
    churn: Run,
    /// So many timers are inserted and cancelled in each turn.
    pub turns: fn(u64) -> Turn,
    /// What was cancelled is gone soon.
    pub is_prompt: bool,
}

/// A workload with one contestant. It takes a size and returns figures, one for each title.
pub type Run = fn(u64) -> Vec<f64>;

/// One turn of [`INSERT_CANCEL`].
pub type Turn = Box<dyn FnMut()>;

impl Entry {
    const fn delays<D: Delays + 'static>(name: &'static str) -> Self {
        Self {
            name,
            insert_cancel: workload::insert_cancel::<D>,
            insert_fire: workload::insert_fire::<D>,
            periodic: None,
            churn: workload::churn::<D>,
            turns: workload::turns::<D>,
            is_prompt: true,
        }
    }

    const fn periods<P: Periods + 'static>(name: &'static str) -> Self {
        Self { periodic: Some(workload::periodic::<P>), ..Self::delays::<P>(name) }
    }

    const fn lazy(self) -> Self {
        Self { is_prompt: false, ..self }
    }

    /// What it is to the others.
    pub fn role(&self) -> Role {
        if self.name == OURS { Role::Ours } else { Role::Rival }
    }

    /// What it does in a workload.
    pub fn run(&self, workload: &Workload) -> Option<Run> {
        match workload.name {
            "insert_cancel" => Some(self.insert_cancel),
            "insert_fire" => Some(self.insert_fire),
            "periodic" => self.periodic,
            "churn" => Some(self.churn),
            other => unreachable!("a workload called {other}"),
        }
    }
}

/// Ours. The first of the [`FIELD`].
pub const OURS: &str = "filch";

/// The packages that they are from.
pub const PACKAGES: [&str; 6] =
    [OURS, "tokio-util", "tokio", "hierarchical_hash_wheel_timer", "scheduled-thread-pool", "async-io"];

/// All contestants.
pub const FIELD: &[Entry] = &[
    Entry::periods::<Filch>(OURS),
    Entry::delays::<DelayQueue>("delay_queue"),
    Entry::periods::<Tokio>("tokio"),
    Entry::periods::<HashWheel>("hash_wheel"),
    Entry::periods::<ScheduledThreadPool>("scheduled-thread-pool").lazy(),
    Entry::periods::<AsyncIo>("async-io"),
    Entry::delays::<MapThread>("btreemap"),
];
