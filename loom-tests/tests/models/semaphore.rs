//! `src/semaphore`: permits, and the line of those who wait for them.
//!
//! Threads: 2 or 3. Bounds: at each model.
//! Properties: no more are inside than there are permits, and who comes in sees what was done inside before; nobody waits for ever while there are
//! permits for it; no permit is lost or made; a closed semaphore sends everybody away.
//! Seen failing: every mutant whose name begins with "semaphore".

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use filch::internals::{Deadline, Parker, Unparker};
use filch::{AcquireError, AcquireTimeoutError, Semaphore, TryAcquireError};
use loom::cell::UnsafeCell;
use loom::thread::{self, JoinHandle};

use crate::support::{ALL, Bound, explore};

/// Any time: the model has no clock, and a time limit may pass at any moment.
const SOON: Duration = Duration::from_secs(1);

/// What a semaphore with one permit guards.
struct Room {
    semaphore: Semaphore,
    /// Visits so far: reached by whoever is inside, so the model checker reports two at once, or two that nothing orders.
    visits: UnsafeCell<usize>,
}

// SAFETY: `visits` is the only part that is not `Sync`, and that threads do not meet there is what the models check.
unsafe impl Sync for Room {}

impl Room {
    fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self { semaphore: Semaphore::new(permits), visits: UnsafeCell::new(0) })
    }

    fn visit(&self) {
        // SAFETY: the pointer is valid inside the closure, and the model fails before it lets two threads in.
        self.visits.with_mut(|visits| unsafe { *visits += 1 });
    }

    fn pass(&self) {
        let _permit = self.semaphore.acquire().unwrap();
        self.visit();
    }

    fn pass_in_time(&self) -> bool {
        match self.semaphore.acquire_timeout(SOON) {
            Ok(_permit) => self.visit(),
            Err(error) => {
                assert_eq!(error, AcquireTimeoutError::TimedOut);
                return false;
            }
        }
        true
    }

    fn pass_alone(&self) {
        let _permits = self.semaphore.acquire_many(2).unwrap();
        self.visit();
    }

    fn pass_as_task(&self) {
        let _permit = block_on(self.semaphore.acquire_async()).unwrap();
        self.visit();
    }

    /// Everybody is outside again.
    fn check(&self, visits: usize, permits: usize) {
        // SAFETY: as in `visit`.
        assert_eq!(self.visits.with(|visits| unsafe { *visits }), visits);
        assert_eq!(self.semaphore.available(), permits);
        assert_eq!(self.semaphore.try_acquire_many(permits).map(drop), Ok(()));
    }
}

fn start<R: 'static>(room: &Arc<Room>, body: impl FnOnce(&Room) -> R + 'static) -> JoinHandle<R> {
    let room = room.clone();
    thread::spawn(move || body(&room))
}

