//! What the contestants are asked to do: one file a workload, each with its own check.

mod gather;
mod roundtrip;
mod sample;
mod spawn_external;
mod spawn_internal;
mod spawn_tree;
mod submit_with_result;
mod tally;

pub(crate) use gather::WINDOW;
pub use sample::{Latency, Sample};

use crate::contestant::Contestant;

/// A workload. The sizes below are in the unit that the variant's documentation names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// An outside thread spawns `size` jobs and waits until all have run.
    SpawnExternal,
    /// A worker spawns `size` jobs; the outside thread waits until all have run.
    SpawnInternal,
    /// Each job spawns two children, down to `size` leaves (a power of two).
    SpawnTree,
    /// An outside thread submits `size` jobs with results, keeps the handles and collects all.
    SubmitWithResult,
    /// An outside thread submits `size` jobs in batches and takes each batch's results in the order of completion.
    Gather,
    /// The same with a bound on how many jobs are outstanding.
    GatherWindow,
    /// An outside thread submits one job and blocks for its result, `size` times.
    RoundtripHot,
    /// The same, 1 ms apart, so that the workers are asleep.
    RoundtripCold,
}

impl Workload {
    /// Every workload, in the order of the report.
    pub const ALL: [Self; 8] = [
        Self::SpawnExternal,
        Self::SpawnInternal,
        Self::SpawnTree,
        Self::SubmitWithResult,
        Self::Gather,
        Self::GatherWindow,
        Self::RoundtripHot,
        Self::RoundtripCold,
    ];

    /// The name used on the command line and in the tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SpawnExternal => "spawn_external",
            Self::SpawnInternal => "spawn_internal",
            Self::SpawnTree => "spawn_tree",
            Self::SubmitWithResult => "submit_with_result",
            Self::Gather => "gather",
            Self::GatherWindow => "gather_window",
            Self::RoundtripHot => "roundtrip_hot",
            Self::RoundtripCold => "roundtrip_cold",
        }
    }

    /// The size of one run in the report.
    pub const fn full_size(self) -> u64 {
        match self {
            Self::SpawnExternal | Self::SpawnInternal => 1_000_000,
            Self::SpawnTree => 1 << 20,
            Self::SubmitWithResult | Self::Gather | Self::GatherWindow => 200_000,
            Self::RoundtripHot => 100_000,
            Self::RoundtripCold => 2_000,
        }
    }

    /// The size of one criterion iteration: some milliseconds, or one round trip.
    pub const fn iteration_size(self) -> u64 {
        match self {
            Self::SpawnExternal | Self::SpawnInternal => 100_000,
            Self::SpawnTree => 1 << 16,
            Self::SubmitWithResult => 20_000,
            Self::Gather | Self::GatherWindow => 10_000,
            Self::RoundtripHot | Self::RoundtripCold => 1,
        }
    }

    /// The size that only shows that everything works.
    pub const fn quick_size(self) -> u64 {
        match self {
            Self::SpawnExternal | Self::SpawnInternal => 20_000,
            Self::SpawnTree => 1 << 13,
            Self::SubmitWithResult | Self::Gather | Self::GatherWindow => 5_000,
            Self::RoundtripHot => 2_000,
            Self::RoundtripCold => 50,
        }
    }

    /// Whether results are taken in the order of completion, for which some pools have more than one way.
    pub const fn gathers(self) -> bool {
        matches!(self, Self::Gather | Self::GatherWindow)
    }

    /// How many jobs a run of that size has.
    pub const fn jobs(self, size: u64) -> u64 {
        match self {
            Self::SpawnTree => 2 * size - 1,
            _ => size,
        }
    }

    pub(crate) fn run<C: Contestant>(self, pool: &'static C, size: u64) -> Sample {
        match self {
            Self::SpawnExternal => spawn_external::run(pool, size),
            Self::SpawnInternal => spawn_internal::run(pool, size),
            Self::SpawnTree => spawn_tree::run(pool, size),
            Self::SubmitWithResult => submit_with_result::run(pool, size),
            Self::Gather => gather::all(pool, size),
            Self::GatherWindow => gather::window(pool, size),
            Self::RoundtripHot => roundtrip::hot(pool, size),
            Self::RoundtripCold => roundtrip::cold(pool, size),
        }
    }
}

/// What a job with a result returns: next to no work, and different for every job.
fn answer(question: u64) -> u64 {
    question.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31)
}
