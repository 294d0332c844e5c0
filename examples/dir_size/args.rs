//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

pub const HELP: &str = "\
Adds up the files of a directory tree, and prints the largest directories. Symbolic links are not followed.
A size is the length of the file, and a file with two names counts twice. What could not be read is
reported at the end. The exit code is 1 if there was such a thing, 2 if the arguments are wrong.

Usage: dir_size [options] [directory]     without a directory: the current one

  --top N     how many directories to print (10)
  --workers N threads of the pool (one for each core)
  --check     walk the tree on one thread, too, and compare; it must not change meanwhile
  --quick     the same as --top 3 --check
  --help      print this text
";

/// What the command line asks for.
pub enum Command {
    Help,
    Run(Args),
}

/// The options of a run.
pub struct Args {
    pub root: PathBuf,
    pub top: usize,
    /// `None`: one for each core.
    pub workers: Option<usize>,
    pub check: bool,
}

/// Reads the arguments, without the name of the program. The error is a message for the user.
pub fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut args = Args { root: PathBuf::from("."), top: 10, workers: None, check: false };
    let mut has_root = false;
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("-h" | "--help") => return Ok(Command::Help),
            Some("--check") => args.check = true,
            Some("--quick") => (args.top, args.check) = (3, true),
            Some("--top") => args.top = number("--top", words.next(), 0, usize::MAX)?,
            Some("--workers") => args.workers = Some(number("--workers", words.next(), 1, 1024)?),
            Some(option) if option.starts_with('-') => return Err(format!("unknown option {option}")),
            _ if has_root => return Err(format!("one directory is enough: {}", word.to_string_lossy())),
            _ => (args.root, has_root) = (PathBuf::from(word), true),
        }
    }
    if !args.root.is_dir() {
        return Err(format!("not a directory that I can see: {}", args.root.display()));
    }
    Ok(Command::Run(args))
}

fn number(option: &str, word: Option<OsString>, least: usize, most: usize) -> Result<usize, String> {
    let number = word.as_ref().and_then(|word| word.to_str()).and_then(|word| word.parse().ok());
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("{option} needs a number from {least} to {most}"))
}
