//! The event count between submitters and workers that fall asleep, over stand-ins for the queues.
//!
//! Threads: 1 to 3 workers, 1 or 2 submitters; bounds and both fence modes at each model. Property: every job is run, once, before anybody is woken by a
//! shutdown, also if the first job lasts until the second has been run ("lost parallelism" in the room's README): a wake-up that is lost
//! shows as a deadlock. And the tag: a waker that has slept through changes of the stack loses nobody.
//! Seen failing: the rows of `sleep` in `mutants`.

use std::sync::Arc;

use filch::internals::{Deadline, Parker, Searching, Sleep, light};
use loom::sync::atomic::{AtomicBool, Ordering, fence};
use loom::thread;

use crate::support::{explore, explore_in_both_modes};

/// A pool reduced to its sleep: each job has a queue of its own.
struct Room {
    sleep: Sleep,
    queued: Vec<AtomicBool>,
    closed: AtomicBool,
    /// Told when the last job has been run.
    done: Parker,
    /// The first job lasts until the second has been run; then, told of that.
    second_was_run: Option<Parker>,
}

impl Room {
    fn new(workers: usize, jobs: usize) -> Self {
        Self {
            sleep: Sleep::new(workers),
            queued: (0..jobs).map(|_| AtomicBool::new(false)).collect(),
            closed: AtomicBool::new(false),
            done: Parker::new(),
            second_was_run: None,
        }
    }

    /// A room with two jobs, of which the first lasts until the second has been run.
    fn with_long_job(workers: usize) -> Self {
        Self { second_was_run: Some(Parker::new()), ..Self::new(workers, 2) }
    }

    fn push(&self, job: usize) {
        let before = self.queued[job].swap(true, Ordering::Release);
        assert!(!before, "pushed twice");
    }

    /// What a thread outside does.
    fn submit(&self, job: usize) {
        self.push(job);
        fence(Ordering::SeqCst);
        self.sleep.notify();
    }

    /// What a worker does in a job of its own.
    fn submit_as_worker(&self, job: usize) {
        self.push(job);
        light();
        self.sleep.notify();
    }

    fn take(&self) -> Option<usize> {
        let take = |queue: &AtomicBool| {
            queue.load(Ordering::Relaxed)
                && queue.compare_exchange(true, false, Ordering::Acquire, Ordering::Relaxed).is_ok()
        };
        self.queued.iter().position(take)
    }

    fn has_work(&self) -> bool {
        self.closed.load(Ordering::Acquire) || self.queued.iter().any(|queue| queue.load(Ordering::Relaxed))
    }

    fn run(&self, job: usize) {
        match (&self.second_was_run, job) {
            (Some(second_was_run), 0) => assert!(second_was_run.park(Deadline::NEVER)),
            (Some(second_was_run), _) => second_was_run.unpark(),
            (None, _) => {}
        }
    }
}

/// The threads' view of a room.
#[derive(Clone)]
struct Shared {
    room: Arc<Room>,
    /// No atomic of the model: counting adds no event.
    left: Arc<std::sync::atomic::AtomicUsize>,
}

impl Shared {
    fn new(room: Room) -> Self {
        let left = std::sync::atomic::AtomicUsize::new(room.queued.len());
        Self { room: Arc::new(room), left: Arc::new(left) }
    }

    /// A worker's thread.
    fn worker(&self, index: usize) -> thread::JoinHandle<()> {
        let shared = self.clone();
        thread::spawn(move || shared.work(index, shared.room.sleep.arrive()))
    }

    /// A worker's main loop.
    fn work(&self, index: usize, mut searching: Searching) {
        let Room { sleep, closed, .. } = &*self.room;
        loop {
            // Before the search, as in the workers' main loop.
            let is_closed = closed.load(Ordering::Acquire);
            if let Some(job) = self.room.take() {
                sleep.found_work(searching, || self.room.has_work());
                self.run(job);
                searching = sleep.start_searching();
            } else if is_closed {
                return sleep.leave(searching);
            } else {
                (searching, _) = sleep.sleep(searching, index, || self.room.has_work(), || false, |_| ());
            }
        }
    }

    fn run(&self, job: usize) {
        self.room.run(job);
        if self.left.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) == 1 {
            self.room.done.unpark();
        }
    }

    /// Waits until every job has been run: from here on nothing is explored, since the shutdown would wake whoever was forgotten.
    fn finish(&self, workers: Vec<thread::JoinHandle<()>>) {
        assert!(self.room.done.park(Deadline::NEVER));
        loom::stop_exploring();
        self.room.closed.swap(true, Ordering::AcqRel);
        fence(Ordering::SeqCst);
        self.room.sleep.wake_all();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    }
}

#[test]
fn submit_against_a_worker() {
    explore("sleep: 1 worker, 1 job", Some(5), || {
        let shared = Shared::new(Room::new(1, 1));
        let worker = shared.worker(0);
        shared.room.submit(0);
        shared.finish(vec![worker]);
    });
}

#[test]
fn two_submitters_against_a_worker() {
    explore("sleep: 1 worker, 2 submitters", Some(2), || {
        let shared = Shared::new(Room::new(1, 2));
        let worker = shared.worker(0);
        let other = thread::spawn({
            let shared = shared.clone();
            move || shared.room.submit(1)
        });
        shared.room.submit(0);
        other.join().unwrap();
        shared.finish(vec![worker]);
    });
}

#[test]
fn two_jobs_against_two_workers() {
    explore("sleep: 2 workers, a long job and another", Some(2), || {
        let shared = Shared::new(Room::with_long_job(2));
        let workers = (0..2).map(|index| shared.worker(index)).collect();
        shared.room.submit(0);
        shared.room.submit(1);
        shared.finish(workers);
    });
}

#[test]
fn two_submitters_against_two_workers() {
    explore("sleep: 2 workers, 2 submitters, a long job and another", Some(1), || {
        let shared = Shared::new(Room::with_long_job(2));
        let workers = (0..2).map(|index| shared.worker(index)).collect();
        let other = thread::spawn({
            let shared = shared.clone();
            move || shared.room.submit(1)
        });
        shared.room.submit(0);
        other.join().unwrap();
        shared.finish(workers);
    });
}

/// Main is worker 0, in a job of its own that submits others and waits for them.
fn running_worker(shared: &Shared) -> Searching {
    shared.room.sleep.arrive()
}

#[test]
fn a_worker_submits_to_another() {
    explore_in_both_modes("sleep: a worker submits to another", Some(4), || {
        let shared = Shared::new(Room::new(2, 1));
        let other = shared.worker(1);
        let searching = running_worker(&shared);
        shared.room.sleep.found_work(searching, || shared.room.has_work());
        shared.room.submit_as_worker(0);
        shared.finish(vec![other]);
    });
}

#[test]
fn a_worker_submits_to_two_others() {
    explore_in_both_modes("sleep: a worker submits a long job and another", Some(2), || {
        let shared = Shared::new(Room::with_long_job(3));
        let others = (1..3).map(|index| shared.worker(index)).collect();
        let searching = running_worker(&shared);
        shared.room.sleep.found_work(searching, || shared.room.has_work());
        shared.room.submit_as_worker(0);
        shared.room.submit_as_worker(1);
        shared.finish(others);
    });
}
