//! Compresses every file of a directory tree with zstd, verifies each by unpacking it again, and says how fast that
//! was: on one thread, on plain threads that share a list, and on a filch pool. No file is written.
//!
//! ```text
//! cargo run --release --example compress                        # this repository
//! cargo run --release --example compress -- ~/music --workers 4
//! cargo run --release --example compress -- --quick             # one short round, for a first look
//! cargo run --release --example compress -- --help
//! ```
//!
//! Memory is bounded, whatever the files: the queue of the pool holds a thousand jobs of a few words each; results go
//! to a callback at once; and a thread reads a file in chunks, so that one of 100 GB takes no more room than one of
//! 4 MB. Only the list of paths grows with the tree.
//!
//! The comparison is meant to be fair. The page cache is warmed first. Every contestant takes the same files in the
//! same order, largest first, through the same function; it starts its threads inside the measured time; and the
//! contestants take turns. Where the machine was too busy, or the rounds too short, the report gives no verdict.
//!
//! Where to look: `contest.rs` has the pool, `pack.rs` the work on one file, `tree.rs` the walk, `report.rs` the
//! figures.

mod args;
mod contest;
mod pack;
mod report;
mod round;
mod tree;

use std::env;
use std::error::Error;
use std::process::ExitCode;

use args::{Args, Command};
use contest::Contest;
use report::Report;
use tree::Tree;

fn main() -> ExitCode {
    match args::parse(env::args_os().skip(1)) {
        Ok(Command::Help) => {
            print!("{}", args::HELP);
            ExitCode::SUCCESS
        }
        Ok(Command::Run(args)) => run(&args).unwrap_or_else(|error| {
            eprintln!("compress: {error}");
            ExitCode::FAILURE
        }),
        Err(message) => {
            eprintln!("compress: {message}\nTry --help.");
            ExitCode::from(2)
        }
    }
}

/// Walks the tree, holds the contest and prints the report. The exit code is 1 if any file failed.
fn run(args: &Args) -> Result<ExitCode, Box<dyn Error>> {
    let mut tree = Tree::walk(&args.root, args.all);
    let contest = Contest::hold(args, std::mem::take(&mut tree.files))?;
    let report = Report::new(args, &tree, &contest);
    print!("{report}");
    for (path, error) in &report.failures {
        eprintln!("failed: {}: {error}", path.display());
    }
    Ok(if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
