//! Permits for tasks: futures that are polled, dropped and woken, also by foreign wakers that misbehave.

mod common;

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use common::task::start_waiting;
use common::*;
use filch::{AcquireError, OwnedPermit, Semaphore};

/// Counts how often it is woken, and does something then.
struct Bell {
    rung: AtomicUsize,
    then: Box<dyn Fn() + Send + Sync>,
}

impl Bell {
    fn new(then: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { rung: AtomicUsize::new(0), then: Box::new(then) })
    }

    fn rung(&self) -> usize {
        self.rung.load(Ordering::SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.fetch_add(1, Ordering::SeqCst);
        (self.then)();
    }
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs a future on this thread.
fn block_on<F: Future>(future: F) -> F::Output {
    let thread = thread::current();
    let waker = Waker::from(Bell::new(move || thread.unpark()));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = poll(future.as_mut(), &waker) {
            return output;
        }
        thread::park();
    }
}

#[test]
fn a_task_gets_a_permit_that_is_there() {
    let semaphore = Arc::new(Semaphore::new(3));
    let one = block_on(semaphore.acquire_async()).unwrap();
    let two = block_on(semaphore.clone().acquire_many_async_owned(2)).unwrap();
    assert_eq!(semaphore.available(), 0);
    drop((one, two));
    assert_eq!(semaphore.available(), 3);
    assert_eq!(block_on(semaphore.acquire_many_async(usize::MAX)).unwrap_err(), AcquireError::TooMany);
}

#[test]
fn a_task_is_woken_once_and_has_its_permit_then() {
    let semaphore = Semaphore::new(1);
    let permit = semaphore.acquire().unwrap();
    let bell = Bell::new(|| ());
    let waker = Waker::from(bell.clone());
    let mut future = pin!(semaphore.acquire_async());
    assert!(poll(future.as_mut(), &waker).is_pending());
    assert!(poll(future.as_mut(), &waker).is_pending());
    drop(permit);
    assert_eq!((bell.rung(), semaphore.available()), (1, 0));
    let Poll::Ready(Ok(permit)) = poll(future.as_mut(), &waker) else { panic!("it was granted") };
    drop(permit);
    assert_eq!(semaphore.available(), 1);
}

#[test]
fn the_last_waker_counts() {
    let semaphore = Semaphore::new(0);
    let bells = [Bell::new(|| ()), Bell::new(|| ())];
    let mut future = pin!(semaphore.acquire_async());
    for bell in &bells {
        assert!(poll(future.as_mut(), &Waker::from(bell.clone())).is_pending());
    }
    assert_eq!(Arc::strong_count(&bells[0]), 1);
    semaphore.release(1);
    assert_eq!(bells.each_ref().map(|bell| bell.rung()), [0, 1]);
}

#[test]
fn a_future_that_is_never_polled_takes_nothing() {
    let semaphore = Semaphore::new(1);
    let future = semaphore.acquire_async();
    assert_eq!(semaphore.available(), 1);
    drop(future);
}

#[test]
fn a_future_that_is_dropped_gives_back_what_it_was_granted() {
    let semaphore = Semaphore::new(0);
    let bell = Bell::new(|| ());
    {
        let mut future = pin!(semaphore.acquire_many_async(2));
        assert!(poll(future.as_mut(), &Waker::from(bell.clone())).is_pending());
        semaphore.release(2);
        assert_eq!((bell.rung(), semaphore.available()), (1, 0));
    }
    assert_eq!(semaphore.available(), 2);
}

#[test]
fn a_future_that_is_dropped_leaves_the_line() {
    let _watchdog = watchdog();
    let semaphore = Arc::new(Semaphore::new(0));
    let bell = Bell::new(|| ());
    let mut first = Box::pin(semaphore.clone().acquire_many_async_owned(2));
    assert!(poll(first.as_mut(), &Waker::from(bell.clone())).is_pending());
    let second = start_waiting({
        let semaphore = semaphore.clone();
        move || semaphore.acquire_owned().map(OwnedPermit::forget)
    });
    semaphore.release(1);
    drop(first);
    second.join().unwrap().unwrap();
    assert_eq!((bell.rung(), Arc::strong_count(&bell), semaphore.available()), (0, 1, 0));
}

#[test]
fn closing_wakes_tasks() {
    let semaphore = Semaphore::new(0);
    let bell = Bell::new(|| ());
    let waker = Waker::from(bell.clone());
    let mut future = pin!(semaphore.acquire_async());
    assert!(poll(future.as_mut(), &waker).is_pending());
    semaphore.close();
    assert_eq!(bell.rung(), 1);
    assert!(matches!(poll(future.as_mut(), &waker), Poll::Ready(Err(AcquireError::Closed))));
}

