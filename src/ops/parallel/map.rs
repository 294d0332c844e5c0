//! `map` and `map_with`: one result for each item, in the items' order.

use std::ops::Range;
use std::sync::Arc;

use super::items::{ParallelItems, Source, feed};
use super::split::{Work, drive};
use crate::job::Owner;
use crate::registry::Registry;
use crate::util::contain::{Payload, contain_drop};

/// The results of `f` for each item.
pub fn map<I, R, F>(registry: &Arc<Registry>, items: I, f: F) -> Vec<R>
where
    I: ParallelItems,
    R: Send,
    F: Fn(I::Item) -> R + Sync,
{
    map_with(registry, items, || (), |(), item| f(item))
}

/// As [`map`], with a state that `init` makes for each thread that takes part, and anew for each share that it takes.
pub fn map_with<I, S, R, N, F>(registry: &Arc<Registry>, items: I, init: N, f: F) -> Vec<R>
where
    I: ParallelItems,
    R: Send,
    N: Fn() -> S + Sync,
    F: Fn(&mut S, I::Item) -> R + Sync,
{
    let source = items.into_source();
    let len = source.len();
    let mut results = Vec::new();
    if let Err(error) = results.try_reserve_exact(len) {
        // SAFETY: nobody has run any.
        unsafe { source.skip(0..len, &|payload| registry.report(payload)) };
        panic!("no memory for {len} results: {error}");
    }
    let room = Room(results.as_mut_ptr());
    let filled = drive(registry, &Map { source: &source, init, f, room }, len);
    assert_eq!(filled.len, len, "every item has a result");
    // SAFETY: there is room for them, and all are there.
    unsafe { results.set_len(len) };
    results
}

/// Room for a result of each item. Whoever runs a position writes there.
struct Room<R>(*mut R);

// SAFETY: each result is written by one thread, and read when all have left.
unsafe impl<R: Send> Sync for Room<R> {}

/// Neighbouring results. Whoever has them takes them into the vector or [discards](Work::discard) them.
struct Filled<R> {
    start: *mut R,
    len: usize,
}

// SAFETY: it owns its results.
unsafe impl<R: Send> Send for Filled<R> {}

struct Map<'a, Src, N, F, R> {
    source: &'a Src,
    init: N,
    f: F,
    room: Room<R>,
}

impl<Src, S, R, N, F> Work for Map<'_, Src, N, F, R>
where
    Src: Source,
    R: Send,
    N: Fn() -> S + Sync,
    F: Fn(&mut S, Src::Item) -> R + Sync,
{
    type Part = Filled<R>;
    type State = S;

    fn state(&self) -> S {
        (self.init)()
    }

    fn empty(&self, position: usize) -> Filled<R> {
        Filled { start: self.room.0.wrapping_add(position), len: 0 }
    }

    fn run(&self, state: &mut S, part: &mut Filled<R>, positions: &mut Range<usize>) {
        feed(self.source, positions, |item| {
            let result = (self.f)(state, item);
            // SAFETY: the part ends where these positions begin, so this is the item's place in the room.
            let place = unsafe { part.start.add(part.len) };
            // SAFETY: in the room, and not written before.
            unsafe { place.write(result) };
            part.len += 1;
        });
    }

    fn merge(&self, mut lower: Filled<R>, upper: Filled<R>) -> Filled<R> {
        lower.len += upper.len;
        lower
    }

    fn discard(&self, part: Filled<R>, report: &dyn Fn(Payload)) {
        for index in 0..part.len {
            // SAFETY: in the room.
            let place = unsafe { part.start.add(index) };
            // SAFETY: it has been written, and nobody else owns it.
            let result = unsafe { place.read() };
            contain_drop(result).unwrap_or_else(report);
        }
    }

    fn skip(&self, positions: Range<usize>, report: &dyn Fn(Payload)) {
        // SAFETY: the positions are the driver's to run or to skip, once.
        unsafe { self.source.skip(positions, report) };
    }
}
