//! Sorts millions of numbers and strings with a parallel quicksort, and compares it with the standard library.
//!
//! ```text
//! cargo run --release --example sort                        # ten million numbers, one million strings
//! cargo run --release --example sort -- 50000000 5000000
//! cargo run --release --example sort -- --quick             # a first look
//! cargo run --release --example sort -- --help
//! ```
//!
//! The sort itself is `quicksort.rs`: a file to copy, for any `T: Ord + Send + Sync`. It is not stable.

mod args;
mod contest;
mod quicksort;

use std::env;
use std::error::Error;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use args::{Args, Command};
use filch::Pool;

fn main() -> ExitCode {
    let words = env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let done = match args::parse(words) {
        Ok(Command::Help) => print(args::HELP).map_err(Into::into),
        Ok(Command::Run(args)) => run(&args),
        Err(message) => {
            eprintln!("sort: {message}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    done.map_or_else(
        |error| {
            eprintln!("sort: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let pool = Pool::builder().threads(args.workers).build()?;
    print(&format!("workers: {}, rounds: {}; the times are medians\n", args.workers, args.rounds))?;
    let mut random = Random(0x9e37_79b9_7f4a_7c15);

    let numbers: Vec<u64> = (0..args.numbers).map(|_| random.next()).collect();
    print(&contest::hold(&pool, "numbers", &numbers, args.rounds)?.to_string())?;
    drop(numbers);

    let strings: Vec<String> = (0..args.strings).map(|_| format!("user-{:x}", random.next() >> 20)).collect();
    print(&contest::hold(&pool, "strings", &strings, args.rounds)?.to_string())?;
    Ok(())
}

/// Prints. A reader who has seen enough, as in `| head -1`, is no error.
fn print(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Marsaglia's xorshift (2003): the same items in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
