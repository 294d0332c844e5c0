//! Timers: the inbox, the wheel under its lock, the sleep of their thread, and the words of the jobs.
//!
//! Threads: 2 or 3: inserters, the timers' thread, a worker, a canceller. Bounds: at each model. Property: the thread never sleeps over a job that is due; each job runs once or
//! is dropped once, and its cell is freed; nothing is left in the timers when they are closed; a schedule that is cancelled does not begin another run.
//! The batch is 2 and every tombstone is swept at once, so that two inserts drain the inbox. Whole pools: the clock stands at 0, so only what is due at once runs.
//! Seen failing: the rows of `timer` in `mutants`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use filch::internals::{CellRef, handle};
use filch::{ManualClock, Pool};
use loom::cell::UnsafeCell;
use loom::thread::{self, JoinHandle};

use crate::pool::{at_rest, at_rest_with, finish};
use crate::support::{ALL, explore};
use crate::timer_stage::{LATER, SOON, Stage};
use crate::witness::Witness;

fn start(stage: &Arc<Stage>, body: impl FnOnce(&Arc<Stage>) + 'static) -> JoinHandle<()> {
    let stage = stage.clone();
    thread::spawn(move || body(&stage))
}

#[test]
fn an_insert_meets_the_thread_that_falls_asleep() {
    explore("timer: insert, thread", Some(4), || {
        let (stage, witness) = (Stage::new(true), Witness::new());
        let timers = start(&stage, |stage| stage.run_until_fired(1));
        let cell = stage.submit(&witness, SOON);
        timers.join().unwrap();
        stage.settle();
        cell.take().unwrap().check();
        assert_eq!(witness.settle(), 1);
    });
}

#[test]
fn an_insert_wakes_the_thread_that_sleeps_for_a_later_one() {
    explore("timer: earlier insert, thread", Some(3), || {
        let stage = Stage::new(true);
        let (late, soon) = (Witness::new(), Witness::new());
        let late_cell = stage.submit(&late, LATER);
        let timers = start(&stage, |stage| stage.run_until_fired(1));
        let cell = stage.submit(&soon, SOON);
        timers.join().unwrap();
        stage.settle();
        cell.take().unwrap().check();
        assert!(late_cell.take().unwrap_err().is_shut_down());
        assert_eq!((late.settle(), soon.settle()), (0, 1));
    });
}

#[test]
fn whoever_drains_tells_the_thread() {
    explore("timer: 2 inserts that drain, 1 sleep", Some(4), || {
        let stage = Stage::new(true);
        let (late, soon) = (Witness::new(), Witness::new());
        // It returns at once, or is woken.
        let timers = start(&stage, |stage| stage.sleep());
        drop(stage.submit(&late, LATER));
        // The inbox is full with this one: the thread may fall asleep between the look at it and the drain.
        let cell = stage.submit(&soon, SOON);
        timers.join().unwrap();
        stage.poll();
        stage.settle();
        cell.take().unwrap().check();
        assert_eq!((late.settle(), soon.settle()), (0, 1));
    });
}

#[test]
fn two_drain_at_once() {
    explore("timer: 2 threads insert 2 each", Some(3), || {
        let stage = Stage::new(false);
        let witnesses = [(); 4].map(|()| Witness::new());
        let insert = |stage: &Arc<Stage>, witnesses: &[Witness]| {
            witnesses.iter().for_each(|witness| drop(stage.submit(witness, LATER)));
        };
        let other = start(&stage, {
            let witnesses = witnesses.clone();
            move |stage| insert(stage, &witnesses[..2])
        });
        insert(&stage, &witnesses[2..]);
        other.join().unwrap();
        assert_eq!(stage.timers.len(), 4);
        stage.settle();
        assert!(witnesses.iter().all(|witness| witness.settle() == 0));
    });
}

#[test]
fn a_cancel_meets_the_moment() {
    explore("timer: cancel, fire and run", Some(4), || {
        let (stage, witness) = (Stage::new(true), Witness::new());
        let cell = stage.submit(&witness, SOON);
        let timers = start(&stage, |stage| {
            stage.poll();
            stage.run_one();
        });
        let cancelled = cell.raw().cancel();
        if cancelled {
            witness.check_closure_is_gone();
        }
        timers.join().unwrap();
        stage.settle();
        let outcome = cell.take().map(|value| value.check());
        assert_eq!(outcome.is_err(), cancelled);
        assert_eq!(witness.settle(), isize::from(!cancelled));
    });
}

