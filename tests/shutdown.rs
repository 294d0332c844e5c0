//! The end of a pool: every job ends, every thread is joined, nobody hangs.

mod common;

use std::any::Any;
use std::cell::RefCell;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use common::*;
use filch::{JobError, Pool};

thread_local! {
    /// What a worker keeps until its very end.
    static KEPT: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

/// Gives every worker something to keep until its thread ends.
#[track_caller]
fn keep_on_every_worker<T: Send + 'static>(pool: &Pool, make: impl Fn() -> T) {
    let meeting = Meeting::of(pool.threads());
    for _ in 0..pool.threads() {
        let (meeting, item) = (meeting.clone(), make());
        pool.spawn(move || {
            KEPT.with_borrow_mut(|kept| kept.push(Box::new(item)));
            assert!(meeting.attend());
        });
    }
    pool.wait_idle();
}

/// Runs `f` on a thread of its own with a handle of the pool.
fn aside<R: Send + 'static>(pool: &Pool, f: impl FnOnce(&Pool) -> R + Send + 'static) -> thread::JoinHandle<R> {
    let pool = pool.clone();
    thread::spawn(move || f(&pool))
}

#[test]
fn shutdown_runs_what_is_queued() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let gate = block(&pool);
    let runs = Counter::new();
    for _ in 0..100 {
        pool.spawn(runs.adder());
        pool.spawn_first(runs.adder());
    }
    let handles: Vec<_> = (0..100).map(|n| pool.submit(move || n)).collect();
    let stopper = aside(&pool, Pool::shutdown);
    eventually("the pool is closed", || pool.is_shut_down());
    gate.open();
    stopper.join().unwrap();
    assert_eq!(runs.get(), 200);
    let results: Vec<_> = handles.into_iter().map(|handle| handle.join().unwrap()).collect();
    assert!(results.into_iter().eq(0..100));
    assert_eq!((pool.pending(), pool.running()), (0, 0));
}

#[test]
fn shutdown_runs_what_jobs_had_queued() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let runs = Counter::new();
    let gate = Gate::new();
    for _ in 0..2 {
        let (doorway, runs) = (gate.doorway(), runs.clone());
        pool.spawn(move || {
            (0..2000).for_each(|_| filch::spawn(runs.adder()));
            doorway.wait();
        });
    }
    gate.await_arrivals(2);
    let stopper = aside(&pool, Pool::shutdown);
    eventually("the pool is closed", || pool.is_shut_down());
    gate.open();
    stopper.join().unwrap();
    assert_eq!(runs.get(), 4000);
}

#[test]
fn shutdown_joins_the_threads_and_the_destructors_of_their_thread_locals() {
    let _watchdog = watchdog();
    let drops = Counter::new();
    let stops = Counter::new();
    let hook = stops.clone();
    let pool = Pool::builder().threads(3).on_thread_stop(move |_| hook.add()).build().unwrap();
    keep_on_every_worker(&pool, || {
        let token = drops.token();
        OnDrop(move || {
            thread::sleep(Duration::from_millis(20));
            let _ = &token;
        })
    });
    assert_eq!((stops.get(), drops.get()), (0, 0));
    pool.shutdown();
    assert_eq!((stops.get(), drops.get()), (3, 3));
}

#[test]
fn after_shutdown_every_submit_is_answered_with_shut_down_and_its_closure_dropped() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    pool.shutdown();
    let drops = Counter::new();
    let job = || {
        let token = drops.token();
        move || drop(token)
    };
    assert!(pool.is_shut_down());
    assert!(matches!(pool.submit(job()).join(), Err(JobError::ShutDown)));
    assert!(matches!(pool.submit_first(job()).join(), Err(JobError::ShutDown)));
    pool.spawn(job());
    pool.spawn_first(job());
    pool.spawn_batch([job(), job()]);
    assert_eq!(drops.get(), 6);
    let refused = pool.try_submit(job()).unwrap_err();
    assert!(!refused.is_full());
    drop(refused);
    assert_eq!(drops.get(), 7);
    assert_eq!(pool.cancel_pending(), 0);
    pool.wait_idle();
    assert!(pool.wait_idle_timeout(Duration::ZERO));
}

