//! The process exits in the midst of everything: at once, with its code, and without a word.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use filch::{JobSet, MissedTick, Pool, ScheduleOptions, Semaphore};

use crate::common::*;

const CODE: i32 = 7;
const HOUR: Duration = Duration::from_secs(3600);
/// Far longer than an exit takes, and far shorter than what it must not wait for.
const PROMPTLY: Duration = Duration::from_secs(15);

/// Where the exit waits until the others are busy with something.
static MOMENT: LazyLock<Gate> = LazyLock::new(Gate::new);

fn exit() {
    MOMENT.doorway().wait();
    std::process::exit(CODE);
}

/// Has the pool's workers, its timers, and threads outside, do all they can.
fn make_busy(pool: &Pool) {
    (0..200).for_each(|n| drop(pool.submit_later(Duration::from_micros(n * 50), || ())));
    (0..1000).for_each(|_| drop(pool.submit_later(HOUR, || ())));
    let often = ScheduleOptions::fixed_rate(Duration::from_micros(100)).missed_tick(MissedTick::Burst);
    let _ = pool.schedule_with(often, || ());
    let feeder = pool.clone();
    std::thread::spawn(move || {
        let set = JobSet::with_capacity(&feeder, 10);
        set.submit_iter(|| 0..u64::MAX);
        loop {
            feeder.spawn_batch((0..100).map(|n| move || spin(n)));
            set.next();
            let _ = feeder.submit(|| filch::join(|| spin(100), || spin(100))).join();
        }
    });
    let permits = Arc::new(Semaphore::new(0));
    pool.spawn(move || drop(permits.acquire()));
}

/// Has the process exit from somewhere.
type Place = fn(&Pool);
/// Waits for the end of the process.
type Wait = fn(Pool);

/// From where the process exits. `make_busy` blocks one worker for good, of four.
const PLACES: [(&str, Place); 10] = [
    ("a job", |pool| pool.spawn(exit)),
    ("a delayed job", |pool| pool.spawn_later(Duration::from_millis(1), exit)),
    ("a schedule", |pool| drop(pool.schedule(Duration::from_millis(1), exit))),
    ("a piece of a join", |pool| pool.spawn(|| _ = filch::join(|| spin(1000), exit))),
    ("a callback", |pool| drop(pool.submit(|| ()).on_complete(|_| exit()))),
    ("a destructor of a capture", |pool| {
        let exits = OnDrop(exit);
        pool.spawn(move || _ = &exits);
    }),
    ("a destructor of what a canceller drops", |pool| {
        let exits = OnDrop(exit);
        assert!(pool.submit_later(HOUR, move || _ = &exits).cancel());
    }),
    ("a producer", |pool| {
        let set = JobSet::with_capacity(pool, 1);
        set.submit_iter(|| {
            exit();
            None::<()>
        });
        std::mem::forget(set);
    }),
    ("a panic handler", |_| {
        let pool = Pool::builder().threads(1).panic_handler(|_| exit()).build().unwrap();
        pool.spawn(|| panic!("expected"));
        std::mem::forget(pool);
    }),
    ("the start of a worker", |_| drop(Pool::builder().threads(3).on_thread_start(|_| exit()).build())),
];

/// What another thread is doing meanwhile.
const WAITS: [(&str, Wait); 7] = [
    ("join", |pool| _ = pool.submit(|| std::thread::sleep(HOUR)).join()),
    ("wait_idle", |pool| pool.wait_idle()),
    ("shutdown", |pool| pool.shutdown()),
    ("shutdown_now", |pool| pool.shutdown_now()),
    ("scope", |pool| pool.scope(|scope| scope.spawn(|| std::thread::sleep(HOUR)))),
    ("a semaphore", |_| drop(Semaphore::new(0).acquire())),
    ("submits", |pool| {
        loop {
            let _ = pool.submit(|| ()).join();
        }
    }),
];

fn child(place: usize, wait: usize) {
    let _watchdog = watchdog();
    crate::expect_panics("expected");
    let pool = Pool::builder().threads(4).queue_capacity(1000).build().unwrap();
    // Jobs that panic all the time.
    let panicking = pool.clone();
    std::thread::spawn(move || {
        loop {
            let _ = panicking.submit(|| panic!("expected")).join();
        }
    });
    make_busy(&pool);
    let (exiting, waiting) = (pool.clone(), pool.clone());
    std::thread::spawn(move || PLACES[place].1(&exiting));
    MOMENT.await_arrivals(1);
    let (send, task) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        send.send(task::Task::current()).expect("somebody wants to know");
        WAITS[wait].1(waiting);
    });
    let task = task.recv().expect("the thread says so");
    if WAITS[wait].0 != "submits" {
        task.await_sleep();
    }
    MOMENT.open();
    // Not by returning.
    std::thread::sleep(HOUR);
}

fn number(variable: &str) -> usize {
    std::env::var(variable).ok().and_then(|number| number.parse().ok()).expect("the parent says which")
}

#[test]
fn the_process_exits_from_anywhere_whatever_goes_on() {
    const NAME: &str = "exits::the_process_exits_from_anywhere_whatever_goes_on";
    if is_child(NAME) {
        return child(number("PLACE"), number("WAIT"));
    }
    let _watchdog = watchdog();
    let rounds = if long() { 10 } else { 1 };
    for case in 0..PLACES.len() * WAITS.len() * rounds {
        let (place, wait) = (case % PLACES.len(), case / PLACES.len() % WAITS.len());
        let start = Instant::now();
        let output = run_child(NAME, |command| {
            command.env("PLACE", place.to_string()).env("WAIT", wait.to_string());
        });
        let case = format!("exit from {}, another thread in {}", PLACES[place].0, WAITS[wait].0);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(CODE), "{case}: {}\n{stderr}", output.status);
        assert!(stderr.is_empty(), "{case}: {stderr}");
        assert!(start.elapsed() < PROMPTLY, "{case}: after {:?}", start.elapsed());
    }
}
