//! A handle as a future, on executors made by hand.

mod common;

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use common::*;
use filch::{JobError, JobHandle, Pool};

/// Unparks a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest executor.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Counts how often it is woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Wakes {
    fn new() -> (Arc<Self>, Waker) {
        let wakes = Arc::new(Self::default());
        (wakes.clone(), wakes.into())
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn poll<T>(handle: &mut JobHandle<T>, waker: &Waker) -> Poll<Result<T, JobError>> {
    Pin::new(handle).poll(&mut Context::from_waker(waker))
}

#[test]
fn a_future_gives_what_join_would() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    assert_eq!(block_on(pool.submit(|| 4)).unwrap(), 4);
    assert_eq!(block_on(pool.submit(|| -> u8 { panic!("oh") })).unwrap_err().to_string(), "the job panicked: oh");
    let gate = block(&pool);
    let cancelled = pool.submit(|| ());
    assert!(cancelled.cancel());
    assert!(block_on(cancelled).unwrap_err().is_cancelled());
    gate.open();
    pool.shutdown();
    assert!(block_on(pool.submit(|| ())).unwrap_err().is_shut_down());
}

#[test]
fn the_waker_is_woken_whatever_ends_the_job() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let (wakes, waker) = Wakes::new();
    let submit = || {
        let mut handle = pool.submit(|| ());
        assert!(poll(&mut handle, &waker).is_pending());
        handle
    };
    let (mut by_handle, mut by_pool) = (submit(), submit());
    assert!(by_handle.cancel());
    assert_eq!(wakes.get(), 1);
    assert_eq!(pool.cancel_pending(), 1);
    assert_eq!(wakes.get(), 2);
    let (mut panics, mut runs) = (pool.submit(|| panic!("also then")), submit());
    assert!(poll(&mut panics, &waker).is_pending());
    gate.open();
    eventually("two more have woken it", || wakes.get() == 4);
    let gate = block(&pool);
    let mut by_shutdown = submit();
    let stopper = thread::spawn({
        let pool = pool.clone();
        move || pool.shutdown_now()
    });
    eventually("the shutdown has woken it", || wakes.get() == 5);
    gate.open();
    stopper.join().unwrap();
    for handle in [&mut by_handle, &mut by_pool, &mut panics, &mut runs, &mut by_shutdown] {
        assert!(poll(handle, Waker::noop()).is_ready());
    }
}

#[test]
fn a_future_that_has_ended_needs_no_waker() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let mut handle = pool.submit(|| 8);
    eventually("the job has ended", || handle.is_finished());
    let (wakes, waker) = Wakes::new();
    assert!(matches!(poll(&mut handle, &waker), Poll::Ready(Ok(8))));
    pool.wait_idle();
    drop(waker);
    assert_eq!((wakes.get(), Arc::strong_count(&wakes)), (0, 1));
}

#[test]
fn polling_after_the_output_panics() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let mut handle = pool.submit(|| 8);
    assert_eq!(block_on(&mut handle).unwrap(), 8);
    assert!(panic_of(|| poll(&mut handle, Waker::noop())).contains("resolved"));
    assert!(format!("{handle:?}").contains("JobHandle"));
}

#[test]
fn the_last_waker_is_the_one_that_counts() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let mut handle = pool.submit(|| 8);
    let (first, first_waker) = Wakes::new();
    let (second, second_waker) = Wakes::new();
    for _ in 0..10 {
        assert!(poll(&mut handle, &first_waker).is_pending());
        assert!(poll(&mut handle, &second_waker).is_pending());
    }
    drop(first_waker);
    assert_eq!(Arc::strong_count(&first), 1, "a waker that was replaced is let go");
    gate.open();
    eventually("the second one is woken", || second.get() == 1);
    assert_eq!(first.get(), 0);
    assert!(matches!(poll(&mut handle, &second_waker), Poll::Ready(Ok(8))));
}

#[test]
fn a_handle_dropped_after_a_poll_lets_its_waker_go_and_its_job_run() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let (runs, drops) = (Counter::new(), Counter::new());
    let (run, token) = (runs.adder(), drops.token());
    let mut handle = pool.submit(move || {
        run();
        token
    });
    let (wakes, waker) = Wakes::new();
    assert!(poll(&mut handle, &waker).is_pending());
    drop((handle, waker));
    assert_eq!(Arc::strong_count(&wakes), 1);
    gate.open();
    pool.wait_idle();
    assert_eq!((runs.get(), drops.get(), wakes.get()), (1, 1, 0));
}

