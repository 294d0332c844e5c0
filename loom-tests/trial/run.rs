//! Building and running the models in the copy, in child processes: a deadlock in a model may abort its process.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Tree;

pub enum Verdict {
    /// A model failed: its name.
    Killed(String),
    /// All models passed.
    Survived,
    /// A model neither passed nor failed in time: its name.
    TimedOut(String),
}

impl Verdict {
    /// The model that decided.
    pub fn by(&self) -> &str {
        match self {
            Self::Killed(model) | Self::TimedOut(model) => model,
            Self::Survived => "",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Killed(_) => "killed",
            Self::Survived => "SURVIVED",
            Self::TimedOut(_) => "timed out",
        })
    }
}

/// Builds the models of the tree, and returns the path of the program. What the compiler says goes to the log.
pub fn build(tree: &Tree, log: &Path) -> Option<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["test", "-p", tree.member.name, "--test", tree.member.program])
        .args(["--no-run", "--message-format=json-render-diagnostics"])
        .current_dir(tree.root())
        .env("CARGO_TARGET_DIR", tree.target())
        .stderr(create(log))
        .output()
        .expect("cargo can be started");
    let messages = String::from_utf8_lossy(&output.stdout);
    let (_, path) = messages.split_once("\"executable\":\"")?;
    output.status.success().then(|| PathBuf::from(path.split('"').next().unwrap_or_default()))
}

/// Runs the models that `arguments` select, with `environment`, until all have ended, one fails, or the time is over. What they print goes to the log.
pub fn watch(
    program: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
    timeout: Duration,
    log: &Path,
) -> Verdict {
    let output = create(log);
    let mut child = Command::new(program)
        .args(arguments)
        .args(["--test-threads=1", "--nocapture"])
        // At the full bounds: what survives has met all that there is.
        .env("FILCH_LONG", "1")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(output.try_clone().expect("a file can be shared"))
        .stderr(output)
        .spawn()
        .expect("the models can be started");
    let start = Instant::now();
    loop {
        let ended = child.try_wait().expect("the child is ours");
        let so_far = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
        let verdict = match ended {
            Some(status) if status.success() => Verdict::Survived,
            Some(_) => Verdict::Killed(current_model(&so_far)),
            None if has_failed(&so_far) => Verdict::Killed(current_model(&so_far)),
            None if start.elapsed() > timeout => Verdict::TimedOut(current_model(&so_far)),
            None => {
                std::thread::sleep(Duration::from_millis(30));
                continue;
            }
        };
        // The models after a failed one would say nothing new.
        let _ = child.kill();
        let _ = child.wait();
        return verdict;
    }
}

fn has_failed(output: &str) -> bool {
    output.lines().any(|line| line == "FAILED" || line.ends_with("... FAILED"))
}

/// The last model that was started, or the first that failed.
fn current_model(output: &str) -> String {
    let mut current = "";
    for line in output.lines() {
        if let Some((name, _)) = line.strip_prefix("test ").and_then(|line| line.split_once(" ...")) {
            current = name;
        }
        if line == "FAILED" || line.ends_with("... FAILED") {
            break;
        }
    }
    current.to_string()
}

fn create(log: &Path) -> File {
    File::create(log).expect("a log can be written")
}
