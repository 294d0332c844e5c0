//! `map_reduce`.

use std::ops::Range;
use std::sync::Arc;

use super::items::{ParallelItems, Source, feed};
use super::split::{Work, drive};
use crate::registry::Registry;

/// `reduce` over the results of `map`, in the items' order; `identity` comes first, once.
pub fn map_reduce<I, R, F, G>(registry: &Arc<Registry>, items: I, identity: R, map: F, reduce: G) -> R
where
    I: ParallelItems,
    R: Send,
    F: Fn(I::Item) -> R + Sync,
    G: Fn(R, R) -> R + Sync,
{
    let source = items.into_source();
    let reduced = drive(registry, &MapReduce { source: &source, map, reduce: &reduce }, source.len());
    match reduced {
        Some(value) => reduce(identity, value),
        None => identity,
    }
}

struct MapReduce<'a, S, F, G> {
    source: &'a S,
    map: F,
    reduce: &'a G,
}

impl<S, R, F, G> Work for MapReduce<'_, S, F, G>
where
    S: Source,
    R: Send,
    F: Fn(S::Item) -> R + Sync,
    G: Fn(R, R) -> R + Sync,
{
    type Part = Option<R>;
    type State = ();

    fn state(&self) {}

    fn empty(&self, _: usize) -> Option<R> {
        None
    }

    fn run(&self, _: &mut (), part: &mut Option<R>, mut positions: Range<usize>) {
        if part.is_none() {
            let first = positions.start..positions.start + 1;
            positions.start += 1;
            let mut rest = super::items::Rest::new(self.source, positions);
            feed(self.source, first, |item| *part = Some((self.map)(item)));
            positions = rest.take();
        }
        let mut sum = part.take();
        feed(self.source, positions, |item| {
            let value = (self.map)(item);
            sum = match sum.take() {
                Some(sum) => Some((self.reduce)(sum, value)),
                None => Some(value),
            };
        });
        *part = sum;
    }

    fn merge(&self, lower: Option<R>, upper: Option<R>) -> Option<R> {
        match (lower, upper) {
            (Some(lower), Some(upper)) => Some((self.reduce)(lower, upper)),
            (lower, upper) => lower.or(upper),
        }
    }

    fn skip(&self, positions: Range<usize>) {
        self.source.skip(positions);
    }
}
