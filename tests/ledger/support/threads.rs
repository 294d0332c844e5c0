//! What the system knows of this process's threads.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::fs;
use std::io::Read;

/// A thread of this process.
pub struct Thread {
    /// Its number.
    pub id: u64,
    /// Its name, as far as the system keeps it.
    pub name: String,
}

/// How often and how long a thread has run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Times it gave its core up.
    pub voluntary: u64,
    /// Times its core was taken away.
    pub involuntary: u64,
    /// `schedstat`: nanoseconds run, nanoseconds waited for a core, turns.
    pub schedstat: String,
}

/// The threads whose name begins with `prefix`.
pub fn named(prefix: &str) -> Vec<Thread> {
    let tasks = fs::read_dir("/proc/self/task").expect("the list of threads");
    let ids = tasks.filter_map(|task| task.ok()?.file_name().to_str()?.parse().ok());
    let thread = |id: u64| {
        // A thread may end between the list and the look.
        let name = fs::read_to_string(format!("/proc/self/task/{id}/comm")).ok()?;
        Some(Thread { id, name: name.trim_end().into() })
    };
    ids.filter_map(thread).filter(|thread| thread.name.starts_with(prefix)).collect()
}

impl Thread {
    /// What it has used so far.
    pub fn usage(&self) -> Usage {
        let read = |file: &str| {
            let path = format!("/proc/self/task/{}/{file}", self.id);
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
        };
        let status = read("status");
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|value| value.trim().parse().ok()).unwrap_or_else(|| panic!("no {name} in {status}"))
        };
        Usage {
            voluntary: field("voluntary_ctxt_switches:"),
            involuntary: field("nonvoluntary_ctxt_switches:"),
            schedstat: read("schedstat").trim_end().into(),
        }
    }
}

/// Bytes of memory that the process occupies. Allocates nothing, so it leaves nothing behind among what is measured.
pub fn resident() -> u64 {
    let mut bytes = [0; 128];
    let len = fs::File::open("/proc/self/statm").and_then(|mut file| file.read(&mut bytes)).expect("statm");
    let statm = std::str::from_utf8(&bytes[..len]).expect("numbers");
    let pages: u64 = statm.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).expect("resident pages");
    // SAFETY: sysconf takes a number and touches no memory.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    pages * u64::try_from(page).expect("a page size")
}
