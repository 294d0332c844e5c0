//! Stepping the system's clock, by standing in for the C library's.
#![cfg(target_os = "linux")]

mod common;

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use common::*;
use filch::Pool;

/// By how many seconds the system's clock is set.
static STEP: AtomicI64 = AtomicI64::new(0);

/// What `std` asks for the time.
///
/// # Safety
///
/// `time` points to a `timespec`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> libc::c_int {
    // SAFETY: passed on.
    let result = unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) };
    if result == 0 && clock == libc::CLOCK_REALTIME {
        // SAFETY: the system has written it.
        unsafe { (*time).tv_sec += STEP.load(Ordering::SeqCst) };
    }
    result as libc::c_int
}

#[test]
fn stepping_the_system_clock_neither_hangs_nor_repeats_anything() {
    let _watchdog = watchdog();
    let before = SystemTime::now();
    STEP.store(86_400, Ordering::SeqCst);
    assert!(before.elapsed().unwrap() >= Duration::from_secs(86_400), "this test moves the clock");
    STEP.store(0, Ordering::SeqCst);

    for step in [86_400, -86_400] {
        let pool = Pool::with_threads(2);
        let (soon, hour) = (Duration::from_millis(50), Duration::from_secs(3600));
        let (start, runs) = (Instant::now(), Counter::new());
        let add = || {
            let runs = runs.clone();
            move || runs.add()
        };
        let handles = [
            pool.submit_later(soon, add()),
            pool.submit_at(SystemTime::now() + soon, add()),
            pool.submit_at(Instant::now() + soon, add()),
        ];
        let later = pool.submit_at(SystemTime::now() + hour, || ());
        let schedule = pool.schedule(Duration::from_millis(10), || ());
        STEP.store(step, Ordering::SeqCst);
        handles.into_iter().for_each(|handle| handle.join().unwrap());
        let passed = start.elapsed();
        assert!(passed >= soon - Duration::from_millis(2));
        assert_eq!(runs.get(), 3);
        let begun = schedule.runs();
        assert!(begun <= 1 + passed.as_millis() as u64 / 10, "{begun} runs in {passed:?}");
        eventually("it goes on", || schedule.runs() > begun);
        assert!(!later.is_finished() && later.cancel());
        // A moment that the new clock says is soon, is soon.
        pool.submit_at(SystemTime::now() + Duration::from_millis(5), || ()).join().unwrap();
        STEP.store(0, Ordering::SeqCst);
    }
}
