//! `map_reduce`.

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::Arc;

use super::items::{ParallelItems, Source, feed};
use super::split::{Work, drive};
use crate::job::Owner;
use crate::registry::Registry;
use crate::util::contain::{Payload, contain, contain_drop};

/// `reduce` over the results of `map`, in the items' order; `identity` comes first, once.
pub fn map_reduce<I, R, F, G>(registry: &Arc<Registry>, items: I, identity: R, map: F, reduce: G) -> R
where
    I: ParallelItems,
    R: Send,
    F: Fn(I::Item) -> R + Sync,
    G: Fn(R, R) -> R + Sync,
{
    let source = items.into_source();
    let reduced = contain(|| drive(registry, &MapReduce { source: &source, map, reduce: &reduce }, source.len()));
    match reduced {
        Ok(Some(value)) => reduce(identity, value),
        Ok(None) => identity,
        Err(payload) => {
            // Before the unwinding, in which a second panic would abort.
            contain_drop(identity).unwrap_or_else(|payload| registry.report(payload));
            resume_unwind(payload)
        }
    }
}

struct MapReduce<'a, S, F, G> {
    source: &'a S,
    map: F,
    reduce: &'a G,
}

/// What has been reduced so far, in registers; in the part again when the loop ends or panics.
struct Kept<'a, R> {
    so_far: Option<R>,
    part: &'a mut Option<R>,
}

impl<R> Drop for Kept<'_, R> {
    fn drop(&mut self) {
        *self.part = self.so_far.take();
    }
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

    fn run(&self, _: &mut (), part: &mut Option<R>, positions: &mut Range<usize>) {
        let first = part.take().or_else(|| {
            let mut first = positions.start..positions.start + 1;
            positions.start += 1;
            feed(self.source, &mut first, |item| *part = Some((self.map)(item)));
            part.take()
        });
        let mut kept = Kept { so_far: Some(first.expect("a chunk has a position")), part };
        feed(self.source, positions, |item| {
            let value = (self.map)(item);
            kept.so_far = kept.so_far.take().map(|so_far| (self.reduce)(so_far, value));
        });
    }

    fn merge(&self, lower: Option<R>, upper: Option<R>) -> Option<R> {
        match (lower, upper) {
            (Some(lower), Some(upper)) => Some((self.reduce)(lower, upper)),
            (lower, upper) => lower.or(upper),
        }
    }

    fn skip(&self, positions: Range<usize>, report: &dyn Fn(Payload)) {
        // SAFETY: the positions are the driver's to run or to skip, once.
        unsafe { self.source.skip(positions, report) };
    }
}
