//! Lines on logarithmic axes: how a figure grows. Each has its name at its end.

use filch_benches::record::Spread;
use plotters::backend::SVGBackend;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::cartesian::Cartesian2d;
use plotters::element::PathElement;
use plotters::style::text_anchor::HPos;
use plotters::style::{Color, TextStyle};

use crate::axis::Axis;
use crate::theme::{Area, Drawn, FAINT_INK, GRID, HEAD, MARGIN, WIDTH, bold, is_ours, look, mark, picture, text};

const HEIGHT: u32 = 460;

/// What the names to the right take.
const NAMES: i32 = 214;

/// From one name to the next, at least.
const STEP: i32 = 19;

type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;

#[derive(Clone, Debug)]
pub(crate) struct Lines {
    pub(crate) title: String,
    pub(crate) note: String,
    pub(crate) x_axis: String,
    pub(crate) y_axis: String,
    pub(crate) lines: Vec<Line>,
}

#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) contestant: String,
    /// From the left to the right.
    pub(crate) points: Vec<(f64, Spread)>,
}

impl Lines {
    /// The picture, as SVG.
    pub(crate) fn draw(&self) -> Drawn<String> {
        picture(HEIGHT, &self.title, &self.note, |area| {
            let mut chart = self.chart(area)?;
            chart
                .configure_mesh()
                .bold_line_style(GRID)
                .axis_style(FAINT_INK)
                .x_desc(format!("{}, logarithmic", self.x_axis))
                .y_desc(format!("{}, logarithmic", self.y_axis))
                .axis_desc_style(label(HPos::Center))
                .x_label_style(label(HPos::Center))
                .y_label_style(label(HPos::Right))
                .draw()?;
            // Ours last, on top of the others.
            let (ours, others): (Vec<_>, Vec<_>) = self.lines.iter().partition(|line| is_ours(&line.contestant));
            others.into_iter().chain(ours).try_for_each(|line| line.draw(area, &chart))?;
            self.draw_names(area, &chart)
        })
    }

    fn chart<'b>(&self, area: &Area<'b>) -> Drawn<Chart<'_, 'b>> {
        let points = self.lines.iter().flat_map(|line| &line.points);
        let x: Vec<f64> = points.clone().map(|(x, _)| *x).collect();
        let y: Vec<f64> = points.flat_map(|(_, y)| [y.low, y.median, y.high]).collect();
        ChartBuilder::on(area)
            .margin_top(HEAD)
            .margin_left(MARGIN - 8)
            .margin_right(NAMES)
            .margin_bottom(MARGIN - 6)
            .x_label_area_size(46)
            .y_label_area_size(84)
            .build_cartesian_2d(Axis::at(&x), Axis::of_lines(&y))
    }

    /// Writes the names to the right of the chart, each as near to the end of its line as the others let it.
    fn draw_names(&self, area: &Area<'_>, chart: &Chart<'_, '_>) -> Drawn {
        let shown = self.lines.iter().filter_map(|line| Some((line, line.end(chart)?)));
        let mut names: Vec<(&Line, (i32, i32))> = shown.collect();
        names.sort_by_key(|(_, (_, y))| *y);
        let (_, range) = chart.plotting_area().get_pixel_range();
        let wanted: Vec<i32> = names.iter().map(|(_, (_, y))| *y).collect();
        for ((line, end), y) in names.into_iter().zip(apart(&wanted, range.end)) {
            let (colour, _) = look(&line.contestant);
            let x = WIDTH as i32 - NAMES + 26;
            area.draw(&PathElement::new(vec![(end.0 + 6, end.1), (x - 14, y), (x - 5, y)], colour.mix(0.6)))?;
            mark(area, (x, y), look(&line.contestant), 4)?;
            let name = if is_ours(&line.contestant) { bold } else { text };
            area.draw_text(&line.contestant, &name(13.0, colour, HPos::Left), (x + 9, y))?;
        }
        Ok(())
    }
}

