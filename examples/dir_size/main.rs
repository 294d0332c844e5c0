//! Adds up the files of a directory tree on all cores, and prints the largest directories.
//!
//! ```text
//! cargo run --release --example dir_size                      # the current directory
//! cargo run --release --example dir_size -- ~ --top 20
//! cargo run --release --example dir_size -- /usr --check      # and compare with a walk on one thread
//! cargo run --release --example dir_size -- --help
//! ```
//!
//! `walk.rs` is the part to start from: jobs of a scope that spawn more jobs, and borrow where they put their results.

mod args;
mod walk;

use std::cmp::Reverse;
use std::env;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use args::{Args, Command};
use filch::Pool;
use walk::{Sum, Tree};

/// So many errors are printed one by one.
const ERRORS: usize = 20;

fn main() -> ExitCode {
    let done = match args::parse(env::args_os().skip(1)) {
        Ok(Command::Help) => print(args::HELP).map(|()| ExitCode::SUCCESS).map_err(Into::into),
        Ok(Command::Run(args)) => run(&args),
        Err(message) => {
            eprintln!("dir_size: {message}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("dir_size: {error}");
        ExitCode::FAILURE
    })
}

fn run(args: &Args) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut builder = Pool::builder();
    if let Some(workers) = args.workers {
        builder = builder.threads(workers);
    }
    let pool = builder.build()?;
    let (tree, elapsed) = timed(|| walk::on_pool(&pool, &args.root));
    print(&report(&tree, args.top, elapsed))?;
    report_errors(&tree);
    if args.check {
        print(&check(args, &tree)?)?;
    }
    Ok(if tree.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn timed<R>(f: impl FnOnce() -> R) -> (R, Duration) {
    let start = Instant::now();
    let result = f();
    (result, start.elapsed())
}

/// The largest directories, and the whole.
fn report(tree: &Tree, top: usize, elapsed: Duration) -> String {
    let mut largest: Vec<_> = tree.directories.iter().collect();
    largest.sort_by_key(|sum| Reverse(sum.bytes));
    let mut text = String::new();
    for Sum { path, bytes, files } in largest.into_iter().take(top) {
        text += &format!("{:>10} {files:>9} files  {}\n", size(*bytes), path.display());
    }
    // Of all paths that start with the root, the root itself is first.
    let Sum { bytes, files, .. } = &tree.directories[0];
    let directories = tree.directories.len();
    text + &format!("{} in {files} files and {directories} directories, in {elapsed:.1?}\n", size(*bytes))
}

fn report_errors(tree: &Tree) {
    for (path, error) in tree.errors.iter().take(ERRORS) {
        eprintln!("not counted: {}: {error}", path.display());
    }
    if let Some(more) = tree.errors.len().checked_sub(ERRORS + 1) {
        eprintln!("not counted: {} more", more + 1);
    }
}

/// Walks once more, on one thread.
fn check(args: &Args, tree: &Tree) -> Result<String, String> {
    let (other, elapsed) = timed(|| walk::on_one_thread(&args.root));
    let differs = tree.directories.iter().zip(&other.directories).find(|(a, b)| a != b);
    match differs {
        Some((ours, _)) => Err(format!("the walks differ, or the tree changed: look at {}", ours.path.display())),
        None if tree.directories.len() != other.directories.len() || tree.errors.len() != other.errors.len() => {
            Err("the walks differ in length, or the tree changed".into())
        }
        None => Ok(format!("one thread found the same, in {elapsed:.1?}, with the caches warm\n")),
    }
}

/// In the largest unit of which there is at least one.
fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB"];
    let power = (bytes.checked_ilog10().unwrap_or(0) / 3) as usize;
    match power.checked_sub(1) {
        None => format!("{bytes} B"),
        Some(unit) => format!("{:.1} {}", bytes as f64 / 1000_f64.powi(power as i32), units.get(unit).unwrap_or(&"EB")),
    }
}

/// Prints. A reader who has seen enough, as in `| head -1`, is no error.
fn print(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
