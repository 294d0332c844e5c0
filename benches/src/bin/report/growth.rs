//! How the cost of a job grows: with more jobs, more workers, more threads that spawn at once.

use std::iter;
use std::time::Duration;

use filch_benches::WORKERS;
use filch_benches::contestant::Runner;
use filch_benches::record::{Measurement, grouped};
use filch_benches::workload::{Sample, Workload};

use crate::options::Options;
use crate::rounds::{Pools, Started, rounds};

/// Jobs where they do not grow.
const JOBS: u64 = 1_000_000;

/// A sample of smaller runs is of so many that they have as many jobs together: a single one says little.
const JOBS_A_SAMPLE: u64 = 100_000;

/// What grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Along {
    Jobs,
    Workers,
    Submitters,
}

/// What is measured as it grows, in the order of the report.
pub(crate) const SERIES: [(Workload, Along); 7] = [
    (Workload::SpawnExternal, Along::Jobs),
    (Workload::SpawnTree, Along::Jobs),
    (Workload::SubmitWithResult, Along::Jobs),
    (Workload::SpawnExternal, Along::Workers),
    (Workload::SpawnTree, Along::Workers),
    (Workload::JoinFib, Along::Workers),
    (Workload::SpawnExternal, Along::Submitters),
];

/// One point of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Point {
    /// About so many.
    jobs: u64,
    workers: usize,
    submitters: usize,
}

impl Along {
    const fn name(self) -> &'static str {
        match self {
            Self::Jobs => "jobs",
            Self::Workers => "workers",
            Self::Submitters => "submitters",
        }
    }

    /// Decades of jobs; powers of two of workers and submitters.
    fn points(self, quick: bool) -> Vec<Point> {
        let jobs = if quick { JOBS / 100 } else { JOBS };
        let base = Point { jobs, workers: WORKERS, submitters: 1 };
        let up_to = |full, few| iter::successors(Some(1), |n| Some(2 * n)).take(if quick { few } else { full });
        match self {
            Self::Jobs => {
                (3..=if quick { 4 } else { 7 }).map(|exponent| Point { jobs: 10_u64.pow(exponent), ..base }).collect()
            }
            Self::Workers => up_to(7, 3).map(|workers| Point { workers, ..base }).collect(),
            Self::Submitters => up_to(5, 2).map(|submitters| Point { submitters, ..base }).collect(),
        }
    }

    /// What stays the same, in words.
    fn conditions(self, point: Point, jobs: u64, unit: &str) -> String {
        match self {
            Self::Jobs => format!("{} workers", point.workers),
            Self::Workers => format!("{} {unit}s a run", grouped(jobs)),
            Self::Submitters => format!("{} {unit}s a run, {} workers", grouped(jobs), point.workers),
        }
    }
}

/// Measures one series.
pub(crate) fn series(options: &Options, (workload, along): (Workload, Along), pools: &mut Pools) -> Vec<Measurement> {
    let points = along.points(options.quick).into_iter();
    points
        .map(|point| {
            let started = pools.of(&options.contestants, workload, point.workers);
            measure(options, (workload, along), point, &started)
        })
        .collect()
}

fn measure(options: &Options, (workload, along): (Workload, Along), point: Point, pools: &[Started]) -> Measurement {
    let size = size(options, workload, point.jobs);
    let jobs = workload.count(size);
    let once = |pool: &'static dyn Runner| match along {
        Along::Submitters => pool.spawn_from_many(point.submitters, jobs).expect("only takers of jobs are asked"),
        Along::Jobs | Along::Workers => pool.run(workload, size),
    };
    let runs = if options.quick { 1 } else { JOBS_A_SAMPLE.div_ceil(jobs) };
    let rows = rounds(pools, options.rounds, |pool| {
        let elapsed: Duration = (0..runs).map(|_| once(pool)).map(|sample: Sample| sample.elapsed).sum();
        vec![Some(elapsed.as_nanos() as f64 / (runs * jobs) as f64)]
    });
    let unit = workload.unit();
    let at = [(&*format!("{unit}s"), jobs), ("workers", point.workers as u64), ("submitters", point.submitters as u64)];
    let conditions = along.conditions(point, jobs, unit);
    let along = Some(along.name().to_owned());
    Measurement { along, ..Measurement::new(workload.name(), conditions, &at, &[&format!("ns/{unit}")], rows) }
}

/// The size of a run with about so many jobs. Joins do not grow.
fn size(options: &Options, workload: Workload, jobs: u64) -> u64 {
    match workload {
        Workload::JoinFib => options.size(workload),
        Workload::SpawnTree => leaves(jobs),
        _ => jobs,
    }
}

/// The leaves of the tree whose nodes come nearest to so many.
fn leaves(jobs: u64) -> u64 {
    let above = (jobs / 2).next_power_of_two();
    let distance = |leaves: u64| (Workload::SpawnTree.count(leaves) as f64 / jobs as f64).ln().abs();
    if distance(above) < distance(above / 2) { above } else { above / 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_have_about_as_many_jobs() {
        let jobs = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
        let trees = jobs.map(|jobs| Workload::SpawnTree.count(leaves(jobs)));
        assert_eq!(trees, [1_023, 8_191, 131_071, 1_048_575, 8_388_607]);
    }

    #[test]
    fn one_condition_grows() {
        let values =
            |along: Along, pick: fn(Point) -> u64| along.points(false).into_iter().map(pick).collect::<Vec<_>>();
        assert_eq!(values(Along::Jobs, |p| p.jobs), [1_000, 10_000, 100_000, 1_000_000, 10_000_000]);
        assert_eq!(values(Along::Workers, |p| p.workers as u64), [1, 2, 4, 8, 16, 32, 64]);
        assert_eq!(values(Along::Submitters, |p| p.submitters as u64), [1, 2, 4, 8, 16]);
        assert!(Along::Jobs.points(false).iter().all(|point| (point.workers, point.submitters) == (WORKERS, 1)));
    }
}
