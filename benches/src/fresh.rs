//! Programs that look at one contestant in a process of its own: they start themselves again for each run.

use std::env;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::str::FromStr;

use crate::contestant::{Entry, FIELD, Runner};
use crate::record::{self, Environment, Figures, Measurement, Record, grouped, in_turns};
use crate::workload::Workload;
use crate::{WORKERS, exit};

/// What such a program measures.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// The workload.
    pub workload: &'static str,
    /// What its sizes count, in the plural.
    pub unit: &'static str,
    /// Its usual size.
    pub size: u64,
    /// What its figures are.
    pub figures: &'static [&'static str],
}

/// What the command line asks for.
struct Options {
    contestants: Vec<&'static Entry>,
    workers: usize,
    sizes: Vec<u64>,
    rounds: usize,
    json: Option<PathBuf>,
    alone: bool,
}

const USAGE: &str = "options: [--contestant NAME]… [--workers N] [--size N]… [--rounds N] [--json FILE]";

/// The whole of such a program. `measure` gets a pool that has just been started and the size, and returns the figures.
pub fn main(question: &Question, measure: impl Fn(&'static dyn Runner, u64) -> Figures) -> ExitCode {
    let Some(options) = Options::parse(question.size, env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    if options.alone {
        print(&measure(options.contestants[0].start(options.workers), options.sizes[0]));
        return ExitCode::SUCCESS;
    }
    exit(run(question, &options))
}

fn run(question: &Question, options: &Options) -> Result<(), String> {
    record::is_writable(options.json.as_deref())?;
    let environment = Environment::of(options.contestants.iter().filter_map(|entry| entry.package));
    println!("{environment}\nWorkers: {}, rounds: {}.\n", options.workers, options.rounds);
    let mut measurements = Vec::new();
    for &size in &options.sizes {
        let measurement = measure_all(question, options, size)?;
        println!("{}", record::table(&measurement));
        measurements.push(measurement);
    }
    Record { environment, measurements }.write(options.json.as_deref())
}

fn measure_all(question: &Question, options: &Options, size: u64) -> Result<Measurement, String> {
    let (workers, digits) = (options.workers.to_string(), size.to_string());
    let there =
        |entry: &&Entry| run_again(&["--alone", "--contestant", entry.name, "--workers", &workers, "--size", &digits]);
    let rows = in_turns(&options.contestants, 0, options.rounds, |entry| (entry.name, entry.role()), there);
    let at = [(question.unit, size), ("workers", options.workers as u64)];
    let conditions = format!("{} {}", grouped(size), question.unit);
    Ok(Measurement::new(question.workload, conditions, &at, question.figures, rows.ok_or("a run failed")?))
}

/// Runs this program again with these arguments and reads the figures that it [prints](print). `None`: it failed.
pub fn run_again(arguments: &[&str]) -> Option<Figures> {
    let program = env::current_exe().expect("this program has a path");
    let output = Command::new(program).args(arguments).stderr(Stdio::inherit()).output().ok()?;
    let figure = |text: &str| if text == "-" { Some(None) } else { text.parse().ok().map(Some) };
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    text.split_whitespace().map(figure).collect()
}

/// Prints figures for the process that started this one.
pub fn print(figures: &[Option<f64>]) {
    let text = |figure: &Option<f64>| figure.map_or_else(|| "-".into(), |figure: f64| figure.to_string());
    println!("{}", figures.iter().map(text).collect::<Vec<_>>().join(" "));
}

impl Options {
    fn parse(usual: u64, mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut options =
            Self { contestants: Vec::new(), workers: WORKERS, sizes: Vec::new(), rounds: 1, json: None, alone: false };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--alone" => options.alone = true,
                "--contestant" => options.contestants.push(contestant(&arguments.next()?)?),
                "--workers" => options.workers = number(arguments.next())?,
                "--size" => options.sizes.push(number(arguments.next())?),
                "--rounds" => options.rounds = number(arguments.next())?,
                "--json" => options.json = Some(arguments.next()?.into()),
                _ => return None,
            }
        }
        if options.contestants.is_empty() {
            options.contestants = takers_of_jobs().collect();
        }
        if options.sizes.is_empty() {
            options.sizes.push(usual);
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
