//! Programs that look at one pool in a process of its own: they start themselves again for each contestant.

use std::env;
use std::process::{Command, ExitCode};
use std::str::FromStr;

use crate::WORKERS;
use crate::contestant::{Entry, FIELD, Runner};
use crate::workload::Workload;

/// What the command line asks for.
struct Options {
    contestants: Vec<&'static Entry>,
    workers: usize,
    size: Option<u64>,
    alone: bool,
}

/// The whole of such a program. `measure` gets a pool that has just been started and the size, and returns the cells of the contestant's row, without its name.
///
/// The command line takes `--contestant NAME` (may be repeated), `--workers N` and `--size N`.
pub fn main(titles: &[&str], size: u64, measure: impl Fn(&'static dyn Runner, u64) -> Vec<String>) -> ExitCode {
    let Some(options) = Options::parse(env::args().skip(1)) else {
        eprintln!("options: [--contestant NAME]… [--workers N] [--size N]");
        return ExitCode::from(2);
    };
    let size = options.size.unwrap_or(size);
    if options.alone {
        let entry = options.contestants[0];
        println!("{}", row(&[vec![entry.name.to_owned()], measure(entry.start(options.workers), size)].concat()));
        return ExitCode::SUCCESS;
    }
    println!("Workers: {}, size: {size}.\n", options.workers);
    println!("{}", row(titles));
    println!(
        "{}",
        row(&titles.iter().enumerate().map(|(n, _)| if n == 0 { "---" } else { "---:" }).collect::<Vec<_>>())
    );
    let all_well = options.contestants.iter().all(|entry| start_again(entry, options.workers, size));
    if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs this program again for one contestant, which prints its row.
fn start_again(entry: &Entry, workers: usize, size: u64) -> bool {
    let program = env::current_exe().expect("this program has a path");
    let mut command = Command::new(program);
    command.args(["--alone", "--contestant", entry.name]);
    command.args(["--workers", &workers.to_string(), "--size", &size.to_string()]);
    command.status().is_ok_and(|status| status.success())
}

fn row(cells: &[impl AsRef<str>]) -> String {
    let cells: Vec<&str> = cells.iter().map(AsRef::as_ref).collect();
    format!("| {} |", cells.join(" | "))
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self { contestants: Vec::new(), workers: WORKERS, size: None, alone: false };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--alone" => options.alone = true,
                "--contestant" => options.contestants.push(contestant(&arguments.next()?)?),
                "--workers" => options.workers = number(arguments.next())?,
                "--size" => options.size = Some(number(arguments.next())?),
                _ => return None,
            }
        }
        if options.contestants.is_empty() {
            options.contestants = takers_of_jobs().collect();
        }
        Some(options)
    }
}

fn takers_of_jobs() -> impl Iterator<Item = &'static Entry> {
    FIELD.iter().filter(|entry| entry.takes_part(Workload::SpawnExternal))
}

fn contestant(name: &str) -> Option<&'static Entry> {
    takers_of_jobs().find(|entry| entry.name == name)
}

/// A number above 0.
fn number<N: FromStr + PartialOrd + Default>(text: Option<String>) -> Option<N> {
    text?.parse().ok().filter(|number| *number > N::default())
}
