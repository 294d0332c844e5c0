//! Both futexes, by the same tests.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::WaitOutcome;

macro_rules! futex_tests {
    ($room:ident, $futex:ty) => {
        mod $room {
            use super::*;

            #[test]
            fn returns_at_once_when_the_word_differs() {
                let futex = <$futex>::new(1);
                assert_eq!(futex.wait(0, None), WaitOutcome::Woken);
            }

            #[test]
            fn times_out_and_not_early() {
                let futex = <$futex>::new(0);
                let start = Instant::now();
                assert_eq!(futex.wait(0, Some(Duration::from_millis(20))), WaitOutcome::TimedOut);
                assert!(start.elapsed() >= Duration::from_millis(20));
            }

            #[test]
            fn a_wake_ends_a_wait_of_any_length() {
                for limit in [None, Some(Duration::MAX), Some(Duration::from_secs(3600))] {
                    let futex = Arc::new(<$futex>::new(0));
                    let waiter = std::thread::spawn({
                        let futex = futex.clone();
                        move || {
                            while futex.load(Ordering::Acquire) == 0 {
                                assert_eq!(futex.wait(0, limit), WaitOutcome::Woken);
                            }
                        }
                    });
                    futex.store(1, Ordering::Release);
                    futex.wake_one();
                    waiter.join().unwrap();
                }
            }

            #[test]
            fn wake_all_wakes_all() {
                let futex = Arc::new(<$futex>::new(0));
                let wait = |futex: Arc<$futex>| {
                    move || {
                        while futex.load(Ordering::Acquire) == 0 {
                            futex.wait(0, None);
                        }
                    }
                };
                let waiters: Vec<_> = (0..8).map(|_| std::thread::spawn(wait(futex.clone()))).collect();
                futex.store(1, Ordering::Release);
                futex.wake_all();
                waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
            }

            #[test]
            fn a_late_wake_ends_a_wait_and_outlives_the_word() {
                let futex = Arc::new(<$futex>::new(0));
                let wake = futex.late_wake();
                let waiter = std::thread::spawn({
                    let futex = futex.clone();
                    move || {
                        while futex.load(Ordering::Acquire) == 0 {
                            assert_eq!(futex.wait(0, None), WaitOutcome::Woken);
                        }
                    }
                });
                futex.store(1, Ordering::Release);
                wake.wake_one();
                waiter.join().unwrap();
                let late = futex.late_wake();
                drop(futex);
                late.wake_one();
            }

            #[test]
            fn a_timed_out_waiter_takes_no_wake_from_another() {
                let futex = Arc::new(<$futex>::new(0));
                assert_eq!(futex.wait(0, Some(Duration::ZERO)), WaitOutcome::TimedOut);
                let waiter = std::thread::spawn({
                    let futex = futex.clone();
                    move || {
                        while futex.load(Ordering::Acquire) == 0 {
                            futex.wait(0, None);
                        }
                    }
                });
                futex.store(1, Ordering::Release);
                futex.wake_one();
                waiter.join().unwrap();
            }
        }
    };
}

#[cfg(all(target_os = "linux", not(filch_portable), not(filch_shuttle)))]
futex_tests!(linux, crate::sync::futex::linux::Futex);
futex_tests!(portable, crate::sync::futex::portable::Futex);
