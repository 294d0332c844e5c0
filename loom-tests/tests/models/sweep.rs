//! Clearing tombstones out of the shared queues, while a worker takes from them.
//!
//! Threads: 2 or 3: a sweeper (main), a worker, sometimes a submitter or another sweeper. Bounds and both fence modes at each model. Property: jobs come out in their
//! order, each once, whoever rearranges meanwhile; a job in a sweeper's hands still counts as queued; who takes all takes all.
//! Seen failing: the rows of `sweep` in `mutants`.

use std::sync::{Arc, Mutex};

use filch::internals::{Cell, Lane, OwnerId, Released, Shared, spawned};
use loom::thread::{self, JoinHandle};

use crate::support::{ALL, explore_in_both_modes};
use crate::witness::{Accountant, Queued};

/// The shared queues of a pool with one worker.
struct Stage {
    shared: Shared,
    lane: Lane,
    /// The jobs that were run, in this order. No lock of the model: it is not held across any of its operations.
    ran: Mutex<Vec<usize>>,
}

impl Stage {
    /// With a tombstone, and then jobs `0..jobs`.
    fn new(lane: Lane, jobs: usize) -> Arc<Self> {
        let stage = Arc::new(Self { shared: Shared::new(1), lane, ran: Mutex::default() });
        let (tombstone, cell) = Cell::queued(|| (), OwnerId::NONE);
        assert!(cell.raw().cancel());
        stage.shared.push(tombstone, lane);
        (0..jobs).for_each(|number| stage.push(number));
        stage
    }

    fn push(self: &Arc<Self>, number: usize) {
        let stage = self.clone();
        let job = spawned(move || stage.ran.lock().unwrap().push(number), None);
        self.shared.push(job, self.lane);
    }

    /// What a worker does that finds a job. False: it found none, or somebody rearranges.
    fn run_one(&self) -> bool {
        let job = match self.lane {
            Lane::Back => self.shared.take(0, &Released::new()),
            Lane::Express => self.shared.take_express(0),
            Lane::Due => self.shared.take_due(0),
        };
        job.map(|job| Queued(job).run(&Accountant::default())).is_some()
    }

    fn start<R: 'static>(self: &Arc<Self>, body: impl FnOnce(&Arc<Self>) -> R + 'static) -> JoinHandle<R> {
        let stage = self.clone();
        thread::spawn(move || body(&stage))
    }

    fn start_worker(self: &Arc<Self>) -> JoinHandle<()> {
        self.start(|stage| {
            stage.run_one();
            stage.run_one();
        })
    }

    /// At the end: runs the rest, and compares the order.
    fn settle(&self, order: &[usize]) {
        while self.run_one() {}
        assert!(self.shared.is_empty_for_sure(0));
        assert_eq!(self.shared.len(), 0);
        assert_eq!(*self.ran.lock().unwrap(), order);
    }
}

#[test]
fn a_sweep_keeps_the_order() {
    explore_in_both_modes("sweep: worker", Some(4), || {
        let stage = Stage::new(Lane::Back, 2);
        let worker = stage.start_worker();
        stage.shared.sweep();
        worker.join().unwrap();
        stage.settle(&[0, 1]);
    });
}

/// A job that comes after the sweep goes before what the sweep has left.
#[test]
fn a_sweep_keeps_the_order_of_express_jobs() {
    explore_in_both_modes("sweep: worker, express", Some(3), || {
        let stage = Stage::new(Lane::Express, 2);
        let worker = stage.start_worker();
        stage.shared.sweep();
        worker.join().unwrap();
        let ran = stage.ran.lock().unwrap().len();
        stage.push(2);
        let mut order = vec![1, 0];
        order.insert(ran, 2);
        stage.settle(&order);
    });
}

/// The job of a submitter that comes meanwhile is behind the others, wherever a sweep puts them.
#[test]
fn a_sweep_keeps_the_order_against_a_submitter() {
    explore_in_both_modes("sweep: worker, submitter", Some(2), || {
        let stage = Stage::new(Lane::Back, 1);
        let submitter = stage.start(|stage| stage.push(1));
        let worker = stage.start_worker();
        stage.shared.sweep();
        submitter.join().unwrap();
        worker.join().unwrap();
        stage.settle(&[0, 1]);
    });
}

#[test]
fn two_sweeps_keep_the_order() {
    explore_in_both_modes("sweep: two sweepers", ALL, || {
        let stage = Stage::new(Lane::Back, 2);
        let other = stage.start(|stage| stage.shared.sweep());
        let here = stage.shared.sweep();
        let there = other.join().unwrap();
        assert_eq!(here.unwrap_or(0) + there.unwrap_or(0), 1, "one tombstone was swept");
        stage.settle(&[0, 1]);
    });
}

#[test]
fn a_job_in_hand_counts_as_queued() {
    explore_in_both_modes("sweep: a worker that would leave", ALL, || {
        let stage = Stage::new(Lane::Back, 1);
        let worker = stage.start(|stage| assert!(!stage.shared.is_empty_for_sure(0)));
        stage.shared.sweep();
        worker.join().unwrap();
        stage.settle(&[0]);
    });
}

#[test]
fn who_takes_all_takes_what_a_sweeper_has_in_hand() {
    explore_in_both_modes("sweep: take all", ALL, || {
        let stage = Stage::new(Lane::Back, 2);
        let sweeper = stage.start(|stage| stage.shared.sweep());
        for (job, _) in stage.shared.take_all() {
            let _ = Queued(job).run(&Accountant::default());
        }
        assert_eq!(*stage.ran.lock().unwrap(), [0, 1]);
        let _ = sweeper.join().unwrap();
        stage.settle(&[0, 1]);
    });
}