impl Line {
    /// The points that a logarithmic axis has a place for, in pixels: lowest, median, highest.
    fn pixels(&self, chart: &Chart<'_, '_>) -> Vec<(i32, [i32; 3])> {
        let shown = self.points.iter().filter(|(x, y)| *x > 0.0 && y.median > 0.0);
        let pixel = |x: f64, y: f64| chart.backend_coord(&(x, y));
        shown.map(|&(x, y)| (pixel(x, y.median).0, [y.low, y.median, y.high].map(|y| pixel(x, y).1))).collect()
    }

    fn end(&self, chart: &Chart<'_, '_>) -> Option<(i32, i32)> {
        self.pixels(chart).last().map(|(x, [_, y, _])| (*x, *y))
    }

    fn draw(&self, area: &Area<'_>, chart: &Chart<'_, '_>) -> Drawn {
        let (colour, shape) = look(&self.contestant);
        let pixels = self.pixels(chart);
        let width = if is_ours(&self.contestant) { 3 } else { 2 };
        let middle = pixels.iter().map(|(x, [_, y, _])| (*x, *y)).collect::<Vec<_>>();
        area.draw(&PathElement::new(middle.clone(), colour.stroke_width(width)))?;
        for (x, [low, _, high]) in pixels {
            area.draw(&PathElement::new(vec![(x, low), (x, high)], colour.mix(0.6)))?;
        }
        middle.into_iter().try_for_each(|point| mark(area, point, (colour, shape), 4))
    }
}

fn label(anchor: HPos) -> TextStyle<'static> {
    text(13.0, FAINT_INK, anchor)
}

/// Moves sorted places so far apart that there is a [`STEP`] between any two, none below `bottom` if there is room above.
fn apart(wanted: &[i32], bottom: i32) -> Vec<i32> {
    let mut places = wanted.to_vec();
    for index in 1..places.len() {
        places[index] = places[index].max(places[index - 1] + STEP);
    }
    let mut limit = bottom;
    for index in (0..places.len()).rev() {
        places[index] = places[index].min(limit);
        limit = places[index] - STEP;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(contestant: &str, points: &[(f64, f64)]) -> Line {
        let points = points.iter().map(|&(x, y)| (x, Spread { low: y * 0.9, median: y, high: y * 1.2 })).collect();
        Line { contestant: contestant.into(), points }
    }

    fn svg(lines: Vec<Line>) -> String {
        let (x_axis, y_axis) = ("jobs".into(), "ns per job".into());
        Lines { title: "What?".into(), note: "one round".into(), x_axis, y_axis, lines }.draw().unwrap()
    }

    #[test]
    fn single_points_zeros_and_lines_without_points_are_drawn() {
        let full = line("filch", &[(1e3, 30.0), (1e4, 28.0), (1e5, 27.0)]);
        for lines in [
            vec![full.clone(), line("rayon", &[(1e3, 200.0)]), line("tokio", &[])],
            vec![full, line("rayon", &[(1e3, 0.0), (1e4, 5.0)])],
            vec![line("filch", &[(1e3, 0.0)])],
            vec![],
        ] {
            let svg = svg(lines);
            assert!(!svg.contains("NaN") && svg.ends_with("</svg>\n"), "{svg}");
        }
    }

    #[test]
    fn a_line_without_points_has_no_name() {
        let svg = svg(vec![line("filch", &[(1.0, 2.0)]), line("rayon", &[]), line("tokio", &[(1.0, 0.0)])]);
        assert!(svg.contains("filch") && !svg.contains("rayon") && !svg.contains("tokio"));
    }

    #[test]
    fn names_do_not_overlap() {
        assert_eq!(apart(&[100, 101, 180], 400), [100, 119, 180]);
        assert_eq!(apart(&[390, 395, 400], 400), [362, 381, 400]);
        assert!(apart(&[], 400).is_empty());
    }
}
