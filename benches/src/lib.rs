//! `filch` beside its rivals: the same workloads, verified, in the same run.
//!
//! * [`contestant`]: the pools, one file each, at their best settings, behind one trait.
//! * [`workload`]: what they are asked to do, one file each, with the checks that every job ran exactly once.
//! * [`permits`]: semaphores, and what they are asked to do.
//! * [`timers`]: timers, and what they are asked to do.
//! * [`fresh`]: programs that start a process for each pool.
//!
//! The criterion benches in `benches/` ask one question a file; the `report` program in `src/bin/` runs everything
//! with the contestants interleaved and prints the tables of `docs/benchmarks.md`.

pub mod contestant;
pub mod cpu;
pub mod fresh;
pub mod permits;
pub mod timers;
pub mod workload;

/// How many workers each pool has unless the command line says otherwise.
pub const WORKERS: usize = 2;
