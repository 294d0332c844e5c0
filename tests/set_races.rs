//! `JobSet`: submits, takes, cancels and shutdowns at once.

mod common;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use common::*;
use filch::{JobError, JobId, JobSet, Pool};

/// What jobs did and what came of them.
#[derive(Default)]
struct Ledger {
    submitted: Mutex<Vec<JobId>>,
    cancelled: Mutex<HashSet<JobId>>,
    came_out: Mutex<HashMap<JobId, Vec<Result<(), JobError>>>>,
    runs: Counter,
    drops: Counter,
}

impl Ledger {
    fn job(&self) -> impl FnOnce() + Send + use<> {
        let (runs, token) = (self.runs.clone(), self.drops.token());
        move || {
            runs.add();
            drop(token);
        }
    }

    /// Submits in one of the ways, and cancels one of the jobs before now and then.
    fn submit_and_cancel(&self, set: &JobSet<()>, random: &mut Random) {
        let id = match random.below(3) {
            0 => set.submit_first(self.job()),
            1 => match set.try_submit(self.job()) {
                Ok(id) => id,
                Err(refused) => set.submit(refused.into_inner()),
            },
            _ => set.submit(self.job()),
        };
        let mut submitted = lock(&self.submitted);
        submitted.push(id);
        let any = submitted[random.below(submitted.len() as u64) as usize];
        drop(submitted);
        if random.below(3) == 0 && set.cancel(any) {
            assert!(lock(&self.cancelled).insert(any), "cancelled twice");
        }
    }

    fn note(&self, (id, result): (JobId, Result<(), JobError>)) {
        lock(&self.came_out).entry(id).or_default().push(result);
    }

    /// Every job came out once, and as what it is.
    fn check(self, shut_down: bool) {
        let (submitted, came_out) = (lock(&self.submitted), lock(&self.came_out));
        assert_eq!(came_out.len(), submitted.len());
        let (mut ran, mut cancelled) = (0, HashSet::new());
        for (id, results) in &*came_out {
            match &results[..] {
                [Ok(())] => ran += 1,
                [Err(JobError::Cancelled)] => drop(cancelled.insert(*id)),
                [Err(JobError::ShutDown)] if shut_down => {}
                other => panic!("{id}: {other:?}"),
            }
        }
        assert_eq!(cancelled, *lock(&self.cancelled));
        assert_eq!((self.runs.get(), self.drops.get()), (ran, submitted.len()));
    }
}

/// Submitters outside and inside the pool, and takers outside and inside.
fn everything_at_once(seed: u64, shut_down: Option<fn(&Pool)>) {
    let pool = Pool::builder().threads(2).queue_capacity(1 + seed as usize % 7).build().unwrap();
    let set = match seed % 4 {
        0 => JobSet::new(&pool),
        n => JobSet::with_capacity(&pool, n as usize),
    };
    let (set, ledger, over) = (Arc::new(set), Arc::new(Ledger::default()), Arc::new(AtomicBool::new(false)));
    thread::scope(|scope| {
        let submitters = [0, 1].map(|thread| {
            let (set, ledger) = (&set, &ledger);
            scope.spawn(move || {
                let mut random = Random::new(2 * seed + thread);
                (0..40).for_each(|_| ledger.submit_and_cancel(set, &mut random));
            })
        });
        let takers = [0, 1].map(|_| {
            let (set, ledger, over) = (&set, &ledger, &over);
            scope.spawn(move || {
                while !(over.load(Ordering::SeqCst) && set.is_empty()) {
                    match set.next() {
                        Some(delivery) => ledger.note(delivery),
                        None => thread::yield_now(),
                    }
                }
            })
        });
        let (theirs, notes) = (set.clone(), ledger.clone());
        let inside = pool.submit(move || {
            let mut random = Random::new(seed);
            for _ in 0..40 {
                notes.submit_and_cancel(&theirs, &mut random);
                if random.below(4) == 0 {
                    theirs.next().into_iter().for_each(|delivery| notes.note(delivery));
                }
            }
        });
        if let Some(shut_down) = shut_down {
            spin(seed * 97 % 20_000);
            shut_down(&pool);
        }
        submitters.into_iter().for_each(|submitter| submitter.join().unwrap());
        let inside = inside.join();
        assert!(inside.is_ok() || shut_down.is_some());
        over.store(true, Ordering::SeqCst);
        takers.into_iter().for_each(|taker| taker.join().unwrap());
    });
    pool.shutdown();
    drop(set);
    Arc::into_inner(ledger).expect("all are done").check(shut_down.is_some());
}

/// How many seeds are tried.
fn rounds() -> u64 {
    if long() { 500 } else { 30 }
}

#[test]
fn each_job_comes_out_once_whatever_happens_at_once() {
    let _watchdog = watchdog();
    for seed in 0..rounds() {
        println!("seed {seed}");
        everything_at_once(seed, None);
    }
}

#[test]
fn each_job_comes_out_once_also_through_a_shutdown() {
    let _watchdog = watchdog();
    for seed in 0..rounds() {
        println!("seed {seed}");
        everything_at_once(seed, Some(if seed % 2 == 0 { Pool::shutdown } else { Pool::shutdown_now }));
    }
}

/// A job that waited in a full set counts as queued before it can be cancelled.
#[test]
fn a_cancel_that_races_with_a_take_leaves_the_pools_capacity_alone() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(1).queue_capacity(1000).build().unwrap();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        // There is always room for this one.
        let probers = [0, 1].map(|_| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    if pool.pending() == 0 {
                        assert!(pool.try_submit(|| ()).is_ok(), "refused although there is room");
                    }
                }
            })
        });
        for _ in 0..10 * rounds() {
            if probers.iter().any(|prober| prober.is_finished()) {
                break;
            }
            let set = Arc::new(JobSet::with_capacity(&pool, 1));
            let theirs = set.clone();
            let ids = pool.submit(move || [(); 20].map(|_| theirs.submit(|| ()))).join().unwrap();
            thread::scope(|scope| {
                for canceller in 0..3 {
                    let (set, ids) = (&set, &ids);
                    scope.spawn(move || (0..20).for_each(|n| _ = set.cancel(ids[(n + canceller * 7) % 20])));
                    scope.spawn(move || while set.next().is_some() {});
                }
            });
        }
        over.store(true, Ordering::Relaxed);
    });
}
