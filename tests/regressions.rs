//! Faults that other pools had, each as a test that ours does not.

mod common;

use std::collections::HashSet;
use std::sync::mpsc;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use common::*;
use filch::Pool;

/// How often the workers have gone to sleep, and whether all of them are asleep now.
#[cfg(target_os = "linux")]
fn sleeps(tasks: &[std::path::PathBuf]) -> (Vec<String>, bool) {
    let status = |task: &std::path::PathBuf| std::fs::read_to_string(task.join("status")).unwrap();
    let all: Vec<_> = tasks.iter().map(status).collect();
    let switches = all.iter().map(|status| status.lines().filter(|line| line.contains("ctxt_switches")).collect());
    (switches.collect(), all.iter().all(|status| status.contains("State:\tS")))
}

#[cfg(target_os = "linux")]
#[test]
fn idle_workers_do_not_spin() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let meeting = Meeting::of(2);
    let task = || {
        let meeting = meeting.clone();
        pool.submit(move || {
            assert!(meeting.attend());
            std::path::Path::new("/proc").join(std::fs::read_link("/proc/thread-self").unwrap())
        })
    };
    let tasks = [task(), task()].map(|handle| handle.join().unwrap());
    // Many more wake-ups than there is work for.
    for _ in 0..10_000 {
        pool.spawn(|| ());
    }
    pool.wait_idle();
    eventually("the workers sleep", || sleeps(&tasks).1);
    let before = sleeps(&tasks).0;
    thread::sleep(Duration::from_millis(100));
    assert_eq!(sleeps(&tasks), (before, true), "a worker has run although there was nothing to do");
}

#[test]
fn results_are_not_lost_at_shutdown_when_a_callback_is_set() {
    let _watchdog = watchdog();
    for _ in 0..20 {
        let pool = Pool::with_threads(2);
        let results = Notes::new();
        for n in 0..500 {
            let results = results.clone();
            pool.submit(move || n).on_complete(move |outcome| results.note(outcome.unwrap()));
        }
        pool.shutdown();
        let mut results = results.all();
        results.sort();
        assert!(results.into_iter().eq(0..500));
    }
}

#[test]
fn the_callback_of_a_job_that_fails_is_called() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let (send, receive) = mpsc::channel();
    pool.submit(|| panic!("it fails")).on_complete(move |outcome: Result<(), _>| send.send(outcome.is_err()).unwrap());
    assert!(receive.recv().unwrap());
}

#[test]
fn the_failure_of_a_callback_does_not_vanish() {
    let _watchdog = watchdog();
    let notes = Notes::<String>::new();
    let pool = Pool::builder().threads(1).panic_handler(notes.handler()).build().unwrap();
    pool.submit(|| ()).on_complete(|_| panic!("it fails"));
    pool.wait_idle();
    assert_eq!((notes.all(), pool.metrics().panics), (vec![String::from("it fails")], 1));
}

#[test]
fn an_idle_worker_does_not_make_blocking_jobs_run_one_after_another() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(4);
    for _ in 0..50 {
        // One worker has just been at work and is idle now.
        pool.submit(|| ()).join().unwrap();
        let meeting = Meeting::of(4);
        let attend = |_| {
            let meeting = meeting.clone();
            pool.submit(move || meeting.attend())
        };
        let handles: Vec<_> = (0..4).map(attend).collect();
        assert!(handles.into_iter().all(|handle| handle.join().unwrap()));
    }
}

#[test]
fn waiting_for_the_pool_ends_although_a_job_submits_jobs() {
    fn submit(left: u32, runs: Counter) {
        runs.add();
        if left > 0 {
            filch::spawn(move || submit(left - 1, runs));
        }
    }
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let runs = Counter::new();
    let counter = runs.clone();
    pool.spawn(move || submit(10_000, counter));
    pool.wait_idle();
    assert_eq!(runs.get(), 10_001);
    let counter = runs.clone();
    pool.spawn(move || submit(10_000, counter));
    drop(pool);
    assert!(runs.get() > 10_001, "a shutdown refuses what a job submits, and ends");
}

