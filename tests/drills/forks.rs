//! The process forks. The child has the pools' memory and one thread.

use std::time::{Duration, Instant};

use filch::{JobError, JobSet, Pool, TrySubmitError};

use crate::common::*;

const SHORT: Duration = Duration::from_millis(1);
const NEVER_COMES: &str = "the pool was made before a fork";

/// Runs `body` in a fork of this process, whose other threads it lacks, and returns its answer.
#[track_caller]
fn in_fork(body: impl FnOnce() -> Result<(), String>) {
    // SAFETY: no other thread of this process holds a lock of the allocator for good: the system's `fork` sees to that.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork: {}", std::io::Error::last_os_error());
    if child == 0 {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
        let code = match result {
            Ok(Ok(())) => 0,
            Ok(Err(fault)) => {
                eprintln!("in the fork: {fault}");
                1
            }
            Err(_) => 2,
        };
        // SAFETY: ends the process.
        unsafe { libc::_exit(code) };
    }
    assert_eq!(await_end(child), Some(0), "the fork failed");
}

/// The child's exit code; `None`: it hung, or was killed.
fn await_end(child: libc::pid_t) -> Option<i32> {
    let (start, mut status) = (Instant::now(), 0);
    loop {
        // SAFETY: writes the status.
        let ended = unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) };
        if ended == child {
            return libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status));
        }
        if start.elapsed() > PATIENCE / 2 {
            // SAFETY: our own child, which has not ended.
            unsafe { libc::kill(child, libc::SIGKILL) };
        }
        std::thread::sleep(SHORT);
    }
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?}, not {expected:?}")) }
}

fn expect_refusal(what: &str, f: impl FnOnce()) -> Result<(), String> {
    let message = panic_of(f);
    if message.starts_with(NEVER_COMES) { Ok(()) } else { Err(format!("{what}: {message}")) }
}

/// Does in a new pool what a child may want to do, steals and heavy fences among it.
fn use_a_new_pool() -> Result<(), String> {
    let pool = Pool::with_threads(3);
    let runs = Counter::new();
    for _ in 0..50 {
        (0..100).for_each(|_| pool.spawn(runs.adder()));
        expect("a loop", pool.map((0..500).collect::<Vec<_>>(), |n| n + 1).len(), 500)?;
        expect("a timer", pool.submit_later(Duration::from_micros(50), || 1).join().ok(), Some(1))?;
        expect("a scope", pool.scope(|scope| scope.submit(|| 2).join().ok()), Some(2))?;
    }
    pool.wait_idle();
    expect("runs", runs.get(), 5000)?;
    pool.shutdown();
    Ok(())
}

/// A pool in the middle of everything: jobs run, wait, and are due later.
fn busy_pool() -> (Pool, Gate, filch::JobHandle<()>) {
    let pool = Pool::builder().threads(2).queue_capacity(100).build().unwrap();
    assert_eq!(pool.submit_later(SHORT, || 1).join().unwrap(), 1);
    let gate = block(&pool);
    let queued = pool.submit(|| ());
    drop(pool.submit_later(Duration::from_secs(3600), || ()));
    (pool, gate, queued)
}

fn in_forking_child(name: &str, body: impl FnOnce()) {
    in_child(name, || {
        let _watchdog = watchdog();
        crate::expect_panics(NEVER_COMES);
        body();
    });
}

#[test]
fn a_fork_that_only_leaves_or_drops_does_not_hang() {
    in_forking_child("forks::a_fork_that_only_leaves_or_drops_does_not_hang", || {
        let drops: [fn(&Pool); 5] = [
            |_| (),
            |pool| pool.shutdown(),
            |pool| pool.shutdown_now(),
            |pool| assert!(pool.shutdown_timeout(PATIENCE)),
            |pool| _ = pool.clone(),
        ];
        for end in drops {
            let (pool, gate, queued) = busy_pool();
            let mut parts = Some((pool, queued));
            in_fork(|| {
                let (pool, queued) = parts.take().expect("the fork's own copy");
                end(&pool);
                drop(queued);
                // The last handle but those on the stacks of threads that are not here.
                drop(pool);
                Ok(())
            });
            gate.open();
            let (pool, queued) = parts.expect("it was taken in the fork alone");
            queued.join().unwrap();
            assert_sound(&pool);
        }
    });
}