#[test]
fn the_submits_of_jobs_that_still_run_are_answered_with_shut_down_too() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = Gate::new();
    let doorway = gate.doorway();
    let running = pool.submit(move || {
        doorway.wait();
        let late = filch::submit(|| ());
        (late.is_finished(), late.join().unwrap_err().is_shut_down(), filch::join(|| 1, || 2))
    });
    gate.await_arrivals(1);
    assert!(!pool.shutdown_timeout(Duration::ZERO));
    gate.open();
    pool.shutdown();
    assert_eq!(running.join().unwrap(), (true, true, (1, 2)));
}

#[test]
fn shutdown_now_drops_what_is_queued_and_waits_for_what_runs() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let gate = block(&pool);
    let (runs, drops) = (Counter::new(), Counter::new());
    for _ in 0..50 {
        let (run, token) = (runs.adder(), drops.token());
        pool.spawn(move || {
            let _token = token;
            run();
        });
    }
    let queued = pool.submit(|| ());
    let ended = Counter::new();
    let counter = ended.clone();
    let stopper = aside(&pool, move |pool| {
        pool.shutdown_now();
        counter.add();
    });
    assert!(queued.join().unwrap_err().is_shut_down(), "at once, although both workers are busy");
    eventually("all have been dropped", || drops.get() == 50);
    assert_eq!((runs.get(), ended.get()), (0, 0));
    gate.open();
    stopper.join().unwrap();
    assert_eq!(runs.get(), 0);
}

#[test]
fn shutdown_now_asks_running_jobs_to_stop() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(3);
    let gate = Gate::new();
    let stopped = Counter::new();
    let until_cancelled = || {
        let (doorway, stopped) = (gate.doorway(), stopped.clone());
        move || {
            let _ = (doorway.arrive(), eventually("it is asked to stop", filch::cancelled));
            stopped.add();
        }
    };
    let submitted = pool.submit(until_cancelled());
    pool.spawn(until_cancelled());
    let job = until_cancelled();
    let installed = aside(&pool, |pool| pool.install(job));
    gate.await_arrivals(3);
    pool.shutdown_now();
    assert_eq!(stopped.get(), 3);
    submitted.join().unwrap();
    installed.join().unwrap();
}

#[test]
fn shutdown_now_also_drops_what_a_shutdown_has_left_to_run() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let queued = pool.submit(|| ());
    assert!(!pool.shutdown_timeout(Duration::from_millis(1)));
    assert!(!queued.is_finished());
    let stopper = aside(&pool, Pool::shutdown_now);
    assert!(queued.join().unwrap_err().is_shut_down());
    gate.open();
    stopper.join().unwrap();
}

#[test]
fn shutdown_timeout_keeps_its_time_while_a_job_runs() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let gate = block(&pool);
    for timeout in [0, 1, 100].map(Duration::from_millis) {
        let start = Instant::now();
        assert!(!pool.shutdown_timeout(timeout));
        assert!(start.elapsed() >= timeout, "it gave up after {:?} of {timeout:?}", start.elapsed());
    }
    gate.open();
    assert!(pool.shutdown_timeout(Duration::MAX));
    assert!(pool.shutdown_timeout(Duration::ZERO), "all is done by now");
}

#[test]
fn shutdown_timeout_keeps_its_time_while_a_thread_local_is_dropped() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let gate = Gate::new();
    keep_on_every_worker(&pool, || {
        let doorway = gate.doorway();
        OnDrop(move || doorway.wait())
    });
    for timeout in [0, 1, 50].map(Duration::from_millis) {
        let start = Instant::now();
        assert!(!pool.shutdown_timeout(timeout));
        assert!(start.elapsed() >= timeout);
    }
    gate.await_arrivals(2);
    assert!(!pool.shutdown_timeout(Duration::from_millis(1)));
    gate.open();
    assert!(pool.shutdown_timeout(PATIENCE));
    assert!(pool.shutdown_timeout(Duration::ZERO));
    pool.shutdown();
}