#[test]
fn a_cancel_meets_a_job_on_its_way_to_the_wheel() {
    explore("timer: cancel, drain", Some(3), || {
        let stage = Stage::new(false);
        let (first, second) = (Witness::new(), Witness::new());
        let cell = stage.submit(&first, LATER);
        let other = start(&stage, {
            let second = second.clone();
            // The inbox is full now: it is drained and swept.
            move |stage| drop(stage.submit(&second, LATER))
        });
        assert!(cell.raw().cancel());
        first.check_closure_is_gone();
        other.join().unwrap();
        assert_eq!(stage.timers.len(), 1);
        stage.settle();
        assert!(cell.take().unwrap_err().is_cancelled());
        assert_eq!((first.settle(), second.settle()), (0, 0));
    });
}

/// Two delayed jobs, which the second has moved to the wheel.
fn two_in_the_wheel(stage: &Stage, first: u64) -> (CellRef<u32>, CellRef<u32>) {
    let cells = (stage.submit_closure(|| 1, first), stage.submit_closure(|| 2, LATER));
    assert_eq!(stage.timers.len(), 2);
    cells
}

#[test]
fn a_cancelled_job_leaves_the_wheel_while_others_are_taken() {
    explore("timer: withdraw, fire and run", Some(4), || {
        let stage = Stage::new(true);
        let (first, second) = two_in_the_wheel(&stage, LATER);
        let soon = stage.submit_closure(|| 3, SOON);
        let timers = start(&stage, |stage| {
            stage.poll();
            stage.run_one();
        });
        assert!(first.raw().cancel());
        timers.join().unwrap();
        assert_eq!(stage.timers.len(), 1);
        assert_eq!(soon.take().unwrap(), 3);
        stage.settle();
        assert!(first.take().unwrap_err().is_cancelled() && second.take().unwrap_err().is_shut_down());
    });
}

#[test]
fn two_cancelled_jobs_leave_the_wheel() {
    explore("timer: withdraw, withdraw", Some(4), || {
        let stage = Stage::new(false);
        let (first, second) = two_in_the_wheel(&stage, LATER);
        let other = start(&stage, move |_| {
            assert!(second.raw().cancel());
            assert!(second.take().unwrap_err().is_cancelled());
        });
        assert!(first.raw().cancel());
        assert!(first.take().unwrap_err().is_cancelled());
        other.join().unwrap();
        assert_eq!(stage.timers.len(), 0);
        stage.settle();
    });
}

#[test]
fn a_job_that_leaves_the_wheel_meets_the_moment() {
    explore("timer: withdraw, fire the same", Some(4), || {
        let stage = Stage::new(true);
        let (first, second) = two_in_the_wheel(&stage, SOON);
        let timers = start(&stage, |stage| {
            stage.poll();
            stage.run_one();
        });
        let cancelled = first.raw().cancel();
        timers.join().unwrap();
        assert_eq!(stage.timers.len(), 1);
        assert_eq!(first.take().is_err(), cancelled);
        stage.settle();
        drop(second);
    });
}

#[test]
fn a_job_that_leaves_the_wheel_meets_the_end() {
    explore("timer: withdraw, close", Some(4), || {
        let stage = Stage::new(false);
        let (first, second) = two_in_the_wheel(&stage, LATER);
        let closer = start(&stage, |stage| stage.close());
        let cancelled = first.raw().cancel();
        closer.join().unwrap();
        assert_eq!(first.take().unwrap_err().is_cancelled(), cancelled);
        assert!(second.take().unwrap_err().is_shut_down());
        stage.settle();
    });
}

#[test]
fn a_cancel_in_one_step_tells_who_waits() {
    explore("timer: quiet cancel, join", Some(3), || {
        let stage = Stage::new(false);
        // Nothing to drop.
        let cell = stage.submit_closure(|| 7_u32, LATER);
        let token = cell.raw().clone();
        let canceller = thread::spawn(move || assert!(token.cancel()));
        assert!(handle(cell).join().unwrap_err().is_cancelled());
        canceller.join().unwrap();
        stage.settle();
    });
}

#[test]
fn one_who_waits_claims_what_is_due() {
    explore("timer: claim, fire and run", Some(4), || {
        let (stage, witness) = (Stage::new(true), Witness::new());
        let cell = stage.submit(&witness, SOON);
        let timers = start(&stage, |stage| {
            stage.poll();
            stage.run_one();
        });
        if cell.raw().claim_awaited(&*stage).is_some() {
            cell.raw().run_claimed(&*stage);
        }
        timers.join().unwrap();
        stage.settle();
        cell.take().unwrap().check();
        assert_eq!(witness.settle(), 1);
    });
}

