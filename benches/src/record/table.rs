//! Turns measurements into Markdown.

use super::{Measurement, Row, Spread};

/// What a missing figure looks like.
const NONE: &str = "–";

/// The table of one measurement: every figure is the median of the rounds.
pub fn table(measurement: &Measurement) -> String {
    let mut text = format!("### {}: {}\n\n", measurement.workload, measurement.conditions);
    let figures = measurement.figures.iter().map(String::as_str);
    let mut titles = vec!["contestant"];
    titles.extend(figures.clone().take(1));
    titles.extend(["vs best rival", "min–max"]);
    titles.extend(figures.skip(1));
    push_head(&mut text, &titles);
    let best = measurement.best_rival();
    for row in &measurement.rows {
        let rest = (1..measurement.figures.len()).map(|figure| median(row, figure));
        push_row(&mut text, lead(row, best).into_iter().chain(rest));
    }
    text + &neighbours(measurement.others)
}

/// The table of measurements that differ in one condition, by the medians of the first figure, with a column for each.
///
/// # Panics
///
/// Panics if there are none.
pub fn series(measurements: &[Measurement]) -> String {
    let Measurement { workload, conditions, along, figures, rows, .. } = &measurements[0];
    let along = along.as_deref().unwrap_or_default();
    let mut text = format!("### {workload} by {along}: {}; {conditions}\n\n", figures[0]);
    let points = measurements.iter().map(|measurement| measurement.at.get(along).copied().unwrap_or(0));
    let points: Vec<String> = points.map(grouped).collect();
    push_head(&mut text, &[&["contestant"], &points.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat());
    for Row { contestant, .. } in rows {
        let row = |measurement: &&Measurement| measurement.rows.iter().position(|row| row.contestant == *contestant);
        let medians = measurements.iter().map(|m| row(&m).map_or_else(|| NONE.into(), |row| median(&m.rows[row], 0)));
        push_row(&mut text, [contestant.clone()].into_iter().chain(medians));
    }
    text + &neighbours(measurements.iter().filter_map(|measurement| measurement.others).reduce(f64::max))
}

fn push_head(text: &mut String, titles: &[&str]) {
    push_row(text, titles.iter().map(ToString::to_string));
    push_row(text, titles.iter().enumerate().map(|(n, _)| if n == 0 { "---" } else { "---:" }.to_owned()));
}

fn push_row(text: &mut String, cells: impl Iterator<Item = String>) {
    text.push_str("| ");
    text.push_str(&cells.collect::<Vec<_>>().join(" | "));
    text.push_str(" |\n");
}

/// Name, headline figure, its ratio to the best rival's, and its extremes.
fn lead(row: &Row, best: Option<f64>) -> [String; 4] {
    let Some(Spread { low, median, high }) = row.spread(0) else {
        return [&row.contestant, NONE, NONE, NONE].map(String::from);
    };
    let ratio = best.filter(|best| *best > 0.0).map_or_else(|| NONE.into(), |best| format!("{:.2}", median / best));
    [row.contestant.clone(), number(median), ratio, format!("{}–{}", number(low), number(high))]
}

fn median(row: &Row, figure: usize) -> String {
    row.spread(figure).map_or_else(|| NONE.into(), |spread| number(spread.median))
}

fn neighbours(share: Option<f64>) -> String {
    share.map_or_else(String::new, |share| format!("\nMeanwhile others took {:.0} % of the machine.\n", share * 100.0))
}

/// Two decimals below 10, one below 100, none above; none if there is nothing behind the point.
pub fn number(figure: f64) -> String {
    match figure {
        _ if figure.fract() == 0.0 => grouped(figure as u64),
        ..10.0 => format!("{figure:.2}"),
        ..100.0 => format!("{figure:.1}"),
        _ => grouped(figure.round() as u64),
    }
}

/// Digits in groups of three.
pub fn grouped(number: u64) -> String {
    let digits: Vec<char> = number.to_string().chars().collect();
    let groups: Vec<String> = digits.rchunks(3).rev().map(String::from_iter).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::super::Role;
    use super::*;

    #[test]
    fn digits_are_grouped() {
        assert_eq!(["0", "999", "1,000", "1,048,576"], [0, 999, 1000, 1_048_576].map(grouped).each_ref().map(|s| &**s));
        assert_eq!(
            ["0", "3", "0.05", "99.1", "1,235"],
            [0.0, 3.0, 0.05, 99.14, 1234.6].map(number).each_ref().map(|s| &**s)
        );
    }

    #[test]
    fn ratio_is_to_the_best_rival_and_not_to_ours_or_a_baseline() {
        let rows = vec![row("ours", Role::Ours, 1.0), row("bound", Role::Baseline, 0.5), row("fast", Role::Rival, 2.0)];
        let slow = row("slow", Role::Rival, 4.0);
        assert_eq!(column(&[rows, vec![slow]].concat(), 2), ["0.50", "0.25", "1.00", "2.00"]);
    }

    #[test]
    fn without_rivals_or_figures_there_are_no_ratios() {
        assert_eq!(column(&[row("ours", Role::Ours, 1.0)], 2), [NONE]);
        assert_eq!(column(&[row("ours", Role::Ours, 1.0), row("fast", Role::Rival, 0.0)], 2), [NONE; 2]);
        let failed = Row { contestant: "early".into(), role: Role::Rival, samples: vec![vec![None]] };
        assert_eq!(column(&[failed], 1), [NONE]);
    }

    #[test]
    fn a_series_has_a_column_for_each_point() {
        let at = |jobs, figure| {
            let rows = vec![row("ours", Role::Ours, figure)];
            let series = Measurement::new("tail", "2 workers".into(), &[("jobs", jobs)], &["ns/job"], rows);
            Measurement { along: Some("jobs".into()), others: Some(0.02), ..series }
        };
        let mut lost = at(100_000, 0.0);
        lost.rows.clear();
        let text = series(&[at(1000, 3.5), at(10_000, 12.0), lost]);
        assert!(text.contains("| contestant | 1,000 | 10,000 | 100,000 |"), "{text}");
        assert!(text.contains("| ours | 3.50 | 12 | – |"), "{text}");
        assert!(text.contains("others took 2 %"), "{text}");
    }

    fn column(rows: &[Row], column: usize) -> Vec<String> {
        let text = table(&Measurement::new("tail", String::new(), &[], &["ns/job"], rows.to_vec()));
        let cells = text.lines().skip(4).map(|line| line.trim_matches(['|', ' ']).split(" | ").nth(column));
        cells.map(|cell| cell.unwrap().to_owned()).collect()
    }

    fn row(name: &str, role: Role, figure: f64) -> Row {
        Row { contestant: name.into(), role, samples: vec![vec![Some(figure)]; 3] }
    }
}
