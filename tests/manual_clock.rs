//! A clock that is moved by hand.

mod common;

use std::sync::{Arc, mpsc};
use std::time::Duration;

use common::*;
use filch::{JobSet, ManualClock, MissedTick, Pool, ScheduleOptions, WaitPolicy};

const SECOND: Duration = Duration::from_secs(1);

fn pool_of(threads: usize, clock: &ManualClock) -> Pool {
    Pool::builder().threads(threads).clock(clock.clone()).build().unwrap()
}

#[test]
fn what_fell_due_has_run_when_advance_returns() {
    let _watchdog = watchdog();
    let clock = ManualClock::new();
    let pool = pool_of(2, &clock);
    let (runs, callbacks) = (Counter::new(), Counter::new());
    for n in 0..100 {
        let (run, callback) = (runs.adder(), callbacks.adder());
        let _ = pool.submit_later(SECOND * n, move || (spin(10_000), run())).on_complete(move |_| callback());
    }
    clock.advance(SECOND * 49);
    assert_eq!((runs.get(), callbacks.get(), pool.delayed()), (50, 50, 50));
    clock.advance(SECOND * 50);
    assert_eq!((runs.get(), callbacks.get(), pool.delayed()), (100, 100, 0));
}

#[test]
fn what_due_jobs_delay_happens_in_the_same_advance() {
    fn chain(pool: Pool, clock: ManualClock, times: Notes<Duration>, start: std::time::Instant, left: u32) {
        times.note(clock.now() - start);
        if left > 0 {
            let next = pool.clone();
            pool.spawn_later(SECOND, move || chain(next, clock, times, start, left - 1));
        }
    }
    let _watchdog = watchdog();
    let clock = ManualClock::new();
    let pool = pool_of(1, &clock);
    let (times, start) = (Notes::new(), clock.now());
    let job = (pool.clone(), clock.clone(), times.clone());
    pool.spawn_later(SECOND, move || chain(job.0, job.1, job.2, start, 9));
    clock.advance(SECOND * 5);
    assert_eq!(times.all(), [1, 2, 3, 4, 5].map(Duration::from_secs));
    clock.advance(SECOND * 60);
    assert_eq!(times.len(), 10);
}

#[test]
fn with_one_worker_every_advance_gives_the_same_order() {
    let _watchdog = watchdog();
    let once = || {
        let clock = ManualClock::new();
        let pool = pool_of(1, &clock);
        let order = Notes::new();
        let note = |what: String| {
            let order = order.clone();
            move || order.note(what.clone())
        };
        let mut random = Random::new(3);
        for n in 0..200 {
            let delay = Duration::from_millis(random.below(50));
            if n % 10 == 0 {
                let options = ScheduleOptions::fixed_rate(delay).missed_tick(MissedTick::Burst).max_runs(20);
                drop(pool.schedule_with(options, note(format!("schedule {n}"))));
            } else {
                pool.spawn_later(delay, note(format!("job {n}")));
            }
        }
        clock.advance(Duration::from_millis(17));
        clock.advance(SECOND * 3);
        order.all()
    };
    let first = once();
    assert_eq!(first.len(), 180 + 20 * 20);
    assert!((0..5).all(|_| once() == first));
}

#[test]
fn two_pools_go_by_one_clock() {
    let _watchdog = watchdog();
    let clock = ManualClock::new();
    let pools = [pool_of(1, &clock), pool_of(1, &clock)];
    let order = Notes::new();
    for n in 0..20 {
        let order = order.clone();
        pools[n % 2].spawn_later(SECOND * n as u32, move || order.note(n));
    }
    clock.advance(SECOND * 60);
    assert_eq!(order.all(), (0..20).collect::<Vec<_>>());
    let [gone, left] = pools;
    drop(gone);
    let runs = Counter::new();
    left.spawn_later(SECOND, runs.adder());
    clock.advance(SECOND);
    assert_eq!(runs.get(), 1);
}