#[test]
fn shutdown_is_idempotent_from_any_handle() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let other = pool.clone();
    pool.shutdown();
    other.shutdown();
    other.shutdown_now();
    assert!(pool.shutdown_timeout(Duration::ZERO));
    drop(other);
    pool.shutdown();
}

#[test]
fn of_many_shutdowns_at_once_none_returns_before_the_threads_are_gone() {
    let _watchdog = watchdog();
    for round in 0..60 {
        let pool = Pool::with_threads(2);
        let drops = Counter::new();
        keep_on_every_worker(&pool, || drops.token());
        let runs = Counter::new();
        (0..100).for_each(|_| pool.spawn(runs.adder()));
        let shut_down = |n: usize| {
            let (drops, runs) = (drops.clone(), runs.clone());
            aside(&pool, move |pool| {
                match (n + round) % 3 {
                    0 => pool.shutdown(),
                    1 => assert!(pool.shutdown_timeout(PATIENCE)),
                    _ if round % 2 == 0 => pool.shutdown_now(),
                    _ => pool.shutdown(),
                }
                (drops.get(), runs.get())
            })
        };
        let stoppers: Vec<_> = (0..4).map(shut_down).collect();
        for stopper in stoppers {
            let (dropped, ran) = stopper.join().unwrap();
            assert_eq!(dropped, 2, "round {round}");
            assert!(ran == 100 || round % 2 == 0, "round {round}: only {ran} have run");
        }
    }
}

#[test]
fn shutdown_inside_a_job_marks_the_pool_and_returns() {
    let _watchdog = watchdog();
    for how in 0..4 {
        let pool = Pool::with_threads(2);
        let runs = Counter::new();
        let gate = block(&pool);
        let own = pool.clone();
        let marked = pool.submit(move || {
            match how {
                0 => own.shutdown(),
                1 => own.shutdown_now(),
                2 => assert!(!own.shutdown_timeout(PATIENCE), "the threads are not joined"),
                _ => own.install(|| own.shutdown()),
            }
            own.is_shut_down()
        });
        (0..10).for_each(|_| pool.spawn(runs.adder()));
        gate.open();
        assert!(marked.join().unwrap());
        pool.shutdown();
        assert!(runs.get() == 10 || how == 1, "{how}: only {} have run", runs.get());
    }
}

#[test]
fn shutdown_inside_a_callback_or_a_hook_marks_the_pool_and_returns() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let own = pool.clone();
    let gate = block(&pool);
    let _token = pool.submit(|| ()).on_complete(move |_| own.shutdown());
    gate.open();
    eventually("the pool is marked", || pool.is_shut_down());
    pool.shutdown();
    let hook = |_| Pool::current().unwrap().shutdown();
    let pool = Pool::builder().threads(2).on_thread_start(hook).on_thread_stop(hook).build().unwrap();
    eventually("the pool is marked", || pool.is_shut_down());
    pool.shutdown();
}

#[test]
fn shutdown_inside_a_callback_on_an_outside_thread_does_not_wait_for_itself() {
    let _watchdog = watchdog();
    for now in [false, true] {
        let pool = Pool::with_threads(1);
        let own = pool.clone();
        let gate = block(&pool);
        let token = pool.submit(|| ()).on_complete(move |_| if now { own.shutdown_now() } else { own.shutdown() });
        let opener = thread::spawn(move || {
            thread::sleep(Duration::from_millis(2));
            drop(gate);
        });
        assert!(token.cancel());
        assert!(pool.is_shut_down());
        opener.join().unwrap();
    }
}

#[test]
fn the_last_handle_dropped_outside_is_a_shutdown() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let drops = Counter::new();
    keep_on_every_worker(&pool, || drops.token());
    let runs = Counter::new();
    let clone = pool.clone();
    for _ in 0..1000 {
        let counter = runs.clone();
        clone.spawn(move || {
            spin(1000);
            counter.add();
        });
    }
    drop(clone);
    assert_eq!(drops.get(), 0, "there is another handle");
    drop(pool);
    assert_eq!((runs.get(), drops.get()), (1000, 2));
}

