//! A figure over the rounds.

/// The median of some rounds, and their extremes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The lowest.
    pub low: f64,
    /// The median.
    pub median: f64,
    /// The highest.
    pub high: f64,
}

impl Spread {
    /// How these figures are spread; `None` if there are none.
    pub fn of(mut figures: Vec<f64>) -> Option<Self> {
        figures.sort_by(f64::total_cmp);
        let (&low, &high) = (figures.first()?, figures.last()?);
        let median = f64::midpoint(figures[(figures.len() - 1) / 2], figures[figures.len() / 2]);
        Some(Self { low, median, high })
    }

    /// The same in another unit.
    pub fn map(self, unit: impl Fn(f64) -> f64) -> Self {
        Self { low: unit(self.low), median: unit(self.median), high: unit(self.high) }
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn the_median_of_even_and_odd() {
        assert_eq!(Spread::of(vec![9.0, 1.0, 2.0]), Some(Spread { low: 1.0, median: 2.0, high: 9.0 }));
        assert_eq!(Spread::of(vec![4.0, 1.0, 2.0, 9.0]).unwrap().median, 3.0);
        assert_eq!(Spread::of(vec![]), None);
    }
}
