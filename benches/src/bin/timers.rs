//! Timers side by side, taking turns, each run in a process of its own, as Markdown tables and as JSON.
//!
//! `cargo run --release -p filch-benches --bin timers -- [--rounds N] [--workload NAME[=SIZE]]… [--contestant NAME]… [--json FILE] [--quick]`

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use filch_benches::record::{self, Environment, Measurement, Record, grouped, in_turns};
use filch_benches::timers::{CHURN, Entry, FIELD, INSERT_CANCEL, INSERT_FIRE, PACKAGES, PERIODIC, Workload};
use filch_benches::{exit, fresh};

const USAGE: &str = "options: [--rounds N] [--workload NAME[=SIZE]]… [--contestant NAME]… [--json FILE] [--quick]";

const WORKLOADS: [&Workload; 4] = [&INSERT_CANCEL, &INSERT_FIRE, &PERIODIC, &CHURN];

/// With so many timers, too: inserting and cancelling shall take as long.
const SMALLER: [u64; 3] = [1000, 10_000, 100_000];

#[derive(Default)]
struct Options {
    rounds: usize,
    field: Vec<&'static Entry>,
    /// A workload, and its size if it is not the usual one.
    workloads: Vec<(&'static Workload, Option<u64>)>,
    json: Option<PathBuf>,
    quick: bool,
    /// Run one, here, and print its figures.
    alone: bool,
}

fn main() -> ExitCode {
    let Some(options) = Options::parse(env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    exit(if options.alone { run_here(&options) } else { run(&options) })
}

fn run_here(options: &Options) -> Result<(), String> {
    let (workload, size) = options.workloads[0];
    let run = options.field[0].run(workload).ok_or("it does not take part")?;
    fresh::print(&run(size.unwrap_or(workload.size)).into_iter().map(Some).collect::<Vec<_>>());
    Ok(())
}

fn run(options: &Options) -> Result<(), String> {
    record::is_writable(options.json.as_deref())?;
    let environment = Environment::of(PACKAGES);
    println!("{environment}\nRounds: {}.\n", options.rounds);
    let mut measurements = Vec::new();
    for &(workload, size) in &options.workloads {
        let usual = if options.quick { workload.quick } else { workload.size };
        let measurement = measure(options, workload, size.unwrap_or(usual))?;
        println!("{}", record::table(&measurement));
        measurements.push(measurement);
    }
    Record { environment, measurements }.write(options.json.as_deref())
}

fn measure(options: &Options, workload: &Workload, size: u64) -> Result<Measurement, String> {
    let takers: Vec<&Entry> = options.field.iter().filter(|entry| entry.run(workload).is_some()).copied().collect();
    let workload_and_size = format!("{}={size}", workload.name);
    let there =
        |entry: &&Entry| fresh::run_again(&["--alone", "--contestant", entry.name, "--workload", &workload_and_size]);
    let rows = in_turns(&takers, 0, options.rounds, |entry| (entry.name, entry.role()), there).ok_or("a run failed")?;
    let conditions = format!("{} {}", grouped(size), workload.unit);
    Ok(Measurement::new(workload.name, conditions, &[(workload.unit, size)], workload.titles, rows))
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self { rounds: 5, ..Self::default() };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--rounds" => options.rounds = arguments.next()?.parse().ok().filter(|rounds| *rounds > 0)?,
                "--quick" => (options.rounds, options.quick) = (1, true),
                "--alone" => options.alone = true,
                "--json" => options.json = Some(arguments.next()?.into()),
                "--contestant" => {
                    let name = arguments.next()?;
                    options.field.push(FIELD.iter().find(|entry| entry.name == name)?);
                }
                "--workload" => options.workloads.push(workload(&arguments.next()?)?),
                _ => return None,
            }
        }
        if options.field.is_empty() {
            options.field = FIELD.iter().collect();
        }
        if options.workloads.is_empty() {
            options.workloads = WORKLOADS.map(|workload| (workload, None)).to_vec();
            if !options.quick {
                options.workloads.splice(1..1, SMALLER.map(|size| (&INSERT_CANCEL, Some(size))));
            }
        }
        Some(options)
    }
}

fn workload(text: &str) -> Option<(&'static Workload, Option<u64>)> {
    let (name, size) = text.split_once('=').map_or((text, None), |(name, size)| (name, Some(size)));
    let workload = WORKLOADS.into_iter().find(|workload| workload.name == name)?;
    let size = match size {
        Some(size) => Some(size.parse().ok().filter(|size| *size > 0)?),
        None => None,
    };
    Some((workload, size))
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
        assert_eq!((options.rounds, options.field.len(), options.workloads.len()), (5, FIELD.len(), 7));
        assert_eq!(parse("--quick").unwrap().workloads.len(), 4);
    }

    #[test]
    fn mistakes_are_refused() {
        for line in
            ["--rounds 0", "--workload", "--workload none", "--workload churn=0", "--contestant none", "--json", "more"]
        {
            assert!(parse(line).is_none(), "{line}");
        }
        assert_eq!(parse("--workload insert_cancel=10").unwrap().workloads[0].1, Some(10));
    }
}
