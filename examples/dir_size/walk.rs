//! The walk: a job for each directory, which spawns the jobs of the directories in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use filch::{Pool, Scope};

/// What a walk found.
pub struct Tree {
    /// Every directory, by path, with all that lies below it.
    pub directories: Vec<Sum>,
    /// What could not be read, by path, and why.
    pub errors: Vec<(PathBuf, io::Error)>,
}

/// A directory and what its files come to, those of the directories in it included.
#[derive(PartialEq)]
pub struct Sum {
    pub path: PathBuf,
    pub bytes: u64,
    pub files: u64,
}

/// A directory whose sum is still growing.
struct Directory {
    path: PathBuf,
    parent: Option<Arc<Directory>>,
    bytes: AtomicU64,
    files: AtomicU64,
}

/// What the jobs of a walk have found so far.
#[derive(Default)]
struct Found {
    directories: Mutex<Vec<Arc<Directory>>>,
    errors: Mutex<Vec<(PathBuf, io::Error)>>,
}

/// Walks the tree on the pool.
pub fn on_pool(pool: &Pool, root: &Path) -> Tree {
    let found = Found::default();
    pool.scope(|scope| spawn(scope, &found, Directory::new(root.to_owned(), None)));
    found.into_tree()
}

/// Spawns the job of a directory. It may borrow what was found so far, because the scope waits for it.
fn spawn<'scope>(scope: &'scope Scope<'scope, '_>, found: &'scope Found, directory: Arc<Directory>) {
    scope.spawn(move || found.read(&directory, |child| spawn(scope, found, child)));
}

/// Walks the tree on this thread, to compare.
pub fn on_one_thread(root: &Path) -> Tree {
    let found = Found::default();
    let mut to_read = vec![Directory::new(root.to_owned(), None)];
    while let Some(directory) = to_read.pop() {
        found.read(&directory, |child| to_read.push(child));
    }
    found.into_tree()
}

impl Found {
    /// Reads a directory: adds up its files, and calls `enter` with each directory in it.
    fn read(&self, directory: &Arc<Directory>, mut enter: impl FnMut(Arc<Directory>)) {
        self.directories.lock().unwrap().push(directory.clone());
        let (mut bytes, mut files) = (0, 0);
        let listed = fs::read_dir(&directory.path).and_then(|entries| {
            for entry in entries {
                let entry = entry?;
                // Of the link, if it is one.
                match entry.metadata() {
                    Ok(metadata) if metadata.is_dir() => enter(Directory::new(entry.path(), Some(directory))),
                    Ok(metadata) => (bytes, files) = (bytes + metadata.len(), files + 1),
                    Err(error) => self.note(entry.path(), error),
                }
            }
            Ok(())
        });
        directory.add(bytes, files);
        listed.unwrap_or_else(|error| self.note(directory.path.clone(), error));
    }

    fn note(&self, path: PathBuf, error: io::Error) {
        self.errors.lock().unwrap().push((path, error));
    }

    fn into_tree(self) -> Tree {
        let directories = self.directories.into_inner().unwrap();
        let mut directories: Vec<_> = directories.iter().map(|directory| directory.sum()).collect();
        directories.sort_by(|a, b| a.path.cmp(&b.path));
        let mut errors = self.errors.into_inner().unwrap();
        errors.sort_by(|(a, _), (b, _)| a.cmp(b));
        Tree { directories, errors }
    }
}

impl Directory {
    fn new(path: PathBuf, parent: Option<&Arc<Directory>>) -> Arc<Directory> {
        let (bytes, files) = (AtomicU64::new(0), AtomicU64::new(0));
        Arc::new(Directory { path, parent: parent.cloned(), bytes, files })
    }

    /// Adds to this directory and all those above it.
    ///
    /// Relaxed is enough: the end of the scope comes after all its jobs, and the sums are read after that.
    fn add(&self, bytes: u64, files: u64) {
        let mut next = Some(self);
        while let Some(directory) = next {
            directory.bytes.fetch_add(bytes, Ordering::Relaxed);
            directory.files.fetch_add(files, Ordering::Relaxed);
            next = directory.parent.as_deref();
        }
    }

    fn sum(&self) -> Sum {
        let (bytes, files) = (self.bytes.load(Ordering::Relaxed), self.files.load(Ordering::Relaxed));
        Sum { path: self.path.clone(), bytes, files }
    }
}
