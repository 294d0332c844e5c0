//! Where figures come from.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::process;
use std::thread;

use serde::{Deserialize, Serialize};

/// The lock file names the versions that were built.
const LOCK: &str = include_str!("../../../Cargo.lock");

/// The machine, the compiler and the versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// The system and the architecture.
    pub system: String,
    /// What the system calls the processor, if it says.
    pub processor: Option<String>,
    /// How many cores the process may use.
    pub cores: usize,
    /// The compiler.
    pub compiler: String,
    /// The contestants' packages.
    pub versions: BTreeMap<String, String>,
}

impl Environment {
    /// This machine, and the versions of these packages.
    pub fn of<'a>(packages: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            processor: processor(),
            cores: cores(),
            compiler: compiler(),
            versions: packages.into_iter().map(|package| (package.to_owned(), version(package).to_owned())).collect(),
        }
    }
}

/// One line about the machine and the compiler, one about the versions of the contestants.
impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let processor = self.processor.as_ref().map_or_else(String::new, |processor| format!(" of {processor}"));
        let versions: Vec<String> =
            self.versions.iter().map(|(package, version)| format!("{package} {version}")).collect();
        writeln!(f, "{}, {} cores{processor}, {}.", self.system, self.cores, self.compiler)?;
        write!(f, "{}.", versions.join(", "))
    }
}

/// How many cores this process may use.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn processor() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let (_, name) = info.lines().find(|line| line.starts_with("model name"))?.split_once(':')?;
    Some(name.trim().to_owned())
}

/// The compiler on the path, which is the one that cargo has just built this program with.
fn compiler() -> String {
    let output = process::Command::new("rustc").arg("--version").output();
    match output.map(|output| String::from_utf8(output.stdout)) {
        Ok(Ok(version)) => version.trim().to_owned(),
        _ => "rustc unknown".into(),
    }
}

/// The version of a package in the lock file.
fn version(package: &str) -> &str {
    let entry = LOCK.split_once(&format!("name = \"{package}\"\nversion = \"")).map(|(_, entry)| entry);
    entry.and_then(|entry| entry.split('"').next()).unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::version;
    use crate::contestant::FIELD;
    use crate::{permits, timers};

    #[test]
    fn every_contestant_has_a_version() {
        let packages = FIELD.iter().filter_map(|entry| entry.package);
        for package in packages.chain(permits::PACKAGES).chain(timers::PACKAGES) {
            assert_ne!(version(package), "unknown", "{package}");
        }
    }
}