#[test]
fn a_worker_may_wait_for_what_is_due_later() {
    let _watchdog = watchdog();
    let clock = ManualClock::new();
    let pool = pool_of(1, &clock);
    let inner = pool.submit_later(SECOND * 2, || "later");
    let waits = pool.submit(move || inner.join().unwrap());
    let other = pool.submit_later(SECOND, || "sooner");
    eventually("the worker waits", || pool.running() == 1);
    // The only worker waits for the clock, not the clock for the worker.
    clock.advance(SECOND);
    assert!(!other.is_finished());
    clock.advance(SECOND);
    assert_eq!(waits.join().unwrap(), "later");
    assert_eq!(other.join().unwrap(), "sooner");
    let set = pool.submit(|| {
        let set = JobSet::new(&Pool::current().unwrap());
        set.submit_later(SECOND * 5, || "in a set");
        set.next().unwrap().1.unwrap()
    });
    while !set.is_finished() {
        clock.advance(SECOND);
    }
    assert_eq!(set.join().unwrap(), "in a set");
}

#[test]
fn an_end_during_an_advance_ends_that_too() {
    let _watchdog = watchdog();
    let clock = ManualClock::new();
    let pool = pool_of(1, &clock);
    let (begun, running) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    pool.spawn_later(SECOND, move || {
        begun.send(()).unwrap();
        wait.recv().unwrap();
    });
    let after = pool.submit_later(SECOND * 2, || unreachable!());
    let advancing = std::thread::spawn({
        let clock = clock.clone();
        move || clock.advance(SECOND * 10)
    });
    running.recv().unwrap();
    assert!(!pool.shutdown_timeout(Duration::ZERO));
    go.send(()).unwrap();
    advancing.join().unwrap();
    let after: Result<(), _> = after.join();
    assert!(after.unwrap_err().is_shut_down());
}

#[test]
fn advancing_inside_a_job_panics_with_a_clear_message() {
    let _watchdog = watchdog();
    let clock = ManualClock::new();
    let pool = pool_of(1, &clock);
    let own = clock.clone();
    let panic = pool.submit_later(SECOND, move || panic_of(|| own.advance(SECOND)));
    clock.advance(SECOND);
    assert!(panic.join().unwrap().contains("inside a job"));
    let others = ManualClock::new();
    pool.submit(move || others.advance(SECOND)).join().unwrap();
}

#[test]
fn it_stands_still_by_itself_and_cannot_run_over() {
    let clock = ManualClock::new();
    let before = clock.now();
    std::thread::sleep(Duration::from_millis(2));
    assert_eq!(clock.now(), before);
    clock.advance(Duration::MAX);
    clock.advance(Duration::MAX);
    assert!(clock.now() >= before);
    let pool = pool_of(1, &clock);
    assert_eq!(pool.submit_later(SECOND, || 1).join().unwrap(), 1, "the end of all time has come");
}

#[test]
fn several_threads_may_advance_it() {
    let _watchdog = watchdog();
    let clock = ManualClock::new();
    let pool = Arc::new(pool_of(2, &clock));
    let schedule = pool.schedule(SECOND, || ());
    std::thread::scope(|scope| {
        (0..4).for_each(|_| drop(scope.spawn(|| (0..25).for_each(|_| clock.advance(SECOND)))));
    });
    assert_eq!(schedule.runs(), 100);
}

#[test]
fn a_due_job_that_waits_for_the_clock_does_not_hold_it_up() {
    let _watchdog = watchdog();
    for (threads, policy) in [(1, WaitPolicy::Isolated), (2, WaitPolicy::Isolated), (1, WaitPolicy::HelpAny)] {
        let clock = ManualClock::new();
        let pool = Pool::builder().threads(threads).wait_policy(policy).clock(clock.clone()).build().unwrap();
        let (times, start) = (Notes::new(), clock.now());
        let (noted, moved) = (times.clone(), clock.clone());
        let outer = pool.submit_later(SECOND, move || {
            for _ in 0..3 {
                let moved = moved.clone();
                let inner = Pool::current().unwrap().submit_later(SECOND, move || moved.now() - start);
                noted.note(inner.join().unwrap());
            }
        });
        clock.advance(SECOND * 10);
        assert!(outer.is_finished());
        assert_eq!(times.all(), [2, 3, 4].map(Duration::from_secs), "{threads} {policy:?}");
    }
}

