//! The command line.

use std::path::PathBuf;

use filch_benches::WORKERS;
use filch_benches::contestant::{Entry, FIELD};
use filch_benches::workload::Workload;

use crate::growth::SERIES;

/// What `--help` prints, before the names.
const USAGE: &str = "\
Runs every workload with every contestant, taking turns, and prints one Markdown table a workload.

usage: report [OPTIONS]

  --rounds N            how often each contestant runs each workload after a warm-up run (default 7; 1 with --quick)
  --workers N           how many workers each pool has (default 2)
  --workload NAME       only this one; may be repeated
  --contestant NAME     only this one; may be repeated
  --growth              instead: how the cost of a job grows with jobs, workers, and threads that spawn at once (3 rounds)
  --json FILE           writes what was measured to a file, too; `draw` makes pictures of it
  --quick               small sizes: shows that everything works, measures little
  --help                this text";

/// What `--help` prints.
pub(crate) fn usage() -> String {
    let mut contestants: Vec<&str> = Vec::new();
    for name in FIELD.iter().map(|entry| entry.name) {
        if !contestants.contains(&name) {
            contestants.push(name);
        }
    }
    let workloads = Workload::ALL.map(Workload::name).join(" ");
    format!("{USAGE}\n\nworkloads: {workloads}\n\ncontestants: {}", contestants.join(" "))
}

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Report(Options),
}

/// What to run.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) rounds: usize,
    pub(crate) workers: usize,
    pub(crate) workloads: Vec<Workload>,
    pub(crate) contestants: Vec<Entry>,
    pub(crate) quick: bool,
    pub(crate) growth: bool,
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    /// Reads the arguments, without the program's name.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Command, String> {
        let mut rounds = None;
        let mut workers = None;
        let mut options = Self::default();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--help" | "-h" => return Ok(Command::Help),
                "--quick" => options.quick = true,
                "--rounds" => rounds = Some(positive(&argument, arguments.next())?),
                "--growth" => options.growth = true,
                "--json" => options.json = Some(arguments.next().ok_or("--json wants a file")?.into()),
                "--workers" => workers = Some(positive(&argument, arguments.next())?),
                "--workload" => options.workloads.push(workload(arguments.next())?),
                "--contestant" => options.contestants.extend(contestant(arguments.next())?),
                _ => return Err(format!("unknown argument {argument:?}")),
            }
        }
        options.rounds = rounds.unwrap_or_else(|| options.usual_rounds());
        if options.growth && (workers.is_some() || !options.workloads.is_empty()) {
            return Err("--growth has workloads and workers of its own".into());
        }
        options.workers = workers.unwrap_or(WORKERS);
        options.check()?;
        Ok(Command::Report(options))
    }

    fn usual_rounds(&self) -> usize {
        match (self.quick, self.growth) {
            (true, _) => 1,
            (false, true) => 3,
            (false, false) => 7,
        }
    }

    /// Refuses what cannot be run; an empty filter lets everything through that the workers are enough for.
    fn check(&mut self) -> Result<(), String> {
        let workers = self.workers;
        let too_few = |workload: &&Workload| workload.least_workers() > workers;
        if let Some(workload) = self.workloads.iter().find(too_few) {
            return Err(format!("{} wants {} workers", workload.name(), workload.least_workers()));
        }
        if self.growth {
            self.workloads = SERIES.map(|(workload, _)| workload).to_vec();
        } else if self.workloads.is_empty() {
            self.workloads = Workload::ALL.into_iter().filter(|workload| !too_few(&workload)).collect();
        }
        if self.contestants.is_empty() {
            self.contestants = FIELD.to_vec();
        }
        self.workloads.retain(|&workload| self.contestants.iter().any(|entry| entry.takes_part(workload)));
        if self.workloads.is_empty() {
            return Err("none of these contestants takes part in these workloads".into());
        }
        Ok(())
    }

    /// The size of one run.
    pub(crate) fn size(&self, workload: Workload) -> u64 {
        if self.quick { workload.quick_size() } else { workload.full_size() }
    }
}

fn positive(option: &str, value: Option<String>) -> Result<usize, String> {
    match value.as_deref().map(str::parse) {
        Some(Ok(number)) if number > 0 => Ok(number),
        _ => Err(format!("{option} wants a number above 0")),
    }
}

fn workload(name: Option<String>) -> Result<Workload, String> {
    let name = name.unwrap_or_default();
    Workload::ALL.into_iter().find(|known| known.name() == name).ok_or_else(|| format!("unknown workload {name:?}"))
}

/// All entries of that name: one for each kind of workload.
fn contestant(name: Option<String>) -> Result<Vec<Entry>, String> {
    let name = name.unwrap_or_default();
    let entries: Vec<Entry> = FIELD.iter().filter(|known| known.name == name).copied().collect();
    if entries.is_empty() { Err(format!("unknown contestant {name:?}")) } else { Ok(entries) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, String> {
        Options::parse(line.split_whitespace().map(String::from))
    }

    fn options(line: &str) -> Options {
        match parse(line) {
            Ok(Command::Report(options)) => options,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_asked_is_everything() {
        let options = options("");
        assert_eq!((options.rounds, options.workers, options.quick), (7, WORKERS, false));
        assert_eq!(options.workloads, Workload::ALL);
        assert_eq!(options.contestants.len(), FIELD.len());
    }

    #[test]
    fn filters_and_numbers_are_taken() {
        let options = options("--quick --workload spawn_tree --contestant rayon --workers 4 --rounds 3");
        assert_eq!((options.rounds, options.workers, options.quick), (3, 4, true));
        assert_eq!(options.workloads, [Workload::SpawnTree]);
        assert_eq!(options.contestants[0].name, "rayon");
    }

    #[test]
    fn mistakes_are_named() {
        for line in [
            "--rounds",
            "--rounds 0",
            "--workers x",
            "--workload none",
            "--contestant",
            "more",
            "--contestant chili --workload tail",
            "--json",
            "--growth --workers 4",
            "--growth --workload tail",
            "--growth --contestant orx-parallel",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn growth_has_rounds_of_its_own() {
        let options = options("--growth --json a.json");
        assert_eq!((options.rounds, options.growth, options.json), (3, true, Some("a.json".into())));
    }

    #[test]
    fn one_worker_steals_from_nobody() {
        assert!(parse("--workers 1 --workload steal_latency_idle").is_err());
        assert!(!options("--workers 1").workloads.contains(&Workload::StealLatencyIdle));
    }

    #[test]
    fn a_name_stands_for_all_its_entries() {
        let workloads = [Workload::SpawnTree, Workload::JoinFib];
        let rayons = options("--contestant rayon").contestants;
        assert!(
            workloads.iter().all(|&workload| rayons.iter().filter(|entry| entry.takes_part(workload)).count() == 1)
        );
    }
}
