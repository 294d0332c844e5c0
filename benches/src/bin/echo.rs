//! Echo servers side by side, taking turns, each in a process of its own, as Markdown tables. This process is the clients.
//!
//! `cargo run --release -p filch-benches --bin echo -- [--rounds N] [--seconds S] [--connections N]… [--bytes M]… [--contestant NAME]… [--quick]`

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use filch_benches::echo::{Contest, Entry, FIELD, OURS, Outcome, allow};

const USAGE: &str =
    "options: [--rounds N] [--seconds S] [--connections N]… [--bytes M]… [--contestant NAME]… [--quick]";

const TITLES: [&str; 9] = [
    "contestant",
    "messages/s",
    "vs filch",
    "min–max",
    "p50 µs",
    "p99 µs",
    "slowest first ms",
    "most/fewest",
    "server CPU ns/message",
];

struct Options {
    rounds: usize,
    time: Duration,
    connections: Vec<usize>,
    bytes: Vec<usize>,
    field: Vec<Entry>,
    /// Be the server.
    alone: bool,
}

fn main() -> ExitCode {
    let Some(options) = Options::parse(env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    if let Err(error) = allow(options.connections.iter().copied().max().unwrap_or(0)) {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    if options.alone {
        return match (options.field[0].serve)() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&options.field[0], &error),
        };
    }
    for &connections in &options.connections {
        for &bytes in &options.bytes {
            if let Err(code) = table(&options, &Contest { connections, bytes, time: options.time }) {
                return code;
            }
        }
    }
    ExitCode::SUCCESS
}

fn fail(entry: &Entry, error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("{}: {error}", entry.name);
    ExitCode::FAILURE
}

fn table(options: &Options, contest: &Contest) -> Result<(), ExitCode> {
    let Contest { connections, bytes, time } = contest;
    println!("### {connections} connections, {bytes} bytes, {time:?}, {} rounds\n", options.rounds);
    row(TITLES.map(String::from));
    row(TITLES.map(|title| if title == TITLES[0] { "---".into() } else { "---:".into() }));
    let mut records: Vec<(&Entry, Vec<Outcome>)> = options.field.iter().map(|entry| (entry, Vec::new())).collect();
    for _ in 0..options.rounds {
        for (entry, outcomes) in &mut records {
            outcomes.push(contest.hold(entry.name).map_err(|error| fail(entry, &error))?);
        }
    }
    let rate = |outcomes: &[Outcome]| median(outcomes, |outcome| outcome.rate);
    let ours = records.iter().find(|(entry, _)| entry.name == OURS).map(|(_, outcomes)| rate(outcomes));
    for (entry, outcomes) in &records {
        let micros = |time: fn(&Outcome) -> Duration| median(outcomes, |outcome| time(outcome).as_nanos() as f64 / 1e3);
        row([
            entry.name.into(),
            format!("{:.0}", rate(outcomes)),
            ours.map_or_else(|| "–".into(), |ours| format!("{:.2}", rate(outcomes) / ours)),
            spread(outcomes),
            format!("{:.1}", micros(|outcome| outcome.p50)),
            format!("{:.1}", micros(|outcome| outcome.p99)),
            format!("{:.2}", micros(|outcome| outcome.slowest_first) / 1e3),
            format!("{:.2}", median(outcomes, |outcome| outcome.unfairness)),
            format!("{:.0}", micros(|outcome| outcome.cpu) * 1e3),
        ]);
    }
    println!();
    Ok(())
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self {
            rounds: 5,
            time: Duration::from_secs(1),
            connections: Vec::new(),
            bytes: Vec::new(),
            field: Vec::new(),
            alone: false,
        };
        let mut usual: (&[usize], &[usize]) = (&[1, 5, 50, 500], &[1000, 4096, 65_536]);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--rounds" => options.rounds = number(arguments.next())?,
                "--seconds" => options.time = seconds(arguments.next())?,
                "--connections" => options.connections.push(number(arguments.next())?),
                "--bytes" => options.bytes.push(number(arguments.next())?),
                "--contestant" => {
                    let name = arguments.next()?;
                    options.field.push(*FIELD.iter().find(|entry| entry.name == name)?);
                }
                "--quick" => {
                    (options.rounds, options.time) = (1, Duration::from_millis(100));
                    usual = (&[5, 50], &[1000, 65_536]);
                }
                "--alone" => options.alone = true,
                _ => return None,
            }
        }
        if options.connections.is_empty() {
            options.connections = usual.0.into();
        }
        if options.bytes.is_empty() {
            options.bytes = usual.1.into();
        }
        if options.field.is_empty() {
            options.field = FIELD.to_vec();
        }
        Some(options)
    }
}

/// A number above 0.
fn number(text: Option<String>) -> Option<usize> {
    text?.parse().ok().filter(|number| *number > 0)
}

fn seconds(text: Option<String>) -> Option<Duration> {
    let seconds: f64 = text?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok().filter(|time| !time.is_zero())
}

fn row<const N: usize>(cells: [String; N]) {
    println!("| {} |", cells.join(" | "));
}

fn median(outcomes: &[Outcome], figure: impl Fn(&Outcome) -> f64) -> f64 {
    let mut sorted: Vec<f64> = outcomes.iter().map(figure).collect();
    sorted.sort_by(f64::total_cmp);
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}

/// Of messages in a second.
fn spread(outcomes: &[Outcome]) -> String {
    let least = outcomes.iter().map(|outcome| outcome.rate).fold(f64::INFINITY, f64::min);
    let most = outcomes.iter().map(|outcome| outcome.rate).fold(0.0, f64::max);
    format!("{least:.0}–{most:.0}")
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
        assert_eq!((options.connections.len(), options.bytes.len(), options.field.len()), (4, 3, FIELD.len()));
        assert_eq!(parse("--quick --bytes 7").unwrap().bytes, [7]);
    }

    #[test]
    fn mistakes_are_refused() {
        for line in
            ["--rounds 0", "--seconds 0", "--seconds -1", "--bytes", "--connections 0", "--contestant none", "x"]
        {
            assert!(parse(line).is_none(), "{line}");
        }
    }
}