#[test]
fn a_handle_dropped_at_any_moment_after_a_poll_leaves_nothing_behind() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let drops = Counter::new();
    let (wakes, waker) = Wakes::new();
    for round in 0..2000 {
        let token = drops.token();
        let mut handle = pool.submit(move || token);
        let _ = poll(&mut handle, &waker);
        spin(round % 100 * 5);
        drop(handle);
    }
    pool.wait_idle();
    drop(waker);
    assert_eq!((drops.get(), Arc::strong_count(&wakes)), (2000, 1));
}

#[test]
fn a_handle_may_be_polled_on_one_thread_after_another() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    for round in 0..300 {
        let gate = Gate::new();
        let doorway = gate.doorway();
        let mut handle = pool.submit(move || {
            doorway.wait();
            round
        });
        for hop in 0..3 {
            handle = thread::spawn(move || {
                let (_, waker) = Wakes::new();
                assert!(poll(&mut handle, &waker).is_pending(), "hop {hop}");
                handle
            })
            .join()
            .unwrap();
        }
        gate.open();
        spin(round * 10 % 700);
        assert_eq!(block_on(handle).unwrap(), round);
    }
}

#[test]
fn a_poll_that_races_with_the_end_is_ready_or_woken() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let mut pending = 0;
    for round in 0..3000 {
        let mut handle = pool.submit(|| ());
        spin(round % 150 * 4);
        // A new waker each time, so that replacing one races with the end too.
        loop {
            let (wakes, waker) = Wakes::new();
            if poll(&mut handle, &waker).is_ready() {
                break;
            }
            pending += 1;
            if round % 2 == 0 {
                eventually("the waker is woken", || wakes.get() == 1);
            }
        }
    }
    assert!(pending > 0, "no poll came before the end");
}

#[test]
fn a_handle_that_was_polled_can_still_be_joined() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (wakes, waker) = Wakes::new();
    let gate = block(&pool);
    let submit = || {
        let mut handle = pool.submit(|| 3);
        assert!(poll(&mut handle, &waker).is_pending());
        handle
    };
    let (joined, tried) = (submit(), submit());
    let tried = tried.try_join().unwrap_err().join_timeout(Duration::from_millis(1)).unwrap_err();
    gate.open();
    assert_eq!(joined.join().unwrap(), 3);
    assert_eq!(tried.join_timeout(PATIENCE).unwrap().unwrap(), 3);
    pool.wait_idle();
    drop(waker);
    assert_eq!(Arc::strong_count(&wakes), 1);
}

/// Awaits every handle in one task, as a user's `join_all` does.
struct All<T>(Vec<Option<JobHandle<T>>>, Vec<T>);

impl<T: Unpin> Future for All<T> {
    type Output = Vec<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Vec<T>> {
        let Self(handles, results) = &mut *self;
        for slot in handles.iter_mut() {
            if let Some(handle) = slot {
                if let Poll::Ready(result) = Pin::new(handle).poll(context) {
                    results.push(result.unwrap());
                    *slot = None;
                }
            }
        }
        if handles.iter().all(Option::is_none) { Poll::Ready(std::mem::take(results)) } else { Poll::Pending }
    }
}

#[test]
fn one_task_may_await_very_many_handles() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let handles = (0..2000_u64).map(|n| Some(pool.submit(move || n))).collect();
    let mut results = block_on(All(handles, Vec::new()));
    results.sort();
    assert!(results.into_iter().eq(0..2000));
}

/// A task of an executor that runs on the pool itself: a wake-up queues a poll.
struct Task {
    pool: Pool,
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let pool = self.pool.clone();
        pool.spawn(move || {
            let waker = Waker::from(self.clone());
            let mut future = lock(&self.future);
            let ended =
                future.as_mut().is_some_and(|future| future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
            if ended {
                *future = None;
            }
        });
    }
}

#[test]
fn tasks_on_the_pool_may_await_its_jobs() {
    let _watchdog = watchdog();
    for threads in [1, 2] {
        let pool = Pool::with_threads(threads);
        let (send, receive) = mpsc::channel();
        for task in 0..100_u64 {
            let (own, send) = (pool.clone(), send.clone());
            let body = async move {
                let mut sum = 0;
                for n in 0..10 {
                    sum += own.submit(move || task * n).await.unwrap();
                }
                send.send(sum).unwrap();
            };
            Arc::new(Task { pool: pool.clone(), future: Mutex::new(Some(Box::pin(body))) }).wake();
        }
        let total: u64 = (0..100).map(|_| receive.recv().unwrap()).sum();
        assert_eq!(total, (0..100).map(|task| task * 45).sum());
    }
}

#[test]
fn a_future_may_outlive_its_pool() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (wakes, waker) = Wakes::new();
    let gate = block(&pool);
    let mut handle = pool.submit(|| 2);
    assert!(poll(&mut handle, &waker).is_pending());
    gate.open();
    drop(pool);
    assert_eq!(wakes.get(), 1);
    assert_eq!(block_on(handle).unwrap(), 2);
}
