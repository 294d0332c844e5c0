//! What the programs measure: figures of contestants that took turns, the tables of them, and the JSON files from which `draw` makes tables and pictures.

mod environment;
mod file;
mod spread;
mod table;

use std::collections::BTreeMap;

pub use environment::{Environment, cores};
pub use file::{Record, is_writable};
use serde::{Deserialize, Serialize};
pub use spread::Spread;
pub use table::{grouped, number, series, table};

/// The figures of one run, in the order of [`Measurement::figures`]. `None`: there is no such figure.
pub type Figures = Vec<Option<f64>>;

/// The answer to one question under certain conditions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// The workload.
    pub workload: String,
    /// The conditions in words, for a heading.
    pub conditions: String,
    /// The conditions as numbers: `jobs`, `workers`, `permits`…
    pub at: BTreeMap<String, u64>,
    /// Which of these conditions grows from one measurement to the next, if they are a series.
    pub along: Option<String>,
    /// What each run's figures are. By the first one the contestants are compared.
    pub figures: Vec<String>,
    /// Which share of the machine others took meanwhile, from 0 to 1, where that is known.
    pub others: Option<f64>,
    /// One for each contestant.
    pub rows: Vec<Row>,
}

/// The runs of one contestant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What it is called.
    pub contestant: String,
    /// What it is to the others.
    pub role: Role,
    /// One for each round that counts.
    pub samples: Vec<Figures>,
}

/// What a contestant is to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// `filch`, in one of its ways.
    Ours,
    /// Ratios may be to it.
    Rival,
    /// A bound that is no rival: plain sequential code, or something that does less.
    Baseline,
}

impl Measurement {
    /// A measurement whose conditions are these numbers.
    pub fn new(workload: &str, conditions: String, at: &[(&str, u64)], figures: &[&str], rows: Vec<Row>) -> Self {
        Self {
            workload: workload.to_owned(),
            conditions,
            at: at.iter().map(|&(name, value)| (name.to_owned(), value)).collect(),
            along: None,
            figures: figures.iter().map(ToString::to_string).collect(),
            others: None,
            rows,
        }
    }

    /// The lowest median of the first figure among the rivals.
    pub fn best_rival(&self) -> Option<f64> {
        let rivals = self.rows.iter().filter(|row| row.role == Role::Rival);
        rivals.filter_map(|row| row.spread(0)).map(|spread| spread.median).min_by(f64::total_cmp)
    }
}

impl Row {
    /// How a figure was spread over the rounds, if every round has it.
    pub fn spread(&self, figure: usize) -> Option<Spread> {
        Spread::of(self.samples.iter().map(|sample| sample.get(figure).copied().flatten()).collect::<Option<_>>()?)
    }
}

/// Lets contestants take turns: A B C A B C, first `warm_ups` rounds that do not count, then `rounds` that do. `None`: a run failed.
pub fn in_turns<C>(
    contestants: &[C],
    warm_ups: usize,
    rounds: usize,
    name: impl Fn(&C) -> (&'static str, Role),
    mut run: impl FnMut(&C) -> Option<Figures>,
) -> Option<Vec<Row>> {
    let row = |contestant| {
        let (name, role) = name(contestant);
        Row { contestant: name.to_owned(), role, samples: Vec::new() }
    };
    let mut rows: Vec<Row> = contestants.iter().map(row).collect();
    for round in 0..warm_ups + rounds {
        for (row, contestant) in rows.iter_mut().zip(contestants) {
            let figures = run(contestant)?;
            if round >= warm_ups {
                row.samples.push(figures.into_iter().map(kept).collect());
            }
        }
    }
    Some(rows)
}

/// Three decimals are enough: picoseconds, where a figure is in nanoseconds. What is no number is no figure.
fn kept(figure: Option<f64>) -> Option<f64> {
    figure.filter(|figure| figure.is_finite()).map(|figure| (figure * 1e3).round() / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(contestant: &&'static str) -> (&'static str, Role) {
        (contestant, Role::Rival)
    }

    #[test]
    fn they_take_turns_and_warm_ups_do_not_count() {
        let mut order = Vec::new();
        let run = |contestant: &&'static str| {
            order.push(*contestant);
            Some(vec![Some(order.len() as f64), Some(f64::NAN)])
        };
        let rows = in_turns(&["a", "b"], 1, 2, name, run).unwrap();
        assert_eq!(order, ["a", "b", "a", "b", "a", "b"]);
        assert_eq!(rows[1].samples, [[Some(4.0), None], [Some(6.0), None]]);
        assert_eq!(rows[1].spread(0).unwrap().median, 5.0);
        assert!(rows[1].spread(1).is_none() && rows[1].spread(2).is_none());
    }

    #[test]
    fn a_failure_ends_it() {
        assert!(in_turns(&["a"], 0, 2, name, |_| None).is_none());
    }
}
