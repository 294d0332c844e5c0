//! The contest: the standard library's two sorts and the pool's sort the same items, in turn.

use std::fmt;
use std::time::{Duration, Instant};

use filch::Pool;

use crate::quicksort;

const NAMES: [&str; 3] = ["std sort", "std sort_unstable", "filch"];

/// Sorts a slice in place.
type Sort<'a, T> = &'a dyn Fn(&mut [T]);

/// The median times of the contestants.
pub struct Times {
    what: String,
    medians: [Duration; 3],
}

/// Lets the contestants take turns, a different one first in every round. The error: a result that differs.
pub fn hold<T>(pool: &Pool, what: &str, items: &[T], rounds: usize) -> Result<Times, String>
where
    T: Ord + Clone + Send + Sync,
{
    let sorts: [Sort<T>; 3] =
        [&|items| items.sort(), &|items| items.sort_unstable(), &|items| quicksort::sort(pool, items)];
    let mut right = items.to_vec();
    right.sort();
    let mut times = [const { Vec::new() }; 3];
    for round in 0..rounds {
        for turn in 0..sorts.len() {
            let who = (round + turn) % sorts.len();
            let mut sorted = items.to_vec();
            let start = Instant::now();
            sorts[who](&mut sorted);
            times[who].push(start.elapsed());
            if sorted != right {
                return Err(format!("{what}: the result of {} is not sorted", NAMES[who]));
            }
        }
    }
    Ok(Times { what: format!("{} {what}", items.len()), medians: times.map(median) })
}

/// The middle value, the upper one of two. There is at least one.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.what)?;
        let seconds = self.medians.map(|time| time.as_secs_f64());
        let [stable, unstable, filch] = seconds;
        for (name, time) in NAMES.iter().zip(seconds) {
            writeln!(f, "  {name:<18} {:>9.1} ms", time * 1e3)?;
        }
        writeln!(f, "  filch is {:.2} times as fast as sort_unstable, {:.2} as sort", unstable / filch, stable / filch)
    }
}
