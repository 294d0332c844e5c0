//! The command line.

use filch_benches::WORKERS;
use filch_benches::contestant::{Entry, FIELD};
use filch_benches::workload::Workload;

/// What `--help` prints.
pub(crate) const USAGE: &str = "\
Runs every workload with every contestant, taking turns, and prints one Markdown table a workload.

usage: report [OPTIONS]

  --rounds N            how often each contestant runs each workload after a warm-up run (default 7; 1 with --quick)
  --workers N           how many workers each pool has (default 2)
  --workload NAME       only this one; may be repeated: spawn_external, spawn_internal, spawn_tree,
                        submit_with_result, gather, gather_window, roundtrip_hot, roundtrip_cold
  --contestant NAME     only this one; may be repeated: filch, filch-map-unordered, rayon, tokio,
                        tokio-futures-unordered, threadpool, async-executor, crossbeam-channel
  --quick               small sizes: shows that everything works, measures little
  --help                this text";

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Report(Options),
}

/// What to run.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) rounds: usize,
    pub(crate) workers: usize,
    pub(crate) workloads: Vec<Workload>,
    pub(crate) contestants: Vec<Entry>,
    pub(crate) quick: bool,
}

impl Options {
    /// Reads the arguments, without the program's name.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Command, String> {
        let mut rounds = None;
        let mut options =
            Self { rounds: 0, workers: WORKERS, workloads: Vec::new(), contestants: Vec::new(), quick: false };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--help" | "-h" => return Ok(Command::Help),
                "--quick" => options.quick = true,
                "--rounds" => rounds = Some(positive(&argument, arguments.next())?),
                "--workers" => options.workers = positive(&argument, arguments.next())?,
                "--workload" => options.workloads.push(workload(arguments.next())?),
                "--contestant" => options.contestants.push(contestant(arguments.next())?),
                _ => return Err(format!("unknown argument {argument:?}")),
            }
        }
        options.rounds = rounds.unwrap_or(if options.quick { 1 } else { 7 });
        Ok(Command::Report(options.or_all()))
    }

    /// An empty filter lets everything through.
    fn or_all(mut self) -> Self {
        if self.workloads.is_empty() {
            self.workloads = Workload::ALL.to_vec();
        }
        if self.contestants.is_empty() {
            self.contestants = FIELD.to_vec();
        }
        self
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

fn contestant(name: Option<String>) -> Result<Entry, String> {
    let name = name.unwrap_or_default();
    FIELD.into_iter().find(|known| known.name == name).ok_or_else(|| format!("unknown contestant {name:?}"))
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
        for line in ["--rounds", "--rounds 0", "--workers x", "--workload none", "--contestant", "more"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
