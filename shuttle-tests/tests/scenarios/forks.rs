//! Fork-join work: joins, scopes, loops, installs.

use crate::ledger::Ledger;
use crate::support::{end, panic_quietly, pool, start};

scenarios! { joins_in_many_threads scopes_in_jobs panics_in_scopes loops installs_and_broadcasts }

fn fib(ledger: &Ledger, n: u32) -> u32 {
    let token = ledger.token();
    token.run();
    if n < 2 {
        return n;
    }
    let (a, b) = filch::join(|| fib(ledger, n - 1), || fib(ledger, n - 2));
    a + b
}

/// Three threads run 109 calls each on 4 workers with deques of 4 slots.
fn joins_in_many_threads() {
    let (pool, ledger) = (pool(4), Ledger::new());
    let one = |_| {
        let (pool, ledger) = (pool.clone(), ledger.clone());
        start(move || assert_eq!(pool.install(|| fib(&ledger, 9)), 34))
    };
    end((0..3).map(one).collect());
    ledger.check_all_ran();
    assert_eq!(ledger.runs(), 3 * 109);
}

/// A scope of 8 jobs each of which has a scope of 8 more, in 3 jobs at once, on 5 workers.
fn scopes_in_jobs() {
    let (pool, ledger) = (pool(5), Ledger::new());
    let one = |_| {
        let ledger = ledger.clone();
        pool.submit(move || {
            let ledger = &ledger;
            filch::scope(|outer| {
                for _ in 0..8 {
                    let token = ledger.token();
                    outer.spawn(move || {
                        token.run();
                        filch::scope(|inner| {
                            let handles: Vec<_> = (0..8)
                                .map(|i| {
                                    let token = ledger.token();
                                    inner.submit(move || {
                                        token.run();
                                        i
                                    })
                                })
                                .collect();
                            let sum: u32 = handles.into_iter().map(|handle| handle.join().expect("it ran")).sum();
                            assert_eq!(sum, 28);
                        });
                    });
                }
            });
        })
    };
    let jobs: Vec<_> = (0..3).map(one).collect();
    jobs.into_iter().for_each(|job| job.join().expect("no panic"));
    ledger.check_all_ran();
    assert_eq!(ledger.runs(), 3 * 72);
}

/// A panic among a scope's jobs comes out when all others have ended.
fn panics_in_scopes() {
    let (pool, ledger) = (pool(4), Ledger::new());
    for culprit in 0..10 {
        let tokens: Vec<_> = (0..10).map(|_| ledger.token()).collect();
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            pool.scope(|scope| {
                for (i, token) in tokens.into_iter().enumerate() {
                    scope.spawn(move || {
                        token.run();
                        if i == culprit {
                            panic_quietly();
                        }
                    });
                }
            });
        }));
        assert!(caught.is_err(), "the panic is lost");
        ledger.check_all_ran();
    }
}

/// Loops over 60 items from two threads on 4 workers, each item once.
fn loops() {
    let pool = pool(4);
    let one = |_| {
        let pool = pool.clone();
        start(move || {
            let ledger = Ledger::new();
            let tokens: Vec<_> = (0..60).map(|_| ledger.token()).collect();
            pool.for_each(tokens, |token| token.run());
            ledger.check_all_ran();
            let items: Vec<u32> = (0..60).collect();
            assert_eq!(pool.map(&items, |i| i + 1), (1..61).collect::<Vec<_>>());
            assert_eq!(pool.map_reduce(items, 0, |i| i, |a, b| a + b), 1770);
        })
    };
    end((0..2).map(one).collect());
}

/// Calls from outside, calls on every worker at once and spawned jobs, on 4 workers.
fn installs_and_broadcasts() {
    let (pool, ledger) = (pool(4), Ledger::new());
    let one = |_| {
        let (pool, ledger) = (pool.clone(), ledger.clone());
        start(move || {
            for _ in 0..3 {
                let token = ledger.token();
                pool.spawn(move || token.run());
                assert_eq!(pool.broadcast(|index| index), [0, 1, 2, 3]);
                let token = ledger.token();
                pool.install(|| token.run());
            }
        })
    };
    end((0..3).map(one).collect());
    pool.wait_idle();
    ledger.check_all_ran();
    assert_eq!(ledger.runs(), 18);
}
