//! Which of several queued jobs starts first, and that none waits for ever.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

use common::*;
use filch::Pool;

/// After so many jobs of preferred sources each of the three others has been looked at once.
const FAIR: usize = 3 * 61;

/// A job that notes its number.
fn noter(notes: &Notes<usize>, number: usize) -> impl FnOnce() + Send + 'static {
    let notes = notes.clone();
    move || notes.note(number)
}

#[test]
fn jobs_of_one_outside_thread_start_in_the_order_of_submission() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let notes = Notes::new();
    for number in 0..5000 {
        match number % 3 {
            0 => pool.spawn(noter(&notes, number)),
            1 => drop(pool.submit(noter(&notes, number))),
            _ => drop(pool.try_submit(noter(&notes, number)).unwrap()),
        }
    }
    pool.wait_idle();
    assert!(notes.all().into_iter().eq(0..5000), "{:?}", notes.all());
}

#[test]
fn jobs_of_one_batch_start_in_its_order_after_those_before() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let notes = Notes::new();
    let gate = block(&pool);
    pool.spawn(noter(&notes, 0));
    pool.spawn_batch((1..100).map(|number| noter(&notes, number)));
    pool.spawn(noter(&notes, 100));
    gate.open();
    pool.wait_idle();
    assert!(notes.all().into_iter().eq(0..101), "{:?}", notes.all());
}

#[test]
fn the_iterator_of_a_batch_may_wait_for_the_jobs_before() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (send, receive) = mpsc::channel();
    let jobs = (0..50).map(|number| {
        if number > 0 {
            assert_eq!(receive.recv().unwrap(), number - 1);
        }
        let send = send.clone();
        move || send.send(number).unwrap()
    });
    pool.spawn_batch(jobs);
    assert_eq!(receive.recv().unwrap(), 49);
}

#[test]
fn two_workers_keep_the_order_while_the_first_job_blocks_one_of_them() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let notes = Notes::new();
    let gate = Gate::new();
    let doorway = gate.doorway();
    pool.spawn(move || doorway.wait());
    gate.await_arrivals(1);
    (0..5000).for_each(|number| pool.spawn(noter(&notes, number)));
    eventually("all others have run", || notes.len() == 5000);
    assert!(notes.all().into_iter().eq(0..5000), "{:?}", notes.all());
}

#[test]
fn jobs_of_all_outside_threads_together_start_in_the_order_of_submission() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let notes = Notes::new();
    let turn = Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    let mut number = lock(&turn);
                    pool.spawn(noter(&notes, *number));
                    *number += 1;
                }
            });
        }
    });
    pool.wait_idle();
    assert!(notes.all().into_iter().eq(0..2000), "{:?}", notes.all());
}

#[test]
fn submit_first_goes_before_everything_queued_and_the_newest_first() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let notes = Notes::new();
    let gate = block(&pool);
    (0..5).for_each(|number| pool.spawn(noter(&notes, number)));
    for number in 10..15 {
        if number % 2 == 0 {
            pool.spawn_first(noter(&notes, number));
        } else {
            drop(pool.submit_first(noter(&notes, number)));
        }
    }
    gate.open();
    pool.wait_idle();
    assert_eq!(notes.all(), [14, 13, 12, 11, 10, 0, 1, 2, 3, 4]);
}

#[test]
fn of_a_jobs_own_jobs_the_newest_starts_first_before_those_from_outside() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let notes = Notes::new();
    let gate = Gate::new();
    let doorway = gate.doorway();
    let own = notes.clone();
    pool.spawn(move || {
        doorway.wait();
        (0..3).for_each(|number| filch::spawn(noter(&own, number)));
        let pool = Pool::current().unwrap();
        (10..12).for_each(|number| pool.spawn_first(noter(&own, number)));
        pool.spawn_batch((3..5).map(|number| noter(&own, number)));
    });
    gate.await_arrivals(1);
    (20..23).for_each(|number| pool.spawn(noter(&notes, number)));
    gate.open();
    pool.wait_idle();
    assert_eq!(notes.all(), [11, 10, 4, 3, 2, 1, 0, 20, 21, 22], "express, then own, then from outside");
}

#[test]
fn of_another_workers_jobs_the_oldest_is_taken_first() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let notes = Notes::new();
    let own = notes.clone();
    let all_ran = pool.submit(move || {
        (0..50).for_each(|number| filch::spawn(noter(&own, number)));
        // This worker is busy until the other has run them all.
        eventually("the other worker has run them", || own.len() == 50);
    });
    all_ran.join().unwrap();
    assert!(notes.all().into_iter().eq(0..50), "{:?}", notes.all());
}