#[test]
fn a_fork_may_have_pools_of_its_own() {
    in_forking_child("forks::a_fork_may_have_pools_of_its_own", || {
        let (pool, gate, _queued) = busy_pool();
        for _ in 0..10 {
            in_fork(use_a_new_pool);
        }
        in_fork(|| {
            use_a_new_pool()?;
            // And forks of its own.
            in_fork(use_a_new_pool);
            Ok(())
        });
        gate.open();
        assert_sound(&pool);
    });
}

#[test]
fn in_a_fork_an_inherited_pool_is_shut_down() {
    in_forking_child("forks::in_a_fork_an_inherited_pool_is_shut_down", || {
        let idle = Pool::with_threads(2);
        idle.install(|| ());
        Pool::global().install(|| ());
        let (pool, gate, _queued) = busy_pool();
        in_fork(|| {
            for pool in [&idle, &pool, Pool::global()] {
                expect("closed", pool.is_shut_down(), true)?;
                let refused = |result: Result<i32, JobError>| matches!(result, Err(JobError::ShutDown));
                expect("submit", refused(pool.submit(|| 1).join()), true)?;
                expect("submit_first", refused(pool.submit_first(|| 1).join()), true)?;
                expect("submit_later", refused(pool.submit_later(SHORT, || 1).join()), true)?;
                let handed_back = matches!(pool.try_submit(|| 1), Err(TrySubmitError::ShutDown(_)));
                expect("try_submit", handed_back, true)?;
                expect("schedule", pool.schedule(SHORT, || ()).is_active(), false)?;
                let set = JobSet::new(pool);
                set.submit(|| 1);
                expect("a set", set.next().is_some_and(|(_, result)| refused(result)), true)?;
                let drops = Counter::new();
                let token = drops.token();
                (0..1000).for_each(|_| pool.spawn(|| unreachable!()));
                pool.spawn(move || drop(token));
                expect("drops", drops.get(), 1)?;
                expect("install", pool.install(|| 3), 3)?;
                expect("join", pool.join(|| 1, || 2), (1, 2))?;
                expect("map", pool.map(vec![1, 2, 3], |n| n + 1), vec![2, 3, 4])?;
                expect_refusal("broadcast", || _ = pool.broadcast(|_| ()))?;
                expect_refusal("scope", || pool.scope(|scope| scope.spawn(|| ())))?;
            }
            Ok(())
        });
        gate.open();
        assert_sound(&pool);
        assert_sound(&idle);
    });
}

#[test]
fn a_fork_that_waits_for_the_parents_jobs_is_told() {
    in_forking_child("forks::a_fork_that_waits_for_the_parents_jobs_is_told", || {
        let (pool, gate, queued) = busy_pool();
        let (set, mut queued) = (JobSet::new(&pool), Some(queued));
        set.submit(|| ());
        in_fork(|| {
            let queued = queued.take().expect("the fork's own copy");
            expect_refusal("join", || _ = queued.join())?;
            expect_refusal("wait_idle", || pool.wait_idle())?;
            expect_refusal("next", || _ = set.next())
        });
        gate.open();
        queued.expect("it was taken in the fork alone").join().unwrap();
        assert!(set.next().is_some());
        assert_sound(&pool);
    });
}

/// Jobs that start other programs, while everything goes on.
#[test]
fn programs_that_jobs_start_do_no_harm() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(4);
    let jobs: Vec<_> = (0..40)
        .map(|n: i32| pool.submit(move || std::process::Command::new("sh").args(["-c", &format!("exit {n}")]).status()))
        .collect();
    for (n, job) in (0..).zip(jobs) {
        assert_eq!(job.join().unwrap().unwrap().code(), Some(n));
    }
    assert_sound(&pool);
}
