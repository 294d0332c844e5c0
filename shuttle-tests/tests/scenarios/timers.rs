//! Delayed and periodic jobs, on a clock that is moved by hand and on the simulated one.

use std::time::Duration;

use filch::{ManualClock, ScheduleOptions};

use crate::ledger::Ledger;
use crate::support::{below, builder, end, pool, start};

scenarios! { manual_clock simulated_clock cancelled_amid joined_before_due shut_down_amid }

const MS: Duration = Duration::from_millis(1);

/// Three schedules, and 40 delayed jobs that two threads add while the clock moves; 3 workers.
fn manual_clock() {
    let clock = ManualClock::new();
    let pool = builder(3).clock(clock.clone()).build().expect("threads");
    let ledger = Ledger::new();
    let schedules: Vec<_> = (1..=3_u32).map(|period| pool.schedule(period * MS, || ())).collect();
    let thread = |_| {
        let (pool, ledger) = (pool.clone(), ledger.clone());
        start(move || {
            for i in 0..20 {
                let token = ledger.token();
                pool.spawn_later(i % 5 * MS, move || token.run());
            }
        })
    };
    let threads: Vec<_> = (0..2).map(thread).collect();
    for _ in 0..6 {
        clock.advance(MS);
    }
    end(threads);
    clock.advance(6 * MS);
    assert_eq!(schedules.iter().map(|schedule| schedule.runs()).collect::<Vec<_>>(), [12, 6, 4]);
    ledger.check_all_ran();
    assert_eq!(ledger.runs(), 40);
}

/// 50 delayed jobs and two schedules that end by themselves, on 4 workers, joined by threads.
fn simulated_clock() {
    let (pool, ledger) = (pool(4), Ledger::new());
    for count in [3, 7] {
        let counted = ledger.clone();
        let _ = pool.schedule_with(ScheduleOptions::fixed_rate(MS).max_runs(count), move || counted.token().run());
    }
    let thread = |_| {
        let (pool, ledger) = (pool.clone(), ledger.clone());
        start(move || {
            let handles: Vec<_> = (0..25)
                .map(|_| {
                    let token = ledger.token();
                    pool.submit_later(Duration::from_micros(below(2_000)), move || token.run())
                })
                .collect();
            handles.into_iter().rev().for_each(|handle| handle.join().expect("it ran"));
        })
    };
    end((0..2).map(thread).collect());
    while pool.scheduled() > 0 {
        shuttle::thread::yield_now();
    }
    pool.wait_idle();
    ledger.check_all_ran();
    assert_eq!(ledger.runs(), 60);
}

/// Cancels against the moment at which a job is due.
fn cancelled_amid() {
    let (pool, ledger) = (pool(3), Ledger::new());
    let thread = |_| {
        let (pool, ledger) = (pool.clone(), ledger.clone());
        start(move || {
            let jobs: Vec<_> = (0..20_u32)
                .map(|i| {
                    let token = ledger.token();
                    let index = token.index();
                    (pool.submit_later(i % 4 * MS, move || token.run()), index)
                })
                .collect();
            let runs = ledger.clone();
            let schedule = pool.schedule(MS, move || runs.token().run());
            for (job, index) in &jobs {
                let won = job.cancel();
                assert!(!(won && ledger.has_run(*index)), "a job ran that was cancelled");
            }
            assert!(schedule.cancel());
            let runs = schedule.runs();
            for (job, index) in jobs {
                assert_eq!(job.join().is_ok(), ledger.has_run(index));
            }
            assert_eq!(schedule.runs(), runs, "a run after the cancel");
        })
    };
    end((0..3).map(thread).collect());
    assert_eq!((pool.delayed(), pool.scheduled()), (0, 0));
    pool.wait_idle();
    ledger.check_ended();
}

/// Jobs wait for delayed jobs that they submitted, some with a limit; the workers are as many as those who wait.
fn joined_before_due() {
    let (pool, ledger) = (pool(2), Ledger::new());
    let one = |i: u32| {
        let (outer, inner) = (ledger.token(), ledger.token());
        pool.submit(move || {
            outer.run();
            let pool = filch::Pool::current().expect("inside");
            let mut job = pool.submit_later(i % 3 * MS, move || inner.run());
            if i % 2 == 0 {
                return job.join().expect("it ran");
            }
            // Not for ever: a wait with a limit runs no jobs, and there may be no worker but those that wait so.
            for _ in 0..3 {
                job = match job.join_timeout(MS) {
                    Ok(result) => return result.expect("it ran"),
                    Err(again) => again,
                };
            }
            job.join().expect("it ran");
        })
    };
    let jobs: Vec<_> = (0..12).map(one).collect();
    jobs.into_iter().for_each(|job| job.join().expect("it ran"));
    pool.wait_idle();
    ledger.check_all_ran();
}

/// The pool ends while threads add delayed jobs and schedules: each runs or is answered, and nothing is left.
fn shut_down_amid() {
    let (pool, ledger) = (pool(3), Ledger::new());
    let thread = |_| {
        let (pool, ledger) = (pool.clone(), ledger.clone());
        start(move || {
            for i in 0..15 {
                let (job, run) = (ledger.token(), ledger.token());
                let index = job.index();
                let handle = pool.submit_later(i % 3 * MS, move || job.run());
                let _ = pool.schedule(MS, move || _ = run.index());
                if i % 2 == 0 {
                    assert_eq!(handle.join().is_ok(), ledger.has_run(index));
                }
            }
        })
    };
    let threads: Vec<_> = (0..2).map(thread).collect();
    for _ in 0..below(40) {
        shuttle::thread::yield_now();
    }
    if below(2) == 0 {
        pool.shutdown()
    } else {
        pool.shutdown_now()
    }
    end(threads);
    assert_eq!((pool.delayed(), pool.scheduled(), pool.pending()), (0, 0, 0));
    ledger.check_ended();
}