#[test]
fn the_last_handle_dropped_inside_a_job_marks_the_pool_without_joining() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let (drops, runs) = (Counter::new(), Counter::new());
    keep_on_every_worker(&pool, || drops.token());
    let gate = block(&pool);
    let own = pool.clone();
    let handle = pool.submit(move || {
        drop(own);
        // The job goes on after it has closed its pool.
        filch::submit(|| ()).join().unwrap_err().is_shut_down()
    });
    (0..100).for_each(|_| pool.spawn(runs.adder()));
    drop(pool);
    gate.open();
    assert!(handle.join().unwrap());
    eventually("the threads have ended by themselves", || drops.get() == 2);
    assert_eq!(runs.get(), 100, "what was queued has run");
}

#[test]
fn the_last_handle_dropped_in_a_job_of_another_pool_is_a_shutdown() {
    let _watchdog = watchdog();
    let [inner, outer] = [1, 1].map(Pool::with_threads);
    let runs = Counter::new();
    (0..100).for_each(|_| inner.spawn(runs.adder()));
    let counter = runs.clone();
    let seen = outer.submit(move || {
        drop(inner);
        counter.get()
    });
    assert_eq!(seen.join().unwrap(), 100);
}

#[test]
fn a_queued_closure_may_hold_the_last_handle() {
    let _watchdog = watchdog();
    // Dropped by a cancel on an outside thread.
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let own = pool.clone();
    let handle = pool.submit(move || drop(own));
    drop(pool);
    let doorway = gate.doorway();
    let opener = thread::spawn(move || {
        thread::sleep(Duration::from_millis(5));
        drop(gate);
    });
    assert!(handle.cancel(), "which waits for the blocked worker, as any drop of the last handle does");
    assert!(doorway.is_open());
    opener.join().unwrap();
}

#[test]
fn a_workers_thread_local_may_hold_a_handle() {
    let _watchdog = watchdog();
    let drops = Counter::new();
    let pool = Pool::with_threads(2);
    keep_on_every_worker(&pool, || (pool.clone(), drops.token()));
    pool.shutdown();
    assert_eq!(drops.get(), 2);
    let pool = Pool::with_threads(2);
    keep_on_every_worker(&pool, || {
        let (own, token) = (pool.clone(), drops.token());
        OnDrop(move || {
            own.shutdown();
            assert!(own.submit(|| ()).join().unwrap_err().is_shut_down());
            let _ = (Pool::current(), &token);
        })
    });
    assert!(!pool.shutdown_timeout(Duration::ZERO) || drops.get() == 4);
    drop(pool);
    eventually("the threads have ended", || drops.get() == 4);
}

#[test]
fn a_handle_or_a_token_does_not_keep_the_pool_alive() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let drops = Counter::new();
    keep_on_every_worker(&pool, || drops.token());
    let handle = pool.submit(|| 7);
    let token = pool.submit(|| ()).on_complete(|_| ());
    drop(pool);
    assert_eq!(drops.get(), 1, "the threads are gone");
    assert!(handle.is_finished());
    assert!(!handle.cancel() && !token.cancel());
    assert_eq!(handle.join().unwrap(), 7);
}

#[test]
fn a_submit_that_races_with_shutdown_is_run_or_answered_and_its_closure_dropped_once() {
    let _watchdog = watchdog();
    for round in 0..150_u64 {
        let pool = Pool::with_threads(2);
        let (runs, drops) = (Counter::new(), Counter::new());
        let submitter = |seed| {
            let (runs, drops) = (runs.clone(), drops.clone());
            aside(&pool, move |pool| {
                let mut random = Random::new(round * 2 + seed);
                let submit = |n| {
                    let (run, token) = (runs.adder(), drops.token());
                    let job = move || {
                        let _token = token;
                        run();
                    };
                    spin(random.below(60));
                    match n % 4 {
                        0 => pool.submit_first(job),
                        // From inside the pool, as long as there is one.
                        1 => pool.install(|| pool.submit(job)),
                        _ => pool.submit(job),
                    }
                };
                (0..200).map(submit).collect::<Vec<_>>()
            })
        };
        let submitters: Vec<_> = (0..2).map(submitter).collect();
        spin(round * 300);
        if round % 2 == 0 {
            pool.shutdown()
        } else {
            pool.shutdown_now()
        }
        let mut ran = 0;
        for handle in submitters.into_iter().flat_map(|submitter| submitter.join().unwrap()) {
            match handle.join() {
                Ok(()) => ran += 1,
                Err(error) => assert!(error.is_shut_down(), "round {round}: {error}"),
            }
        }
        assert_eq!((runs.get(), drops.get()), (ran, 400), "round {round}");
    }
}

