//! Which workload is for which kind of contestant.

use super::Workload::{self, *};
use super::{
    Sample, gather, join_fib, join_tree_sum, parallel_map_in_place, parallel_skewed, parallel_sum, roundtrip,
    spawn_external, spawn_internal, spawn_tree, steal_latency, submit_with_result, tail,
};
use crate::contestant::Contestant;
use crate::contestant::forker::Forker;
use crate::contestant::looper::Looper;

impl Workload {
    /// For pools that take jobs.
    pub(crate) const OF_JOBS: &[Self] = &[
        SpawnExternal,
        SpawnInternal,
        SpawnTree,
        SubmitWithResult,
        Gather,
        GatherWindow,
        RoundtripHot,
        RoundtripCold,
        Tail,
        StealLatencyIdle,
        StealLatencyAsleep,
    ];

    /// Those of them in which results are taken in the order of completion: some pools have more than one way.
    pub(crate) const OF_GATHERING: &[Self] = &[Gather, GatherWindow];

    /// For fork-join.
    pub(crate) const OF_FORKING: &[Self] = &[JoinFib, JoinTreeSum];

    /// For loops over data.
    pub(crate) const OF_LOOPS: &[Self] = &[ParallelSum, ParallelMapInPlace, ParallelSkewed];

    /// Those of them that need no more than the numbers of the items.
    pub(crate) const OF_RANGES: &[Self] = &[ParallelSum, ParallelSkewed];

    /// Runs a workload of [`OF_JOBS`](Self::OF_JOBS).
    pub(crate) fn run_jobs<C: Contestant>(self, pool: &'static C, size: u64, workers: usize) -> Sample {
        match self {
            SpawnExternal => spawn_external::run(pool, size),
            SpawnInternal => spawn_internal::run(pool, size),
            SpawnTree => spawn_tree::run(pool, size),
            SubmitWithResult => submit_with_result::run(pool, size),
            Gather => gather::all(pool, size),
            GatherWindow => gather::window(pool, size),
            RoundtripHot => roundtrip::hot(pool, size),
            RoundtripCold => roundtrip::cold(pool, size),
            Tail => tail::run(pool, size, workers),
            StealLatencyIdle => steal_latency::idle(pool, size),
            StealLatencyAsleep => steal_latency::asleep(pool, size),
            _ => self.refuse("jobs"),
        }
    }

    /// Runs a workload of [`OF_FORKING`](Self::OF_FORKING).
    pub(crate) fn run_forks<F: Forker>(self, pool: &'static F, size: u64) -> Sample {
        match self {
            JoinFib => join_fib::run(pool, size),
            JoinTreeSum => join_tree_sum::run(pool, size),
            _ => self.refuse("fork-join"),
        }
    }

    /// Runs a workload of [`OF_LOOPS`](Self::OF_LOOPS).
    pub(crate) fn run_loops<L: Looper>(self, pool: &'static L, size: u64) -> Sample {
        match self {
            ParallelSum => parallel_sum::run(pool, size),
            ParallelMapInPlace => parallel_map_in_place::run(pool, size),
            ParallelSkewed => parallel_skewed::run(pool, size),
            _ => self.refuse("loops"),
        }
    }

    fn refuse(self, kind: &str) -> ! {
        panic!("{} is not a workload of {kind}", self.name())
    }
}