#[test]
fn shutdown_with_a_full_bounded_queue_does_not_hang() {
    let _watchdog = watchdog();
    for now in [false, true] {
        let pool = Pool::builder().threads(2).queue_capacity(2).build().unwrap();
        let gate = Gate::new();
        for n in 1..=2 {
            let doorway = gate.doorway();
            pool.spawn(move || {
                doorway.wait();
                (0..100).for_each(|_| filch::spawn(|| ()));
            });
            gate.await_arrivals(n);
        }
        (0..2).for_each(|_| pool.spawn(|| ()));
        let blocked: Vec<_> = (0..3)
            .map(|_| {
                let pool = pool.clone();
                thread::spawn(move || pool.spawn(|| ()))
            })
            .collect();
        assert!(!pool.shutdown_timeout(Duration::from_millis(5)));
        blocked.into_iter().for_each(|thread| thread.join().unwrap());
        gate.open();
        if now { pool.shutdown_now() } else { pool.shutdown() }
    }
}

#[test]
fn shutdown_with_a_limit_returns_while_the_job_still_runs() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let ended = Counter::new();
    let gate = Gate::new();
    for _ in 0..2 {
        let (doorway, ended) = (gate.doorway(), ended.clone());
        pool.spawn(move || {
            doorway.wait();
            ended.add();
        });
    }
    gate.await_arrivals(2);
    assert!(!pool.shutdown_timeout(Duration::from_millis(100)));
    assert_eq!(ended.get(), 0);
    gate.open();
    pool.shutdown();
    assert_eq!(ended.get(), 2);
}

#[test]
fn queued_jobs_are_not_dropped_when_the_pool_is() {
    let _watchdog = watchdog();
    let runs = Counter::new();
    {
        let pool = Pool::with_threads(2);
        (0..2000).for_each(|_| pool.spawn(runs.adder()));
    }
    assert_eq!(runs.get(), 2000);
}

#[test]
fn queued_jobs_are_not_dropped_when_main_returns_and_drops_its_pool() {
    const NAME: &str = "queued_jobs_are_not_dropped_when_main_returns_and_drops_its_pool";
    if is_child(NAME) {
        let pool = Pool::with_threads(2);
        for n in 0..100 {
            pool.spawn(move || println!("job {n} has run"));
        }
        return;
    }
    let output = run_child(NAME, |_| ());
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: HashSet<_> = text.lines().filter(|line| line.ends_with("has run")).collect();
    assert!(output.status.success());
    assert_eq!(lines.len(), 100, "{text}");
}

#[test]
fn nothing_runs_after_shutdown_has_returned() {
    let _watchdog = watchdog();
    for now in [false, true] {
        let pool = Pool::with_threads(2);
        let runs = Counter::new();
        for _ in 0..500 {
            let runs = runs.clone();
            pool.spawn(move || {
                spin(2000);
                runs.add();
            });
        }
        if now {
            pool.shutdown_now()
        } else {
            pool.shutdown()
        }
        let ran = runs.get();
        pool.spawn(runs.adder());
        thread::sleep(Duration::from_millis(10));
        assert_eq!((runs.get(), pool.running()), (ran, 0));
    }
}

#[test]
fn a_fresh_pool_becomes_idle() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(3);
    assert!(pool.wait_idle_timeout(PATIENCE));
}

#[test]
fn waiting_right_after_a_submit_is_not_over_before_the_job_is() {
    let _watchdog = watchdog();
    for round in 0..300 {
        let pool = Pool::with_threads(2);
        let runs = Counter::new();
        spin(round % 30 * 100);
        pool.spawn(runs.adder());
        pool.wait_idle();
        assert_eq!(runs.get(), 1);
    }
}

#[test]
fn job_numbers_are_never_reused() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let mut seen = HashSet::new();
    for _ in 0..20_000 {
        let handle = pool.submit(|| ());
        assert!(seen.insert(handle.id()), "{} twice", handle.id());
        handle.join().unwrap();
    }
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let pool = pool.clone();
            thread::spawn(move || {
                (0..1000).map(|_| pool.submit(|| filch::submit(|| ()).id())).map(|job| (job.id(), job)).collect()
            })
        })
        .collect();
    for thread in threads {
        let jobs: Vec<_> = thread.join().unwrap();
        for (outer, job) in jobs {
            assert!(seen.insert(outer) && seen.insert(job.join().unwrap()));
        }
    }
}

#[test]
fn a_cancel_of_a_job_that_has_ended_does_not_hit_another() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    // Their memory is free again by the time the others are queued.
    let tokens: Vec<_> = (0..500).map(|_| pool.submit(|| ()).on_complete(|_| ())).collect();
    pool.wait_idle();
    let gate = block(&pool);
    let runs = Counter::new();
    let handles: Vec<_> = (0..500).map(|_| pool.submit(runs.adder())).collect();
    assert!(tokens.iter().all(|token| !token.cancel()));
    gate.open();
    assert!(handles.into_iter().all(|handle| handle.join().is_ok()));
    assert_eq!(runs.get(), 500);
}

