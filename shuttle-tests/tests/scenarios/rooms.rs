//! Pools with little room: whoever submits from outside waits.

use filch::TrySubmitError;

use crate::ledger::Ledger;
use crate::support::{below, builder, end, start};

scenarios! { blocked_submitters refused ended_while_blocked cancelled_while_blocked }

/// Three threads spawn 25 jobs each into a queue of 2 places; jobs spawn more, and are never blocked; 3 workers.
fn blocked_submitters() {
    let pool = builder(3).queue_capacity(2).build().expect("threads");
    let ledger = Ledger::new();
    let thread = |_| {
        let (pool, ledger) = (pool.clone(), ledger.clone());
        start(move || {
            for _ in 0..25 {
                let (outer, inner) = (ledger.token(), ledger.token());
                pool.spawn(move || {
                    outer.run();
                    filch::spawn(move || inner.run());
                });
            }
        })
    };
    end((0..3).map(thread).collect());
    pool.wait_idle();
    ledger.check_all_ran();
    assert_eq!(ledger.runs(), 150);
}

/// `try_submit` gives the closure back when there is no room.
fn refused() {
    let pool = builder(2).queue_capacity(1).build().expect("threads");
    let ledger = Ledger::new();
    let thread = |_| {
        let (pool, ledger) = (pool.clone(), ledger.clone());
        start(move || {
            for _ in 0..15 {
                let token = ledger.token();
                let mut job = move || token.run();
                loop {
                    job = match pool.try_submit(job) {
                        Ok(handle) => break handle.join().expect("it ran"),
                        Err(TrySubmitError::Full(job)) => job,
                        Err(TrySubmitError::ShutDown(_)) => panic!("nobody shuts it down"),
                    };
                    shuttle::thread::yield_now();
                }
            }
        })
    };
    end((0..3).map(thread).collect());
    ledger.check_all_ran();
    assert_eq!(ledger.runs(), 45);
}

/// The end of the pool lets those go who wait for room.
fn ended_while_blocked() {
    let pool = builder(2).queue_capacity(1).build().expect("threads");
    let ledger = Ledger::new();
    let thread = |_| {
        let (pool, ledger) = (pool.clone(), ledger.clone());
        start(move || {
            for _ in 0..15 {
                let token = ledger.token();
                let index = token.index();
                let ran = pool.submit(move || token.run()).join().is_ok();
                assert_eq!(ran, ledger.has_run(index));
            }
        })
    };
    let threads: Vec<_> = (0..4).map(thread).collect();
    for _ in 0..below(30) {
        shuttle::thread::yield_now();
    }
    if below(2) == 0 {
        pool.shutdown()
    } else {
        pool.shutdown_now()
    }
    end(threads);
    ledger.check_ended();
}

/// Cancelled jobs make room.
fn cancelled_while_blocked() {
    let pool = builder(1).queue_capacity(2).build().expect("threads");
    let ledger = Ledger::new();
    let thread = |_| {
        let (pool, ledger) = (pool.clone(), ledger.clone());
        start(move || {
            for _ in 0..12 {
                let token = ledger.token();
                let index = token.index();
                let job = pool.submit(move || token.run());
                let won = job.cancel();
                assert_eq!(job.join().is_ok(), !won);
                assert_eq!(ledger.has_run(index), !won);
            }
        })
    };
    end((0..3).map(thread).collect());
    pool.wait_idle();
    ledger.check_ended();
}
