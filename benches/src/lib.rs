//! `filch` beside its rivals: the same workloads, verified, in the same run.
//!
//! * [`contestant`]: the pools, one file each, at their best settings, behind one trait.
//! * [`workload`]: what they are asked to do, one file each, with the checks that every job ran exactly once.
//! * [`permits`]: semaphores, and what they are asked to do.
//! * [`timers`]: timers, and what they are asked to do.
//! * [`echo`]: echo servers, and the load that they are put under.
//! * [`fresh`]: programs that start a process for each run.
//! * [`record`]: what is measured, the tables and the JSON files of it.
//!
//! The criterion benches in `benches/` ask one question a file. The programs in `src/bin/` let the contestants take turns and print the tables of
//! `docs/benchmarks.md`; `draw` makes pictures of what they have measured, and `all.sh` runs them all.

use std::process::ExitCode;

pub mod contestant;
pub mod cpu;
pub mod echo;
pub mod fresh;
pub mod permits;
pub mod record;
pub mod timers;
pub mod workload;

/// How many workers each pool has unless the command line says otherwise.
pub const WORKERS: usize = 2;

/// How a program ends: with a word about what went wrong, if something did.
pub fn exit(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}
