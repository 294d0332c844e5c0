//! `src/registry/spares.rs`, and how the event count loses a worker and gets it back: spare threads in the places of workers that block.
//!
//! Threads: 2 or 3. Bounds: at each model.
//! Properties: while a worker blocks a spare thread works; nothing that is queued is left behind by a spare thread that goes to rest; a pool whose only worker waits for what a
//! queued job does goes on; it becomes idle, and it ends.
//! Seen failing: every mutant whose name begins with "spares".

use std::sync::Arc;

use filch::internals::{Deadline, Parker, Searching, Sleep, Spares};
use filch::{Pool, Semaphore};
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use loom::thread;

use crate::pool::finish;
use crate::support::{ALL, Bound, at_length, explore, explore_in_both_modes};

/// One spare thread without a pool: all that it does is to say that it works.
struct Place {
    spares: Spares,
    is_over: AtomicBool,
    works: Parker,
}

impl Place {
    /// What the spare thread does.
    fn serve(&self) {
        loop {
            self.spares.rest();
            if self.is_over.load(Ordering::Acquire) {
                return;
            }
            self.works.unpark();
            while !self.spares.try_leave() {
                if self.is_over.load(Ordering::Acquire) {
                    return;
                }
                thread::yield_now();
                // It works on in the next worker's place.
                self.works.unpark();
            }
        }
    }
}

#[test]
fn a_place_that_is_lent_is_taken() {
    explore("spares: lent twice", Some(3), || {
        let place = Arc::new(Place { spares: Spares::new(1), is_over: AtomicBool::new(false), works: Parker::new() });
        let spare = thread::spawn({
            let place = place.clone();
            move || place.serve()
        });
        for _ in 0..2 {
            let lent = place.spares.lend().unwrap();
            place.works.park(Deadline::NEVER);
            drop(lent);
        }
        place.is_over.store(true, Ordering::Release);
        place.spares.call_all();
        spare.join().unwrap();
    });
}

#[test]
fn two_that_block_get_two() {
    explore("spares: two block", ALL, || {
        let spares = Arc::new(Spares::new(2));
        let lend = |spares: &Arc<Spares>| {
            let spares = spares.clone();
            thread::spawn(move || std::mem::forget(spares.lend()))
        };
        let other = lend(&spares);
        std::mem::forget(spares.lend());
        other.join().unwrap();
        spares.rest();
        spares.rest();
        assert!(!spares.try_leave());
    });
}

#[test]
fn two_that_come_back_leave_none() {
    explore("spares: two come back", ALL, || {
        let spares = Arc::new(Spares::new(2));
        let block = |spares: &Arc<Spares>| {
            let spares = spares.clone();
            thread::spawn(move || drop(spares.lend()))
        };
        let other = block(&spares);
        drop(spares.lend());
        other.join().unwrap();
        while spares.try_leave() {
            spares.rest();
        }
        // As many calls as have left: the next one rests until somebody blocks.
        std::mem::forget(spares.lend());
        spares.rest();
        assert!(!spares.try_leave());
    });
}

/// A thread that rests again and again; this one leaves in its place.
#[test]
fn nobody_is_called_without_a_place() {
    explore("spares: calls are counted", ALL, || {
        let spares = Arc::new(Spares::new(3));
        let (calls, called) = (Arc::new(AtomicUsize::new(0)), Arc::new(Parker::new()));
        let spare = thread::spawn({
            let (spares, calls, called) = (spares.clone(), calls.clone(), called.clone());
            move || {
                for _ in 0..3 {
                    spares.rest();
                    calls.fetch_add(1, Ordering::Release);
                    called.unpark();
                }
            }
        });
        let first = spares.lend();
        called.park(Deadline::NEVER);
        drop(first);
        // It works on in the place of the second.
        let second = spares.lend();
        assert!(!spares.try_leave());
        drop(second);
        assert!(spares.try_leave());
        assert!(!spares.try_leave());
        assert_eq!(calls.load(Ordering::Acquire), 1);
        spares.call_all();
        spare.join().unwrap();
    });
}

