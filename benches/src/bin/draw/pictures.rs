//! Makes the pictures of a file of measurements.

use std::collections::BTreeMap;

use filch_benches::record::{Measurement, Record, Row};

use crate::bars::{Bar, Bars, Group};
use crate::lines::{Line, Lines};
use crate::questions::{BARS, BarsOf, LINES, LinesOf};
use crate::speed;
use crate::theme::Drawn;

/// What is drawn of a record: the SVG by the name of its file, without the extension. What was not measured has no picture.
pub(crate) fn draw(record: &Record) -> Drawn<BTreeMap<&'static str, String>> {
    let all = &record.measurements;
    let mut pictures = BTreeMap::new();
    for question in BARS {
        if let Some(bars) = bars(question, all, record.environment.cores) {
            pictures.insert(question.name, bars.draw()?);
        }
    }
    for question in LINES {
        if let Some(lines) = lines(question, all, record.environment.cores) {
            pictures.insert(question.name, lines.draw()?);
        }
    }
    if let Some(contests) = contests(all, record.environment.cores) {
        pictures.insert(CONTESTED, contests.draw()?);
    }
    if let Some(first) = all.first() {
        let note = format!("{}; {}", machine(first, record.environment.cores), rounds(first));
        speed::draw(all, &note)?.map(|svg| pictures.insert("speed", svg));
    }
    Ok(pictures)
}

/// The workload whose groups are the measurements, and its picture.
const CONTESTED: &str = "semaphore_contended";

fn bars(question: &BarsOf, all: &[Measurement], cores: usize) -> Option<Bars> {
    let measurement = all.iter().find(|m| m.workload == question.workload && m.along.is_none())?;
    let group = |&(heading, figure): &(&str, &str)| group(measurement, heading.to_owned(), figure, question.scale);
    let groups: Option<Vec<Group>> = question.figures.iter().map(group).collect();
    let note = note(measurement, cores);
    Some(Bars { title: question.title.into(), note, axis: question.axis.into(), groups: groups? })
}

fn contests(all: &[Measurement], cores: usize) -> Option<Bars> {
    let contests = all.iter().filter(|measurement| measurement.workload == CONTESTED);
    let heading = |measurement: &Measurement| {
        let [threads, permits] = ["threads", "permits"].map(|name| measurement.at.get(name).copied().unwrap_or(0));
        format!("{threads} threads, {permits} {}", if permits == 1 { "permit" } else { "permits" })
    };
    let groups: Vec<Group> = contests.clone().filter_map(|m| group(m, heading(m), "ns/pass", 1.0)).collect();
    let first = contests.clone().next().filter(|_| !groups.is_empty())?;
    let note = format!("50 ns inside, {}; {}", machine(first, cores), rounds(first));
    Some(Bars {
        title: "What does a permit cost that several threads fight for?".into(),
        note,
        axis: "ns per pass".into(),
        groups,
    })
}

/// The bars of one figure, if the measurement has it.
fn group(measurement: &Measurement, heading: String, figure: &str, scale: f64) -> Option<Group> {
    let figure = measurement.figures.iter().position(|title| title == figure)?;
    let scaled = |row: &Row| row.spread(figure).map(|spread| spread.map(|figure| figure / scale));
    let bar = |row: &Row| Bar { contestant: row.contestant.clone(), figure: scaled(row) };
    let bars: Vec<Bar> = measurement.rows.iter().map(bar).collect();
    (!bars.is_empty()).then_some(Group { heading, bars })
}

fn lines(question: &LinesOf, all: &[Measurement], cores: usize) -> Option<Lines> {
    let asked = |along: Option<&str>| along.map_or(!question.is_series, |along| along == question.along);
    let is_asked = |m: &&Measurement| m.workload == question.workload && asked(m.along.as_deref());
    let mut points: Vec<&Measurement> = all.iter().filter(is_asked).collect();
    points.sort_by_key(|measurement| measurement.at.get(question.along));
    let first = points.first()?;
    let contestants = points.iter().flat_map(|measurement| &measurement.rows).map(|row| &row.contestant);
    let mut lines: Vec<Line> = Vec::new();
    for contestant in contestants {
        if lines.iter().all(|line| line.contestant != *contestant) {
            lines.push(line(contestant, question, &points));
        }
    }
    lines.retain(|line| !line.points.is_empty());
    if lines.is_empty() {
        return None;
    }
    let conditions =
        if question.is_series { note(first, cores) } else { format!("{}; {}", machine(first, cores), rounds(first)) };
    let [title, x_axis, y_axis] = [question.title, question.x_axis, question.y_axis].map(String::from);
    Some(Lines { title, note: conditions, x_axis, y_axis, lines })
}

fn line(contestant: &str, question: &LinesOf, points: &[&Measurement]) -> Line {
    let point = |measurement: &&Measurement| {
        let figure = measurement.figures.iter().position(|title| title == question.figure)?;
        let row = measurement.rows.iter().find(|row| row.contestant == contestant)?;
        Some((*measurement.at.get(question.along)? as f64, row.spread(figure)?))
    };
    Line { contestant: contestant.to_owned(), points: points.iter().filter_map(point).collect() }
}

fn note(measurement: &Measurement, cores: usize) -> String {
    let machine = if measurement.along.is_some() { format!("{cores} cores") } else { machine(measurement, cores) };
    format!("{}, {machine}; {}", measurement.conditions, rounds(measurement))
}

fn machine(measurement: &Measurement, cores: usize) -> String {
    let workers = measurement.at.get("workers").map_or_else(String::new, |workers| format!("{workers} workers, "));
    format!("{workers}{cores} cores")
}

fn rounds(measurement: &Measurement) -> String {
    match measurement.rows.iter().map(|row| row.samples.len()).max() {
        Some(rounds @ 2..) => format!("median of {rounds} rounds, thin line: lowest to highest"),
        _ => "one round".into(),
    }
}
