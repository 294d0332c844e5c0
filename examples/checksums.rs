//! The checksum of every file of a directory tree, with a progress bar that moves as the results come.
//!
//! `cargo run --release --example checksums -- [directory]`; without a directory, this repository. A [`JobSet`](filch::JobSet) with a capacity bounds the memory: the
//! walk waits when too many results have not been taken. A file that cannot be read is one more line of the report.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use filch::{JobError, JobSet, Pool};
use indicatif::{ProgressBar, ProgressStyle};
use walkdir::WalkDir;

/// Results that may wait to be taken.
const CAPACITY: usize = 1024;

/// A file and its checksum, or why there is none.
type Line = (PathBuf, io::Result<u32>);

fn main() -> ExitCode {
    let root = std::env::args_os().nth(1).map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let pool = Pool::new();
    let set = JobSet::with_capacity(&pool, CAPACITY);

    // The walk is a job, too: it gives the files as it finds them, and pauses while the set is full.
    let files = JobSet::with_capacity(&pool, CAPACITY);
    files.submit_iter(move || walk(&root));

    let bar = ProgressBar::no_length()
        .with_style(ProgressStyle::with_template("{pos} files, {per_sec}").expect("well-formed"));
    let mut lines = Vec::new();
    let mut note = |line: Result<Line, JobError>| {
        bar.inc(1);
        lines.push(line.expect("a job neither panics nor is cancelled"));
    };
    for (_, file) in files.as_completed() {
        let file = file.expect("the walk does not panic");
        // Room first: this thread is the one that takes results.
        while set.len() >= CAPACITY {
            set.next().into_iter().for_each(|(_, line)| note(line));
        }
        set.submit(move || (file.clone(), checksum(&file)));
    }
    set.as_completed().for_each(|(_, line)| note(line));
    bar.finish_and_clear();

    lines.sort_by(|(a, _), (b, _)| a.cmp(b));
    report(&lines)
}

/// The regular files below `root`, as they are found. What `target` and `.git` hold is left out.
fn walk(root: &Path) -> impl Iterator<Item = PathBuf> + Send + use<> {
    let wanted = |entry: &walkdir::DirEntry| {
        entry.depth() == 0 || !["target", ".git"].iter().any(|name| entry.file_name() == *name)
    };
    let entries = WalkDir::new(root).into_iter().filter_entry(wanted);
    entries.filter_map(Result::ok).filter(|entry| entry.file_type().is_file()).map(|entry| entry.into_path())
}

fn checksum(file: &Path) -> io::Result<u32> {
    let mut reader = BufReader::with_capacity(1 << 16, File::open(file)?);
    let mut hasher = crc32fast::Hasher::new();
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(hasher.finalize());
        }
        hasher.update(bytes);
        let length = bytes.len();
        reader.consume(length);
    }
}

fn report(lines: &[Line]) -> ExitCode {
    let mut failed = 0;
    for (file, checksum) in lines {
        match checksum {
            Ok(checksum) => println!("{checksum:08x}  {}", file.display()),
            Err(error) => {
                failed += 1;
                eprintln!("{}: {error}", file.display());
            }
        }
    }
    eprintln!("{} files, {failed} failed", lines.len());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
