//! Bars of medians with lines from the lowest to the highest round, one below the other, so that each has room for its name.

use filch_benches::record::{Spread, number};
use plotters::chart::ChartBuilder;
use plotters::coord::ranged1d::Ranged;
use plotters::element::{PathElement, Rectangle};
use plotters::style::text_anchor::HPos;
use plotters::style::{Color, RGBColor, TextStyle};

use crate::axis::Axis;
use crate::theme::{Area, Drawn, FAINT_INK, GRID, HEAD, INK, MARGIN, WIDTH, bold, is_ours, look, picture, text};

/// What the axis and its words take below the bars.
const FOOT: u32 = 58;

/// A group's heading, and the space above it.
const HEADING: i32 = 28;

#[derive(Clone, Debug)]
pub(crate) struct Bars {
    pub(crate) title: String,
    pub(crate) note: String,
    /// What the figures are, with their unit.
    pub(crate) axis: String,
    pub(crate) groups: Vec<Group>,
}

/// Bars with a heading, or without one.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) heading: String,
    pub(crate) bars: Vec<Bar>,
}

#[derive(Clone, Debug)]
pub(crate) struct Bar {
    pub(crate) contestant: String,
    /// `None`: it took part and has no such figure.
    pub(crate) figure: Option<Spread>,
}

/// Where bars are, in pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    /// Where bars begin and the longest may end. The names are to the left, the figures to the right.
    pub(crate) from: i32,
    pub(crate) to: i32,
    /// From one bar to the next.
    pub(crate) step: i32,
    pub(crate) text: f64,
}

const ROWS: Rows = Rows { from: 196, to: WIDTH as i32 - 96, step: 22, text: 14.0 };

impl Bars {
    /// The picture, as SVG.
    pub(crate) fn draw(&self) -> Drawn<String> {
        let heights = self.groups.iter().map(Group::height);
        let height = HEAD as u32 + heights.sum::<i32>() as u32 + FOOT;
        picture(height, &self.title, &self.note, |area| {
            let axis = Axis::of_bars(&figures(self.groups.iter().flat_map(|group| &group.bars)));
            self.draw_axis(area, &axis)?;
            let mut top = HEAD;
            for group in &self.groups {
                if !group.heading.is_empty() {
                    let at = (MARGIN, top + HEADING / 2 + 2);
                    area.draw_text(&group.heading, &bold(14.0, INK, HPos::Left), at)?;
                    top += HEADING;
                }
                draw_rows(area, &axis, &group.bars, ROWS, top)?;
                top += ROWS.step * group.bars.len() as i32;
            }
            Ok(())
        })
    }

    fn draw_axis(&self, area: &Area<'_>, axis: &Axis) -> Drawn {
        let mut chart = ChartBuilder::on(area)
            .margin_top(HEAD)
            .margin_right(WIDTH as i32 - ROWS.to)
            .margin_bottom(MARGIN - 6)
            .y_label_area_size(ROWS.from)
            .x_label_area_size(FOOT as i32 - MARGIN + 6)
            .build_cartesian_2d(axis.clone(), 0..1)?;
        let scale = if axis.is_log { ", logarithmic" } else { "" };
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .bold_line_style(GRID)
            .axis_style(GRID)
            .x_desc(format!("{}{scale}", self.axis))
            .axis_desc_style(centred())
            .x_label_style(centred())
            .draw()
    }
}

impl Group {
    fn height(&self) -> i32 {
        ROWS.step * self.bars.len() as i32 + if self.heading.is_empty() { 0 } else { HEADING }
    }
}

fn centred() -> TextStyle<'static> {
    text(13.0, FAINT_INK, HPos::Center)
}

/// What an axis has to reach.
pub(crate) fn figures<'a>(bars: impl IntoIterator<Item = &'a Bar>) -> Vec<f64> {
    bars.into_iter().filter_map(|bar| bar.figure).flat_map(|figure| [figure.low, figure.median, figure.high]).collect()
}

/// Draws bars one below the other, the first one at `top`.
pub(crate) fn draw_rows(area: &Area<'_>, axis: &Axis, bars: &[Bar], rows: Rows, top: i32) -> Drawn {
    for (index, bar) in bars.iter().enumerate() {
        let middle = top + rows.step * index as i32 + rows.step / 2;
        let name = if is_ours(&bar.contestant) { bold } else { text };
        area.draw_text(&bar.contestant, &name(rows.text, INK, HPos::Right), (rows.from - 8, middle))?;
        let place = |figure: f64| axis.map(&figure, (rows.from, rows.to));
        let (end, words) = match bar.figure {
            Some(figure) => {
                let pixels = [figure.low, figure.median, figure.high].map(place);
                draw_bar(area, (rows.from, look(&bar.contestant).0), pixels, middle, rows.step / 3)?;
                (place(figure.high), number(figure.median))
            }
            None => (rows.from, "–".to_owned()),
        };
        area.draw_text(&words, &text(rows.text - 1.0, INK, HPos::Left), (end + 7, middle))?;
    }
    Ok(())
}

/// A bar from `start` to the median, and the line from the lowest to the highest figure.
fn draw_bar(
    area: &Area<'_>,
    (start, colour): (i32, RGBColor),
    [low, median, high]: [i32; 3],
    middle: i32,
    half: i32,
) -> Drawn {
    area.draw(&Rectangle::new([(start, middle - half), (median, middle + half)], colour.filled()))?;
    if low == high {
        return Ok(());
    }
    let line = |from, to| area.draw(&PathElement::new(vec![from, to], INK));
    line((low, middle), (high, middle))?;
    line((low, middle - 3), (low, middle + 3))?;
    line((high, middle - 3), (high, middle + 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(contestant: &str, figures: &[f64]) -> Bar {
        Bar { contestant: contestant.into(), figure: Spread::of(figures.to_vec()) }
    }

    fn bars(bars: Vec<Bar>) -> Bars {
        let groups = vec![Group { heading: String::new(), bars }];
        Bars { title: "What?".into(), note: "one round".into(), axis: "ns per job".into(), groups }
    }

    #[test]
    fn one_sample_zeros_and_missing_figures_are_drawn() {
        for list in [
            vec![bar("filch", &[28.0, 30.0]), bar("rayon", &[190.0]), bar("hash_wheel", &[])],
            vec![bar("filch", &[0.0]), bar("rayon", &[0.0])],
            vec![bar("filch", &[]), bar("rayon", &[])],
            vec![bar("filch", &[0.0]), bar("rayon", &[2.0]), bar("tokio", &[1e6])],
            vec![],
        ] {
            let svg = bars(list.clone()).draw().unwrap();
            assert!(list.iter().all(|bar| svg.contains(&bar.contestant)), "{svg}");
            assert_eq!(svg.matches('–').count(), list.iter().filter(|bar| bar.figure.is_none()).count());
            assert!(!svg.contains("NaN") && svg.ends_with("</svg>\n"), "{svg}");
        }
    }

    #[test]
    fn a_logarithmic_axis_says_so() {
        let far = vec![bar("filch", &[355.0]), bar("tokio", &[1e6])];
        assert!(bars(far).draw().unwrap().contains("ns per job, logarithmic"));
        assert!(!bars(vec![bar("filch", &[355.0])]).draw().unwrap().contains("logarithmic"));
    }
}
