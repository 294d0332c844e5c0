//! The system refuses threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::time::{Duration, Instant};

use filch::{JobSet, Pool};

use crate::common::*;
use crate::seccomp::{Whom, refuse, thread_starts};
use crate::{expect_panics, process};

const HOUR: Duration = Duration::from_secs(3600);
/// So begins what is said where there is no thread.
const REFUSED: &str = "the system refused ";
const NO_TIMERS: &str = "the system refused the thread for timers: ";

/// Makes the process that of a user who has no other, if it may do so: what such a user may have is counted by user.
fn become_somebody_else() -> bool {
    let nobody_else = 1_000_000_000 + std::process::id();
    // SAFETY: takes a number; all threads of the process change together.
    let done = unsafe { libc::setuid(nobody_else) };
    // The process may go on looking at itself.
    // SAFETY: takes integers only.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0) };
    done == 0
}

/// The process may start so many threads more; `None`: as many as it likes.
fn allow_threads(more: Option<usize>) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: writes the limit, which is ours.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NPROC, &raw mut limit) }, 0);
    limit.rlim_cur = more.map_or(limit.rlim_max, |more| (process::threads() + more) as libc::rlim_t);
    // SAFETY: reads the limit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NPROC, &raw const limit) }, 0);
}

/// Runs `body` in a process of a user who has no other.
fn in_child_of_somebody_else(name: &str, body: impl FnOnce()) {
    in_child(name, || {
        let _watchdog = watchdog();
        expect_panics(REFUSED);
        if become_somebody_else() {
            body();
        } else {
            eprintln!("SKIPPED: {name}: only the superuser may become a user who has no other process");
        }
    });
}

/// Fails unless the threads become so few again. Joined ones are gone, but for the moment that the system needs for it.
fn await_threads(count: usize) {
    eventually("the other threads are gone", || process::threads() == count);
}

#[test]
fn a_pool_that_gets_some_of_its_threads_leaves_nothing_behind() {
    in_child_of_somebody_else("threads::a_pool_that_gets_some_of_its_threads_leaves_nothing_behind", || {
        let before = process::threads();
        for room in [0, 1, 3, 6].into_iter().cycle().take(40) {
            let (starts, stops, drops) = (Counter::new(), Counter::new(), Counter::new());
            let (start, stop, token) = (starts.clone(), stops.clone(), drops.token());
            allow_threads(Some(room));
            let builder = Pool::builder().threads(5).spare_threads(2).on_thread_start(move |_| start.add());
            let builder = builder.on_thread_stop(move |_| stop.add()).panic_handler(move |_| _ = &token);
            let error = builder.build().expect_err("more threads than there is room for");
            // All joined, not only told to end.
            assert_eq!((starts.get(), stops.get(), drops.get()), (room, room, 1));
            await_threads(before);
            assert_eq!(error.to_string(), format!("the system refused thread {room} of 7"));
            let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<std::io::Error>());
            assert_eq!(source.map(std::io::Error::kind), Some(std::io::ErrorKind::WouldBlock));
            assert_eq!(panic_of(|| Pool::with_threads(7)), format!("the system refused thread {room} of 7"));
            await_threads(before);
        }
        allow_threads(Some(7));
        assert_sound(&Pool::builder().threads(5).spare_threads(2).build().unwrap());
    });
}

/// Every way to ask for the first timer. Each says with what it panicked.
fn ask_for_timers(pool: &Pool, drops: &Counter) -> Vec<String> {
    let token = || drops.token();
    let (a, b, c, d, e, f) = (token(), token(), token(), token(), token(), token());
    let set = JobSet::new(pool);
    let inside = pool.submit(move || Pool::current().map(|pool| pool.submit_later(HOUR, move || drop(a))));
    let panics = vec![
        message(&*inside.join().unwrap_err().into_panic()),
        panic_of(|| pool.submit_later(HOUR, move || drop(b))),
        panic_of(|| pool.submit_at(Instant::now() + HOUR, move || drop(c))),
        panic_of(|| pool.schedule(HOUR, move || _ = &d)),
        panic_of(|| pool.spawn_later(HOUR, move || drop(e))),
        panic_of(|| set.submit_later(HOUR, move || drop(f))),
    ];
    assert_eq!(set.len(), 0);
    panics
}