#[test]
fn jobs_queued_before_a_shutdown_run_also_while_others_are_cancelled() {
    let _watchdog = watchdog();
    for round in 0..40_u64 {
        let pool = Pool::with_threads(2);
        let (live, dead): (Vec<_>, Vec<_>) =
            (0..4000).map(|n| (n, pool.submit(move || spin(n % 7)))).partition(|(n, _)| n % 400 == 399);
        let canceller = thread::spawn(move || dead.iter().filter(|(_, handle)| handle.cancel()).count());
        spin(round * 200);
        pool.shutdown();
        canceller.join().unwrap();
        for (n, handle) in live {
            handle.join().unwrap_or_else(|error| panic!("round {round}, job {n}: {error}"));
        }
    }
}

#[test]
fn install_and_join_complete_on_the_calling_thread_after_shutdown() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    pool.shutdown();
    let here = thread::current().id();
    assert_eq!(pool.install(|| thread::current().id()), here);
    assert_eq!(pool.join(|| thread::current().id(), || 2), (here, 2));
    assert_eq!(panic_of(|| pool.join(|| panic!("also then"), || ())), "also then");
}

#[test]
fn install_and_join_complete_during_shutdown() {
    let _watchdog = watchdog();
    for round in 0..150_u64 {
        let pool = Pool::with_threads(2);
        let caller = |seed| {
            aside(&pool, move |pool| {
                let mut random = Random::new(seed);
                for n in 0..50 {
                    assert_eq!(pool.install(|| n), n);
                    let depth = || pool.join(|| n, || pool.join(|| spin(20), || n));
                    assert_eq!(pool.join(depth, depth), ((n, ((), n)), (n, ((), n))));
                    spin(random.below(200));
                }
            })
        };
        let callers: Vec<_> = (0..2).map(caller).collect();
        spin(round * 500);
        if round % 2 == 0 {
            pool.shutdown()
        } else {
            pool.shutdown_now()
        }
        callers.into_iter().for_each(|caller| caller.join().unwrap());
    }
}

#[test]
fn cancel_pending_does_not_touch_install() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let worker = pool.install(|| thread::current().id());
    let gate = block(&pool);
    let installed = aside(&pool, |pool| pool.install(|| thread::current().id()));
    let joined = aside(&pool, |pool| pool.join(|| thread::current().id(), || 5));
    eventually("both are queued", || pool.pending() == 2);
    let handle = pool.submit(|| ());
    assert_eq!(pool.cancel_pending(), 1);
    assert!(handle.join().unwrap_err().is_cancelled());
    assert_eq!(pool.pending(), 2);
    gate.open();
    assert_eq!(installed.join().unwrap(), worker);
    assert_eq!(joined.join().unwrap(), (worker, 5));
}

#[test]
fn cancel_pending_does_not_touch_the_pieces_of_a_fork_join_call() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = Gate::new();
    let doorway = gate.doorway();
    let joined = aside(&pool, move |pool| pool.join(|| doorway.wait(), || 5));
    gate.await_arrivals(1);
    assert_eq!(pool.pending(), 1, "the second half");
    assert_eq!(pool.cancel_pending(), 0);
    gate.open();
    assert_eq!(joined.join().unwrap(), ((), 5));
}

