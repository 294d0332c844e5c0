//! With as many long jobs as workers all of them run at once, however they come: no worker sleeps while a job waits.
//!
//! Each job meets all the others before it ends. `FILCH_LONG=1` makes the rounds ten times as many.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::*;
use filch::Pool;

/// Rounds that take longer are reported.
const LONG_ROUND: Duration = Duration::from_millis(5);

/// `submit` is given the pool and a job that it must submit once for each worker.
fn rounds(what: &str, threads: usize, submit: impl Fn(&Pool, usize, Arc<dyn Fn() + Send + Sync>)) {
    let pool = Pool::with_threads(threads);
    let rounds = if long() { 10_000 } else { 1000 };
    let (mut slow, mut longest) = (0, Duration::ZERO);
    for round in 0..rounds {
        let (meeting, lonely, done) =
            (Meeting::of(threads), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (alone, ended) = (lonely.clone(), done.clone());
        let job = Arc::new(move || {
            alone.fetch_add(usize::from(!meeting.attend()), Ordering::SeqCst);
            ended.fetch_add(1, Ordering::SeqCst);
        });
        let start = Instant::now();
        submit(&pool, round, job);
        while done.load(Ordering::SeqCst) < threads {
            pool.wait_idle();
        }
        let took = start.elapsed();
        assert_eq!(lonely.load(Ordering::SeqCst), 0, "{what}: in round {round} jobs waited while workers slept");
        slow += usize::from(took > LONG_ROUND);
        longest = longest.max(took);
    }
    println!("{what}, {threads} workers: {slow} of {rounds} rounds over {LONG_ROUND:?}, {longest:?} at most");
}

fn on_several_sizes(what: &str, submit: impl Fn(&Pool, usize, Arc<dyn Fn() + Send + Sync>)) {
    let _watchdog = watchdog();
    [2, 3, 4, 8].into_iter().for_each(|threads| rounds(what, threads, &submit));
}

#[test]
fn a_burst_of_long_jobs_runs_at_once() {
    on_several_sizes("a burst", |pool, _, job| {
        for _ in 0..pool.threads() {
            let job = job.clone();
            pool.spawn(move || job());
        }
    });
}

#[test]
fn a_batch_of_long_jobs_runs_at_once() {
    on_several_sizes("a batch", |pool, _, job| {
        pool.spawn_batch((0..pool.threads()).map(|_| {
            let job = job.clone();
            move || job()
        }));
    });
}

#[test]
fn long_jobs_that_come_one_by_one_run_at_once() {
    on_several_sizes("one by one", |pool, round, job| {
        for n in 0..pool.threads() {
            let job = job.clone();
            pool.spawn(move || job());
            // From nothing to longer than a search.
            spin((round * 7 + n * 13) as u64 % 100 * 40);
        }
    });
}

#[test]
fn long_jobs_that_a_worker_spawns_run_at_once() {
    on_several_sizes("from a worker", |pool, round, job| {
        let theirs = pool.clone();
        pool.spawn(move || {
            for _ in 1..theirs.threads() {
                let job = job.clone();
                theirs.spawn(move || job());
                spin(round as u64 % 50 * 20);
            }
            job();
        });
    });
}

#[test]
fn long_jobs_of_which_each_spawns_the_next_run_at_once() {
    fn link(pool: &Pool, left: usize, pause: u64, job: Arc<dyn Fn() + Send + Sync>) {
        let (theirs, next) = (pool.clone(), job.clone());
        pool.spawn(move || {
            if left > 1 {
                link(&theirs, left - 1, pause, next);
            }
            // The spawned one has been found by a searcher, which leaves with it; then this worker is busy.
            spin(pause);
            job();
        });
    }
    on_several_sizes("from a job just taken", |pool, round, job| {
        link(pool, pool.threads(), round as u64 % 50 * 20, job)
    });
}

#[test]
fn long_jobs_beside_short_ones_run_at_once() {
    on_several_sizes("beside short ones", |pool, round, job| {
        for n in 0..pool.threads() {
            let job = job.clone();
            (0..round % 5).for_each(|_| pool.spawn(|| spin(30)));
            match n % 3 {
                0 => pool.spawn(move || job()),
                1 => pool.spawn_first(move || job()),
                _ => drop(pool.submit(move || job())),
            }
        }
    });
}

#[test]
fn long_pieces_of_fork_join_run_at_once() {
    fn all(pool: &Pool, left: usize, job: &(dyn Fn() + Send + Sync)) {
        if left == 1 {
            return job();
        }
        pool.join(|| all(pool, left - left / 2, job), || all(pool, left / 2, job));
    }
    on_several_sizes("join", |pool, _, job| all(pool, pool.threads(), &*job));
}

#[test]
fn long_jobs_of_a_scope_run_at_once() {
    on_several_sizes("scope", |pool, round, job| {
        let spawn_all = || pool.scope(|scope| (0..pool.threads()).for_each(|_| scope.spawn(|| job())));
        if round % 2 == 0 { spawn_all() } else { pool.install(spawn_all) }
    });
}

#[test]
fn long_items_run_at_once() {
    on_several_sizes("for_each", |pool, _, job| pool.for_each(0..pool.threads(), |_| job()));
}
