//! Copies a directory tree and removes the copy again, with a job for each directory and each file.
//!
//! `cargo run --release --example trees -- [directory]`; without a directory, the `src` of this repository. Only the copy, in the system's directory for temporary
//! files, is written and removed. Jobs submit jobs: a directory's job makes the directory, and submits a job for each entry. To remove a tree, a job joins those
//! of its entries first: a worker that waits runs what it waits for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use filch::{JobSet, Pool};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let from = std::env::args_os().nth(1).map_or_else(default, PathBuf::from);
    let to = std::env::temp_dir().join(format!("filch-trees-{}", std::process::id()));
    let pool = Pool::new();

    let copied = copy_tree(&pool, &from, &to)?;
    println!("copied {copied} bytes from {} to {}", from.display(), to.display());
    let removed = pool.submit({
        let to = to.clone();
        move || remove_tree(to)
    });
    println!("removed {} files and directories", removed.join()??);
    assert!(!to.exists());
    Ok(())
}

/// What a job of the copy gives: bytes copied.
type Copied = io::Result<u64>;

/// Copies what lies below `from`. All that can be copied is; the first error is returned.
fn copy_tree(pool: &Pool, from: &Path, to: &Path) -> Copied {
    let set = Arc::new(JobSet::new(pool));
    submit_copy(&set, from.to_owned(), to.to_owned());
    let mut total = Ok(0);
    for (_, copied) in set.as_completed() {
        let copied = copied.map_err(io::Error::other).and_then(|copied| copied);
        total = match (total, copied) {
            (Ok(total), Ok(copied)) => Ok(total + copied),
            (Err(first), _) | (_, Err(first)) => Err(first),
        };
    }
    total
}

fn submit_copy(set: &Arc<JobSet<Copied>>, from: PathBuf, to: PathBuf) {
    let theirs = set.clone();
    set.submit(move || copy(&theirs, &from, &to));
}

/// Copies a file, or makes a directory and submits its entries. Links and special files are left out.
fn copy(set: &Arc<JobSet<Copied>>, from: &Path, to: &Path) -> Copied {
    let kind = fs::symlink_metadata(from)?.file_type();
    if kind.is_file() {
        return fs::copy(from, to);
    }
    if kind.is_dir() {
        fs::create_dir(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            submit_copy(set, entry.path(), to.join(entry.file_name()));
        }
    }
    Ok(0)
}

/// Removes a file, or a directory after its entries. How many there were.
fn remove_tree(path: PathBuf) -> io::Result<usize> {
    if !fs::symlink_metadata(&path)?.is_dir() {
        return fs::remove_file(&path).map(|()| 1);
    }
    let entries = fs::read_dir(&path)?.collect::<Result<Vec<_>, _>>()?;
    let jobs: Vec<_> = entries.into_iter().map(|entry| filch::submit(move || remove_tree(entry.path()))).collect();
    let mut removed = 1;
    for job in jobs {
        removed += job.join().map_err(io::Error::other)??;
    }
    fs::remove_dir(&path)?;
    Ok(removed)
}