#[test]
fn without_their_thread_timers_are_refused_and_nothing_is_lost() {
    in_child_of_somebody_else("threads::without_their_thread_timers_are_refused_and_nothing_is_lost", || {
        let pool = Pool::with_threads(2);
        pool.install(|| ());
        allow_threads(Some(0));
        for round in 1..=20 {
            let drops = Counter::new();
            let panics = ask_for_timers(&pool, &drops);
            assert!(panics.iter().all(|panic| panic.starts_with(NO_TIMERS)), "{panics:?}");
            assert_eq!((drops.get(), panics.len()), (6, 6));
            assert_eq!((pool.delayed(), pool.scheduled(), pool.metrics().panics), (0, 0, round));
        }
        // What is due at once needs no timers.
        assert_eq!(pool.submit_later(Duration::ZERO, || 1).join().unwrap(), 1);
        allow_threads(None);
        assert_eq!(pool.submit_later(Duration::from_millis(1), || 2).join().unwrap(), 2);
    });
}

#[test]
fn a_producer_without_a_thread_gives_all_it_has() {
    in_child_of_somebody_else("threads::a_producer_without_a_thread_gives_all_it_has", || {
        let pool = Pool::with_threads(2);
        pool.install(|| ());
        allow_threads(Some(0));
        for _ in 0..20 {
            let set = JobSet::with_capacity(&pool, 3);
            set.submit_iter(|| 0..100);
            let results: Vec<_> = set.as_completed().map(|(_, result)| result.unwrap()).collect();
            assert_eq!(results, (0..100).collect::<Vec<_>>());
        }
    });
}

/// Runs `f` on a thread that cannot start others.
fn without_threads<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> std::thread::JoinHandle<R> {
    std::thread::spawn(|| {
        refuse(&thread_starts(), libc::EAGAIN, Whom::ThisThread);
        f()
    })
}

#[test]
fn a_shutdown_with_a_limit_needs_no_thread() {
    in_child("threads::a_shutdown_with_a_limit_needs_no_thread", || {
        let _watchdog = watchdog();
        let before = process::threads();
        for _ in 0..20 {
            let (pool, runs) = (Pool::with_threads(3), Counter::new());
            (0..100).for_each(|_| pool.spawn(runs.adder()));
            let ended = without_threads(move || pool.shutdown_timeout(PATIENCE));
            assert!(ended.join().unwrap());
            assert_eq!(runs.get(), 100);
            await_threads(before);
        }
    });
}

#[test]
fn the_global_pool_is_tried_again_by_the_next() {
    in_child("threads::the_global_pool_is_tried_again_by_the_next", || {
        let _watchdog = watchdog();
        expect_panics(REFUSED);
        let refused = without_threads(|| {
            let calls: [fn(); 4] =
                [|| _ = Pool::global(), || filch::spawn(|| ()), || _ = filch::submit(|| ()), || filch::scope(|_| ())];
            calls.map(|call| panic_of(call))
        });
        for message in refused.join().unwrap() {
            assert!(message.starts_with("the system refused thread 0 of "), "{message}");
        }
        assert_eq!(filch::submit(|| 3).join().unwrap(), 3);
    });
}

/// A thread whose timers' thread is refused must not be taken for one that has started it, by another that asks at the same moment.
#[test]
fn a_refused_timer_thread_fails_nobody_else() {
    const NAME: &str = "threads::a_refused_timer_thread_fails_nobody_else";
    in_child(NAME, || {
        let _watchdog = watchdog();
        expect_panics(REFUSED);
        // Empty: that was the last.
        let (give, take) = mpsc::channel::<Option<Pool>>();
        let (ready, unlucky) = (Arc::new(Barrier::new(2)), Arc::new(AtomicUsize::new(0)));
        let (their_ready, their_unlucky) = (ready.clone(), unlucky.clone());
        let refused = without_threads(move || {
            while let Ok(Some(pool)) = take.recv() {
                their_ready.wait();
                let asked = catch_unwind(AssertUnwindSafe(|| pool.submit_later(HOUR, || ())));
                their_unlucky.fetch_add(usize::from(asked.is_err()), Ordering::Relaxed);
                their_ready.wait();
            }
        });
        for round in crate::rounds(if long() { 20_000 } else { 1000 }) {
            let pool = Pool::with_threads(1);
            give.send(Some(pool.clone())).expect("the other takes it");
            ready.wait();
            if round == 0 {
                eventually("the other is refused its thread", || unlucky.load(Ordering::Relaxed) == 1);
            }
            // From just before the other to long after it.
            spin(round as u64 % 500 * 20);
            let timer = pool.submit_later(Duration::from_micros(100), || 1);
            let result = timer.join_timeout(PATIENCE / 3).expect("its time has come long ago");
            assert_eq!(result.unwrap(), 1);
            ready.wait();
            pool.shutdown_now();
        }
        give.send(None).expect("the other waits for it");
        refused.join().unwrap();
        println!("{} times the other was refused", unlucky.load(Ordering::Relaxed));
    });
}