#[test]
fn a_job_that_is_waited_for_has_run_when_advance_returns() {
    let _watchdog = watchdog();
    for _ in 0..20 {
        let clock = ManualClock::new();
        let pool = pool_of(1, &clock);
        let ran = Counter::new();
        let (waits, waiting) = mpsc::channel();
        let run = ran.adder();
        pool.spawn(move || {
            let delayed = Pool::current().unwrap().submit_later(SECOND * 2, run);
            waits.send(()).unwrap();
            delayed.join().unwrap();
        });
        waiting.recv().unwrap();
        clock.advance(SECOND);
        assert_eq!(ran.get(), 0);
        clock.advance(SECOND);
        assert_eq!(ran.get(), 1);
    }
}

#[test]
fn the_end_of_all_time_does_not_come() {
    let _watchdog = watchdog();
    let clock = ManualClock::new();
    let pool = pool_of(1, &clock);
    let schedule = pool.schedule(Duration::MAX, || ());
    let job = pool.submit_later(Duration::MAX, || ());
    clock.advance(Duration::MAX);
    clock.advance(Duration::MAX);
    assert_eq!(schedule.runs(), 0);
    assert!(!job.is_finished());
}

#[test]
fn a_callback_on_another_thread_cannot_move_the_clock() {
    let _watchdog = watchdog();
    let clock = ManualClock::new();
    let panics = Notes::new();
    let pool = Pool::builder().threads(1).clock(clock.clone()).panic_handler(panics.handler()).build().unwrap();
    let _gate = block(&pool);
    let moved = clock.clone();
    let token = pool.submit_later(Duration::ZERO, || ()).on_complete(move |_| moved.advance(SECOND));
    assert!(token.cancel());
    assert!(panics.all()[0].contains("wait for itself"));
}

#[test]
fn a_grid_may_begin_before_the_pool() {
    let _watchdog = watchdog();
    let clock = ManualClock::new();
    let begin = clock.now() - Duration::from_millis(2500);
    let pool = pool_of(1, &clock);
    for (missed, runs) in [(MissedTick::Skip, 1), (MissedTick::Burst, 3)] {
        let options = ScheduleOptions::fixed_rate(SECOND).start(begin).missed_tick(missed);
        let schedule = pool.schedule_with(options, || ());
        clock.advance(Duration::ZERO);
        assert_eq!(schedule.runs(), runs);
        assert_eq!(schedule.next_run(), Some(begin + SECOND * 3));
        assert!(schedule.cancel());
    }
    // So a schedule can run at each full second of the system's clock.
    let options = ScheduleOptions::fixed_rate(SECOND).start(std::time::SystemTime::UNIX_EPOCH);
    let schedule = pool.schedule_with(options, || ());
    clock.advance(SECOND * 10);
    assert_eq!(schedule.runs(), 11);
}

#[test]
fn what_a_run_submits_at_once_comes_after_all_that_was_due() {
    let _watchdog = watchdog();
    let clock = ManualClock::new();
    let pool = Pool::builder().threads(1).clock(clock.clone()).build().unwrap();
    let order = Notes::new();
    let delay = Duration::from_millis(1);
    for number in 0..300 {
        let order = order.clone();
        pool.spawn_later(delay, move || {
            let later = order.clone();
            order.note(number);
            if number == 0 {
                Pool::current().unwrap().spawn_later(Duration::ZERO, move || later.note(300));
            }
        });
    }
    clock.advance(delay);
    assert_eq!(order.all(), (0..=300).collect::<Vec<_>>());
}

#[test]
fn a_due_job_that_waits_for_a_running_member_is_waited_for() {
    let _watchdog = watchdog();
    for _ in 0..20 {
        let clock = ManualClock::new();
        let pool = pool_of(2, &clock);
        let outer = pool.submit_later(SECOND, || {
            let pool = Pool::current().unwrap();
            let set = JobSet::new(&pool);
            let (started, start) = mpsc::channel();
            let quick = set.submit(move || {
                started.send(()).unwrap();
                spin(100_000);
            });
            // The other worker has it.
            start.recv().unwrap();
            set.submit_later(SECOND * 3600, || ());
            set.next().unwrap().0 == quick
        });
        clock.advance(SECOND);
        assert!(outer.try_join().expect("it has ended").unwrap());
    }
}
