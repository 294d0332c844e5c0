//! A process for each test.
//!
//! A deadlock may abort the process, and then ends one test, not all. And where stacks are not used again (see `stacks`), the threads of one process wait for
//! each other at the memory map: with two test threads the models of the gate took 23 s, in two processes 8 s. So a test that may run beside others starts
//! this program again, for itself alone. With `--test-threads=1` all stay in one process, as a debugger likes it.

use std::cell::Cell;
use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;

/// With this argument every test runs in the process that got it.
const ONE_BY_ONE: &str = "--test-threads=1";

thread_local! {
    /// Whether the test of this thread has been run elsewhere.
    static IS_DONE: Cell<bool> = const { Cell::new(false) };
}

/// Sends the whole test of this thread to a process of its own, the first time, and panics if it fails there. `false` if it is to run here.
pub fn has_passed_elsewhere() -> bool {
    if env::args().any(|argument| argument == ONE_BY_ONE) {
        return false;
    }
    if !IS_DONE.replace(true) {
        run_alone(thread::current().name().expect("the thread of a test has its name"));
    }
    true
}

/// Runs one test, and passes on what it prints about it.
fn run_alone(test: &str) {
    let program = env::current_exe().expect("the program knows its path");
    let mut child = Command::new(program)
        .args(["--exact", test, "--include-ignored", "--nocapture", ONE_BY_ONE])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started again");
    let output = child.stderr.take().expect("a pipe was asked for");
    for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        eprintln!("{}", String::from_utf8_lossy(&line));
    }
    let status = child.wait().expect("the child is ours");
    assert!(status.success(), "{test} failed in its process: {status}");
}