fn join_all(threads: [JoinHandle<()>; 2]) {
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// Wakes a thread that runs a task.
struct Bell(Unparker);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let parker = Parker::new();
    let mut future = pin!(future);
    loop {
        // A new waker each time: it is another one to the semaphore.
        let waker = Waker::from(Arc::new(Bell(parker.unparker().clone())));
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        parker.park(Deadline::NEVER);
    }
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn one_at_a_time() {
    explore("semaphore, 2 threads", ALL, || {
        let room = Room::new(1);
        let other = start(&room, Room::pass);
        room.pass();
        other.join().unwrap();
        room.check(2, 1);
    });
}

#[test]
fn three_threads_one_at_a_time() {
    explore("semaphore, 3 threads", Some(3), || {
        let room = Room::new(1);
        let others = [start(&room, Room::pass), start(&room, Room::pass)];
        room.pass();
        join_all(others);
        room.check(3, 1);
    });
}

#[test]
fn a_waiter_is_passed_and_then_handed_the_permit() {
    explore("semaphore, hand-off", Some(4), || {
        let room = Room::new(1);
        let other = start(&room, Room::pass);
        room.pass();
        room.pass();
        room.pass();
        other.join().unwrap();
        room.check(4, 1);
    });
}

#[test]
fn what_comes_before_a_release_is_visible() {
    explore("semaphore, release as a signal", ALL, || {
        let room = Room::new(0);
        let other = start(&room, |room| {
            let _permit = room.semaphore.acquire().unwrap();
            room.visit();
        });
        room.visit();
        room.semaphore.release(1);
        other.join().unwrap();
        room.check(2, 1);
    });
}

/// One who has waited long for two of them has the first one to itself.
#[test]
fn permits_are_kept_for_the_first_in_line() {
    explore("semaphore, kept permits", Some(4), || {
        let room = Room::new(1);
        let mut both = pin!(room.semaphore.acquire_many_async(2));
        assert!(poll_once(both.as_mut()).is_pending());
        let other = start(&room, |room| room.semaphore.release(1));
        // The first look at the clock says that it has not waited long, the second that it has.
        for _ in 0..3 {
            drop(room.semaphore.try_acquire());
        }
        assert_eq!(room.semaphore.try_acquire().map(drop), Err(TryAcquireError::NoPermits));
        other.join().unwrap();
        let Poll::Ready(permit) = poll_once(both.as_mut()) else { panic!("they are both there") };
        drop(permit);
        room.check(0, 2);
    });
}

#[test]
fn who_releases_twice_wakes_two() {
    explore("semaphore, two waiters", Some(3), || {
        let room = Room::new(0);
        let acquire = |room: &Room| room.semaphore.acquire().unwrap().forget();
        let others = [start(&room, acquire), start(&room, acquire)];
        room.semaphore.release(1);
        room.semaphore.release(1);
        join_all(others);
        room.check(0, 0);
    });
}

#[test]
fn permits_that_come_at_once_wake_two() {
    explore("semaphore, two permits at once", Some(4), || {
        let room = Room::new(0);
        let acquire = |room: &Room| room.semaphore.acquire().unwrap().forget();
        let others = [start(&room, acquire), start(&room, acquire)];
        room.semaphore.release(2);
        join_all(others);
        room.check(0, 0);
    });
}

#[test]
fn a_time_limit_passes_as_the_permit_comes() {
    explore("semaphore, timeout against release", ALL, || {
        let room = Room::new(1);
        let permit = room.semaphore.acquire().unwrap();
        let other = start(&room, Room::pass_in_time);
        drop(permit);
        let passed = other.join().unwrap();
        room.check(passed.into(), 1);
    });
}

fn timed_and_untimed(name: &str, bound: Bound, untimed: fn(&Room)) {
    explore(name, bound, move || {
        let room = Room::new(1);
        let permit = room.semaphore.acquire().unwrap();
        let others = (start(&room, Room::pass_in_time), start(&room, untimed));
        drop(permit);
        let passed = others.0.join().unwrap();
        others.1.join().unwrap();
        room.check(1 + usize::from(passed), 1);
    });
}

#[test]
fn who_gives_up_passes_the_wake_up_on_to_a_thread() {
    timed_and_untimed("semaphore, timed and untimed", Some(3), Room::pass);
}

#[test]
fn who_gives_up_passes_the_wake_up_on_to_a_task() {
    timed_and_untimed("semaphore, a timed thread and a task", Some(3), Room::pass_as_task);
}

#[test]
fn who_gives_up_passes_the_wake_up_on_to_one_who_wants_both() {
    explore("semaphore, timed and both", Some(3), || {
        let room = Room::new(1);
        let others =
            (start(&room, |room| room.semaphore.acquire_many_timeout(3, SOON).is_ok()), start(&room, Room::pass_alone));
        room.semaphore.release(1);
        assert!(!others.0.join().unwrap());
        others.1.join().unwrap();
        room.check(1, 2);
    });
}

#[test]
fn closing_sends_everybody_away() {
    explore("semaphore, close against waiters", Some(3), || {
        let room = Room::new(1);
        let acquire = |room: &Room| room.semaphore.acquire().map(drop);
        let others = (start(&room, acquire), start(&room, |room| block_on(room.semaphore.acquire_async()).map(drop)));
        let permit = room.semaphore.acquire();
        room.semaphore.close();
        for result in [others.0.join().unwrap(), others.1.join().unwrap()] {
            assert!(matches!(result, Ok(()) | Err(AcquireError::Closed)));
        }
        drop(permit);
        assert_eq!(room.semaphore.acquire().map(drop), Err(AcquireError::Closed));
        assert_eq!(room.semaphore.available(), 1);
    });
}

#[test]
fn closing_meets_a_release_and_a_time_limit() {
    explore("semaphore, close against release and timeout", Some(4), || {
        let room = Room::new(0);
        let other = start(&room, |room| match room.semaphore.acquire_timeout(SOON) {
            Ok(permit) => {
                permit.forget();
                1
            }
            Err(_) => 0,
        });
        let closer = start(&room, |room| room.semaphore.close());
        room.semaphore.release(1);
        closer.join().unwrap();
        assert_eq!(room.semaphore.available() + other.join().unwrap(), 1);
    });
}

#[test]
fn who_wants_many_is_not_passed_for_ever() {
    explore("semaphore, many against few", Some(2), || {
        let room = Room::new(2);
        let others = [start(&room, Room::pass_alone), start(&room, Room::pass_alone)];
        drop(room.semaphore.acquire().unwrap());
        drop(room.semaphore.acquire().unwrap());
        join_all(others);
        room.check(2, 2);
    });
}

#[test]
fn one_by_one_is_enough_for_many() {
    explore("semaphore, one by one", Some(4), || {
        let room = Room::new(0);
        let other = start(&room, |room| room.semaphore.acquire_many(2).unwrap().forget());
        let releaser = start(&room, |room| room.semaphore.release(1));
        room.semaphore.release(1);
        other.join().unwrap();
        releaser.join().unwrap();
        room.check(0, 0);
    });
}

#[test]
fn a_task_waits_like_a_thread() {
    explore("semaphore, a task and a thread", Some(4), || {
        let room = Room::new(1);
        let other = start(&room, Room::pass_as_task);
        room.pass();
        room.pass();
        other.join().unwrap();
        room.check(3, 1);
    });
}

/// The second poll comes with another waker, and perhaps with the permit.
#[test]
fn a_task_moves_on_while_its_permit_comes() {
    explore("semaphore, another waker", ALL, || {
        let room = Room::new(0);
        let other = start(&room, |room| room.semaphore.release(1));
        let mut future = pin!(room.semaphore.acquire_async());
        let parkers = [Parker::new(), Parker::new()];
        let is_ready = parkers.iter().any(|parker| {
            let waker = Waker::from(Arc::new(Bell(parker.unparker().clone())));
            future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready()
        });
        if !is_ready {
            parkers[1].park(Deadline::NEVER);
            assert!(poll_once(future.as_mut()).is_ready());
        }
        other.join().unwrap();
        room.check(0, 1);
    });
}

#[test]
fn permits_that_come_at_once_are_granted_to_two_tasks() {
    explore("semaphore, two permits for two tasks", ALL, || {
        let room = Room::new(0);
        let (mut first, mut second) = (pin!(room.semaphore.acquire_async()), pin!(room.semaphore.acquire_async()));
        assert!(poll_once(first.as_mut()).is_pending());
        let other = start(&room, |room| room.semaphore.release(2));
        let permit = poll_once(second.as_mut());
        other.join().unwrap();
        let first_permit = poll_once(first.as_mut());
        assert!(first_permit.is_ready());
        assert!(permit.is_ready() || poll_once(second.as_mut()).is_ready());
        drop((first_permit, permit));
        room.check(0, 2);
    });
}

#[test]
fn a_future_is_dropped_as_its_permit_comes() {
    explore("semaphore, drop against release", ALL, || {
        let room = Room::new(1);
        let permit = room.semaphore.acquire().unwrap();
        let other = start(&room, |room| {
            let mut future = pin!(room.semaphore.acquire_async());
            poll_once(future.as_mut()).is_ready()
        });
        drop(permit);
        other.join().unwrap();
        room.check(0, 1);
    });
}

#[test]
fn a_future_that_is_dropped_leaves_the_permit_to_the_next() {
    explore("semaphore, drop against release and a thread", Some(4), || {
        let room = Room::new(1);
        let permit = room.semaphore.acquire().unwrap();
        let others = (
            start(&room, |room| {
                let mut future = pin!(room.semaphore.acquire_async());
                let _ = poll_once(future.as_mut());
            }),
            start(&room, Room::pass),
        );
        drop(permit);
        others.0.join().unwrap();
        others.1.join().unwrap();
        room.check(1, 1);
    });
}
