//! Periodic jobs.

mod common;

use std::sync::mpsc;
use std::time::{Duration, Instant};

use common::*;
use filch::{ManualClock, MissedTick, Pool, ScheduleOptions};

const SECOND: Duration = Duration::from_secs(1);

/// A pool with one worker, and the clock it goes by.
fn manual() -> (Pool, ManualClock) {
    let clock = ManualClock::new();
    (Pool::builder().threads(1).clock(clock.clone()).build().unwrap(), clock)
}

/// The runs of a schedule, each as the time since the clock began. A run moves nothing: the clock stands still meanwhile.
fn runs(clock: &ManualClock, pool: &Pool, options: ScheduleOptions) -> (Notes<Duration>, filch::Schedule) {
    let (times, start) = (Notes::new(), clock.now());
    let schedule = pool.schedule_with(options, {
        let (times, clock) = (times.clone(), clock.clone());
        move || times.note(clock.now() - start)
    });
    (times, schedule)
}

#[test]
fn a_fixed_rate_runs_at_each_tick_first_after_one_period() {
    let (pool, clock) = manual();
    let (times, schedule) = runs(&clock, &pool, ScheduleOptions::fixed_rate(SECOND));
    assert_eq!(schedule.next_run(), Some(clock.now() + SECOND));
    clock.advance(Duration::from_millis(3500));
    assert_eq!(times.all(), [1, 2, 3].map(Duration::from_secs));
    assert_eq!((schedule.runs(), schedule.is_active()), (3, true));
    assert_eq!(schedule.next_run(), Some(clock.now() + Duration::from_millis(500)));
}

#[test]
fn a_start_is_the_first_run_and_the_end_comes_after_the_last() {
    let (pool, clock) = manual();
    let at_once = ScheduleOptions::fixed_rate(SECOND).start(clock.now()).max_runs(3);
    let (times, schedule) = runs(&clock, &pool, at_once);
    clock.advance(Duration::from_secs(10));
    assert_eq!(times.all(), [0, 1, 2].map(Duration::from_secs));
    assert_eq!((schedule.runs(), schedule.is_active(), schedule.next_run()), (3, false, None));
    assert!(!schedule.cancel());
    let (times, _schedule) = runs(&clock, &pool, ScheduleOptions::fixed_delay(SECOND).start(clock.now() + 5 * SECOND));
    clock.advance(Duration::from_secs(7));
    assert_eq!(times.all(), [5, 6, 7].map(Duration::from_secs));
    let (times, schedule) = runs(&clock, &pool, ScheduleOptions::fixed_rate(SECOND).max_runs(0));
    clock.advance(Duration::from_secs(7));
    assert_eq!((times.len(), schedule.is_active(), schedule.runs()), (0, false, 0));
}

/// A schedule of a second whose second run lasts 3.5 seconds of the real clock's milliseconds.
fn after_a_long_run(missed: MissedTick) -> Vec<u128> {
    let pool = Pool::with_threads(1);
    let (send, receive) = mpsc::channel();
    let start = Instant::now() + Duration::from_millis(50);
    let options = ScheduleOptions::fixed_rate(Duration::from_millis(50)).start(start).missed_tick(missed).max_runs(7);
    let mut run = 0;
    let _ = pool.schedule_with(options, move || {
        send.send(start.elapsed().as_millis()).unwrap();
        run += 1;
        if run == 2 {
            std::thread::sleep(Duration::from_millis(175));
        }
    });
    receive.iter().collect()
}

/// Whether each time is at or soon after the one expected.
fn are_at(times: &[u128], expected: [u128; 7]) -> bool {
    let near = |(time, expected): (&u128, u128)| (expected..expected + 24).contains(time);
    times.len() == 7 && times.iter().zip(expected).all(near)
}

/// Other programs may hold up a run: a few tries.
fn assert_times(missed: MissedTick, expected: [u128; 7]) {
    let _watchdog = watchdog();
    let tries: Vec<_> =
        (0..10).map(|_| after_a_long_run(missed)).take_while(|times| !are_at(times, expected)).collect();
    assert!(tries.len() < 10, "{missed:?}: {tries:?}, expected {expected:?}");
}

