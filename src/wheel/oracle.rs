//! The wheel beside a `BTreeMap` that cannot be wrong, on a clock that jumps.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::slot::SLOT_BITS;
use super::{LEVELS, TICK_BITS, Wheel};

/// What happens to both.
#[derive(Debug, Clone, Copy)]
enum Operation {
    /// An entry so far from now.
    Insert(Distance),
    /// As many as that with the same deadline as the last.
    Again(u8),
    /// The clock moves so far, then at most so many entries are taken.
    Poll(Distance, usize),
    /// The clock moves to the next deadline, or just before it.
    PollNext { before: bool },
    /// Entries whose number is a multiple of this are removed, in parts, with a poll between two of them.
    Sweep { multiple: u32, limit: usize },
    /// The entry that is so far, of 1000, through those whose places are known is removed.
    Remove { at: usize },
    /// The same, with an entry whose place was known before the wheel moved.
    RemoveOld { at: usize },
    /// All is taken.
    TakeAll,
}

/// A span of time, in nanoseconds: around the edge of a tick, a slot or a level; or to the end of all time.
#[derive(Debug, Clone, Copy)]
enum Distance {
    Back(u64),
    Near(u64),
    Edge { level: u32, count: u64, off: i64 },
    Beyond(u64),
}

impl Distance {
    fn from(self, now: u64) -> u64 {
        match self {
            Self::Back(by) => now.saturating_sub(by),
            Self::Near(by) => now.saturating_add(by),
            Self::Edge { level, count, off } => {
                let width = 1_u64.checked_shl(TICK_BITS + SLOT_BITS * level).unwrap_or(1 << 63);
                // The edge itself, not a distance from now: that is where an entry changes its slot.
                let edge = (now / width).saturating_add(count).saturating_mul(width);
                edge.saturating_add_signed(off).max(now)
            }
            Self::Beyond(by) => u64::MAX - by,
        }
    }
}

fn distance() -> impl Strategy<Value = Distance> {
    let edge = (0..=LEVELS as u32, 0..66_u64, -2..=2_i64);
    prop_oneof![
        1 => (0..1_u64 << 40).prop_map(Distance::Back),
        4 => (0..1_u64 << 24).prop_map(Distance::Near),
        8 => edge.prop_map(|(level, count, off)| Distance::Edge { level, count, off }),
        1 => (0..3_u64).prop_map(Distance::Beyond),
    ]
}

