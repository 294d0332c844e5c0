//! Running one test of this program again, in a process of its own.

use std::process::{Command, Output, Stdio};

const CHILD: &str = "FILCH_LEDGER_CHILD";

/// What this process was started for by [`run`], if it was.
pub fn role() -> Option<String> {
    std::env::var(CHILD).ok()
}

/// Runs the test `name` again in a child process that finds `role` in [`role`], and the given variables.
#[track_caller]
pub fn run(name: &str, role: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::current_exe().expect("the path of this program"));
    command.args([name, "--exact", "--nocapture", "--test-threads=1"]);
    command.env(CHILD, role).envs(variables.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("a child process");
    // The child has a watch of its own.
    child.wait_with_output().expect("the child's output")
}

/// As [`run`], and the test must pass. Passes on what the child printed.
#[track_caller]
pub fn run_well(name: &str, role: &str, variables: &[(&str, &str)]) {
    let output = run(name, role, variables);
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "the child failed: {}\n{stdout}\n{stderr}", output.status);
    assert!(stdout.contains("1 passed"), "the child ran no test: is {name:?} the name of one?");
    let lines = stdout.lines().filter(|line| line.starts_with("  "));
    lines.for_each(|line| println!("{line} [{role}]"));
}

/// Runs `body` in a process in which nothing else happens: the test `name` again.
#[track_caller]
pub fn alone(name: &str, body: impl FnOnce()) {
    alone_with(name, &[], body);
}

/// The same with these variables.
#[track_caller]
pub fn alone_with(name: &str, variables: &[(&str, &str)], body: impl FnOnce()) {
    if role().is_none() {
        return run_well(name, "alone", variables);
    }
    // The harness has written the test's name on this line.
    println!();
    body();
}