/// Counts runs, and that nothing is left of the closure.
fn counted(runs: &Arc<AtomicUsize>) -> impl FnMut() + Send + 'static {
    let runs = runs.clone();
    move || _ = runs.fetch_add(1, Relaxed)
}

#[test]
fn a_cancel_meets_a_run_of_a_schedule() {
    explore("timer: schedule, run, cancel", Some(4), || {
        let (stage, runs) = (Stage::new(true), Arc::new(AtomicUsize::new(0)));
        let schedule = stage.schedule(u64::MAX, counted(&runs));
        let worker = start(&stage, |stage| {
            stage.poll();
            stage.run_one();
        });
        assert!(schedule.cancel());
        let begun = schedule.runs();
        assert!(!schedule.is_active() && !schedule.cancel());
        worker.join().unwrap();
        assert_eq!(schedule.runs(), begun, "no run begins after a cancel");
        stage.settle();
        assert_eq!(Arc::strong_count(&runs), 1, "the closure is gone");
        assert_eq!(schedule.runs(), runs.load(Relaxed) as u64);
    });
}

#[test]
fn a_schedule_that_is_armed_again_meets_a_cancel_and_the_thread() {
    explore("timer: schedule, re-arm, cancel, thread", Some(2), || {
        let (stage, runs) = (Stage::new(true), Arc::new(AtomicUsize::new(0)));
        let schedule = stage.schedule(u64::MAX, counted(&runs));
        stage.poll();
        let worker = start(&stage, |stage| _ = stage.run_one());
        let timers = start(&stage, |stage| stage.poll());
        assert!(schedule.cancel());
        worker.join().unwrap();
        timers.join().unwrap();
        stage.settle();
        assert_eq!(Arc::strong_count(&runs), 1, "the closure is gone");
        assert_eq!(schedule.runs(), runs.load(Relaxed) as u64);
    });
}

/// It is armed, but not with the timers again, and another job lies where it lay before.
#[test]
fn a_schedule_that_leaves_an_old_place_leaves_others_alone() {
    const TICK: u64 = 1 << 14;
    explore("timer: schedule, re-arm, withdraw from an old place", Some(3), || {
        let (stage, runs) = (Stage::new(false), Arc::new(AtomicUsize::new(0)));
        let schedule = stage.schedule_at(70 * TICK, u64::MAX, counted(&runs));
        // Each second insert moves both to the wheel. This one stays there.
        drop(stage.submit_closure(|| (), u64::MAX));
        stage.move_to(4096 * TICK);
        stage.poll();
        let other = stage.submit_closure(|| 1, (4096 + 70) * TICK);
        drop(stage.submit_closure(|| (), u64::MAX));
        let worker = start(&stage, |stage| assert!(stage.run_one()));
        assert!(schedule.cancel());
        worker.join().unwrap();
        stage.move_to((4096 + 70) * TICK);
        stage.poll();
        stage.run_one();
        assert_eq!(other.take().unwrap(), 1);
        stage.settle();
        assert_eq!(Arc::strong_count(&runs), 1, "the closure is gone");
    });
}

#[test]
fn a_run_sees_what_the_run_before_did() {
    explore("timer: schedule, 2 runs on 2 threads", Some(4), || {
        let (stage, last) = (Stage::new(true), Arc::new(AtomicUsize::new(0)));
        // The closure's own number is the checker's: it must be visible to the next run.
        let number = UnsafeCell::new(0);
        let schedule = stage.schedule(2, {
            let last = last.clone();
            move || {
                // SAFETY: a schedule does not overlap with itself; the checker fails the model otherwise.
                number.with_mut(|number| unsafe { *number += 1 });
                // SAFETY: as above.
                last.store(number.with(|number| unsafe { *number }), Relaxed);
            }
        });
        stage.poll();
        // The second run is due as soon as the first has ended.
        stage.move_to(SOON + LATER);
        let other = start(&stage, |stage| _ = stage.run_one());
        stage.run_one();
        other.join().unwrap();
        stage.settle();
        assert_eq!((last.load(Relaxed), schedule.runs()), (2, 2));
        assert!(!schedule.is_active());
    });
}