#[test]
fn a_cancel_hits_its_own_job_and_not_an_equal_one() {
    fn job(runs: &Arc<Notes<&'static str>>) -> impl FnOnce() + Send + use<> {
        let runs = runs.clone();
        move || runs.note("ran")
    }
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let runs = Arc::new(Notes::new());
    let gate = block(&pool);
    let handles: Vec<_> = (0..10).map(|_| pool.submit(job(&runs))).collect();
    assert!(handles[4].cancel());
    gate.open();
    let cancelled: Vec<_> = handles.into_iter().map(|handle| handle.join().is_err()).collect();
    assert!(cancelled.into_iter().eq((0..10).map(|n| n == 4)));
    assert_eq!(runs.len(), 9);
}

#[test]
fn a_cancel_leaves_the_rest_of_the_queue_alone() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let runs = Counter::new();
    let handle = pool.submit(runs.adder());
    (0..100).for_each(|_| pool.spawn(runs.adder()));
    assert!(handle.cancel());
    assert_eq!(pool.pending(), 100);
    gate.open();
    pool.wait_idle();
    assert_eq!(runs.get(), 100);
}

#[test]
fn no_job_takes_its_worker_with_it() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(3);
    let workers = |pool: &Pool| {
        let meeting = Meeting::of(3);
        let worker = |_| {
            let meeting = meeting.clone();
            pool.submit(move || (meeting.attend(), thread::current().id()))
        };
        let handles: Vec<_> = (0..3).map(worker).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect::<HashSet<_>>()
    };
    let before = workers(&pool);
    for _ in 0..100 {
        pool.spawn(|| panic!("a job that ends badly"));
        pool.spawn(|| std::panic::resume_unwind(Box::new("quietly")));
        drop(pool.submit(|| std::panic::panic_any(())));
    }
    pool.wait_idle();
    assert_eq!(workers(&pool), before, "the same threads as before");
    assert_eq!(before.len(), 3);
}

#[test]
fn an_idle_worker_does_not_keep_the_captures_of_its_last_job() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    type Way = fn(&Pool, Box<dyn FnOnce() + Send>);
    let ways: [Way; 5] = [
        |pool, job| pool.spawn(job),
        |pool, job| pool.spawn_first(job),
        |pool, job| drop(pool.submit(job)),
        |pool, job| pool.install(job),
        |pool, job| drop(pool.submit(move || filch::submit(job).join())),
    ];
    for way in ways {
        for panics in [false, true] {
            let captured = Arc::new(());
            let seen: Weak<()> = Arc::downgrade(&captured);
            let job = move || {
                let _captured = captured;
                assert!(!panics, "on the way out");
            };
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| way(&pool, Box::new(job))));
            pool.wait_idle();
            assert_eq!(seen.strong_count(), 0);
        }
    }
}

#[test]
fn captures_are_gone_when_a_join_returns() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    for _ in 0..1000 {
        let captured = Arc::new(());
        let seen = Arc::downgrade(&captured);
        pool.submit(move || drop(captured)).join().unwrap();
        assert_eq!(seen.strong_count(), 0);
        let captured = Arc::new(());
        let seen = Arc::downgrade(&captured);
        let kept = pool.submit(move || captured).join().unwrap();
        assert_eq!(seen.strong_count(), 1);
        drop(kept);
    }
}

#[test]
fn a_pool_has_the_threads_that_were_asked_for_and_no_more() {
    let _watchdog = watchdog();
    let (starts, stops) = (Counter::new(), Counter::new());
    let (start, stop) = (starts.clone(), stops.clone());
    let builder = Pool::builder().threads(3).on_thread_start(move |_| start.add()).on_thread_stop(move |_| stop.add());
    let pool = builder.build().unwrap();
    let threads = Notes::new();
    for _ in 0..3000 {
        let threads = threads.clone();
        pool.spawn(move || threads.note(thread::current().id()));
    }
    pool.shutdown();
    let distinct: HashSet<_> = threads.all().into_iter().collect();
    assert!((1..=3).contains(&distinct.len()));
    assert_eq!((starts.get(), stops.get()), (3, 3));
}
