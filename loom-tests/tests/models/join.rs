//! Whole pools: a `join` whose second half was stolen, and whose thief's own pieces are taken back meanwhile.
//!
//! Threads: 2 workers, the caller (main). Bounds: at each model. Property: who waits for a stolen half runs the pieces that its thief offers, if nobody else can; each closure runs once, and
//! what it did is visible to who waited for it, on whichever worker it ran.
//! Seen failing: the rows of `join` in `mutants`.

use filch::Pool;
use filch::internals::{Deadline, Parker};

use crate::pool::{at_rest, finish};
use crate::support::explore_in_both_modes;
use crate::witness::{Value, Witness};

/// Something that one closure waits for and another brings about.
struct Event(Parker);

impl Event {
    fn new() -> Self {
        Self(Parker::new())
    }

    fn comes(&self) {
        self.0.unpark();
    }

    fn wait(&self) {
        assert!(self.0.park(Deadline::NEVER));
    }
}

/// The second half is stolen for sure, since the first waits until it has begun. It joins two closures in its turn.
fn join_and_join<C, D>(pool: &Pool, c: C, d: D) -> (Value, Value)
where
    C: FnOnce() -> Value + Send,
    D: FnOnce() -> Value + Send,
{
    let began = Event::new();
    let second_half = || {
        filch::join(
            || {
                began.comes();
                c()
            },
            d,
        )
    };
    pool.join(|| began.wait(), second_half).1
}

fn check(values: (Value, Value), witnesses: [&Witness; 2]) {
    for (value, witness) in [values.0, values.1].into_iter().zip(witnesses) {
        value.check();
        drop(value);
        assert_eq!(witness.settle(), 1);
    }
}

/// Only the one who waits for the second half can run this: its thief is inside of it.
#[test]
fn a_part_of_a_stolen_half_is_taken_back() {
    explore_in_both_modes("join: 2 workers, a part is taken back", Some(2), || {
        let (c, d) = (Witness::new(), Witness::new());
        let pool = at_rest(2);
        let ran = Event::new();
        let (first, second) = (c.closure(), d.closure());
        let first = || {
            ran.wait();
            first()
        };
        let second = || {
            ran.comes();
            second()
        };
        let values = join_and_join(&pool, first, second);
        check(values, [&c, &d]);
        finish(pool);
    });
}

/// The thief and the one who waits both try to take it, while the half comes to its end.
#[test]
fn a_part_of_a_stolen_half_is_taken_once() {
    explore_in_both_modes("join: 2 workers, a part is taken by either", Some(2), || {
        let (c, d) = (Witness::new(), Witness::new());
        let pool = at_rest(2);
        let values = join_and_join(&pool, c.closure(), d.closure());
        check(values, [&c, &d]);
        finish(pool);
    });
}
