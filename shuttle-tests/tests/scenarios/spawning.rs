//! Jobs without handles: trees, threads outside, all lanes.

use crate::ledger::Ledger;
use crate::support::{end, pool, start};

scenarios! { trees threads_outside batches_and_first bursts }

fn grow(ledger: Ledger, depth: u32) {
    let token = ledger.token();
    filch::spawn(move || {
        token.run();
        if depth > 0 {
            grow(ledger.clone(), depth - 1);
            grow(ledger, depth - 1);
        }
    });
}

/// Two trees of 127 jobs each on 6 workers, which two threads wait for.
fn trees() {
    let (pool, ledger) = (pool(6), Ledger::new());
    for _ in 0..2 {
        let token = ledger.token();
        let branches = ledger.clone();
        pool.spawn(move || {
            token.run();
            grow(branches.clone(), 5);
            grow(branches, 5);
        });
    }
    let other = pool.clone();
    let waiter = start(move || other.wait_idle());
    pool.wait_idle();
    ledger.check_all_ran();
    assert_eq!(ledger.runs(), 2 * 127);
    end(vec![waiter]);
}

/// Three threads spawn 40 jobs each on 4 workers; each waits until the pool is idle, which it may not be said to be before the thread's own jobs have run.
fn threads_outside() {
    let pool = pool(4);
    let one = |_| {
        let pool = pool.clone();
        start(move || {
            let ledger = Ledger::new();
            for _ in 0..40 {
                let token = ledger.token();
                pool.spawn(move || token.run());
            }
            pool.wait_idle();
            ledger.check_all_ran();
        })
    };
    end((0..3).map(one).collect());
    assert_eq!(pool.pending() + pool.running(), 0);
}

/// Batches, jobs that go first and plain ones, from outside and from inside, on 5 workers.
fn batches_and_first() {
    let (pool, ledger) = (pool(5), Ledger::new());
    let inside = ledger.clone();
    pool.spawn(move || {
        let pool = filch::Pool::current().expect("inside");
        for _ in 0..10 {
            let tokens: Vec<_> = (0..6).map(|_| inside.token()).collect();
            pool.spawn_batch(tokens.into_iter().map(|token| move || token.run()));
            let token = inside.token();
            pool.spawn_first(move || token.run());
        }
    });
    for _ in 0..10 {
        let tokens: Vec<_> = (0..6).map(|_| ledger.token()).collect();
        pool.spawn_batch(tokens.into_iter().map(|token| move || token.run()));
        let (first, last) = (ledger.token(), ledger.token());
        pool.spawn_first(move || first.run());
        pool.spawn(move || last.run());
    }
    // Ended before the first job has run, the pool would refuse that job's own.
    pool.wait_idle();
    ledger.check_all_ran();
    assert_eq!(ledger.runs(), 10 * 7 + 10 * 8);
}

/// Sleep and wake again and again: 30 bursts of 4 jobs on 4 workers, each of which must end before the next begins.
fn bursts() {
    let (pool, ledger) = (pool(4), Ledger::new());
    for burst in 1..=30 {
        let handles: Vec<_> = (0..4)
            .map(|_| {
                let token = ledger.token();
                pool.submit(move || token.run())
            })
            .collect();
        handles.into_iter().for_each(|handle| handle.join().expect("it ran"));
        assert_eq!(ledger.runs(), 4 * burst);
    }
    ledger.check_all_ran();
}