/// How far the clock moves: mostly little, so that it does not come to its end at once.
fn step() -> impl Strategy<Value = Distance> {
    let edge = |levels: std::ops::RangeInclusive<u32>| (levels, 0..66_u64, -2..=2_i64);
    let to = |(level, count, off)| Distance::Edge { level, count, off };
    prop_oneof![
        4 => (0..1_u64 << 16).prop_map(Distance::Near),
        8 => edge(0..=3).prop_map(to),
        1 => edge(4..=6).prop_map(to),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let limit = prop_oneof![3 => Just(usize::MAX), 1 => 0..5_usize];
    prop_oneof![
        60 => distance().prop_map(Operation::Insert),
        8 => (1..5_u8).prop_map(Operation::Again),
        20 => (step(), limit.clone()).prop_map(|(by, limit)| Operation::Poll(by, limit)),
        20 => any::<bool>().prop_map(|before| Operation::PollNext { before }),
        3 => (1..4_u32, limit).prop_map(|(multiple, limit)| Operation::Sweep { multiple, limit }),
        20 => (0..1000_usize).prop_map(|at| Operation::Remove { at }),
        3 => (0..1000_usize).prop_map(|at| Operation::RemoveOld { at }),
        1 => Just(Operation::TakeAll),
    ]
}

/// The wheel and its oracle: entries by deadline and then by number, which grows.
struct Pair {
    wheel: Wheel<u32>,
    oracle: BTreeMap<(u64, u32), ()>,
    now: u64,
    next: u32,
    last: u64,
    /// Where entries are, and when they are due, by number.
    places: BTreeMap<u32, (usize, u64)>,
    /// Where they were.
    old: BTreeMap<u32, (usize, u64)>,
    /// Something has been removed since the wheel was empty: its next deadline may be too early.
    is_swept: bool,
}

impl Pair {
    fn new() -> Self {
        let (places, old) = (BTreeMap::new(), BTreeMap::new());
        Self { wheel: Wheel::new(0), oracle: BTreeMap::new(), now: 0, next: 0, last: 0, places, old, is_swept: false }
    }

    fn apply(&mut self, operation: Operation) {
        match operation {
            Operation::Insert(distance) => self.insert(distance.from(self.now)),
            Operation::Again(times) => (0..times).for_each(|_| self.insert(self.last)),
            Operation::Poll(by, limit) => self.poll(by.from(self.now).max(self.now), limit),
            Operation::PollNext { before } => {
                let next = self.wheel.next_deadline().unwrap_or(self.now);
                self.poll(next.saturating_sub(u64::from(before)).max(self.now), usize::MAX);
            }
            Operation::Sweep { multiple, limit } => self.sweep(multiple, limit),
            Operation::Remove { at } => self.remove(at),
            Operation::RemoveOld { at } => self.remove_old(at),
            Operation::TakeAll => self.take_all(),
        }
        self.check();
    }

    fn insert(&mut self, deadline: u64) {
        if let Some(place) = self.wheel.insert(deadline, self.next) {
            self.places.insert(self.next, (place, deadline));
        }
        self.oracle.insert((deadline, self.next), ());
        (self.next, self.last) = (self.next + 1, deadline);
    }

    fn poll(&mut self, now: u64, limit: usize) {
        self.now = now;
        self.old.append(&mut self.places);
        let mut left = limit;
        let oracle = &mut self.oracle;
        self.wheel.poll(now, limit, |deadline, value| {
            let (first, ()) = oracle.pop_first().expect("the wheel has more than the oracle");
            assert_eq!((deadline, value), first);
            assert!(deadline <= now, "early");
            left -= 1;
        });
        let overdue = self.oracle.first_key_value().is_some_and(|((deadline, _), ())| *deadline <= now);
        assert!(!overdue || left == 0, "something that is due was left");
    }

    fn sweep(&mut self, multiple: u32, limit: usize) {
        let mut part = 0;
        let mut seen = 0;
        while let Some(next) = self.wheel.next_part(part) {
            let before = self.wheel.part_len(next);
            let oracle = &mut self.oracle;
            let mut gone = Vec::new();
            let removed = self.wheel.sweep_part(
                next,
                |_| (),
                |value, place| {
                    let keeps = *value % multiple != 0;
                    gone.extend((!keeps).then_some(*value));
                    let deadline = oracle.keys().find_map(|(deadline, other)| (other == value).then_some(*deadline));
                    match place.filter(|_| keeps) {
                        Some(place) => self.places.insert(*value, (place, deadline.expect("the oracle has it"))),
                        None => self.places.remove(value),
                    };
                    keeps
                },
            );
            oracle.retain(|(_, value), ()| !gone.contains(value));
            assert_eq!(removed, gone.len());
            self.is_swept |= removed > 0;
            part = next + 1;
            seen += before;
            if seen > 3 {
                seen = 0;
                self.poll(self.now.saturating_add(1 << 15), limit);
                self.check();
            }
        }
    }

    fn remove(&mut self, at: usize) {
        let Some((&value, &(place, deadline))) = self.places.iter().nth(at * self.places.len() / 1000) else { return };
        let (removed, _) = self.wheel.remove(place, |found| *found == value).expect("it is still there");
        assert_eq!(removed, value);
        assert!(self.oracle.remove(&(deadline, value)).is_some(), "removed twice");
        self.places.remove(&value);
        self.is_swept = true;
    }

    fn remove_old(&mut self, at: usize) {
        let Some((&value, &(place, deadline))) = self.old.iter().nth(at * self.old.len() / 1000) else { return };
        self.old.remove(&value);
        // It may have moved down, or be gone.
        if self.wheel.remove(place, |found| *found == value).is_some() {
            assert!(self.oracle.remove(&(deadline, value)).is_some(), "removed twice");
            self.places.remove(&value);
            self.is_swept = true;
        }
    }

    fn take_all(&mut self) {
        self.places.clear();
        let mut all = self.wheel.take_all();
        all.sort_unstable();
        let mut expected: Vec<_> = std::mem::take(&mut self.oracle).into_keys().map(|(_, value)| value).collect();
        expected.sort_unstable();
        assert_eq!(all, expected);
    }

    fn check(&mut self) {
        assert_eq!(self.wheel.len(), self.oracle.len());
        let first = self.oracle.first_key_value().map(|((deadline, _), ())| *deadline);
        self.is_swept &= first.is_some();
        match (self.wheel.next_deadline(), first) {
            (Some(next), Some(first)) if self.is_swept => assert!(next <= first, "too late"),
            (next, first) => assert_eq!(next, first),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn does_what_a_sorted_map_does(operations in proptest::collection::vec(operation(), 1..400)) {
        let mut pair = Pair::new();
        operations.into_iter().for_each(|operation| pair.apply(operation));
    }
}

/// One wheel through a long life: two million operations, and the clock goes round every level that fits the time.
#[test]
fn does_so_through_millions_of_operations() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let operations = proptest::collection::vec(operation(), 1000);
    let mut pair = Pair::new();
    for _ in 0..2000 {
        let tree = operations.new_tree(&mut runner).expect("operations");
        tree.current().into_iter().for_each(|operation| pair.apply(operation));
        if pair.now > u64::MAX / 2 {
            pair = Pair::new();
        }
    }
}
