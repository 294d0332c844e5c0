//! The README's picture: some workloads side by side, each with the best known pools and the best other one.

use filch_benches::record::{Measurement, Role, Row, Spread};
use plotters::style::text_anchor::HPos;

use crate::axis::Axis;
use crate::bars::{Bar, Rows, draw_rows, figures};
use crate::theme::{Drawn, HEAD, INK, MARGIN, WIDTH, bold, picture};

/// In the order of the picture: the workload, the figure, who stands for filch, and what is over the bars.
const PANELS: [(&str, &str, &str, &str); 6] = [
    ("spawn_external", "ns/job", "filch", "spawned from outside, ns a job"),
    ("spawn_internal", "ns/job", "filch", "spawned by a worker, ns a job"),
    ("spawn_tree", "ns/job", "filch", "a tree of jobs, ns a job"),
    ("submit_with_result", "ns/job", "filch", "jobs with results, ns a job"),
    ("join_fib", "ns/join", "filch-context", "fork-join, ns a join"),
    ("roundtrip_hot", "p50 ns", "filch", "round trip, median ns"),
];

/// Those who are always there, if they take part.
const KNOWN: [&str; 2] = ["rayon", "tokio"];

const COLUMNS: usize = 2;

/// From the top of a panel to its first bar, and how high it is altogether.
const TOP: i32 = 26;
const PANEL: i32 = 124;

/// One of the small pictures.
struct Panel {
    heading: &'static str,
    bars: Vec<Bar>,
}

/// The picture of these measurements, as SVG, if one of the workloads is among them.
pub(crate) fn draw(measurements: &[Measurement], note: &str) -> Drawn<Option<String>> {
    let panels: Vec<Panel> = PANELS.iter().filter_map(|panel| find(measurements, *panel)).collect();
    if panels.is_empty() {
        return Ok(None);
    }
    let height = HEAD + PANEL * panels.len().div_ceil(COLUMNS) as i32;
    let width = (WIDTH as i32 - MARGIN) / COLUMNS as i32;
    let svg = picture(height as u32, "What does a job cost? Shorter is better.", note, |area| {
        for (index, Panel { heading, bars }) in panels.iter().enumerate() {
            let left = MARGIN + width * (index % COLUMNS) as i32;
            let top = HEAD + PANEL * (index / COLUMNS) as i32;
            area.draw_text(heading, &bold(13.0, INK, HPos::Left), (left, top + TOP / 2))?;
            let rows = Rows { from: left + 132, to: left + width - 70, step: 20, text: 12.5 };
            draw_rows(area, &Axis::linear(&figures(bars)), bars, rows, top + TOP)?;
        }
        Ok(())
    })?;
    Ok(Some(svg))
}

/// Ours, the known ones, and the best of the others.
fn find(
    measurements: &[Measurement],
    (workload, figure, ours, heading): (&str, &str, &str, &'static str),
) -> Option<Panel> {
    let measurement = measurements.iter().find(|m| m.workload == workload && m.along.is_none())?;
    let figure = measurement.figures.iter().position(|title| title == figure)?;
    let figures = measurement.rows.iter().filter_map(|row| Some((row, row.spread(figure)?)));
    let others = figures.clone().filter(|(row, _)| row.role == Role::Rival && !KNOWN.contains(&&*row.contestant));
    let best = others.min_by(|(_, one), (_, other)| one.median.total_cmp(&other.median));
    let named = |name: &str| figures.clone().find(|(row, _)| row.contestant == name);
    let shown = [named(ours), named(KNOWN[0]), named(KNOWN[1]), best].into_iter().flatten();
    let bar = |(row, figure): (&Row, Spread)| Bar { contestant: row.contestant.clone(), figure: Some(figure) };
    let bars: Vec<Bar> = shown.map(bar).collect();
    (!bars.is_empty()).then_some(Panel { heading, bars })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(contestant: &str, figure: Option<f64>) -> Row {
        let role = if contestant == "filch" { Role::Ours } else { Role::Rival };
        Row { contestant: contestant.into(), role, samples: vec![vec![figure]] }
    }

    fn measurement(rows: Vec<Row>) -> Measurement {
        Measurement::new("spawn_tree", String::new(), &[], &["ns/job"], rows)
    }

    #[test]
    fn the_best_other_is_found_and_missing_ones_are_left_out() {
        let rows = [("filch", 10.0), ("tokio", 500.0), ("flume", 155.0), ("rusty_pool", 122.0)];
        let mut rows: Vec<Row> = rows.into_iter().map(|(name, figure)| row(name, Some(figure))).collect();
        rows.push(row("threadpool", None));
        let panel = find(&[measurement(rows)], PANELS[2]).unwrap();
        let names: Vec<&str> = panel.bars.iter().map(|bar| &*bar.contestant).collect();
        assert_eq!(names, ["filch", "tokio", "rusty_pool"]);
    }

    #[test]
    fn without_the_workloads_there_is_no_picture() {
        assert!(draw(&[], "").unwrap().is_none());
        assert!(draw(&[measurement(vec![row("filch", Some(0.0))])], "").unwrap().is_some());
        assert!(draw(&[measurement(vec![])], "").unwrap().is_none());
    }
}
