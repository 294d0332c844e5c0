//! Semaphores side by side, taking turns, as Markdown tables.
//!
//! `cargo run --release -p filch-benches --bin permits -- [--rounds N] [--seconds S] [--contestant NAME]… [--quick]`
//!
//! Instructions for each uncontended pass, as the difference of two counts, so that what the program does besides cancels out:
//!
//! ```sh
//! for n in 100000 1100000; do
//!     valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/permits --contestant filch --passes $n 2>&1 | grep Collected
//! done
//! ```

use std::process::ExitCode;
use std::time::Duration;

use filch_benches::permits::{Contest, Entry, FIELD, Length, OURS, Outcome};

const USAGE: &str = "options: [--rounds N] [--seconds S] [--contestant NAME]… [--quick] [--passes N, uncontended only]";

/// Passes of one thread in an uncontended round.
const PASSES: u64 = 10_000_000;

struct Options {
    rounds: usize,
    seconds: f64,
    passes: u64,
    field: Vec<Entry>,
    /// No contests, one round, no words.
    only_passes: bool,
}

fn main() -> ExitCode {
    let Some(options) = Options::parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    if options.only_passes {
        options.field.iter().for_each(|entry| _ = (entry.uncontended)(options.passes));
        return ExitCode::SUCCESS;
    }
    uncontended(&options);
    for (threads, permits, length) in [(4, 1, 1.0), (4, 2, 1.0), (4, 4, 1.0), (8, 1, 2.0)] {
        let length = Length::Time(Duration::from_secs_f64(length * options.seconds));
        contested(&options, &Contest { threads, permits, length });
    }
    ExitCode::SUCCESS
}

fn uncontended(options: &Options) {
    println!("### uncontended: {} passes of one thread, {} rounds\n", options.passes, options.rounds);
    row(["contestant", "ns/pass", "vs filch", "min–max"].map(String::from));
    row(["---", "---:", "---:", "---:"].map(String::from));
    let time = |entry: &Entry| (entry.uncontended)(options.passes).as_nanos() as f64 / options.passes as f64;
    let records = options.in_turns(options.field.clone(), time);
    for (entry, times) in &records {
        row([entry.name.into(), nanos(median(times)), versus_ours(&records, times, |time| *time), spread(times)]);
    }
    println!();
}

fn contested(options: &Options, contest: &Contest) {
    let Contest { threads, permits, length } = contest;
    println!("### {threads} threads, permits: {permits}, 50 ns inside, {length:?}, {} rounds\n", options.rounds);
    row(["contestant", "ns/pass", "vs filch", "min–max", "most passes", "fewest", "most/fewest", "longest ms"]
        .map(String::from));
    row(["---", "---:", "---:", "---:", "---:", "---:", "---:", "---:"].map(String::from));
    let waiting = options.field.iter().filter(|entry| entry.contest.is_some()).copied().collect();
    let records = options.in_turns(waiting, |entry| (entry.contest.expect("it can wait"))(contest));
    for (entry, outcomes) in &records {
        let figure = |pick: fn(&Outcome) -> f64| median(&outcomes.iter().map(pick).collect::<Vec<_>>());
        let times: Vec<f64> = outcomes.iter().map(Outcome::nanos_per_pass).collect();
        row([
            entry.name.into(),
            nanos(median(&times)),
            versus_ours(&records, outcomes, Outcome::nanos_per_pass),
            spread(&times),
            format!("{:.0}", figure(|outcome| outcome.most() as f64)),
            format!("{:.0}", figure(|outcome| outcome.fewest() as f64)),
            format!("{:.2}", figure(Outcome::unfairness)),
            format!("{:.2}", figure(|outcome| outcome.longest.as_secs_f64() * 1e3)),
        ]);
    }
    println!();
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self { rounds: 7, seconds: 1.0, passes: PASSES, field: Vec::new(), only_passes: false };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--rounds" => options.rounds = arguments.next()?.parse().ok().filter(|rounds| *rounds > 0)?,
                "--seconds" => options.seconds = arguments.next()?.parse().ok().filter(|seconds| *seconds > 0.0)?,
                "--passes" => {
                    options.passes = arguments.next()?.parse().ok()?;
                    options.only_passes = true;
                }
                "--quick" => (options.rounds, options.seconds, options.passes) = (1, 0.02, 100_000),
                "--contestant" => {
                    let name = arguments.next()?;
                    options.field.push(*FIELD.iter().find(|entry| entry.name == name)?);
                }
                _ => return None,
            }
        }
        if options.field.is_empty() {
            options.field = FIELD.to_vec();
        }
        Some(options)
    }

    /// Lets the contestants take turns: a round to warm up, and then those that count.
    fn in_turns<R>(&self, field: Vec<Entry>, run: impl Fn(&Entry) -> R) -> Vec<(Entry, Vec<R>)> {
        let mut records: Vec<(Entry, Vec<R>)> = field.into_iter().map(|entry| (entry, Vec::new())).collect();
        for round in 0..=self.rounds {
            for (entry, results) in &mut records {
                let result = run(entry);
                if round > 0 {
                    results.push(result);
                }
            }
        }
        records
    }
}

fn row<const N: usize>(cells: [String; N]) {
    println!("| {} |", cells.join(" | "));
}

fn versus_ours<R>(records: &[(Entry, Vec<R>)], own: &[R], time: impl Fn(&R) -> f64) -> String {
    let of = |results: &[R]| median(&results.iter().map(&time).collect::<Vec<_>>());
    let ours = records.iter().find(|(entry, _)| entry.name == OURS);
    ours.map_or_else(|| "–".into(), |(_, results)| format!("{:.2}", of(own) / of(results)))
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}

fn spread(figures: &[f64]) -> String {
    let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let most = figures.iter().copied().fold(0.0, f64::max);
    format!("{}–{}", nanos(least), nanos(most))
}

fn nanos(figure: f64) -> String {
    if figure < 1000.0 { format!("{figure:.1}") } else { format!("{figure:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Options> {
        Options::parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn nothing_asked_is_everything() {
        let options = parse("").unwrap();
        assert_eq!((options.rounds, options.field.len(), options.only_passes), (7, FIELD.len(), false));
    }

    #[test]
    fn mistakes_are_refused() {
        for line in ["--rounds 0", "--rounds", "--seconds -1", "--contestant none", "more", "--passes x"] {
            assert!(parse(line).is_none(), "{line}");
        }
        assert_eq!(parse("--contestant std --rounds 3").unwrap().field[0].name, "std");
    }

    #[test]
    fn the_median_of_even_and_odd() {
        assert_eq!((median(&[9.0, 1.0, 2.0]), median(&[4.0, 1.0, 2.0, 9.0])), (2.0, 3.0));
    }
}
