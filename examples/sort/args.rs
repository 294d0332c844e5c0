//! The command line.

use std::num::NonZero;
use std::thread;

pub const HELP: &str = "\
Sorts numbers and strings with a parallel quicksort, checks the result against the standard library's,
and compares the times. Nothing is read or written.

Usage: sort [options] [numbers] [strings]     how many of each (10000000 and 1000000)

  --workers N    threads of the pool (one for each core)
  --rounds N     rounds, in which the contestants take turns (5)
  --quick        few items, one round
  --help         print this text
";

/// What the command line asks for.
pub enum Command {
    Help,
    Run(Args),
}

/// The options of a run.
pub struct Args {
    pub numbers: usize,
    pub strings: usize,
    pub workers: usize,
    pub rounds: usize,
}

/// Reads the arguments, without the name of the program. The error is a message for the user.
pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Command, String> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let mut args = Args { numbers: 10_000_000, strings: 1_000_000, workers, rounds: 5 };
    let mut counts = Vec::new();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-h" | "--help" => return Ok(Command::Help),
            "--quick" => (args.numbers, args.strings, args.rounds) = (300_000, 100_000, 1),
            "--workers" => args.workers = number("--workers", words.next(), 1, 1024)?,
            "--rounds" => args.rounds = number("--rounds", words.next(), 1, 1000)?,
            option if option.starts_with('-') => return Err(format!("unknown option {option}")),
            _ if counts.len() == 2 => return Err(format!("two counts are enough: {word}")),
            _ => counts.push(number("a count", Some(word), 1, 1_000_000_000)?),
        }
    }
    args.numbers = counts.first().copied().unwrap_or(args.numbers);
    args.strings = counts.get(1).copied().unwrap_or(args.strings);
    Ok(Command::Run(args))
}

fn number(what: &str, word: Option<String>, least: usize, most: usize) -> Result<usize, String> {
    let number = word.as_ref().and_then(|word| word.parse().ok());
    let given = word.map_or(String::new(), |word| format!(", not {word:?}"));
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("{what} needs to be a number from {least} to {most}{given}"))
}