#[test]
fn threads_and_tasks_wait_in_one_line() {
    let _watchdog = watchdog();
    let semaphore = Arc::new(Semaphore::new(0));
    let order = Notes::new();
    let waiters: Vec<_> = (0..6)
        .map(|n| {
            let (semaphore, order) = (semaphore.clone(), order.clone());
            start_waiting(move || {
                let permit = if n % 2 == 0 { semaphore.acquire() } else { block_on(semaphore.acquire_async()) };
                order.note(n);
                drop(permit.unwrap());
            })
        })
        .collect();
    semaphore.release(1);
    waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
    assert_eq!(order.all(), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_waker_may_use_the_semaphore() {
    let _watchdog = watchdog();
    let semaphore = Arc::new(Semaphore::new(0));
    let bells: Vec<_> = (0..40)
        .map(|n| {
            let semaphore = semaphore.clone();
            Bell::new(move || match n {
                39 => semaphore.close(),
                _ => semaphore.release(1),
            })
        })
        .collect();
    let mut futures: Vec<_> = (0..40).map(|_| Box::pin(semaphore.acquire_async())).collect();
    for (future, bell) in futures.iter_mut().zip(&bells) {
        assert!(poll(future.as_mut(), &Waker::from(bell.clone())).is_pending());
    }
    semaphore.release(1);
    assert!(bells.iter().all(|bell| bell.rung() == 1) && semaphore.is_closed());
    drop(futures);
    assert_eq!(semaphore.available(), 40);
}

#[test]
fn a_waker_may_drop_the_future_that_it_wakes() {
    let semaphore = Arc::new(Semaphore::new(0));
    let slot = Arc::new(Mutex::new(None::<Task>));
    let bell = Bell::new({
        let slot = slot.clone();
        move || drop(lock(&slot).take())
    });
    let acquire = semaphore.clone().acquire_async_owned();
    let mut future: Task = Box::pin(async move { drop(acquire.await) });
    assert!(poll(future.as_mut(), &Waker::from(bell.clone())).is_pending());
    *lock(&slot) = Some(future);
    semaphore.release(1);
    assert_eq!((bell.rung(), semaphore.available()), (1, 1));
}

#[test]
fn a_waker_that_panics_takes_nobody_along() {
    let _watchdog = watchdog();
    let semaphore = Semaphore::new(0);
    let bells: Vec<_> = (0..40).map(|n| Bell::new(move || assert!(n % 2 == 0, "waker {n} panics"))).collect();
    let mut futures: Vec<_> = (0..40).map(|_| Box::pin(semaphore.acquire_async())).collect();
    for (future, bell) in futures.iter_mut().zip(&bells) {
        assert!(poll(future.as_mut(), &Waker::from(bell.clone())).is_pending());
    }
    assert!(panic_of(|| semaphore.release(40)).contains("panics"));
    assert!(bells.iter().all(|bell| bell.rung() == 1));
    for future in &mut futures {
        assert!(poll(future.as_mut(), Waker::noop()).is_ready());
    }
    assert_eq!(semaphore.available(), 40);
}

#[test]
fn a_waker_that_panics_in_a_panic_does_not_abort() {
    let semaphore = Semaphore::new(1);
    let permit = semaphore.acquire().unwrap();
    let bell = Bell::new(|| panic!("the waker's"));
    let mut future = pin!(semaphore.acquire_async());
    assert!(poll(future.as_mut(), &Waker::from(bell.clone())).is_pending());
    let message = panic_of(move || {
        let _permit = permit;
        panic!("the first");
    });
    assert_eq!((message.as_str(), bell.rung()), ("the first", 1));
}

#[test]
fn who_takes_a_permit_keeps_none_when_a_waker_panics() {
    let _watchdog = watchdog();
    let semaphore = Arc::new(Semaphore::new(0));
    // A thread that will take one, and a task behind it whose waker panics on that thread.
    let waiter = start_waiting({
        let semaphore = semaphore.clone();
        move || panic_of(|| drop(semaphore.acquire()))
    });
    let mut future = pin!(semaphore.acquire_async());
    assert!(poll(future.as_mut(), &Waker::from(Bell::new(|| panic!("the waker's")))).is_pending());
    semaphore.release(2);
    assert_eq!(waiter.join().unwrap(), "the waker's");
    assert!(poll(future.as_mut(), Waker::noop()).is_ready());
    assert_eq!(semaphore.available(), 2);
}

#[test]
fn a_slow_waker_does_not_hold_up_a_thread_behind_it() {
    let _watchdog = watchdog();
    let semaphore = Arc::new(Semaphore::new(0));
    let gate = Gate::new();
    let doorway = gate.doorway();
    let mut future = pin!(semaphore.acquire_async());
    assert!(poll(future.as_mut(), &Waker::from(Bell::new(move || doorway.wait()))).is_pending());
    let behind = start_waiting({
        let semaphore = semaphore.clone();
        move || semaphore.acquire_owned().map(OwnedPermit::forget)
    });
    let releaser = thread::spawn({
        let semaphore = semaphore.clone();
        move || semaphore.release(2)
    });
    behind.join().unwrap().unwrap();
    gate.open();
    releaser.join().unwrap();
}

#[test]
fn none_are_there_although_others_are_kept() {
    let semaphore = Semaphore::new(1);
    let mut future = pin!(semaphore.acquire_many_async(3));
    assert!(poll(future.as_mut(), Waker::noop()).is_pending());
    thread::sleep(std::time::Duration::from_millis(5));
    semaphore.release(1);
    assert!(semaphore.try_acquire().is_err(), "they are kept");
    assert!(semaphore.try_acquire_many(0).is_ok());
    assert!(semaphore.acquire_many(0).is_ok());
}
