//! What the system knows of this process.

use std::fs;

/// Its threads.
pub fn threads() -> usize {
    fs::read_dir("/proc/self/task").expect("the list of threads").count()
}

/// Its open files.
pub fn files() -> usize {
    fs::read_dir("/proc/self/fd").expect("the list of open files").count()
}

/// The bytes of memory that it occupies.
pub fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").expect("statm");
    let pages: usize = statm.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).expect("resident pages");
    // SAFETY: sysconf takes a number and touches no memory.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    pages * usize::try_from(page).expect("a page size")
}