#[test]
fn the_end_calls_everybody() {
    explore("spares: the end calls two", Some(3), || {
        let spares = Arc::new(Spares::new(2));
        let rest = |spares: &Arc<Spares>| {
            let spares = spares.clone();
            thread::spawn(move || spares.rest())
        };
        let threads = [rest(&spares), rest(&spares)];
        spares.call_all();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// A pool reduced to its sleep, in which the last worker is a spare thread.
struct Room {
    sleep: Sleep,
    queued: [AtomicUsize; 2],
    closed: AtomicBool,
    done: Parker,
}

impl Room {
    fn new() -> Arc<Self> {
        Self::of(2)
    }

    fn of(workers: usize) -> Arc<Self> {
        Arc::new(Self {
            sleep: Sleep::new(workers),
            queued: [AtomicUsize::new(0), AtomicUsize::new(0)],
            closed: AtomicBool::new(false),
            done: Parker::new(),
        })
    }

    fn has_work(&self) -> bool {
        self.closed.load(Ordering::Acquire) || self.queued.iter().any(|queue| queue.load(Ordering::Relaxed) != 0)
    }

    /// A job that is about to be run: one of those that count.
    fn take(&self) -> bool {
        let take = |queue: &AtomicUsize| {
            queue.fetch_update(Ordering::Acquire, Ordering::Relaxed, |jobs| jobs.checked_sub(1)).is_ok()
        };
        self.queued.iter().any(take)
    }

    fn submit(&self) {
        self.queued[0].fetch_add(1, Ordering::Release);
        fence(Ordering::SeqCst);
        self.sleep.notify();
    }

    /// The worker that is no spare thread.
    fn work(&self, mut searching: Searching) {
        loop {
            let is_closed = self.closed.load(Ordering::Acquire);
            if self.take() {
                self.sleep.found_work(searching, || self.has_work());
                self.done.unpark();
                searching = self.sleep.start_searching();
            } else if is_closed {
                return self.sleep.leave(searching);
            } else {
                (searching, _) = self.sleep.sleep(searching, 0, || self.has_work(), || false, |_| ());
            }
        }
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        fence(Ordering::SeqCst);
        self.sleep.wake_all();
    }
}

fn departing(name: &str, bound: Bound, spare: fn(&Room, Searching)) {
    explore_in_both_modes(name, bound, move || {
        let room = Room::new();
        let start = |body: fn(&Room)| {
            let room = room.clone();
            thread::spawn(move || body(&room))
        };
        let worker = start(|room| room.work(room.sleep.arrive()));
        let spare_room = room.clone();
        let spare = thread::spawn(move || spare(&spare_room, spare_room.sleep.arrive()));
        room.submit();
        assert!(room.done.park(Deadline::NEVER));
        room.close();
        spare.join().unwrap();
        worker.join().unwrap();
    });
}

#[test]
fn who_departs_takes_no_wake_up_along() {
    departing("spares: departs at once", Some(2), |room, searching| {
        room.sleep.depart(searching, || room.has_work());
    });
}

#[test]
fn who_was_woken_departs_and_wakes_another() {
    departing("spares: departs when it wakes", Some(2), |room, searching| {
        let (searching, _) = room.sleep.sleep(searching, 1, || room.has_work(), || false, |_| ());
        room.sleep.depart(searching, || room.has_work());
    });
}

/// As a worker it pushes, with a light fence, and departs.
#[test]
fn who_departs_leaves_its_jobs_to_others() {
    explore_in_both_modes("spares: pushes and departs", Some(3), || {
        let room = Room::new();
        let other = room.clone();
        let worker = thread::spawn(move || other.work(other.sleep.arrive()));
        let searching = room.sleep.arrive();
        room.sleep.found_work(searching, || room.has_work());
        room.queued[1].fetch_add(1, Ordering::Relaxed);
        filch::internals::light();
        room.sleep.notify();
        room.sleep.depart(room.sleep.start_searching(), || room.has_work());
        assert!(room.done.park(Deadline::NEVER));
        room.close();
        worker.join().unwrap();
    });
}

/// A worker that has not arrived yet may run its start hook, which pushes like a job.
#[test]
fn who_is_absent_may_push() {
    explore_in_both_modes("spares: an absent worker pushes", Some(3), || {
        let room = Room::new();
        let other = room.clone();
        let worker = thread::spawn(move || other.work(other.sleep.arrive()));
        room.queued[1].fetch_add(1, Ordering::Relaxed);
        filch::internals::light();
        room.sleep.notify();
        assert!(room.done.park(Deadline::NEVER));
        room.close();
        worker.join().unwrap();
    });
}

/// One worker runs and pushes, one falls asleep, and a spare thread departs meanwhile.
fn while_another_runs(name: &str, bound: Bound, spare: fn(&Room, Searching)) {
    explore_in_both_modes(name, bound, move || {
        let room = Room::of(3);
        let own = room.sleep.arrive();
        room.sleep.found_work(own, || false);
        let searching = (room.sleep.arrive(), room.sleep.arrive());
        let other = room.clone();
        let worker = thread::spawn(move || other.work(searching.0));
        let other = room.clone();
        let spare = thread::spawn(move || spare(&other, searching.1));
        room.queued[1].fetch_add(1, Ordering::Relaxed);
        filch::internals::light();
        room.sleep.notify();
        assert!(room.done.park(Deadline::NEVER));
        room.close();
        spare.join().unwrap();
        worker.join().unwrap();
    });
}

#[test]
fn who_departs_hides_nobody_who_runs() {
    while_another_runs("spares: departs while another runs", Some(2), |room, searching| {
        room.sleep.depart(searching, || room.has_work());
    });
}

#[test]
fn who_comes_back_hides_nobody_who_runs() {
    while_another_runs("spares: comes back while another runs", Some(2), |room, searching| {
        room.sleep.depart(searching, || room.has_work());
        let searching = room.sleep.come_back();
        room.sleep.depart(searching, || room.has_work());
    });
}

fn with_spare() -> Pool {
    Pool::builder().threads(1).spare_threads(1).build().unwrap()
}

#[test]
fn the_only_worker_waits_for_a_job_behind_it() {
    explore("spares: a pool of one waits for a permit", Some(1), || {
        let pool = with_spare();
        let permits = Arc::new(Semaphore::new(0));
        let waits = pool.submit({
            let permits = permits.clone();
            move || permits.acquire().unwrap().forget()
        });
        pool.spawn({
            let permits = permits.clone();
            move || permits.release(1)
        });
        waits.join().unwrap();
        assert_eq!(permits.available(), 0);
        finish(pool);
    });
}

#[test]
fn a_pool_with_a_spare_thread_ends() {
    explore("spares: a pool ends", at_length(2), || {
        let pool = with_spare();
        pool.spawn(|| filch::blocking(thread::yield_now));
        pool.shutdown();
    });
}

#[test]
fn a_pool_with_a_spare_thread_becomes_idle() {
    explore("spares: a pool becomes idle", Some(1), || {
        let pool = with_spare();
        pool.spawn(|| filch::blocking(thread::yield_now));
        pool.wait_idle();
        finish(pool);
    });
}
