//! Timers side by side, taking turns, each run in a process of its own, as Markdown tables.
//!
//! `cargo run --release -p filch-benches --bin timers -- [--rounds N] [--workload NAME[=SIZE]]… [--contestant NAME]… [--quick]`

use std::env;
use std::process::{Command, ExitCode, Stdio};

use filch_benches::timers::{CHURN, Entry, FIELD, INSERT_CANCEL, INSERT_FIRE, OURS, PERIODIC, Workload};

const USAGE: &str = "options: [--rounds N] [--workload NAME[=SIZE]]… [--contestant NAME]… [--quick]";

const WORKLOADS: [&Workload; 4] = [&INSERT_CANCEL, &INSERT_FIRE, &PERIODIC, &CHURN];

/// With so many timers, too: inserting and cancelling shall take as long.
const SMALLER: [u64; 3] = [1000, 10_000, 100_000];

struct Options {
    rounds: usize,
    field: Vec<&'static Entry>,
    /// A workload, and its size if it is not the usual one.
    workloads: Vec<(&'static Workload, Option<u64>)>,
    quick: bool,
    /// Run one, here, and print its figures.
    alone: bool,
}

fn main() -> ExitCode {
    let Some(options) = Options::parse(env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    if options.alone {
        return run_here(&options);
    }
    let all_well = options.workloads.iter().all(|(workload, size)| {
        let usual = if options.quick { workload.quick } else { workload.size };
        table(&options, workload, size.unwrap_or(usual))
    });
    if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_here(options: &Options) -> ExitCode {
    let (workload, size) = options.workloads[0];
    let Some(run) = options.field[0].run(workload) else { return ExitCode::FAILURE };
    let figures = run(size.unwrap_or(workload.size));
    println!("{}", figures.iter().map(f64::to_string).collect::<Vec<_>>().join(" "));
    ExitCode::SUCCESS
}

/// False: a run failed.
fn table(options: &Options, workload: &Workload, size: u64) -> bool {
    println!("### {}: {size} {}, {} rounds\n", workload.name, workload.unit, options.rounds);
    let titles = [&["contestant"], workload.titles, &["vs filch", "min–max"]].concat();
    row(titles.iter().map(ToString::to_string));
    row(titles.iter().enumerate().map(|(n, _)| if n == 0 { "---".into() } else { "---:".into() }));
    let takers = options.field.iter().filter(|entry| entry.run(workload).is_some());
    let mut records: Vec<(&Entry, Vec<Vec<f64>>)> = takers.map(|entry| (*entry, Vec::new())).collect();
    for _ in 0..options.rounds {
        for (entry, rounds) in &mut records {
            let Some(figures) = run_there(entry, workload, size) else {
                eprintln!("{} failed", entry.name);
                return false;
            };
            rounds.push(figures);
        }
    }
    let ours = records.iter().find(|(entry, _)| entry.name == OURS).map(|(_, rounds)| median(rounds, 0));
    for (entry, rounds) in &records {
        let figures = (0..workload.titles.len()).map(|n| number(median(rounds, n)));
        let versus = ours.map_or_else(|| "–".into(), |ours| format!("{:.2}", median(rounds, 0) / ours));
        row([entry.name.into()].into_iter().chain(figures).chain([versus, spread(rounds)]));
    }
    println!();
    true
}

fn run_there(entry: &Entry, workload: &Workload, size: u64) -> Option<Vec<f64>> {
    let mut command = Command::new(env::current_exe().ok()?);
    let workload_and_size = format!("{}={size}", workload.name);
    command.args(["--alone", "--contestant", entry.name, "--workload", &workload_and_size]);
    let output = command.stderr(Stdio::inherit()).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()?.split_whitespace().map(|figure| figure.parse().ok()).collect()
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self { rounds: 5, field: Vec::new(), workloads: Vec::new(), quick: false, alone: false };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--rounds" => options.rounds = arguments.next()?.parse().ok().filter(|rounds| *rounds > 0)?,
                "--quick" => (options.rounds, options.quick) = (1, true),
                "--alone" => options.alone = true,
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

fn row(cells: impl Iterator<Item = String>) {
    println!("| {} |", cells.collect::<Vec<_>>().join(" | "));
}

fn median(rounds: &[Vec<f64>], figure: usize) -> f64 {
    let mut sorted: Vec<f64> = rounds.iter().map(|round| round[figure]).collect();
    sorted.sort_by(f64::total_cmp);
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}

/// Of what contestants are compared by.
fn spread(rounds: &[Vec<f64>]) -> String {
    let least = rounds.iter().map(|round| round[0]).fold(f64::INFINITY, f64::min);
    let most = rounds.iter().map(|round| round[0]).fold(0.0, f64::max);
    format!("{}–{}", number(least), number(most))
}

fn number(figure: f64) -> String {
    if figure.is_nan() {
        return "–".into();
    }
    if figure.abs() < 100.0 && figure.fract() != 0.0 { format!("{figure:.1}") } else { format!("{figure:.0}") }
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
        for line in ["--rounds 0", "--workload", "--workload none", "--workload churn=0", "--contestant none", "more"] {
            assert!(parse(line).is_none(), "{line}");
        }
        assert_eq!(parse("--workload insert_cancel=10").unwrap().workloads[0].1, Some(10));
    }
}
