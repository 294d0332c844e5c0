//! Where the figures come from.

use std::process;
use std::thread;

use crate::options::Options;

/// The lock file names the versions that were built.
const LOCK: &str = include_str!("../../../../Cargo.lock");

/// One line about the machine, the compiler and the run, one about the versions of the contestants.
pub(crate) fn describe(options: &Options) -> String {
    let mut packages: Vec<&str> = Vec::new();
    for package in options.contestants.iter().filter_map(|entry| entry.package) {
        if !packages.contains(&package) {
            packages.push(package);
        }
    }
    let versions: Vec<String> = packages.iter().map(|package| format!("{package} {}", version(package))).collect();
    format!(
        "{} {}, {} cores, {}; workers: {}, rounds: {}{}.\n{}.",
        std::env::consts::OS,
        std::env::consts::ARCH,
        cores(),
        compiler(),
        options.workers,
        options.rounds,
        if options.quick { ", quick sizes" } else { "" },
        versions.join(", "),
    )
}

/// How many cores this process may use.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
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
    use filch_benches::contestant::FIELD;

    use super::version;

    #[test]
    fn every_contestant_has_a_version() {
        for entry in FIELD {
            assert_ne!(entry.package.map(version), Some("unknown"), "{}", entry.name);
        }
    }
}
