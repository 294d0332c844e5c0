//! The end of a pool while everything goes on. A worker that does not leave, and a thread that waits for ever, is a deadlock to the scheduler.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use filch::{JobSet, Pool, Semaphore};

use crate::ledger::Ledger;
use crate::support::{below, builder, end, pool, start};

scenarios! { shutdown_amid shutdown_now_amid last_handle_in_a_job several_ends jobs_that_end_their_pool forks_beside_an_end timers_begun_amid }

/// Sometimes a little, sometimes a while.
fn linger() {
    for _ in 0..below(60) {
        shuttle::thread::yield_now();
    }
}

/// A tree that goes on while the pool ends.
fn grow(pool: &Pool, ledger: &Ledger, depth: u32) {
    for _ in 0..2 {
        let (token, ledger) = (ledger.token(), ledger.clone());
        pool.spawn(move || {
            token.run();
            if depth > 0 {
                grow(&Pool::current().expect("inside"), &ledger, depth - 1);
            }
        });
    }
}

/// Everything at once, in two threads and jobs of their own. Each result fits the ledger.
fn bustle(pool: &Pool, ledger: &Ledger) -> Vec<shuttle::thread::JoinHandle<()>> {
    let submitter = {
        let (pool, ledger) = (pool.clone(), ledger.clone());
        start(move || {
            for i in 0..20 {
                let token = ledger.token();
                let index = token.index();
                let job = move || token.run();
                let handle = match i % 3 {
                    0 => pool.submit_first(job),
                    1 => pool.submit(job),
                    _ => pool.submit_later(Duration::from_micros(5), job),
                };
                grow(&pool, &ledger, 1);
                if i % 2 == 0 {
                    assert_eq!(handle.join().is_ok(), ledger.has_run(index));
                }
            }
        })
    };
    let gatherer = {
        let (pool, ledger) = (pool.clone(), ledger.clone());
        start(move || {
            let set = JobSet::with_capacity(&pool, 3);
            let items = ledger.clone();
            set.submit_iter(move || (0..10).map(move |_| items.token()));
            for _ in 0..10 {
                let token = ledger.token();
                set.submit(move || token);
            }
            while set.next().is_some() {}
        })
    };
    vec![submitter, gatherer]
}

/// What was queued before `shutdown` runs.
fn shutdown_amid() {
    let (pool, ledger, before) = (pool(4), Ledger::new(), Ledger::new());
    for _ in 0..12 {
        let (queued, begun) = (before.token(), before.token());
        pool.spawn(move || {
            queued.run();
            // A fork-join call completes in any case.
            filch::scope(|scope| scope.spawn(move || begun.run()));
        });
    }
    let threads = bustle(&pool, &ledger);
    linger();
    pool.shutdown();
    before.check_all_ran();
    end(threads);
    ledger.check_ended();
    assert_eq!(pool.pending() + pool.running(), 0);
}

/// `shutdown_now` drops what is queued, once.
fn shutdown_now_amid() {
    let (pool, ledger) = (pool(5), Ledger::new());
    grow(&pool, &ledger, 3);
    let threads = bustle(&pool, &ledger);
    linger();
    pool.shutdown_now();
    end(threads);
    ledger.check_ended();
    assert_eq!(pool.pending() + pool.running(), 0);
}

/// The last handle goes in a job or outside, as it happens; what is queued then still runs.
fn last_handle_in_a_job() {
    let ledger = Ledger::new();
    let pool = pool(4);
    let queue = |pool: &Pool, ledger: &Ledger| {
        for _ in 0..12 {
            let token = ledger.token();
            pool.spawn(move || token.run());
        }
    };
    queue(&pool, &ledger);
    let (token, inside, own) = (ledger.token(), ledger.clone(), pool.clone());
    let handle = pool.submit(move || {
        token.run();
        queue(&own, &inside);
        drop(own);
    });
    linger();
    drop(pool);
    handle.join().expect("it ran");
    // Nobody can ask the pool any more: its jobs are looked for.
    while ledger.runs() < 25 {
        shuttle::thread::yield_now();
    }
}

