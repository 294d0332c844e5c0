//! Reminders from the command line: prints each text when its time has come.
//!
//! `cargo run --example remind -- 1s "tea is ready" 1500ms "and the cake" every 400ms "tick"`. A time is a number with `ms`, `s`, `min` or `h`. What follows `every` is repeated until the
//! last reminder has come.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use filch::{JobSet, Pool};

const USAGE: &str =
    "usage: remind [every] TIME TEXT …, for example: remind 5min \"tea is ready\" every 1min \"still hot\"";

/// What the command line asks for.
#[derive(Default)]
struct Reminders {
    once: Vec<(Duration, String)>,
    every: Vec<(Duration, String)>,
}

fn parse_time(text: &str) -> Result<Duration, String> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let amount: f64 = number.parse().map_err(|_| format!("{text:?} is not a time"))?;
    let seconds = match &text[number.len()..] {
        "ms" => 0.001,
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3600.0,
        unit => return Err(format!("{text:?}: {unit:?} is not a unit of time")),
    };
    Duration::try_from_secs_f64(amount * seconds).map_err(|error| format!("{text:?}: {error}"))
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Reminders, String> {
    let mut reminders = Reminders::default();
    while let Some(first) = arguments.next() {
        let repeats = first == "every";
        let time = if repeats { arguments.next().ok_or(USAGE)? } else { first };
        let reminder = (parse_time(&time)?, arguments.next().ok_or(USAGE)?);
        if repeats { reminders.every.push(reminder) } else { reminders.once.push(reminder) }
    }
    if reminders.once.is_empty() { Err(USAGE.into()) } else { Ok(reminders) }
}

fn main() -> ExitCode {
    let reminders = match parse(std::env::args().skip(1)) {
        Ok(reminders) => reminders,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::FAILURE;
        }
    };
    let start = Instant::now();
    let say = move |text: &str| println!("{:8.3} s  {text}", start.elapsed().as_secs_f64());
    let pool = Pool::with_threads(1);
    for (period, text) in reminders.every {
        // It runs on without its handle, and ends with the pool.
        drop(pool.schedule(period, move || say(&text)));
    }
    let set = JobSet::new(&pool);
    for (delay, text) in reminders.once {
        set.submit_later(delay, move || say(&text));
    }
    set.as_completed().for_each(drop);
    ExitCode::SUCCESS
}
