//! Turns samples into Markdown.

use std::time::Duration;

use filch_benches::workload::{Latency, Sample, Workload};

use crate::rounds::Record;

/// What a missing figure looks like.
const NONE: &str = "–";

/// The table of one workload: every figure is the median of the rounds.
pub(crate) fn render(workload: Workload, size: u64, records: &[Record]) -> String {
    let jobs = workload.count(size);
    let trips = records.iter().any(|record| record.samples.iter().any(|sample| sample.latency.is_some()));
    let titles = titles(workload.unit(), trips);
    let mut text = format!("### {}: {} {}s a run\n\n", workload.name(), grouped(jobs), workload.unit());
    push_row(&mut text, titles.iter().cloned());
    push_row(&mut text, titles.iter().enumerate().map(|(n, _)| if n == 0 { "---" } else { "---:" }.to_owned()));
    let best = best_rival(records, jobs);
    for record in records {
        let cells = if trips { trip_cells(record, jobs) } else { job_cells(record, jobs) };
        push_row(&mut text, lead(record, jobs, best).into_iter().chain(cells));
    }
    text
}

/// The heads of the columns.
fn titles(unit: &str, trips: bool) -> Vec<String> {
    let figures: &[&str] = if trips {
        &["p50 ns", "vs best rival", "min–max", "p99 ns", "p99.9 ns", "CPU ns/"]
    } else {
        &["ns/", "vs best rival", "min–max", "call ns/", "CPU ns/"]
    };
    let with_unit = |&title: &&str| if title.ends_with('/') { format!("{title}{unit}") } else { title.to_owned() };
    let titles = figures.iter().map(with_unit);
    ["contestant".to_owned()].into_iter().chain(titles).chain(["heavy fences/run".to_owned()]).collect()
}

fn push_row(text: &mut String, cells: impl Iterator<Item = String>) {
    text.push_str("| ");
    text.push_str(&cells.collect::<Vec<_>>().join(" | "));
    text.push_str(" |\n");
}

/// Name, headline figure, its ratio to the best rival's, and its extremes.
fn lead(record: &Record, jobs: u64, best: Option<f64>) -> [String; 4] {
    let figures = headlines(record, jobs);
    let ratio = best.map_or_else(|| NONE.into(), |best| format!("{:.2}", median(&figures) / best));
    let spread = format!("{}–{}", nanos(figures[0]), nanos(figures[figures.len() - 1]));
    [record.name.to_owned(), nanos(median(&figures)), ratio, spread]
}

fn job_cells(record: &Record, jobs: u64) -> Vec<String> {
    vec![per_job(record, jobs, |sample| sample.calls), per_job(record, jobs, |sample| sample.cpu), heavies(record)]
}

fn trip_cells(record: &Record, jobs: u64) -> Vec<String> {
    let percentile = |pick: fn(Latency) -> u64| figure(record, |sample| sample.latency.map(|l| pick(l) as f64));
    let cpu = per_job(record, jobs, |sample| sample.cpu);
    vec![percentile(|latency| latency.p99), percentile(|latency| latency.p999), cpu, heavies(record)]
}

fn heavies(record: &Record) -> String {
    let heavies: Option<Vec<f64>> = record.samples.iter().map(|s| s.heavies.map(|heavies| heavies as f64)).collect();
    heavies.map_or_else(|| NONE.into(), |heavies| grouped(median(&sorted(heavies)) as u64))
}

fn per_job(record: &Record, jobs: u64, pick: fn(&Sample) -> Option<Duration>) -> String {
    figure(record, |sample| pick(sample).map(|duration| duration.as_nanos() as f64 / jobs as f64))
}

/// The median over the rounds, if every round has the figure.
fn figure(record: &Record, pick: impl Fn(&Sample) -> Option<f64>) -> String {
    let figures: Option<Vec<f64>> = record.samples.iter().map(pick).collect();
    figures.map_or_else(|| NONE.into(), |figures| nanos(median(&sorted(figures))))
}

/// The figures that the ratio is of, sorted: the median trip of each round, or its time per job.
fn headlines(record: &Record, jobs: u64) -> Vec<f64> {
    sorted(record.samples.iter().map(|sample| headline(sample, jobs)).collect())
}

fn headline(sample: &Sample, jobs: u64) -> f64 {
    match sample.latency {
        Some(latency) => latency.p50 as f64,
        None => sample.elapsed.as_nanos() as f64 / jobs as f64,
    }
}

fn best_rival(records: &[Record], jobs: u64) -> Option<f64> {
    let rivals = records.iter().filter(|record| record.is_rival);
    rivals.map(|record| median(&headlines(record, jobs))).min_by(f64::total_cmp)
}

fn sorted(mut figures: Vec<f64>) -> Vec<f64> {
    figures.sort_by(f64::total_cmp);
    figures
}

/// The median of sorted figures.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}

/// Two decimals below 10, one below 100, none above.
fn nanos(figure: f64) -> String {
    match figure {
        ..10.0 => format!("{figure:.2}"),
        ..100.0 => format!("{figure:.1}"),
        _ => grouped(figure.round() as u64),
    }
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits: Vec<char> = number.to_string().chars().collect();
    let groups: Vec<String> = digits.rchunks(3).rev().map(String::from_iter).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use filch_benches::contestant::OURS;

    use super::*;

    #[test]
    fn digits_are_grouped() {
        assert_eq!(["0", "999", "1,000", "1,048,576"], [0, 999, 1000, 1_048_576].map(grouped).each_ref().map(|s| &**s));
    }

    #[test]
    fn median_of_even_and_odd() {
        assert_eq!(median(&[1.0, 2.0, 9.0]), 2.0);
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), 3.0);
    }

    #[test]
    fn ratio_is_to_the_best_rival_and_not_to_ours() {
        let text = render(Workload::SpawnExternal, 100, &[record(OURS, 1), record("fast", 2), record("slow", 4)]);
        let ratios: Vec<&str> = text.lines().skip(4).map(|line| line.split(" | ").nth(2).unwrap()).collect();
        assert_eq!(ratios, ["0.50", "1.00", "2.00"]);
    }

    fn record(name: &'static str, micros: u64) -> Record {
        let elapsed = Duration::from_micros(micros);
        let sample = Sample { elapsed, calls: None, latency: None, cpu: None, heavies: None };
        Record { name, is_rival: name != OURS, samples: vec![sample; 3] }
    }
}