/// Several threads and jobs end one pool, each in its way, while others wait for idleness and submit.
fn several_ends() {
    let (pool, ledger) = (pool(4), Ledger::new());
    let mut threads = bustle(&pool, &ledger);
    for kind in 0..4 {
        let pool = pool.clone();
        threads.push(start(move || {
            linger();
            match kind {
                0 => pool.shutdown(),
                1 => pool.shutdown_now(),
                2 => drop(pool.shutdown_timeout(Duration::from_micros(100))),
                _ => pool.wait_idle(),
            }
        }));
    }
    end(threads);
    pool.shutdown();
    ledger.check_ended();
}

/// A job ends the pool that it runs in, then goes on submitting and joining.
fn jobs_that_end_their_pool() {
    let (pool, ledger) = (pool(3), Ledger::new());
    grow(&pool, &ledger, 2);
    let results: Arc<Mutex<Vec<(bool, usize)>>> = Arc::default();
    let (inside, outcomes) = (ledger.clone(), results.clone());
    let killer = pool.submit(move || {
        let pool = Pool::current().expect("inside");
        if below(2) == 0 {
            pool.shutdown()
        } else {
            pool.shutdown_now()
        }
        for _ in 0..10 {
            let token = inside.token();
            let index = token.index();
            let ran = pool.submit(move || token.run()).join().is_ok();
            outcomes.lock().expect("no panic").push((ran, index));
        }
        assert_eq!(filch::join(|| 1, || 2), (1, 2));
    });
    killer.join().expect("it began before the end");
    // Not by a drop: a job may have a handle at this moment.
    pool.shutdown();
    for (ran, index) in std::mem::take(&mut *results.lock().expect("no panic")) {
        assert_eq!(ran, ledger.has_run(index));
    }
    ledger.check_ended();
}

/// Fork-join calls complete during and after the end, whoever waits for a permit meanwhile is let go by a job.
fn forks_beside_an_end() {
    let pool = builder(3).spare_threads(1).build().expect("threads");
    let semaphore = Arc::new(Semaphore::new(0));
    let ledger = Ledger::new();
    let thread = |i: usize| {
        let (pool, ledger, semaphore) = (pool.clone(), ledger.clone(), semaphore.clone());
        start(move || {
            for _ in 0..6 {
                let tokens: Vec<_> = (0..8).map(|_| ledger.token()).collect();
                pool.scope(|scope| {
                    for token in tokens {
                        scope.spawn(move || token.run());
                    }
                    if i == 0 {
                        scope.spawn(|| semaphore.release(1));
                        scope.spawn(|| semaphore.acquire().expect("never closed").forget());
                    }
                });
            }
        })
    };
    let threads: Vec<_> = (0..3).map(thread).collect();
    linger();
    if below(2) == 0 {
        pool.shutdown()
    } else {
        pool.shutdown_now()
    }
    end(threads);
    ledger.check_all_ran();
    assert_eq!(ledger.runs(), 3 * 6 * 8);
}

/// The first delayed jobs of a pool come from its jobs while it ends: their thread is started beside those that are joined.
fn timers_begun_amid() {
    let (pool, ledger) = (pool(3), Ledger::new());
    let one = |_| {
        let (outer, ledger) = (ledger.token(), ledger.clone());
        pool.submit(move || {
            outer.run();
            linger();
            let (pool, token) = (Pool::current().expect("inside"), ledger.token());
            let index = token.index();
            let ran = pool.submit_later(Duration::from_micros(5), move || token.run()).join().is_ok();
            assert_eq!(ran, ledger.has_run(index));
        })
    };
    let jobs: Vec<_> = (0..4).map(one).collect();
    linger();
    pool.shutdown();
    jobs.into_iter().for_each(|job| job.join().expect("what was queued before runs"));
    ledger.check_ended();
}
