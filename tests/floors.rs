//! The rules by which the sources are laid out: who imports whom, how long a file is, what is written at `unsafe`.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of the crate from the ground up. A room imports only from lower floors, and on its own floor only from rooms to its left.
const FLOORS: [(&str, u32); 16] = [
    ("sync", 0),
    ("util", 0),
    ("trace", 0),
    ("queue", 1),
    ("wheel", 1),
    ("park", 2),
    ("job", 3),
    ("sleep", 3),
    ("timer", 4),
    ("registry", 6),
    ("worker", 6),
    ("ops", 7),
    ("set", 7),
    ("local", 7),
    ("semaphore", 7),
    ("pool", 8),
];

/// The cfgs of the checkers' builds.
const CHECKERS: [&str; 3] = ["filch_loom", "filch_shuttle", "filch_tsan"];

/// Files that may mention them, besides unit tests; a trailing slash means the whole folder.
const KNOW_THE_MODEL: [&str; 4] = ["sync/", "util/limits.rs", "queue/backlog.rs", "lib.rs"];

/// How a unit test keeps out of the model's build.
const UNIT_TEST: &str = "#[cfg(all(test, not(filch_loom)))]";

const LONGEST: usize = 600;

struct Source {
    /// Relative to `src`.
    path: PathBuf,
    text: String,
}

impl Source {
    /// The room, or the name of a file beside the rooms.
    fn room(&self) -> &str {
        self.path.iter().next().and_then(|part| part.to_str()).unwrap_or_default()
    }

    /// Numbered lines, from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    fn at(&self, line: usize) -> String {
        format!("src/{}:{line}", self.path.display())
    }
}