#[test]
fn jobs_beyond_a_workers_own_queue_all_run() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let notes = Notes::new();
    let own = notes.clone();
    pool.spawn(move || (0..10_000).for_each(|number| filch::spawn(noter(&own, number))));
    pool.wait_idle();
    let mut all = notes.all();
    let room = 1024;
    assert_eq!(all[0], room - 1, "the newest first, of those that had room");
    let beyond: Vec<_> = all.iter().copied().filter(|number| *number >= room).collect();
    assert!(beyond.is_sorted(), "the others in their order");
    all.sort_unstable();
    assert!(all.into_iter().eq(0..10_000));
}

/// The order of the live jobs among very many that are cancelled while a worker takes jobs.
fn live_order_among_cancelled(threads: usize, seed: u64) {
    let pool = Pool::with_threads(threads);
    let mut random = Random::new(seed);
    let notes = Notes::new();
    // All workers but one are busy, so that the order of starting is the order of the notes.
    let others = Gate::new();
    for n in 1..threads {
        let doorway = others.doorway();
        pool.spawn(move || doorway.wait());
        others.await_arrivals(n);
    }
    let mut to_cancel = Vec::new();
    for number in 0..40_000 {
        let handle = pool.submit(noter(&notes, number));
        if random.below(8) != 0 {
            to_cancel.push(handle);
        }
    }
    for handle in &to_cancel {
        handle.cancel();
    }
    eventually("only the busy ones are left", || pool.pending() == 0 && pool.running() == threads - 1);
    others.open();
    let all = notes.all();
    if let Some(place) = all.windows(2).position(|pair| pair[0] > pair[1]) {
        let around = &all[place.saturating_sub(3)..(place + 4).min(all.len())];
        panic!("threads {threads}, seed {seed}: out of order at place {place}: {around:?}");
    }
}

#[test]
fn cancels_in_great_numbers_leave_the_order_of_the_others_alone() {
    let _watchdog = watchdog();
    for seed in 0..8 {
        live_order_among_cancelled(1, seed);
        live_order_among_cancelled(2, seed);
    }
}

#[test]
fn cancels_in_great_numbers_leave_the_order_of_the_express_lane_alone() {
    let _watchdog = watchdog();
    for seed in 0..10 {
        let pool = Pool::with_threads(1);
        let mut random = Random::new(seed);
        let notes = Notes::new();
        let gate = block(&pool);
        let handles: Vec<_> = (0..20_000).map(|number| pool.submit_first(noter(&notes, number))).collect();
        let to_cancel: Vec<_> = handles.into_iter().filter(|_| random.below(8) != 0).collect();
        let early = (seed as usize % 3) * 6000;
        to_cancel[..early].iter().for_each(|handle| assert!(handle.cancel()));
        gate.open();
        for handle in &to_cancel[early..] {
            handle.cancel();
        }
        pool.wait_idle();
        let all = notes.all();
        let misplaced = all.windows(2).find(|pair| pair[0] < pair[1]);
        assert!(misplaced.is_none(), "seed {seed}: {misplaced:?} of {}", all.len());
        assert!(all.len() >= 20_000 - to_cancel.len());
    }
}

#[test]
fn cancels_in_great_numbers_on_a_blocked_pool_leave_the_order_of_the_others_alone() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let notes = Notes::new();
    for round in 0..3 {
        let gate = block(&pool);
        let handles: Vec<_> = (0..20_000).map(|number| pool.submit(noter(&notes, round * 20_000 + number))).collect();
        let (live, dead): (Vec<_>, Vec<_>) = handles.into_iter().enumerate().partition(|(number, _)| number % 10 == 0);
        assert!(dead.iter().all(|(_, handle)| handle.cancel()));
        assert_eq!(pool.pending(), live.len());
        gate.open();
        pool.wait_idle();
    }
    assert!(notes.all().into_iter().eq((0..60_000).step_by(10)), "{:?}", notes.all());
}

/// How a job queues itself again.
type Again = fn(&Pool, Box<dyn FnOnce() + Send>);

const BACK: Again = |pool, job| pool.spawn(job);
const FIRST: Again = |pool, job| pool.spawn_first(job);

/// A job that queues itself again and again until this is dropped.
#[derive(Default)]
struct Endless(Arc<Links>);

#[derive(Default)]
struct Links {
    runs: AtomicUsize,
    stop: AtomicBool,
}

impl Links {
    fn run(self: Arc<Self>, again: Again) {
        self.runs.fetch_add(1, Ordering::SeqCst);
        if !self.stop.load(Ordering::SeqCst) {
            again(&Pool::current().unwrap(), Box::new(move || self.run(again)));
        }
    }
}

