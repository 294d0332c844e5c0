//! Semaphores side by side, taking turns, as Markdown tables and as JSON.
//!
//! `cargo run --release -p filch-benches --bin permits -- [--rounds N] [--seconds S] [--contestant NAME]… [--json FILE] [--quick]`
//!
//! Instructions for each uncontended pass, as the difference of two counts, so that what the program does besides cancels out:
//!
//! ```sh
//! for n in 100000 1100000; do
//!     valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/permits --contestant filch --passes $n 2>&1 | grep Collected
//! done
//! ```

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use filch_benches::exit;
use filch_benches::permits::{Contest, Entry, FIELD, Length, Outcome, PACKAGES};
use filch_benches::record::{self, Environment, Figures, Measurement, Record, grouped, in_turns};

const USAGE: &str =
    "options: [--rounds N] [--seconds S] [--contestant NAME]… [--json FILE] [--quick] [--passes N, uncontended only]";

/// Passes of one thread in an uncontended round.
const PASSES: u64 = 10_000_000;

/// Threads, permits, and how long, in seconds.
const CONTESTS: [(usize, usize, f64); 4] = [(4, 1, 1.0), (4, 2, 1.0), (4, 4, 1.0), (8, 1, 2.0)];

#[derive(Default)]
struct Options {
    rounds: usize,
    seconds: f64,
    passes: u64,
    field: Vec<Entry>,
    json: Option<PathBuf>,
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
    exit(run(&options))
}

fn run(options: &Options) -> Result<(), String> {
    record::is_writable(options.json.as_deref())?;
    let environment = Environment::of(PACKAGES);
    println!("{environment}\nRounds: {}.\n", options.rounds);
    let uncontended = std::iter::once_with(|| uncontended(options));
    let contested = CONTESTS.into_iter().map(|(threads, permits, seconds)| {
        let length = Length::Time(Duration::from_secs_f64(seconds * options.seconds));
        contested(options, &Contest { threads, permits, length })
    });
    let tell = |measurement: &Measurement| println!("{}", record::table(measurement));
    let measurements = uncontended.chain(contested).inspect(tell).collect();
    Record { environment, measurements }.write(options.json.as_deref())
}

fn uncontended(options: &Options) -> Measurement {
    let passes = options.passes;
    let figures = |entry: &Entry| vec![Some((entry.uncontended)(passes).as_nanos() as f64 / passes as f64)];
    let rows = options.rounds(&options.field, figures);
    let conditions = format!("{} passes of one thread", grouped(passes));
    Measurement::new("semaphore_uncontended", conditions, &[("threads", 1), ("permits", 1)], &["ns/pass"], rows)
}

fn contested(options: &Options, contest: &Contest) -> Measurement {
    let Contest { threads, permits, length } = contest;
    let Length::Time(time) = length else { unreachable!("contests here have a time") };
    let waiting: Vec<Entry> = options.field.iter().filter(|entry| entry.contest.is_some()).copied().collect();
    let rows = options.rounds(&waiting, |entry| figures(&(entry.contest.expect("it can wait"))(contest)));
    let conditions = format!("{threads} threads, permits: {permits}, 50 ns inside, {time:?}");
    let at = [("threads", *threads as u64), ("permits", *permits as u64)];
    let titles = ["ns/pass", "most passes", "fewest", "most/fewest", "longest ms"];
    Measurement::new("semaphore_contended", conditions, &at, &titles, rows)
}

fn figures(outcome: &Outcome) -> Figures {
    let longest = outcome.longest.as_secs_f64() * 1e3;
    let passes = [outcome.most(), outcome.fewest()].map(|passes| passes as f64);
    [outcome.nanos_per_pass(), passes[0], passes[1], outcome.unfairness(), longest].map(Some).to_vec()
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self { rounds: 7, seconds: 1.0, passes: PASSES, ..Self::default() };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--rounds" => options.rounds = arguments.next()?.parse().ok().filter(|rounds| *rounds > 0)?,
                "--seconds" => options.seconds = arguments.next()?.parse().ok().filter(|seconds| *seconds > 0.0)?,
                "--passes" => {
                    options.passes = arguments.next()?.parse().ok()?;
                    options.only_passes = true;
                }
                "--quick" => (options.rounds, options.seconds, options.passes) = (1, 0.02, 100_000),
                "--json" => options.json = Some(arguments.next()?.into()),
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

    /// A round to warm up, and then those that count.
    fn rounds(&self, field: &[Entry], figures: impl Fn(&Entry) -> Figures) -> Vec<record::Row> {
        let rows = in_turns(field, 1, self.rounds, |entry| (entry.name, entry.role()), |entry| Some(figures(entry)));
        rows.expect("a run that fails ends the program")
    }
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
        for line in ["--rounds 0", "--rounds", "--seconds -1", "--contestant none", "more", "--passes x", "--json"] {
            assert!(parse(line).is_none(), "{line}");
        }
        assert_eq!(parse("--contestant std --rounds 3").unwrap().field[0].name, "std");
    }
}