#[test]
fn shutdown_now_does_not_touch_install() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let installed = aside(&pool, |pool| pool.install(|| thread::current().id()));
    let caller = installed.thread().id();
    eventually("it is queued", || pool.pending() == 1);
    let stopper = aside(&pool, Pool::shutdown_now);
    assert_eq!(installed.join().unwrap(), caller, "at once on its caller, although the worker is busy");
    gate.open();
    stopper.join().unwrap();
}

#[test]
fn shutdown_now_lets_a_running_fork_join_call_complete() {
    let _watchdog = watchdog();
    fn sum(from: u64, to: u64) -> u64 {
        if to - from == 1 {
            spin(30);
            return from;
        }
        let middle = from.midpoint(to);
        let (a, b) = filch::join(|| sum(from, middle), || sum(middle, to));
        a + b
    }
    for round in 0..40 {
        let pool = Pool::with_threads(2);
        let running = aside(&pool, |pool| pool.install(|| sum(0, 1000)));
        spin(round * 1000);
        pool.shutdown_now();
        assert_eq!(running.join().unwrap(), 499_500);
    }
}

#[test]
fn a_job_that_waits_for_another_ends_when_the_pool_does() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let gate = Gate::new();
    let doorway = gate.doorway();
    let slow = pool.submit(move || doorway.wait());
    gate.await_arrivals(1);
    let (send, receive) = mpsc::channel();
    let waiting = pool.submit(move || {
        send.send(()).unwrap();
        slow.join().is_ok()
    });
    receive.recv().unwrap();
    assert!(!pool.shutdown_timeout(Duration::from_millis(5)));
    gate.open();
    pool.shutdown_now();
    assert!(waiting.join().unwrap());
}

#[test]
fn the_process_can_return_from_main_with_jobs_pending() {
    in_child("the_process_can_return_from_main_with_jobs_pending", || {
        let pool = std::mem::ManuallyDrop::new(Pool::with_threads(2));
        for pool in [&*pool, Pool::global()] {
            let started = Counter::new();
            for _ in 0..1000 {
                let counter = started.clone();
                pool.spawn(move || {
                    counter.add();
                    thread::sleep(Duration::from_secs(3600));
                });
            }
            eventually("some run", || started.get() > 0);
            let _token = pool.submit(|| ()).on_complete(|_| ());
        }
    });
}

#[test]
fn the_process_can_exit_from_any_thread_with_jobs_pending() {
    const NAME: &str = "the_process_can_exit_from_any_thread_with_jobs_pending";
    if is_child(NAME) {
        let pool = Pool::with_threads(2);
        pool.spawn(|| thread::sleep(Duration::from_secs(3600)));
        let exit = || std::process::exit(7);
        if std::env::var_os("INSIDE").is_some() {
            pool.spawn(exit);
            pool.wait_idle();
        }
        (0..1000).for_each(|_| pool.spawn(|| ()));
        exit();
    }
    for inside in [false, true] {
        let output = run_child(NAME, |command| {
            if inside {
                command.env("INSIDE", "yes");
            }
        });
        assert_eq!(output.status.code(), Some(7), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn shutting_the_global_pool_down_is_permanent() {
    in_child("shutting_the_global_pool_down_is_permanent", || {
        let _watchdog = watchdog();
        let handle = filch::submit(|| 1);
        Pool::global().shutdown();
        assert_eq!(handle.join().unwrap(), 1);
        assert!(filch::submit(|| 2).join().unwrap_err().is_shut_down());
        filch::spawn(|| unreachable!());
        assert_eq!(filch::join(|| 1, || 2), (1, 2));
        Pool::global().clone().shutdown();
        assert!(Pool::global().is_shut_down());
    });
}

#[test]
fn pools_come_and_go() {
    let _watchdog = watchdog();
    for round in 0..300 {
        let pool = Pool::with_threads(1 + round % 4);
        match round % 5 {
            0 => {}
            1 => pool.spawn(|| ()),
            2 => pool.install(|| ()),
            3 => pool.shutdown_now(),
            _ => assert!(pool.shutdown_timeout(PATIENCE)),
        }
    }
}
