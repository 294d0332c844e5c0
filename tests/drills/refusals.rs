//! A filter refuses the system calls that are used where they are there.
//!
//! The ledger has two more: a storm where `membarrier` is refused altogether, and a sleeping worker's fence that is refused later.

use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use filch::{Pool, Semaphore};

use crate::common::*;
use crate::seccomp::{Call, Whom, refuse};

/// A command of `membarrier`: refused with EPERM to a process that has not registered.
const PRIVATE_EXPEDITED: u32 = 1 << 3;
const REGISTER_PRIVATE_EXPEDITED: u32 = 1 << 4;

fn membarrier(command: u32) -> Call {
    Call::with(libc::SYS_membarrier, command)
}

/// Whether the process uses `membarrier`.
fn is_registered() -> bool {
    // SAFETY: membarrier takes three integers and touches no memory.
    unsafe { libc::syscall(libc::SYS_membarrier, PRIVATE_EXPEDITED, 0, 0) == 0 }
}

fn sum(n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let (a, b) = filch::join(|| sum(n / 2), || sum(n - n / 2));
    a + b
}

/// A bit of everything that has fences or waits.
fn exercise(pool: &Pool) {
    let (permits, runs) = (Semaphore::new(1), Counter::new());
    for _ in 0..20 {
        assert_eq!(pool.install(|| sum(5000)), 5000);
        (0..500).for_each(|_| pool.spawn(runs.adder()));
        assert_eq!(pool.submit(|| 7).join().unwrap(), 7);
        pool.for_range(0..50, |range| range.for_each(|_| drop(permits.acquire().unwrap())));
        pool.wait_idle();
    }
    assert_eq!((runs.get(), permits.available()), (10_000, 1));
    let (start, delay) = (Instant::now(), Duration::from_millis(3));
    assert!(pool.submit_later(delay, move || start.elapsed()).join().unwrap() >= delay);
}

#[test]
fn a_membarrier_that_is_refused_or_only_registered_is_done_without() {
    let cases: [(&str, &str, &[u32]); 2] = [
        ("refused", "EPERM", &[PRIVATE_EXPEDITED, REGISTER_PRIVATE_EXPEDITED]),
        ("only registered", "ENOSYS", &[PRIVATE_EXPEDITED]),
    ];
    const NAME: &str = "refusals::a_membarrier_that_is_refused_or_only_registered_is_done_without";
    if is_child(NAME) {
        let _watchdog = watchdog();
        let wanted = std::env::var("CASE").expect("the parent says which");
        let (_, errno, commands) = cases.into_iter().find(|case| case.0 == wanted).expect("one of the cases");
        let calls: Vec<_> = commands.iter().map(|command| membarrier(*command)).collect();
        refuse(&calls, if errno == "EPERM" { libc::EPERM } else { libc::ENOSYS }, Whom::All);
        assert!(!is_registered());
        return exercise(&Pool::with_threads(4));
    }
    for (case, ..) in cases {
        let output = run_child(NAME, |command| _ = command.env("CASE", case));
        let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        assert!(output.status.success() && stdout.contains("1 passed"), "{case}: {stdout}\n{stderr}");
    }
}

/// A thief needs a heavy fence.
#[test]
fn a_membarrier_that_is_refused_later_ends_a_steal_and_the_process() {
    const NAME: &str = "refusals::a_membarrier_that_is_refused_later_ends_a_steal_and_the_process";
    if is_child(NAME) {
        let _watchdog = watchdog();
        let pool = Pool::with_threads(2);
        exercise(&pool);
        if !is_registered() {
            return eprintln!("SKIPPED: {NAME}: no membarrier here, or FILCH_FENCE=full");
        }
        refuse(&[membarrier(PRIVATE_EXPEDITED)], libc::EPERM, Whom::All);
        let stolen = AtomicBool::new(false);
        // The second half is stolen, or this never ends.
        pool.join(
            || {
                while !stolen.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            },
            || stolen.store(true, Ordering::Relaxed),
        );
        unreachable!("a steal without a fence");
    }
    let output = run_child(NAME, |_| ());
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    if stderr.contains("SKIPPED") {
        return eprintln!("{stderr}");
    }
    assert!(stderr.contains("filch: membarrier was granted at start and is refused now"), "{stdout}\n{stderr}");
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "it ended otherwise: {}\n{stderr}", output.status);
}

#[test]
fn timers_without_precise_wake_ups_are_not_early() {
    in_child("refusals::timers_without_precise_wake_ups_are_not_early", || {
        let _watchdog = watchdog();
        refuse(&[Call::with(libc::SYS_prctl, libc::PR_SET_TIMERSLACK as u32)], libc::EPERM, Whom::All);
        let pool = Pool::with_threads(2);
        let start = Instant::now();
        let delays = (0..300).map(|n| Duration::from_micros(n * 30));
        let timers: Vec<_> = delays.map(|delay| (delay, pool.submit_later(delay, move || start.elapsed()))).collect();
        for (delay, timer) in timers {
            assert!(timer.join().unwrap() >= delay);
        }
        exercise(&pool);
    });
}