#[test]
fn the_end_meets_an_insert() {
    explore("timer: close, insert", ALL, || {
        let (stage, witness) = (Stage::new(false), Witness::new());
        let closer = start(&stage, |stage| stage.close());
        let cell = stage.submit(&witness, SOON);
        closer.join().unwrap();
        // Nobody comes after those two.
        witness.check_closure_is_gone();
        stage.settle();
        assert!(cell.take().unwrap_err().is_shut_down());
        assert_eq!(witness.settle(), 0);
    });
}

#[test]
fn the_end_meets_the_moment_and_a_cancel() {
    explore("timer: close, fire, cancel", Some(2), || {
        let (stage, witness) = (Stage::new(true), Witness::new());
        let cell = stage.submit(&witness, SOON);
        let timers = start(&stage, |stage| stage.poll());
        let closer = start(&stage, |stage| stage.close());
        let cancelled = cell.raw().cancel();
        timers.join().unwrap();
        closer.join().unwrap();
        stage.settle();
        let outcome = cell.take().map(|value| value.check());
        let runs = witness.settle();
        match outcome {
            Ok(()) => assert!(!cancelled),
            Err(error) => assert_eq!(error.is_cancelled(), cancelled),
        }
        assert!(runs == 0 || !cancelled);
    });
}

#[test]
fn the_end_lets_the_thread_go() {
    explore("timer: close, thread", ALL, || {
        let stage = Stage::new(false);
        let timers = start(&stage, |stage| stage.run_until_fired(1));
        stage.close();
        timers.join().unwrap();
    });
}

#[test]
fn the_end_meets_a_schedule_that_is_armed_again() {
    explore("timer: close, re-arm", ALL, || {
        let (stage, runs) = (Stage::new(true), Arc::new(AtomicUsize::new(0)));
        let schedule = stage.schedule(u64::MAX, counted(&runs));
        stage.poll();
        let worker = start(&stage, |stage| assert!(stage.run_one()));
        stage.close();
        worker.join().unwrap();
        assert_eq!((Arc::strong_count(&runs), runs.load(Relaxed)), (1, 1), "nobody comes after those two");
        assert!(!schedule.is_active());
        stage.settle();
    });
}

#[test]
fn a_pool_runs_what_is_due_at_once() {
    explore("timer: 1 worker, due at once", Some(2), || {
        let witness = Witness::new();
        let pool = at_rest(1);
        let handle = pool.submit_later(Duration::ZERO, witness.closure());
        handle.join().unwrap().check();
        witness.check_closure_is_gone();
        finish(pool);
        assert_eq!(witness.settle(), 1);
    });
}

#[test]
fn a_pool_ends_with_a_delayed_job() {
    explore("timer: 1 worker, delayed, shutdown", Some(2), || {
        let witness = Witness::new();
        let pool = at_rest(1);
        let handle = pool.submit_later(Duration::from_secs(1), witness.closure());
        pool.shutdown();
        assert!(handle.join().unwrap_err().is_shut_down());
        assert_eq!(witness.settle(), 0);
    });
}

#[test]
fn a_pool_ends_while_a_job_is_delayed() {
    explore("timer: 1 worker, shutdown, insert elsewhere", Some(1), || {
        let witness = Witness::new();
        let pool = at_rest(1);
        let other = pool.clone();
        let closure = witness.closure();
        let inserter = thread::spawn(move || other.submit_later(Duration::from_secs(1), closure));
        pool.shutdown();
        let handle = inserter.join().unwrap();
        assert!(handle.join().unwrap_err().is_shut_down());
        finish(pool);
        assert_eq!(witness.settle(), 0);
    });
}

/// No thread has the timers in between: whoever closes them ends what is there, and whoever comes later what is left.
#[test]
fn a_pool_with_a_manual_clock_ends_while_a_job_is_delayed() {
    let by_hand = |workers| Pool::builder().threads(workers).clock(ManualClock::new()).build().unwrap();
    explore("timer: 1 worker, manual clock, insert, shutdown elsewhere", Some(2), move || {
        let witness = Witness::new();
        let pool = at_rest_with(1, by_hand);
        let other = pool.clone();
        let closer = thread::spawn(move || other.shutdown());
        let handle = pool.submit_later(Duration::from_secs(1), witness.closure());
        assert!(handle.join().unwrap_err().is_shut_down());
        closer.join().unwrap();
        finish(pool);
        assert_eq!(witness.settle(), 0);
    });
}
