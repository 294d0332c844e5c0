//! A heartbeat that prints how late it is, and that it does not drift.
//!
//! `cargo run --release --example heartbeat -- [PERIOD_MS] [BEATS]`, 10 milliseconds and 200 beats by default. Half-way a beat lasts three periods and a half: the ticks meanwhile are left out, and
//! those after it are where they would have been.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use filch::{Pool, ScheduleOptions};

/// One beat: at which tick it was due, and how late it was.
struct Beat {
    tick: u128,
    late: Duration,
}

fn argument(number: usize, default: u64) -> u64 {
    match std::env::args().nth(number) {
        None => default,
        Some(text) => text.parse().unwrap_or_else(|_| panic!("{text:?} is not a whole number")),
    }
}

fn main() {
    let period = Duration::from_millis(argument(1, 10).max(1));
    let beats = argument(2, 200).max(2);

    let pool = Pool::with_threads(1);
    let (send, receive) = mpsc::channel();
    let start = Instant::now() + period;
    let mut beat = 0;
    let options = ScheduleOptions::fixed_rate(period).start(start).max_runs(beats);
    let schedule = pool.schedule_with(options, move || {
        let passed = start.elapsed();
        let tick = passed.as_nanos() / period.as_nanos();
        let late = Duration::from_nanos((passed.as_nanos() % period.as_nanos()) as u64);
        let _ = send.send(Beat { tick, late });
        beat += 1;
        if beat == beats / 2 {
            std::thread::sleep(period * 7 / 2);
        }
    });

    // The channel ends when the closure is dropped, after the last beat.
    let all: Vec<Beat> = receive.iter().collect();
    let mut lateness: Vec<_> = all.iter().map(|beat| beat.late).collect();
    lateness.sort();
    let at = |percent: usize| lateness[(lateness.len() - 1) * percent / 100];
    println!("{} beats, one every {period:?}", schedule.runs());
    println!("late: median {:?}, 99 of 100 within {:?}, at most {:?}", at(50), at(99), at(100));
    let last = all.last().expect("there is a beat");
    println!("ticks left out: {}", last.tick + 1 - all.len() as u128);
    // Drift would add up: so late the last beat would be.
    println!("the last beat was {:?} after its tick", last.late);
    assert!(all.windows(2).all(|pair| pair[1].tick > pair[0].tick), "two beats for one tick");
    assert!(!schedule.is_active());
}
