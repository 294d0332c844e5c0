//! Which pictures there are: the question that each answers, and the figures that it shows.

/// Bars of the figures of one workload, by contestant.
pub(crate) struct BarsOf {
    /// The picture's file, without its extension.
    pub(crate) name: &'static str,
    pub(crate) workload: &'static str,
    pub(crate) title: &'static str,
    pub(crate) axis: &'static str,
    /// So many of the figures' units are one of the axis.
    pub(crate) scale: f64,
    /// The figures, each with a heading if there are several.
    pub(crate) figures: &'static [(&'static str, &'static str)],
}

const fn of(name: &'static str, title: &'static str, axis: &'static str, figure: &'static [(&str, &str); 1]) -> BarsOf {
    BarsOf { name, workload: name, title, axis, scale: 1.0, figures: figure }
}

const fn times(name: &'static str, title: &'static str, axis: &'static str, scale: f64) -> BarsOf {
    BarsOf { name, workload: name, title, axis, scale, figures: &PERCENTILES }
}

const PERCENTILES: [(&str, &str); 3] =
    [("median", "p50 ns"), ("99th percentile", "p99 ns"), ("99.9th percentile", "p99.9 ns")];
const LATENESS: [(&str, &str); 2] = [("median", "p50 µs late"), ("99th percentile", "p99")];
const JOB: [(&str, &str); 1] = [("", "ns/job")];
const ITEM: [(&str, &str); 1] = [("", "ns/item")];

pub(crate) const BARS: &[BarsOf] = &[
    of("spawn_external", "What does a job cost that a thread outside the pool spawns?", "ns per job", &JOB),
    of("spawn_internal", "What does a job cost that a worker spawns?", "ns per job", &JOB),
    of("spawn_tree", "What does a job cost in a tree of jobs that spawn two each?", "ns per job", &JOB),
    of("submit_with_result", "What does a job cost with its result?", "ns per job", &JOB),
    of("gather", "What does a job cost whose result is taken as soon as it is there?", "ns per job", &JOB),
    of("gather_window", "The same with at most 1,024 jobs outstanding: what does a job cost?", "ns per job", &JOB),
    times("roundtrip_hot", "How long does a thread wait for the result of a job, back to back?", "ns", 1.0),
    times("roundtrip_cold", "How long does a thread wait for the result of a job, the workers asleep?", "µs", 1e3),
    times("tail", "How long does a job wait until it starts, under a load of 70 %?", "µs", 1e3),
    times("steal_latency_idle", "How long until another worker, just idle, takes a job?", "ns", 1.0),
    times("steal_latency_asleep", "How long until another worker, asleep, takes a job?", "µs", 1e3),
    of("join_fib", "What does a join cost in a recursion with nothing else in it?", "ns per join", &[("", "ns/join")]),
    of("join_tree_sum", "What does a node cost in the sum of a tree?", "ns per node", &[("", "ns/node")]),
    of("parallel_sum", "What does an item cost in a sum?", "ns per item", &ITEM),
    of("parallel_map_in_place", "What does an item cost in a map in place?", "ns per item", &ITEM),
    of("parallel_skewed", "What does an item cost in a loop over items of uneven cost?", "ns per item", &ITEM),
    of("semaphore_uncontended", "What does a permit cost that nobody else wants?", "ns per pass", &[("", "ns/pass")]),
    of(
        "insert_fire",
        "What processor time does a delayed job take?",
        "processor time, ns per job",
        &[("", "CPU ns/job")],
    ),
    BarsOf {
        name: "insert_fire_lateness",
        workload: "insert_fire",
        title: "How late does a delayed job run?",
        axis: "µs late",
        scale: 1.0,
        figures: &LATENESS,
    },
    of(
        "periodic",
        "What processor time does a run of a periodic job take?",
        "processor time, ns per run",
        &[("", "CPU ns/run")],
    ),
    BarsOf {
        name: "periodic_lateness",
        workload: "periodic",
        title: "How late does a periodic job run, with 1,000 schedules of 10 ms?",
        axis: "µs late",
        scale: 1.0,
        figures: &LATENESS,
    },
    of(
        "churn",
        "What processor time does a timeout take that is never reached?",
        "processor time, ns per timer",
        &[("", "CPU ns/timer")],
    ),
    BarsOf {
        name: "idle",
        workload: "idle",
        title: "What processor time does a pool take that has nothing to do?",
        axis: "µs of processor time per second",
        scale: 1.0,
        figures: &[("just started", "CPU µs/s"), ("after a burst of 1,000,000 jobs", "CPU µs/s after the burst")],
    },
];