fn sources() -> Vec<Source> {
    fn collect(folder: &Path, sources: &mut Vec<Source>) {
        for entry in fs::read_dir(folder).expect("a folder of sources").map(|entry| entry.expect("an entry")) {
            let path = entry.path();
            if path.is_dir() {
                collect(&path, sources);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                let path = path.strip_prefix(root()).expect("below the root").to_path_buf();
                sources.push(Source { path, text });
            }
        }
    }
    let mut sources = Vec::new();
    collect(&root(), &mut sources);
    assert!(sources.len() > 20, "these cannot be all the sources");
    sources
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Fails with every complaint there is.
fn assert_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// The rooms named by the paths `crate::room` in a line of code.
fn rooms_named(line: &str) -> Vec<&str> {
    let code = line.split("//").next().unwrap_or_default();
    let name = |rest: &'_ str| rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    code.split("crate::").skip(1).map(|rest| &rest[..name(rest)]).collect()
}

/// The place of a room: its floor, and from left to right.
fn place(room: &str) -> Option<(u32, usize)> {
    let index = FLOORS.iter().position(|(name, _)| *name == room)?;
    Some((FLOORS[index].1, index))
}

#[test]
fn every_room_has_a_floor() {
    let mut complaints = Vec::new();
    for source in sources() {
        if source.room() != "lib.rs" && place(source.room()).is_none() {
            complaints.push(format!("src/{} is in a room without a floor", source.path.display()));
        }
    }
    assert_none(complaints);
}

#[test]
fn no_room_imports_from_above_or_from_its_right() {
    let mut complaints = Vec::new();
    for source in sources() {
        let Some(own) = place(source.room()) else { continue };
        for (number, line) in source.lines() {
            for room in rooms_named(line) {
                // What is re-exported at the root is named in doc examples and `pub(crate)` macros only.
                let Some(other) = place(room) else {
                    if !room.is_empty() {
                        complaints.push(format!("{}: crate::{room} is no room", source.at(number)));
                    }
                    continue;
                };
                if other > own {
                    complaints.push(format!("{}: {} imports from {room}", source.at(number), source.room()));
                }
            }
            if line.trim_start().starts_with("use super::super::") {
                complaints.push(format!("{}: an import that hides its room", source.at(number)));
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn imports_of_the_crate_are_one_path_a_line() {
    // `use crate::{a, b}` would escape the rule above.
    let mut complaints = Vec::new();
    for source in sources() {
        for (number, line) in source.lines() {
            if line.contains("crate::{") || line.contains("use crate;") {
                complaints.push(format!("{}: {}", source.at(number), line.trim()));
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn only_the_facade_knows_the_model() {
    let mut complaints = Vec::new();
    for source in sources() {
        let path = source.path.to_string_lossy();
        let may = |known: &&str| if known.ends_with('/') { path.starts_with(*known) } else { path == **known };
        if KNOW_THE_MODEL.iter().any(may) {
            continue;
        }
        for (number, line) in source.lines() {
            if CHECKERS.iter().any(|cfg| line.contains(cfg)) && line.trim() != UNIT_TEST {
                complaints.push(format!("{}: {}", source.at(number), line.trim()));
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn unit_tests_stay_out_of_the_model() {
    let mut complaints = Vec::new();
    for source in sources() {
        for (number, line) in source.lines() {
            if line.trim().starts_with("#[cfg(") && line.contains("test") && line.trim() != UNIT_TEST {
                // A file compiled for the tests beside its main use; the examples of the documents.
                let other = line.contains("any(test") || line.contains("doctest");
                if !other {
                    complaints.push(format!("{}: {}", source.at(number), line.trim()));
                }
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn no_room_goes_round_the_facade() {
    const FACADE: [&str; 7] = [
        "std::thread::spawn",
        "std::thread::Builder",
        "std::thread::park",
        "std::sync::Mutex",
        "std::sync::Condvar",
        "std::sync::mpsc",
        "std::cell::UnsafeCell",
    ];
    let mut complaints = Vec::new();
    for source in sources() {
        if source.room() == "sync" {
            continue;
        }
        // Unit tests come last in a file, and may use what they like.
        for (number, line) in source.lines().take_while(|(_, line)| *line != UNIT_TEST) {
            let code = line.split("//").next().unwrap_or_default();
            for name in FACADE {
                if code.contains(name) {
                    complaints.push(format!("{}: {name}", source.at(number)));
                }
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn no_file_is_too_long() {
    let mut complaints = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > LONGEST {
            complaints.push(format!("src/{} has {lines} lines, more than {LONGEST}", source.path.display()));
        }
    }
    assert_none(complaints);
}

/// Whether a line of code opens an unsafe block or implements an unsafe trait.
fn is_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.contains("unsafe {") || code.contains("unsafe impl")
}

/// Whether the statement at `index` of `lines` has a SAFETY comment: above it, or inside it above the line.
fn has_safety(lines: &[&str], index: usize) -> bool {
    let mut seen_code = false;
    for line in lines[..index].iter().rev().map(|line| line.trim()) {
        if line.starts_with("//") {
            if line.contains("SAFETY:") {
                return true;
            }
        } else if line.is_empty() || line.ends_with(';') || line.ends_with('}') || (seen_code && line.ends_with('{')) {
            // The statement before, or the beginning of the block.
            return false;
        } else {
            seen_code = true;
        }
    }
    false
}

#[test]
fn every_unsafe_says_why_it_is_safe() {
    let mut complaints = Vec::new();
    let mut found = 0;
    for source in sources() {
        let lines: Vec<_> = source.text.lines().collect();
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| is_unsafe(line)) {
            found += 1;
            if !has_safety(&lines, index) {
                complaints.push(format!("{}: {}", source.at(index + 1), line.trim()));
            }
        }
    }
    assert!(found > 20, "the check has lost sight of unsafe code");
    assert_none(complaints);
}

#[test]
fn every_public_unsafe_function_names_its_duties() {
    let mut complaints = Vec::new();
    for source in sources() {
        let lines: Vec<_> = source.text.lines().collect();
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.trim().starts_with("pub unsafe fn")) {
            let above = lines[..index].iter().rev().map(|line| line.trim());
            let documented = above.take_while(|line| line.starts_with("//") || line.starts_with("#["));
            if !documented.into_iter().any(|line| line.contains("# Safety")) {
                complaints.push(format!("{}: {}", source.at(index + 1), line.trim()));
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn the_checks_see_what_they_look_for() {
    assert_eq!(rooms_named("use crate::job::{A, B};"), ["job"]);
    assert_eq!(rooms_named("fn f(a: crate::sleep::S, b: crate::pool::P) // crate::no"), ["sleep", "pool"]);
    assert!(place("registry") < place("worker") && place("worker") < place("ops"));
    assert!(is_unsafe("let a = unsafe { b };") && is_unsafe("unsafe impl Send for A {}"));
    assert!(!is_unsafe("unsafe fn f();") && !is_unsafe("// unsafe { }"));
    assert!(has_safety(&["// SAFETY: so.", "let a =", "unsafe { b };"], 2));
    assert!(!has_safety(&["// SAFETY: so.", "let a = c;", "unsafe { b };"], 2));
    assert!(!has_safety(&["// Not said.", "unsafe { b };"], 1));
}
