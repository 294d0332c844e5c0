//! An axis, linear or logarithmic, that knows where its ticks are.

use std::ops::Range;

use filch_benches::record::grouped;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// From so many times the smallest figure on, a linear axis would show nothing of it.
const TOO_FAR: f64 = 100.0;

/// A linear axis has about so many ticks.
const TICKS: f64 = 6.0;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    pub(crate) is_log: bool,
    low: f64,
    high: f64,
    ticks: Vec<f64>,
}

impl Axis {
    /// For bars: linear from 0, or logarithmic from a power of ten where the figures are far apart.
    pub(crate) fn of_bars(figures: &[f64]) -> Self {
        let Some((low, high)) = extremes(figures).filter(|(low, high)| high / low >= TOO_FAR) else {
            return Self::linear(figures);
        };
        // Below the smallest figure, so that its bar is seen.
        let low = 10_f64.powf((low / 1.5).log10().floor());
        Self { ticks: decades(low, high), is_log: true, low, high }
    }

    /// For lines: logarithmic, as far as the figures reach and a little more.
    pub(crate) fn of_lines(figures: &[f64]) -> Self {
        let (low, high) = extremes(figures).unwrap_or((1.0, 10.0));
        let (mut low, mut high) = (low / 1.25, high * 1.25);
        if steps(low, high).len() < 2 {
            // To the next ticks.
            low = steps(low / 10.0, low).last().copied().unwrap_or(low);
            high = steps(high, high * 10.0).first().copied().unwrap_or(high);
        }
        let ticks = if high / low < 100.0 { steps(low, high) } else { decades(low, high) };
        Self { is_log: true, low, high, ticks }
    }

    /// Logarithmic, with a tick at each of these figures.
    pub(crate) fn at(figures: &[f64]) -> Self {
        let mut ticks: Vec<f64> = figures.iter().copied().filter(|figure| *figure > 0.0).collect();
        ticks.sort_by(f64::total_cmp);
        ticks.dedup();
        let (low, high) = extremes(&ticks).unwrap_or((1.0, 10.0));
        Self { is_log: true, low: low / 1.15, high: high * 1.15, ticks }
    }

    /// Linear from 0.
    pub(crate) fn linear(figures: &[f64]) -> Self {
        let high = extremes(figures).map_or(1.0, |(_, high)| high);
        let rough = high / TICKS;
        let decade = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * decade).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        let ticks = (0..=(high / step).floor() as u32).map(|n| f64::from(n) * step).collect();
        Self { is_log: false, low: 0.0, high, ticks }
    }
}

/// The smallest and the largest figure above 0.
fn extremes(figures: &[f64]) -> Option<(f64, f64)> {
    let figures = figures.iter().copied().filter(|figure| *figure > 0.0);
    let low = figures.clone().reduce(f64::min)?;
    Some((low, figures.reduce(f64::max)?))
}

/// The powers of ten from `low` to `high`.
fn decades(low: f64, high: f64) -> Vec<f64> {
    let exponents = low.log10().floor() as i32..=high.log10().ceil() as i32;
    exponents.map(|exponent| 10_f64.powi(exponent)).filter(|tick| (low..=high).contains(tick)).collect()
}

/// The same, and twice and five times as much.
fn steps(low: f64, high: f64) -> Vec<f64> {
    let all = decades(low / 10.0, high).into_iter().flat_map(|decade| [decade, 2.0 * decade, 5.0 * decade]);
    all.filter(|tick| (low..=high).contains(tick)).collect()
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, figure: &f64, (start, end): (i32, i32)) -> i32 {
        let figure = figure.clamp(self.low, self.high);
        let share = if self.is_log {
            (figure / self.low).ln() / (self.high / self.low).ln()
        } else {
            (figure - self.low) / (self.high - self.low)
        };
        start + (f64::from(end - start) * share).round() as i32
    }

    /// The ticks; nothing between them.
    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, tick: &f64) -> String {
        if *tick >= 10.0 {
            return grouped(tick.round() as u64);
        }
        format!("{tick:.4}").trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks.iter().map(|tick| axis.format_ext(tick)).collect()
    }

    #[test]
    fn near_figures_are_linear_from_zero() {
        let axis = Axis::of_bars(&[28.0, 194.0, 480.0]);
        assert_eq!(labels(&axis), ["0", "100", "200", "300", "400"]);
        assert_eq!((axis.map(&0.0, (10, 110)), axis.map(&480.0, (10, 110))), (10, 110));
        assert_eq!(labels(&Axis::of_bars(&[0.33, 0.57])), ["0", "0.1", "0.2", "0.3", "0.4", "0.5"]);
    }

    #[test]
    fn far_figures_are_logarithmic() {
        let axis = Axis::of_bars(&[355.0, 1_001_496.0]);
        assert_eq!(labels(&axis), ["100", "1,000", "10,000", "100,000", "1,000,000"]);
        assert!(axis.map(&355.0, (0, 100)) > 0);
        assert_eq!(axis.map(&0.0, (0, 100)), 0);
    }

    #[test]
    fn one_figure_zeros_and_none_have_an_axis() {
        for figures in [&[][..], &[0.0], &[0.0, 0.0], &[7.0]] {
            for axis in [Axis::of_bars(figures), Axis::of_lines(figures), Axis::at(figures)] {
                assert!(axis.low < axis.high, "{axis:?}");
                let pixel = axis.map(figures.first().unwrap_or(&1.0), (0, 100));
                assert!((0..=100).contains(&pixel), "{axis:?}");
            }
        }
    }

    #[test]
    fn lines_have_ticks_between_the_decades_if_there_is_room() {
        assert_eq!(labels(&Axis::of_lines(&[28.0, 500.0])), ["50", "100", "200", "500"]);
        assert_eq!(labels(&Axis::of_lines(&[2.0, 900.0])), ["10", "100", "1,000"]);
        assert_eq!(labels(&Axis::of_lines(&[27.0, 33.0])), ["20", "50"]);
        assert_eq!(labels(&Axis::at(&[1.0, 64.0, 8.0, 8.0])), ["1", "8", "64"]);
    }
}
