//! Echo servers side by side, taking turns, each in a process of its own, as Markdown tables and as JSON. This process is the clients.
//!
//! `cargo run --release -p filch-benches --bin echo -- [--rounds N] [--seconds S] [--connections N]… [--bytes M]… [--contestant NAME]… [--json FILE] [--quick]`

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use filch_benches::echo::{Contest, Entry, FIELD, Outcome, PACKAGES, allow};
use filch_benches::exit;
use filch_benches::record::{self, Environment, Figures, Measurement, Record, grouped, in_turns};

const USAGE: &str =
    "options: [--rounds N] [--seconds S] [--connections N]… [--bytes M]… [--contestant NAME]… [--json FILE] [--quick]";

/// By the first one the contestants are compared: of the time that all answers together take, each one's share.
const FIGURES: [&str; 7] =
    ["ns/message", "messages/s", "p50 µs", "p99 µs", "slowest first ms", "most/fewest", "server CPU ns/message"];

struct Options {
    rounds: usize,
    time: Duration,
    connections: Vec<usize>,
    bytes: Vec<usize>,
    field: Vec<Entry>,
    json: Option<PathBuf>,
    /// Be the server.
    alone: bool,
}

fn main() -> ExitCode {
    let Some(options) = Options::parse(env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    exit(run(&options))
}

fn run(options: &Options) -> Result<(), String> {
    allow(options.connections.iter().copied().max().unwrap_or(0)).map_err(|error| error.to_string())?;
    if options.alone {
        let Entry { name, serve, .. } = options.field[0];
        return serve().map_err(|error| format!("{name}: {error}"));
    }
    record::is_writable(options.json.as_deref())?;
    let environment = Environment::of(PACKAGES);
    println!("{environment}\nRounds: {}.\n", options.rounds);
    let mut measurements = Vec::new();
    for &connections in &options.connections {
        for &bytes in &options.bytes {
            let measurement = measure(options, &Contest { connections, bytes, time: options.time })?;
            println!("{}", record::table(&measurement));
            measurements.push(measurement);
        }
    }
    Record { environment, measurements }.write(options.json.as_deref())
}

fn measure(options: &Options, contest: &Contest) -> Result<Measurement, String> {
    let Contest { connections, bytes, time } = contest;
    let held = |entry: &Entry| {
        let outcome = contest.hold(entry.name).inspect_err(|error| eprintln!("{}: {error}", entry.name));
        outcome.ok().map(|outcome| figures(&outcome))
    };
    let rows = in_turns(&options.field, 0, options.rounds, |entry| (entry.name, entry.role()), held);
    let conditions = format!("{connections} connections, {} bytes, {time:?}", grouped(*bytes as u64));
    let at = [("connections", *connections as u64), ("bytes", *bytes as u64)];
    Ok(Measurement::new("echo", conditions, &at, &FIGURES, rows.ok_or("a run failed")?))
}

fn figures(outcome: &Outcome) -> Figures {
    let nanos = |time: Duration| time.as_nanos() as f64;
    let [p50, p99] = [outcome.p50, outcome.p99].map(|time| nanos(time) / 1e3);
    let first = nanos(outcome.slowest_first) / 1e6;
    [1e9 / outcome.rate, outcome.rate, p50, p99, first, outcome.unfairness, nanos(outcome.cpu)].map(Some).to_vec()
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self {
            rounds: 5,
            time: Duration::from_secs(1),
            connections: Vec::new(),
            bytes: Vec::new(),
            field: Vec::new(),
            json: None,
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
                "--json" => options.json = Some(arguments.next()?.into()),
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
        for line in [
            "--rounds 0",
            "--seconds 0",
            "--seconds -1",
            "--bytes",
            "--connections 0",
            "--contestant none",
            "--json",
            "x",
        ] {
            assert!(parse(line).is_none(), "{line}");
        }
    }
}
