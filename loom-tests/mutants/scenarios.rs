//! Mutants of the other tables that also the scenarios of `shuttle-tests` must notice: lost wake-ups and jobs that run twice. Weakened orderings are not for
//! them: all accesses of their scheduler are sequentially consistent.

use crate::{MUTANTS, Mutant};

/// A mutant's name, and which scenarios must notice.
const NOTICED: &[(&str, &str)] = &[
    ("deque: pop takes the last element without compare-and-swap", "forks:: spawning::"),
    ("deque: steal without compare-and-swap", "forks:: spawning::"),
    ("express: pop without compare-and-swap", "spawning::batches_and_first cancels::storm"),
    ("gate: waiter announces itself after its look", "rooms::"),
    ("install: any token ends the wait", "forks::"),
    ("job: runs without a claim", "cancels:: waits::"),
    ("job: transitions without compare-and-swap", "cancels:: waits::"),
    ("outbox: a push wakes nobody", "sets::"),
    ("pool: a worker falls asleep over spawned jobs", "spawning:: waits::"),
    ("pool: a worker falls asleep without a look", "spawning:: waits::"),
    ("semaphore: who gives up takes what was promised to it along", "permits::"),
    ("set: room is given twice, back and to one who waits", "sets::"),
    ("sleep: a sleeper announces itself without compare-and-swap", "spawning:: waits:: ends::"),
    ("sleep: no look after the announcement", "spawning:: waits::"),
    ("sleep: who was claimed while it looked swallows the wake-up", "spawning:: waits:: sets::"),
    ("timer: the inserter tells nobody", "timers::"),
    ("timer: the thread does not look a last time", "timers::"),
    ("waiter: a task looks before it registers, not after", "waits::"),
];

/// Those mutants, each for its scenarios.
pub fn mutants() -> Vec<Mutant> {
    let all = || MUTANTS.iter().copied().flatten();
    let find = |(name, scenarios): &(&str, &'static str)| {
        let mutant =
            all().find(|mutant| mutant.name == *name).unwrap_or_else(|| panic!("no mutant is called {name:?}"));
        Mutant { models: scenarios, ..*mutant }
    };
    NOTICED.iter().map(find).collect()
}
