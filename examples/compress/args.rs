//! The command line, read by hand: a handful of options does not need a library.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

pub const HELP: &str = "\
Compresses every file of a directory tree with zstd, verifies each, and compares one thread, plain threads and filch.
No file is written. The exit code is 1 if any file failed, 2 if the arguments are wrong.

Usage: compress [options] [directory]     without a directory: the repository this program was built from

  --workers N    threads of the pool, and of the plain contestant (2)
  --level N      level of zstd, from 1 to 22 (3)
  --rounds N     rounds, in which the contestants take turns (7)
  --repeat N     how often a round takes the files (so often that one thread is busy for a second)
  --quick        the same as --rounds 1 --repeat 1
  --all          also take the directories named target and .git
  --help         print this text
";

/// What the command line asks for.
pub enum Command {
    Help,
    Run(Args),
}

/// The options of a run.
pub struct Args {
    pub root: PathBuf,
    pub workers: usize,
    pub level: i32,
    pub rounds: usize,
    /// `None`: often enough for a round to last.
    pub repeat: Option<usize>,
    pub all: bool,
}

/// Reads the arguments, without the name of the program. The error is a message for the user.
pub fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut args = Args { root: PathBuf::new(), workers: 2, level: 3, rounds: 7, repeat: None, all: false };
    let mut root = None;
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("-h" | "--help") => return Ok(Command::Help),
            Some("--all") => args.all = true,
            Some("--quick") => (args.rounds, args.repeat) = (1, Some(1)),
            Some("--workers") => args.workers = number("--workers", words.next(), 1..=1024)?,
            Some("--level") => args.level = number("--level", words.next(), 1..=22)?,
            Some("--rounds") => args.rounds = number("--rounds", words.next(), 1..=1000)?,
            Some("--repeat") => args.repeat = Some(number("--repeat", words.next(), 1..=1_000_000)?),
            Some(option) if option.starts_with('-') => return Err(format!("unknown option {option}")),
            _ if root.is_some() => return Err(format!("one directory is enough: {}", word.to_string_lossy())),
            _ => root = Some(PathBuf::from(word)),
        }
    }
    args.root = root.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    fs::metadata(&args.root).map_err(|error| format!("{}: {error}", args.root.display()))?;
    Ok(Command::Run(args))
}

/// Reads the number that follows `option`.
fn number<N>(option: &str, word: Option<OsString>, range: RangeInclusive<N>) -> Result<N, String>
where
    N: FromStr + PartialOrd + Display,
{
    let number = word.as_ref().and_then(|word| word.to_str()).and_then(|word| word.parse().ok());
    number
        .filter(|number| range.contains(number))
        .ok_or_else(|| format!("{option} needs a number from {} to {}", range.start(), range.end()))
}