/// Lines: how a figure of one workload grows, by contestant.
pub(crate) struct LinesOf {
    pub(crate) name: &'static str,
    pub(crate) workload: &'static str,
    /// Whether the measurements are a series, in which nothing else changes.
    pub(crate) is_series: bool,
    /// What it grows with: a condition of the measurements.
    pub(crate) along: &'static str,
    pub(crate) title: &'static str,
    pub(crate) x_axis: &'static str,
    pub(crate) y_axis: &'static str,
    pub(crate) figure: &'static str,
}

const fn growth(
    name: &'static str,
    workload: &'static str,
    (along, x_axis): (&'static str, &'static str),
    title: &'static str,
) -> LinesOf {
    LinesOf { name, workload, is_series: true, along, title, x_axis, y_axis: "ns per job", figure: "ns/job" }
}

const JOBS: (&str, &str) = ("jobs", "jobs");
const WORKERS: (&str, &str) = ("workers", "workers");
const SUBMITTERS: (&str, &str) = ("submitters", "threads that spawn");

pub(crate) const LINES: &[LinesOf] = &[
    growth(
        "growth_jobs_spawn_external",
        "spawn_external",
        JOBS,
        "What does a job spawned from outside cost, with more of them?",
    ),
    growth("growth_jobs_spawn_tree", "spawn_tree", JOBS, "What does a job cost in a tree of jobs, with more of them?"),
    growth(
        "growth_jobs_submit_with_result",
        "submit_with_result",
        JOBS,
        "What does a job with its result cost, with more of them?",
    ),
    growth(
        "growth_workers_spawn_external",
        "spawn_external",
        WORKERS,
        "What does a job spawned from outside cost, with more workers?",
    ),
    growth(
        "growth_workers_spawn_tree",
        "spawn_tree",
        WORKERS,
        "What does a job cost in a tree of jobs, with more workers?",
    ),
    LinesOf {
        y_axis: "ns per join",
        figure: "ns/join",
        ..growth("growth_workers_join_fib", "join_fib", WORKERS, "What does a join cost, with more workers?")
    },
    growth(
        "growth_submitters",
        "spawn_external",
        SUBMITTERS,
        "What does a job cost that several threads spawn at once?",
    ),
    LinesOf {
        name: "memory",
        workload: "memory",
        is_series: false,
        along: "jobs",
        title: "What memory does a queued job take?",
        x_axis: "queued jobs",
        y_axis: "resident bytes per job",
        figure: "RSS B/job",
    },
    LinesOf {
        name: "insert_cancel",
        workload: "insert_cancel",
        is_series: false,
        along: "timers",
        title: "What does a timer cost that is inserted and cancelled?",
        x_axis: "pending timers",
        y_axis: "ns per timer",
        figure: "ns/timer",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_fit_and_files_have_names_of_their_own() {
        let all = BARS.iter().map(|q| (q.name, q.title)).chain(LINES.iter().map(|q| (q.name, q.title)));
        let mut names: Vec<&str> = all.clone().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), BARS.len() + LINES.len());
        // That many letters are as wide as a picture.
        assert!(all.clone().all(|(_, title)| title.len() <= 72), "{:?}", all.map(|(_, title)| title.len()).max());
    }
}
