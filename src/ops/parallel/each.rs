//! `for_each` and `for_range`.

use std::ops::Range;
use std::sync::Arc;

use super::items::{ParallelItems, Source, feed};
use super::split::{Work, drive};
use crate::registry::Registry;
use crate::util::contain::Payload;

/// Calls `f` with every item.
pub fn for_each<I, F>(registry: &Arc<Registry>, items: I, f: F)
where
    I: ParallelItems,
    F: Fn(I::Item) + Sync,
{
    let source = items.into_source();
    drive(registry, &Each { source: &source, f }, source.len());
}

struct Each<'a, S, F> {
    source: &'a S,
    f: F,
}

impl<S: Source, F: Fn(S::Item) + Sync> Work for Each<'_, S, F> {
    type Part = ();
    type State = ();

    fn state(&self) {}

    fn empty(&self, _: usize) {}

    fn run(&self, _: &mut (), _: &mut (), positions: &mut Range<usize>) {
        feed(self.source, positions, &self.f);
    }

    fn merge(&self, _: (), _: ()) {}

    fn skip(&self, positions: Range<usize>, report: &dyn Fn(Payload)) {
        // SAFETY: the positions are the driver's to run or to skip, once.
        unsafe { self.source.skip(positions, report) };
    }
}

/// Calls `f` with ranges that together are the whole one.
pub fn for_range<F>(registry: &Arc<Registry>, range: Range<usize>, f: F)
where
    F: Fn(Range<usize>) + Sync,
{
    drive(registry, &Ranges { start: range.start, f }, range.len());
}

struct Ranges<F> {
    start: usize,
    f: F,
}

impl<F: Fn(Range<usize>) + Sync> Work for Ranges<F> {
    type Part = ();
    type State = ();

    fn state(&self) {}

    fn empty(&self, _: usize) {}

    fn run(&self, _: &mut (), _: &mut (), positions: &mut Range<usize>) {
        let part = std::mem::take(positions);
        (self.f)(self.start + part.start..self.start + part.end);
    }

    fn merge(&self, _: (), _: ()) {}

    fn skip(&self, _: Range<usize>, _: &dyn Fn(Payload)) {}
}
