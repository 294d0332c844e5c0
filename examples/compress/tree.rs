//! The walk: which files there are, largest first, and what was left out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::pack::FileError;

/// Directories that are left out unless the user asks for them: large, generated, and packed already.
const LEFT_OUT: [&str; 2] = ["target", ".git"];

/// The files that could not be handled, each once, and why.
pub type Failures = BTreeMap<PathBuf, FileError>;

/// What a directory tree holds.
#[derive(Default)]
pub struct Tree {
    /// Regular files. The largest come first, so that none is begun when everything else is done.
    pub files: Vec<PathBuf>,
    /// Directories and entries that could not be read.
    pub failures: Failures,
    /// Directories left out for their name.
    pub pruned: usize,
    /// Symbolic links, which are not followed, and pipes, sockets and devices, which may never end.
    pub special: usize,
}

impl Tree {
    /// Lists what lies below `root`; `all` leaves nothing out for its name. What cannot be read is a failure.
    pub fn walk(root: &Path, all: bool) -> Tree {
        let mut tree = Tree::default();
        let mut sized = Vec::new();
        let mut walk = WalkDir::new(root).into_iter();
        while let Some(entry) = walk.next() {
            match entry {
                Err(error) => tree.fail(root, error),
                Ok(entry) if !all && is_left_out(&entry) => {
                    tree.pruned += 1;
                    walk.skip_current_dir();
                }
                Ok(entry) if entry.file_type().is_file() => sized.push((size(&entry), entry.into_path())),
                Ok(entry) => tree.special += usize::from(!entry.file_type().is_dir()),
            }
        }
        sized.sort_by(|(size_a, path_a), (size_b, path_b)| size_b.cmp(size_a).then_with(|| path_a.cmp(path_b)));
        tree.files = sized.into_iter().map(|(_, path)| path).collect();
        tree
    }

    fn fail(&mut self, root: &Path, error: walkdir::Error) {
        let path = error.path().unwrap_or(root).to_owned();
        self.failures.insert(path, FileError::Walk(error));
    }
}

/// Is it a directory below the root, with one of the names that are left out?
fn is_left_out(entry: &DirEntry) -> bool {
    entry.depth() > 0 && entry.file_type().is_dir() && LEFT_OUT.iter().any(|name| entry.file_name() == *name)
}

/// The size by which to sort. A file that has just vanished is small: the job that opens it reports it.
fn size(entry: &DirEntry) -> u64 {
    entry.metadata().map_or(0, |metadata| metadata.len())
}
