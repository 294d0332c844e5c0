//! `src/registry/spares.rs` and departing workers.

use crate::Mutant;

const SPARES: &str = "src/registry/spares.rs";
const SLEEP: &str = "src/sleep/mod.rs";
const RUN: &str = "src/worker/run.rs";
const WORKER: &str = "src/worker/mod.rs";
const LIFECYCLE: &str = "src/registry/lifecycle.rs";
const MODELS: &str = "spares::";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "spares: nobody is called",
        file: SPARES,
        find: "if before.is_ok_and(is_short) {",
        replace: "if before.is_ok_and(is_short) && false {",
        models: MODELS,
    },
    Mutant {
        name: "spares: a call wakes nobody",
        file: SPARES,
        find: "if count == 1 { self.calls.wake_one() } else",
        replace: "if count == 1 {} else",
        models: MODELS,
    },
    Mutant {
        name: "spares: the end wakes nobody",
        file: SPARES,
        find: "{ self.calls.wake_all() }",
        replace: "{}",
        models: MODELS,
    },
    Mutant {
        name: "spares: called, but not counted",
        file: SPARES,
        find: "word + ONE_BLOCKED + if is_short(word) { ONE_ACTIVE } else { 0 }",
        replace: "word + ONE_BLOCKED",
        models: MODELS,
    },
    Mutant {
        name: "spares: counted, but only the first is called",
        file: SPARES,
        find: "if before.is_ok_and(is_short) {",
        replace: "if before.is_ok_and(|word| is_short(word) && blocked(word) == 0) {",
        models: MODELS,
    },
    Mutant {
        name: "spares: one more is called although one works",
        file: SPARES,
        find: "let is_short = |word| active(word) <= blocked(word) && active(word) < self.threads;",
        replace: "let is_short = |word: u64| active(word) < self.threads || blocked(word) > 9;",
        models: MODELS,
    },
    Mutant {
        name: "spares: a place is never given back",
        file: SPARES,
        find: "self.0.word.fetch_sub(ONE_BLOCKED, Ordering::Relaxed);",
        replace: "",
        models: MODELS,
    },
    Mutant {
        name: "spares: a spare thread leaves one place too many",
        file: SPARES,
        find: "active(word) > blocked(word)",
        replace: "active(word) >= blocked(word)",
        models: MODELS,
    },
    Mutant {
        name: "spares: a call is taken twice",
        file: SPARES,
        find: "calls.checked_sub(1))",
        replace: "(calls > 0).then_some(calls))",
        models: MODELS,
    },
    Mutant {
        name: "spares: a worker does not lend",
        file: WORKER,
        find: "let _lent = worker.and_then(Self::lend);",
        replace: "let _ = worker;",
        models: MODELS,
    },
    Mutant {
        name: "spares: the end does not call",
        file: LIFECYCLE,
        find: "self.spares.call_all();",
        replace: "",
        models: MODELS,
    },
    Mutant {
        name: "spares: who departs does not look back",
        file: SLEEP,
        find: "let heavy = self.found_work(searching, has_work);
        self.departed",
        replace: "let heavy = self.found_work(searching, || false);
        self.departed",
        models: MODELS,
    },
    Mutant {
        name: "spares: who departs still counts as a searcher",
        file: SLEEP,
        find: "let heavy = self.found_work(searching, has_work);
        self.departed",
        replace: "let heavy = { let _ = (searching, has_work); false };
        self.departed",
        models: MODELS,
    },
    Mutant {
        name: "spares: who departs does not count as departed",
        file: SLEEP,
        find: "self.departed.fetch_add(1, Ordering::AcqRel);",
        replace: "",
        models: MODELS,
    },
    Mutant {
        name: "spares: who departs does not tell that all rest",
        file: RUN,
        find: "self.registry.about_to_rest();",
        replace: "",
        models: MODELS,
    },
    Mutant {
        name: "spares: who is absent counts as departed",
        file: SLEEP,
        find: "before.sleepers as usize + self.departed.load(Ordering::Acquire);",
        replace: "before.sleepers as usize + self.departed.load(Ordering::Acquire) + self.absent.load(Ordering::Acquire);",
        models: MODELS,
    },
    Mutant {
        name: "spares: who departs counts as departed first",
        file: SLEEP,
        find: "let heavy = self.found_work(searching, has_work);
        self.departed.fetch_add(1, Ordering::AcqRel);",
        replace: "self.departed.fetch_add(1, Ordering::AcqRel);
        let heavy = self.found_work(searching, has_work);",
        models: MODELS,
    },
];

pub const UNSEEN: &[Mutant] = &[
    // It counts twice while it is a searcher, and a searcher looks for what a sleeper may have missed.
    Mutant {
        name: "spares: who comes back still counts as departed",
        file: SLEEP,
        find: "self.departed.fetch_sub(1, Ordering::AcqRel);
        self.begin_to_search()",
        replace: "let searching = self.begin_to_search();
        self.departed.fetch_sub(1, Ordering::AcqRel);
        searching",
        models: MODELS,
    },
];
