//! Waits inside jobs and outside, for results and for idleness.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::ledger::Ledger;
use crate::support::{builder, end, pool, start};

scenarios! { joins_inside_jobs joins_with_limits handles_handed_round callbacks_and_futures help_any }

fn sum(ledger: Ledger, depth: u32) -> u32 {
    let token = ledger.token();
    token.run();
    if depth == 0 {
        return 1;
    }
    let branch = |ledger: Ledger| filch::submit(move || sum(ledger, depth - 1));
    let (left, right) = (branch(ledger.clone()), branch(ledger));
    left.join().expect("it ran") + right.join().expect("it ran")
}

/// Three trees of 63 jobs that join their children, on 4 workers.
fn joins_inside_jobs() {
    let (pool, ledger) = (pool(4), Ledger::new());
    let tree = |_| {
        let ledger = ledger.clone();
        pool.submit(move || sum(ledger, 5))
    };
    let trees: Vec<_> = (0..3).map(tree).collect();
    trees.into_iter().for_each(|tree| assert_eq!(tree.join().expect("it ran"), 32));
    ledger.check_all_ran();
    assert_eq!(ledger.runs(), 3 * 63);
}

/// The same where workers run other jobs while they wait.
fn help_any() {
    let pool = builder(4).wait_policy(filch::WaitPolicy::HelpAny).build().expect("threads");
    let ledger = Ledger::new();
    let tree = |_| {
        let ledger = ledger.clone();
        pool.submit(move || sum(ledger, 4))
    };
    let trees: Vec<_> = (0..3).map(tree).collect();
    trees.into_iter().for_each(|tree| assert_eq!(tree.join().expect("it ran"), 16));
    ledger.check_all_ran();
}

/// Joins that give up now and then, and try again, from inside and outside, on 5 workers.
fn joins_with_limits() {
    let (pool, ledger) = (pool(5), Ledger::new());
    let one = |_| {
        let (pool, ledger) = (pool.clone(), ledger.clone());
        start(move || {
            for _ in 0..10 {
                let (outer, inner) = (ledger.token(), ledger.token());
                let mut job = pool.submit(move || {
                    outer.run();
                    let mut job = filch::submit(move || inner.run());
                    while let Err(again) = job.join_timeout(Duration::from_millis(1)) {
                        job = again;
                    }
                });
                while let Err(again) = job.join_timeout(Duration::from_micros(10)) {
                    job = again;
                }
                pool.wait_idle_timeout(Duration::from_millis(1));
            }
        })
    };
    end((0..3).map(one).collect());
    pool.wait_idle();
    ledger.check_all_ran();
}

/// Handles of 60 jobs go through a common heap, and whoever finds one joins it: threads and jobs.
fn handles_handed_round() {
    let (pool, ledger) = (pool(4), Ledger::new());
    let heap = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..60 {
        let token = ledger.token();
        let handle = pool.submit(move || token.run());
        heap.lock().expect("no panic").push(handle);
    }
    let clear = |heap: &Mutex<Vec<filch::JobHandle<()>>>| {
        loop {
            let Some(handle) = heap.lock().expect("no panic").pop() else { break };
            handle.join().expect("it ran");
        }
    };
    for _ in 0..2 {
        let heap = heap.clone();
        pool.spawn(move || clear(&heap));
    }
    let thread = |_| {
        let heap = heap.clone();
        start(move || clear(&heap))
    };
    end((0..2).map(thread).collect());
    pool.wait_idle();
    ledger.check_all_ran();
}

/// Each result is told once: to a callback or to a task, 30 jobs each.
fn callbacks_and_futures() {
    let (pool, ledger) = (pool(4), Ledger::new());
    for i in 0..30_u32 {
        let (job, callback) = (ledger.token(), ledger.token());
        let handle = pool.submit(move || {
            job.run();
            i
        });
        handle.on_complete(move |result| {
            callback.run();
            assert_eq!(result.expect("it ran"), i);
        });
    }
    let one = |_| {
        let (pool, ledger) = (pool.clone(), ledger.clone());
        start(move || {
            for i in 0..10_u32 {
                let token = ledger.token();
                let handle = pool.submit(move || {
                    token.run();
                    i
                });
                assert_eq!(shuttle::future::block_on(handle).expect("it ran"), i);
            }
        })
    };
    end((0..3).map(one).collect());
    pool.wait_idle();
    ledger.check_all_ran();
    assert_eq!(ledger.runs(), 90);
}