#[test]
fn skip_leaves_missed_ticks_out_and_stays_on_the_grid() {
    assert_times(MissedTick::Skip, [0, 50, 250, 300, 350, 400, 450]);
}

#[test]
fn burst_makes_up_for_missed_ticks_at_once() {
    assert_times(MissedTick::Burst, [0, 50, 225, 225, 225, 250, 300]);
}

#[test]
fn delay_counts_from_the_late_run_on() {
    assert_times(MissedTick::Delay, [0, 50, 275, 325, 375, 425, 475]);
}

#[test]
fn a_fixed_delay_counts_from_the_end_of_a_run() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (send, receive) = mpsc::channel();
    let options = ScheduleOptions::fixed_delay(Duration::from_millis(10)).start(Instant::now()).max_runs(4);
    let _ = pool.schedule_with(options, move || {
        let begin = Instant::now();
        std::thread::sleep(Duration::from_millis(15));
        send.send((begin, Instant::now())).unwrap();
    });
    let runs: Vec<_> = receive.iter().collect();
    assert_eq!(runs.len(), 4);
    assert!(runs.windows(2).all(|pair| pair[1].0 - pair[0].1 >= Duration::from_millis(10)));
}

#[test]
fn it_never_overlaps_with_itself() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(4);
    let (inside, most) = (std::sync::atomic::AtomicUsize::new(0), Counter::new());
    let overlaps = most.clone();
    let options = ScheduleOptions::fixed_rate(Duration::from_micros(50)).missed_tick(MissedTick::Burst).max_runs(500);
    let (send, receive) = mpsc::channel::<()>();
    let _ = pool.schedule_with(options, move || {
        let _goes_with_the_closure = &send;
        if inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst) != 0 {
            overlaps.add();
        }
        spin(2000);
        inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
    });
    assert!(receive.recv().is_err());
    assert_eq!(most.get(), 0);
}

#[test]
fn it_survives_panics() {
    let _watchdog = watchdog();
    let panics = Notes::new();
    let clock = ManualClock::new();
    let pool = Pool::builder().threads(1).clock(clock.clone()).panic_handler(panics.handler()).build().unwrap();
    let mut run = 0;
    let schedule = pool.schedule(SECOND, move || {
        run += 1;
        assert!(run % 2 == 1, "every other");
    });
    clock.advance(Duration::from_secs(6));
    assert_eq!((schedule.runs(), schedule.is_active()), (6, true));
    assert_eq!(panics.all(), ["every other"; 3]);
    assert_eq!(pool.metrics().panics, 3);
}

#[test]
fn it_can_cancel_itself_and_then_its_closure_goes() {
    let _watchdog = watchdog();
    let (pool, clock) = manual();
    let (drops, slot) = (Counter::new(), std::sync::Arc::new(std::sync::Mutex::new(None::<filch::Schedule>)));
    let token = drops.token();
    let schedule = pool.schedule(SECOND, {
        let slot = slot.clone();
        move || {
            let _captured = &token;
            let own = lock(&slot).take().expect("its own handle");
            assert!(!filch::cancelled());
            assert!(own.cancel() && !own.cancel());
            assert!(filch::cancelled());
        }
    });
    *lock(&slot) = Some(schedule.clone());
    clock.advance(Duration::from_secs(5));
    assert_eq!((schedule.runs(), schedule.is_active(), drops.get()), (1, false, 1));
    assert_eq!(pool.metrics().panics, 0);
}

#[test]
fn no_run_starts_after_a_cancel_has_returned() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    for turn in 0..300 {
        let runs = Counter::new();
        let counted = runs.clone();
        let drops = Counter::new();
        let token = drops.token();
        let schedule = pool.schedule(Duration::from_micros(20), move || {
            let _captured = &token;
            counted.add();
        });
        spin(turn * 100);
        assert!(schedule.cancel());
        let begun = schedule.runs();
        spin(2000);
        assert_eq!(schedule.runs(), begun, "a run began after the cancel");
        eventually("the closure is dropped", || drops.get() == 1);
        assert!(runs.get() as u64 == begun);
    }
    assert_eq!(pool.scheduled(), 0);
}

