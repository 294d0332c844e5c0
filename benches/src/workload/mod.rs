//! What the contestants are asked to do: one file a workload, each with its own check.

mod busy;
mod gather;
mod join_fib;
mod join_tree_sum;
mod kinds;
mod parallel_map_in_place;
mod parallel_skewed;
mod parallel_sum;
mod queue;
mod roundtrip;
mod sample;
mod spawn_external;
mod spawn_from_many;
mod spawn_internal;
mod spawn_tree;
mod steal_latency;
mod submit_with_result;
mod tail;
mod tally;

pub(crate) use busy::work;
pub(crate) use gather::WINDOW;
pub(crate) use join_tree_sum::Node;
pub use queue::{Blocked, Queued};
pub(crate) use queue::{block, queue};
pub use sample::{Latency, Sample};
pub(crate) use spawn_from_many::run as spawn_from_many;

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
    /// Four outside threads submit `size` short jobs, a long one among a hundred, at a steady rate.
    Tail,
    /// A worker spawns one job and computes on; another, idle for a moment, takes it: `size` times.
    StealLatencyIdle,
    /// The same, the other worker asleep.
    StealLatencyAsleep,
    /// The Fibonacci number of `size`, forking down to 0 and 1.
    JoinFib,
    /// The sum of a binary tree of `size` levels.
    JoinTreeSum,
    /// The sum of `size` integers.
    ParallelSum,
    /// A function put in the place of each of `size` integers.
    ParallelMapInPlace,
    /// `size` items of which each takes another time.
    ParallelSkewed,
}

/// What a workload is called and how large its runs are.
struct Facts {
    name: &'static str,
    /// What a run is counted in, in the singular.
    unit: &'static str,
    /// In the report, in one criterion iteration (some milliseconds, or one trip), and to show that everything works.
    sizes: [u64; 3],
}

impl Workload {
    /// Every workload, in the order of the report.
    pub const ALL: [Self; 16] = [
        Self::SpawnExternal,
        Self::SpawnInternal,
        Self::SpawnTree,
        Self::SubmitWithResult,
        Self::Gather,
        Self::GatherWindow,
        Self::RoundtripHot,
        Self::RoundtripCold,
        Self::Tail,
        Self::StealLatencyIdle,
        Self::StealLatencyAsleep,
        Self::JoinFib,
        Self::JoinTreeSum,
        Self::ParallelSum,
        Self::ParallelMapInPlace,
        Self::ParallelSkewed,
    ];

    #[rustfmt::skip] // A table.
    const fn facts(self) -> Facts {
        let (name, unit, sizes) = match self {
            Self::SpawnExternal => ("spawn_external", "job", [1_000_000, 100_000, 20_000]),
            Self::SpawnInternal => ("spawn_internal", "job", [1_000_000, 100_000, 20_000]),
            Self::SpawnTree => ("spawn_tree", "job", [1 << 20, 1 << 16, 1 << 13]),
            Self::SubmitWithResult => ("submit_with_result", "job", [200_000, 20_000, 5_000]),
            Self::Gather => ("gather", "job", [200_000, 10_000, 5_000]),
            Self::GatherWindow => ("gather_window", "job", [200_000, 10_000, 5_000]),
            Self::RoundtripHot => ("roundtrip_hot", "trip", [100_000, 1, 2_000]),
            Self::RoundtripCold => ("roundtrip_cold", "trip", [2_000, 1, 50]),
            Self::Tail => ("tail", "job", [35_000, 3_500, 1_000]),
            Self::StealLatencyIdle => ("steal_latency_idle", "steal", [2_000, 1, 50]),
            Self::StealLatencyAsleep => ("steal_latency_asleep", "steal", [500, 1, 20]),
            Self::JoinFib => ("join_fib", "join", [32, 25, 18]),
            Self::JoinTreeSum => ("join_tree_sum", "node", [22, 18, 12]),
            Self::ParallelSum => ("parallel_sum", "item", [10_000_000, 1_000_000, 100_000]),
            Self::ParallelMapInPlace => ("parallel_map_in_place", "item", [10_000_000, 1_000_000, 100_000]),
            Self::ParallelSkewed => ("parallel_skewed", "item", [100_000, 10_000, 2_000]),
        };
        Facts { name, unit, sizes }
    }

    /// The name used on the command line and in the tables.
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// What [`count`](Self::count) counts, in the singular.
    pub const fn unit(self) -> &'static str {
        self.facts().unit
    }

    /// The size of one run in the report.
    pub const fn full_size(self) -> u64 {
        self.facts().sizes[0]
    }

    /// The size of one criterion iteration: some milliseconds, or one trip.
    pub const fn iteration_size(self) -> u64 {
        self.facts().sizes[1]
    }

    /// The size that only shows that everything works.
    pub const fn quick_size(self) -> u64 {
        self.facts().sizes[2]
    }

    /// Whether a run of size `n` is `n` trips one after the other, each with a time of its own.
    pub const fn is_trips(self) -> bool {
        use Workload::*;
        matches!(self, RoundtripHot | RoundtripCold | StealLatencyIdle | StealLatencyAsleep)
    }

    /// Whether its runs have a [`Latency`]: single times count there, not the time of all.
    pub const fn has_latency(self) -> bool {
        self.is_trips() || matches!(self, Self::Tail)
    }

    /// How many workers there have to be.
    pub const fn least_workers(self) -> usize {
        match self {
            Self::StealLatencyIdle | Self::StealLatencyAsleep => 2,
            _ => 1,
        }
    }

    /// How many units a run of that size has.
    pub const fn count(self, size: u64) -> u64 {
        match self {
            Self::SpawnTree => 2 * size - 1,
            Self::JoinFib => join_fib::joins(size),
            Self::JoinTreeSum => join_tree_sum::nodes(size),
            _ => size,
        }
    }
}

/// What a job with a result returns: next to no work, and different for every job.
const fn answer(question: u64) -> u64 {
    question.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31)
}
