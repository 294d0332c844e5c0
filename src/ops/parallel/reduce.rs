//! `map_reduce`.

use std::ops::Range;
use std::sync::Arc;

use super::items::{ParallelItems, Source, fold, with_first};
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
        let first = part.take().unwrap_or_else(|| with_first(self.source, &mut positions, &self.map));
        *part = Some(fold(self.source, positions, first, |sum, item| (self.reduce)(sum, (self.map)(item))));
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