#[test]
fn dropping_its_handles_leaves_it_running() {
    let _watchdog = watchdog();
    let (pool, clock) = manual();
    let runs = Counter::new();
    let counted = runs.clone();
    drop(pool.schedule(SECOND, move || counted.add()));
    clock.advance(Duration::from_secs(3));
    assert_eq!((runs.get(), pool.scheduled()), (3, 1));
    assert_eq!(pool.cancel_timers(), 1);
    clock.advance(Duration::from_secs(3));
    assert_eq!((runs.get(), pool.scheduled()), (3, 0));
}

#[test]
fn a_period_of_zero_runs_over_and_over_and_the_longest_never() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let often = pool.schedule(Duration::ZERO, || ());
    let never = pool.schedule(Duration::MAX, || unreachable!());
    let once = pool.schedule_with(ScheduleOptions::fixed_rate(Duration::MAX).start(Instant::now()), || ());
    eventually("many runs", || often.runs() > 1000);
    // Others have their turns all the same.
    assert_eq!(pool.submit(|| 7).join().unwrap(), 7);
    assert!(often.cancel() && never.cancel());
    assert_eq!((never.runs(), once.runs(), once.is_active()), (0, 1, true));
}

#[test]
fn cancel_pending_spares_it_and_cancel_timers_ends_a_run_that_is_queued() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let schedule = pool.schedule_with(ScheduleOptions::fixed_rate(3600 * SECOND).start(Instant::now()), || ());
    eventually("it is due", || pool.pending() == 1);
    assert_eq!((pool.cancel_pending(), pool.pending()), (0, 1));
    assert!(schedule.is_active() && schedule.next_run().is_some());
    gate.open();
    eventually("it has run", || schedule.runs() == 1 && schedule.next_run().is_some());
    let gate = block(&pool);
    let drops = Counter::new();
    let token = drops.token();
    let second = pool.schedule_with(ScheduleOptions::fixed_rate(SECOND).start(Instant::now()), move || _ = &token);
    assert_eq!((pool.cancel_timers(), drops.get()), (2, 1));
    gate.open();
    pool.wait_idle();
    assert_eq!((second.runs(), second.is_active(), pool.pending()), (0, false, 0));
}

#[test]
fn after_a_shutdown_the_closure_is_dropped_at_once() {
    let _watchdog = watchdog();
    let (pool, _clock) = manual();
    let drops = Counter::new();
    let token = drops.token();
    let before = pool.schedule(SECOND, move || _ = &token);
    assert_eq!(drops.get(), 0);
    pool.shutdown();
    assert_eq!((drops.get(), before.is_active()), (1, false));
    let token = drops.token();
    let after = pool.schedule(SECOND, move || _ = &token);
    assert_eq!((drops.get(), after.is_active(), after.cancel()), (2, false, false));
}

#[test]
fn one_that_never_runs_counts_for_nothing() {
    let _watchdog = watchdog();
    let (pool, _clock) = manual();
    let drops = Counter::new();
    for expected in 1..=100 {
        let token = drops.token();
        let options = ScheduleOptions::fixed_rate(SECOND).max_runs(0);
        let never = pool.schedule_with(options, move || _ = &token);
        assert_eq!((drops.get(), never.is_active(), never.cancel()), (expected, false, false));
    }
    let delayed = pool.submit_later(SECOND, || ());
    assert_eq!((pool.delayed(), pool.scheduled(), pool.metrics().cancelled), (1, 0, 0));
    assert!(delayed.cancel());
    assert_eq!((pool.delayed(), pool.metrics().cancelled), (0, 1));
}

#[test]
fn cancel_pending_leaves_a_run_where_it_is_queued() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let order = Notes::new();
    let note = |what: &'static str| {
        let order = order.clone();
        move || order.note(what)
    };
    let at_once = ScheduleOptions::fixed_rate(3600 * SECOND).start(Instant::now());
    let _ = pool.schedule_with(at_once, note("due first"));
    let _ = pool.schedule_with(at_once, note("due second"));
    pool.spawn(|| unreachable!("it is cancelled"));
    assert_eq!(pool.cancel_pending(), 1);
    pool.spawn(note("ordinary"));
    pool.spawn_later(Duration::ZERO, note("due third"));
    gate.open();
    pool.wait_idle();
    assert_eq!(order.all(), ["due first", "due second", "due third", "ordinary"]);
}
