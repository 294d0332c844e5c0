//! The command line.

use std::num::NonZero;
use std::thread;

pub const HELP: &str = "\
Shows what the workers of a pool do, while a load runs that you change with keys.

Usage: monitor [options]

  --workers N    threads of the pool (one for each core)
  --quick        draw a few frames, print the last one as text, and end;
                 also what it does where its output is no terminal
  --help         print this text
";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    Help,
    Run { workers: usize, quick: bool },
}

/// Reads the arguments, without the name of the program. The error is a message for the user.
pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Command, String> {
    let (mut workers, mut quick) = (thread::available_parallelism().map_or(1, NonZero::get), false);
    while let Some(word) = words.next() {
        match word.as_str() {
            "-h" | "--help" => return Ok(Command::Help),
            "--quick" => quick = true,
            "--workers" => workers = number(words.next())?,
            _ => return Err(format!("unknown word {word:?}")),
        }
    }
    Ok(Command::Run { workers, quick })
}

fn number(word: Option<String>) -> Result<usize, String> {
    let number = word.as_ref().and_then(|word| word.parse().ok());
    let given = word.map_or(String::new(), |word| format!(", not {word:?}"));
    let in_range = number.filter(|number| (1..=1024).contains(number));
    in_range.ok_or_else(|| format!("--workers needs a number from 1 to 1024{given}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn reads_its_options() {
        assert_eq!(parsed("--workers 3 --quick"), Ok(Command::Run { workers: 3, quick: true }));
        assert_eq!(parsed("--quick --help"), Ok(Command::Help));
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(parsed("--wokers 3"), Err("unknown word \"--wokers\"".into()));
        assert_eq!(parsed("--workers 0"), Err("--workers needs a number from 1 to 1024, not \"0\"".into()));
        assert_eq!(parsed("--workers"), Err("--workers needs a number from 1 to 1024".into()));
    }
}