impl Endless {
    /// The first link.
    fn job(&self, again: Again) -> impl FnOnce() + Send + 'static {
        let links = self.0.clone();
        move || links.run(again)
    }

    /// Queues the first link and waits until it runs.
    fn start(pool: &Pool, again: Again) -> Self {
        let endless = Self::default();
        pool.spawn(endless.job(again));
        eventually("the chain runs", || endless.runs() > 0);
        endless
    }

    fn runs(&self) -> usize {
        self.0.runs.load(Ordering::SeqCst)
    }

    /// A closure that says how many links have run when it is called.
    fn reader(&self) -> impl FnOnce() -> usize + Send + 'static {
        let links = self.0.clone();
        move || links.runs.load(Ordering::SeqCst)
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::SeqCst);
    }
}

/// Fails if a job queued after `queued` links had run let more than `most` others go first.
#[track_caller]
fn assert_soon(queued: usize, started: usize, most: usize) {
    assert!(started <= queued + most, "{} others went first, not at most {most}", started - queued);
}

#[test]
fn an_endless_chain_of_own_jobs_does_not_starve_jobs_from_outside() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let endless = Endless::start(&pool, BACK);
    for _ in 0..20 {
        let handle = pool.submit(endless.reader());
        let queued = endless.runs();
        assert_soon(queued, handle.join().unwrap(), FAIR);
    }
}

#[test]
fn an_endless_chain_of_own_jobs_does_not_delay_the_express_lane() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let endless = Endless::start(&pool, BACK);
    for _ in 0..20 {
        let handle = pool.submit_first(endless.reader());
        let queued = endless.runs();
        // One may have been taken just before, and one look in 61 goes elsewhere first.
        assert_soon(queued, handle.join().unwrap(), 2);
    }
}

#[test]
fn an_endless_express_lane_does_not_starve_jobs_from_outside() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let endless = Endless::start(&pool, FIRST);
    for _ in 0..20 {
        let handle = pool.submit(endless.reader());
        let queued = endless.runs();
        assert_soon(queued, handle.join().unwrap(), FAIR);
    }
}

#[test]
fn endless_chains_do_not_starve_a_workers_own_older_jobs() {
    let _watchdog = watchdog();
    for again in [BACK, FIRST] {
        let pool = Pool::with_threads(1);
        let endless = Endless::default();
        let older: Vec<_> = pool.install(|| {
            let older = (0..10).map(|_| filch::submit(endless.reader())).collect();
            filch::spawn(endless.job(again));
            older
        });
        for (place, handle) in older.into_iter().enumerate() {
            assert_soon(0, handle.join().unwrap(), (place + 1) * FAIR);
        }
    }
}

#[test]
fn an_endless_chain_does_not_starve_the_jobs_of_a_blocked_worker() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let endless = Endless::default();
    // One worker runs the chain for ever. The other queues a job and then waits for it without joining it.
    let (links, reader) = (endless.0.clone(), endless.reader());
    let gate = Gate::new();
    let doorway = gate.doorway();
    let blocked = pool.submit(move || {
        doorway.wait();
        let (send, receive) = mpsc::channel();
        filch::spawn(move || send.send(reader()).unwrap());
        let queued = links.runs.load(Ordering::SeqCst);
        (queued, receive.recv().unwrap())
    });
    gate.await_arrivals(1);
    pool.spawn(endless.job(BACK));
    eventually("the chain runs", || endless.runs() > 0);
    gate.open();
    let (queued, started) = blocked.join().unwrap();
    assert_soon(queued, started, FAIR);
}

#[test]
fn an_endless_chain_does_not_starve_the_fork_join_pieces_of_another_worker() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let endless = Endless::default();
    let (send, receive) = mpsc::channel();
    let receive = Mutex::new(receive);
    pool.install(|| {
        filch::spawn(endless.job(BACK));
        eventually("the other worker runs the chain", || endless.runs() > 0);
        // The first half waits for the second, which so has to be stolen.
        filch::join(|| lock(&receive).recv().unwrap(), || send.send(()).unwrap());
    });
}

#[test]
fn job_numbers_grow_along_the_submissions_of_a_thread() {
    let pool = Pool::with_threads(1);
    let ids: Vec<_> = (0..3000).map(|_| pool.submit(|| ()).id()).collect();
    assert!(ids.is_sorted());
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn jobs_that_are_due_do_not_keep_ordinary_ones_from_starting() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let notes = Notes::new();
    let gate = block(&pool);
    for _ in 0..1000 {
        pool.spawn_later(std::time::Duration::ZERO, noter(&notes, 0));
    }
    pool.spawn(noter(&notes, 1));
    gate.open();
    pool.wait_idle();
    let before = notes.all().iter().position(|number| *number == 1).unwrap();
    assert!(before <= FAIR, "{before} due jobs started before it");
}
