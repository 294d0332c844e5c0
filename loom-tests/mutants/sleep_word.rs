//! `src/sleep`: the packed word of the event count.

use crate::Mutant;

const SLEEP: &str = "src/sleep/mod.rs";
const COUNTERS: &str = "src/sleep/counters.rs";
const MODELS: &str = "sleep:: sleep_tag:: shutdown::";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "sleep: the tag stays the same",
        file: COUNTERS,
        find: "let tag = u64::from(self.tag) & ((1 << TAG) - 1);",
        replace: "let tag = u64::from(self.tag) & ((1 << TAG) - 1) & 0;",
        models: MODELS,
    },
    Mutant {
        name: "sleep: who is claimed is no searcher yet",
        file: COUNTERS,
        find: "Self { searchers: self.searchers + 1, sleepers: self.sleepers - 1,",
        replace: "Self { searchers: self.searchers, sleepers: self.sleepers - 1,",
        models: MODELS,
    },
    Mutant {
        name: "sleep: who falls asleep still searches",
        file: COUNTERS,
        find: "Self { searchers: self.searchers - 1, sleepers: self.sleepers + 1,",
        replace: "Self { searchers: self.searchers, sleepers: self.sleepers + 1,",
        models: MODELS,
    },
    Mutant {
        name: "sleep: the last sleeper is left alone",
        file: COUNTERS,
        find: "self.searchers == 0 && self.sleepers > 0",
        replace: "self.searchers == 0 && self.sleepers > 1",
        models: MODELS,
    },
    Mutant {
        name: "sleep: the word changes with Acquire only",
        file: SLEEP,
        find: "self.word.compare_exchange(word, next.pack(), Ordering::AcqRel, Ordering::Acquire)",
        replace: "self.word.compare_exchange(word, next.pack(), Ordering::Acquire, Ordering::Acquire)",
        models: MODELS,
    },
    Mutant {
        name: "sleep: a newer word is seen with Relaxed",
        file: SLEEP,
        find: "self.word.compare_exchange(word, next.pack(), Ordering::AcqRel, Ordering::Acquire)",
        replace: "self.word.compare_exchange(word, next.pack(), Ordering::AcqRel, Ordering::Relaxed)",
        models: MODELS,
    },
    Mutant {
        name: "sleep: wake_all loads the word with Relaxed",
        file: SLEEP,
        find: "let mut word = self.word.load(Ordering::Acquire);
        loop {
            let counters = Counters::unpack(word);
            if counters.sleepers == 0 {
                return;",
        replace: "let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let counters = Counters::unpack(word);
            if counters.sleepers == 0 {
                return;",
        models: MODELS,
    },
    Mutant {
        name: "sleep: a waker loads the word with Relaxed",
        file: SLEEP,
        find: "let mut word = self.word.load(Ordering::Acquire);
        loop {
            let counters = Counters::unpack(word);
            if !counters.needs_wake() {",
        replace: "let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let counters = Counters::unpack(word);
            if !counters.needs_wake() {",
        models: MODELS,
    },
];

pub const UNSEEN: &[Mutant] = &[
    // The load before it acquired the word. If only the number of searchers came back to what it was meanwhile, the workers behind that either
    // search, and look themselves, or run, and then a sleeper passes a heavy fence.
    Mutant {
        name: "sleep: the word changes with Release only",
        file: SLEEP,
        find: "self.word.compare_exchange(word, next.pack(), Ordering::AcqRel, Ordering::Acquire)",
        replace: "self.word.compare_exchange(word, next.pack(), Ordering::Release, Ordering::Acquire)",
        models: MODELS,
    },
    // The exchange acquires what the load did not.
    Mutant {
        name: "sleep: announce loads the word with Relaxed",
        file: SLEEP,
        find: "let mut word = self.word.load(Ordering::Acquire);
        loop {
            let counters = Counters::unpack(word);
            self.workers[index].next",
        replace: "let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let counters = Counters::unpack(word);
            self.workers[index].next",
        models: MODELS,
    },
    // What is below a worker the worker itself has written.
    Mutant {
        name: "sleep: take_back loads the word with Relaxed",
        file: SLEEP,
        find: "let mut word = self.word.load(Ordering::Acquire);
        loop {
            let counters = Counters::unpack(word);
            if counters.sleepers == 0 || counters",
        replace: "let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let counters = Counters::unpack(word);
            if counters.sleepers == 0 || counters",
        models: MODELS,
    },
];
