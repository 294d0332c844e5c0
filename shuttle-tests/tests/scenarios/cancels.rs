//! Cancels from everywhere: what one of them won never runs, what none won does.

use std::sync::{Arc, Mutex};

use filch::JobHandle;

use crate::ledger::Ledger;
use crate::support::{below, end, pool, start};

scenarios! { storm cancel_pending_amid tokens }

type Shared = Arc<(JobHandle<()>, usize, Mutex<u32>)>;

/// Two threads submit 40 jobs each, two cancel at random; 4 workers.
fn storm() {
    let (pool, ledger) = (pool(4), Ledger::new());
    let handles: Arc<Mutex<Vec<Shared>>> = Arc::default();
    let mut threads = Vec::new();
    for _ in 0..2 {
        let (pool, ledger, handles) = (pool.clone(), ledger.clone(), handles.clone());
        threads.push(start(move || {
            for i in 0..40 {
                let token = ledger.token();
                let index = token.index();
                let job = move || token.run();
                let handle = if i % 3 == 0 { pool.submit_first(job) } else { pool.submit(job) };
                handles.lock().expect("no panic").push(Arc::new((handle, index, Mutex::new(0))));
            }
        }));
    }
    for _ in 0..2 {
        let handles = handles.clone();
        threads.push(start(move || {
            for _ in 0..60 {
                let chosen = {
                    let handles = handles.lock().expect("no panic");
                    let choice = |len| handles[below(len as u64) as usize].clone();
                    (!handles.is_empty()).then(|| choice(handles.len()))
                };
                match chosen {
                    Some(job) if job.0.cancel() => *job.2.lock().expect("no panic") += 1,
                    _ => shuttle::thread::yield_now(),
                }
            }
        }));
    }
    end(threads);
    pool.wait_idle();
    ledger.check_ended();
    let handles = std::mem::take(&mut *handles.lock().expect("no panic"));
    assert_eq!(handles.len(), 80);
    for job in handles {
        let (handle, index, wins) = Arc::into_inner(job).expect("the threads have ended");
        let wins = wins.into_inner().expect("no panic");
        let has_run = ledger.has_run(index);
        assert_eq!(u32::from(!has_run), wins, "job {index}: {wins} cancels won, and it has run: {has_run}");
        assert_eq!(handle.join().is_ok(), has_run);
    }
}

/// `cancel_pending` while two threads submit, from outside and in jobs: it counts exactly what never ran.
fn cancel_pending_amid() {
    let (pool, ledger) = (pool(4), Ledger::new());
    let submitter = |_| {
        let (pool, ledger) = (pool.clone(), ledger.clone());
        start(move || {
            for _ in 0..30 {
                let (outer, inner) = (ledger.token(), ledger.token());
                pool.spawn(move || {
                    outer.run();
                    filch::spawn(move || inner.run());
                });
            }
        })
    };
    let threads: Vec<_> = (0..2).map(submitter).collect();
    let mut cancelled = 0;
    for _ in 0..6 {
        cancelled += pool.cancel_pending();
        shuttle::thread::yield_now();
    }
    end(threads);
    pool.wait_idle();
    ledger.check_ended();
    // An outer job that was cancelled took its inner one with it, which never was a job.
    let not_run = 120 - ledger.runs();
    assert!(cancelled <= not_run && not_run <= 2 * cancelled, "{cancelled} cancelled, {not_run} did not run");
}

/// Tokens of callbacks: the callback is told once whatever happens.
fn tokens() {
    let (pool, ledger) = (pool(3), Ledger::new());
    let callbacks = Ledger::new();
    let mut tokens = Vec::new();
    for _ in 0..40 {
        let (job, callback) = (ledger.token(), callbacks.token());
        let index = job.index();
        let checked = ledger.clone();
        let token = pool.submit(move || job.run()).on_complete(move |result| {
            callback.run();
            assert_eq!(result.is_ok(), checked.has_run(index));
        });
        tokens.push(token);
    }
    let others = tokens.clone();
    let thread = start(move || others.iter().for_each(|token| _ = token.cancel()));
    let wins = tokens.iter().rev().filter(|token| token.cancel()).count();
    end(vec![thread]);
    pool.wait_idle();
    ledger.check_ended();
    callbacks.check_all_ran();
    assert!(wins + ledger.runs() <= 40);
}
