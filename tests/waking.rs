//! No parallelism is lost: jobs that need each other to run at the same time do.

mod common;

use std::sync::Arc;
use std::thread;

use common::*;
use filch::Pool;

/// Runs a round that needs all workers at once, many times, with all sorts of pauses in between. `start` sets off `size` visits to the meeting.
#[track_caller]
fn rounds(sizes: &[usize], count: u64, start: impl Fn(&Pool, &Arc<Visit>)) {
    let _watchdog = watchdog();
    for &size in sizes {
        let pool = Pool::with_threads(size);
        let mut random = Random::new(size as u64);
        for round in 0..count {
            let visit = Arc::new(Visit { meeting: Meeting::of(size), met: Counter::new() });
            start(&pool, &visit);
            pool.wait_idle();
            assert_eq!(visit.met.get(), size, "{size} workers, round {round}: not all ran at the same time");
            // From workers that still look for work to workers that sleep.
            spin(random.below(3) * random.below(3000));
        }
    }
}

/// What the jobs of a round share.
struct Visit {
    meeting: Arc<Meeting>,
    met: Counter,
}

impl Visit {
    fn attend(&self) {
        if self.meeting.attend() {
            self.met.add();
        }
    }

    fn job(self: &Arc<Self>) -> impl FnOnce() + Send + 'static {
        let visit = self.clone();
        move || visit.attend()
    }
}

#[test]
fn jobs_spawned_one_by_one_run_on_all_workers() {
    rounds(&[2, 3, 4, 8], 300, |pool, visit| (0..pool.threads()).for_each(|_| pool.spawn(visit.job())));
}

#[test]
fn jobs_with_handles_run_on_all_workers() {
    rounds(&[2, 4], 300, |pool, visit| {
        let handles: Vec<_> = (0..pool.threads()).map(|_| pool.submit(visit.job())).collect();
        handles.into_iter().for_each(|handle| handle.join().unwrap());
    });
}

#[test]
fn a_batch_runs_on_all_workers() {
    rounds(&[2, 3, 4, 8], 300, |pool, visit| pool.spawn_batch((0..pool.threads()).map(|_| visit.job())));
}

#[test]
fn express_jobs_run_on_all_workers() {
    rounds(&[2, 4], 300, |pool, visit| (0..pool.threads()).for_each(|_| pool.spawn_first(visit.job())));
}

#[test]
fn jobs_of_several_submitters_run_on_all_workers() {
    rounds(&[2, 4], 150, |pool, visit| {
        thread::scope(|scope| {
            (0..pool.threads()).for_each(|_| drop(scope.spawn(|| pool.spawn(visit.job()))));
        });
    });
}

#[test]
fn install_calls_run_on_all_workers() {
    rounds(&[2, 4], 150, |pool, visit| {
        thread::scope(|scope| {
            (0..pool.threads()).for_each(|_| drop(scope.spawn(|| pool.install(|| visit.attend()))));
        });
    });
}

#[test]
fn jobs_that_a_job_spawns_run_on_all_other_workers() {
    rounds(&[2, 3, 4, 8], 300, |pool, visit| {
        let visit = visit.clone();
        pool.spawn(move || {
            let threads = Pool::current().unwrap().threads();
            (1..threads).for_each(|_| filch::spawn(visit.job()));
            visit.attend();
        });
    });
}

#[test]
fn jobs_that_spawn_the_next_before_they_block_run_on_all_workers() {
    fn chain(left: usize, visit: Arc<Visit>) {
        if left > 0 {
            let next = visit.clone();
            filch::spawn(move || chain(left - 1, next));
        }
        visit.attend();
    }
    rounds(&[2, 3, 4, 8], 300, |pool, visit| {
        let (left, visit) = (pool.threads() - 1, visit.clone());
        pool.spawn(move || chain(left, visit));
    });
}

#[test]
fn jobs_from_inside_and_outside_at_the_same_time_run_on_all_workers() {
    rounds(&[4, 6], 300, |pool, visit| {
        let half = pool.threads() / 2;
        let inside = visit.clone();
        pool.spawn(move || {
            (1..half).for_each(|_| filch::spawn(inside.job()));
            inside.attend();
        });
        (0..half).for_each(|_| pool.spawn(visit.job()));
    });
}

#[test]
fn both_halves_of_a_join_run_at_the_same_time() {
    rounds(&[2], 600, |pool, visit| {
        pool.join(|| visit.attend(), || visit.attend());
    });
}

#[test]
fn all_quarters_of_nested_joins_run_at_the_same_time() {
    rounds(&[4], 300, |pool, visit| {
        let half = || pool.join(|| visit.attend(), || visit.attend());
        pool.join(half, half);
    });
}

#[test]
fn the_pieces_of_a_ladder_of_joins_run_at_the_same_time() {
    fn ladder(pool: &Pool, left: usize, visit: &Visit) {
        if left == 1 {
            return visit.attend();
        }
        pool.join(|| ladder(pool, left - 1, visit), || visit.attend());
    }
    rounds(&[3, 8], 200, |pool, visit| ladder(pool, pool.threads(), visit));
}

#[test]
fn short_jobs_before_the_blocking_ones_lose_nothing() {
    rounds(&[2, 4], 300, |pool, visit| {
        for n in 0..pool.threads() {
            (0..n % 3).for_each(|_| pool.spawn(|| spin(100)));
            pool.spawn(visit.job());
        }
    });
}

#[test]
fn a_pool_with_all_but_one_worker_blocked_still_works() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(4);
    let gate = Gate::new();
    for n in 1..4 {
        let doorway = gate.doorway();
        pool.spawn(move || doorway.wait());
        gate.await_arrivals(n);
    }
    for round in 0..500 {
        assert_eq!(pool.submit(move || round).join().unwrap(), round);
        spin(round % 50 * 100);
    }
}

#[test]
fn every_single_job_is_found_by_a_sleeping_pool() {
    let _watchdog = watchdog();
    for threads in [1, 2, 5] {
        let pool = Pool::with_threads(threads);
        let mut random = Random::new(threads as u64);
        for round in 0..3000 {
            let handle = if round % 2 == 0 { pool.submit(|| ()) } else { pool.submit_first(|| ()) };
            handle.join().unwrap();
            spin(random.below(4) * random.below(2000));
        }
    }
}
