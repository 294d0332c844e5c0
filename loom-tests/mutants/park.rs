//! `src/park`: the parker.

use crate::Mutant;

const PARK: &str = "src/park/mod.rs";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "park: unpark with Relaxed",
        file: PARK,
        find: "self.0.swap(NOTIFIED, Ordering::Release)",
        replace: "self.0.swap(NOTIFIED, Ordering::Relaxed)",
        models: "park::",
    },
    Mutant {
        name: "park: unpark by load and store",
        file: PARK,
        find: "if self.0.swap(NOTIFIED, Ordering::Release) == PARKED {",
        replace: "let before = self.0.load(Ordering::Relaxed);
        self.0.swap(NOTIFIED, Ordering::Release);
        if before == PARKED {",
        models: "park::",
    },
    Mutant { name: "park: unpark wakes nobody", file: PARK, find: "self.0.wake_one();", replace: "", models: "park::" },
    Mutant {
        name: "park: a token in the way is taken with Relaxed",
        file: PARK,
        find: "word.swap(EMPTY, Ordering::Acquire);
            return true;",
        replace: "word.swap(EMPTY, Ordering::Relaxed);
            return true;",
        models: "park::",
    },
    Mutant {
        name: "park: a token in the way is left",
        file: PARK,
        find: "word.swap(EMPTY, Ordering::Acquire);
            return true;",
        replace: "return true;",
        models: "park::",
    },
    Mutant {
        name: "park: parks over a token",
        file: PARK,
        find: "if word.compare_exchange(EMPTY, PARKED, Ordering::Acquire, Ordering::Acquire).is_err() {",
        replace: "if word.swap(PARKED, Ordering::Acquire) == PARKED {",
        models: "park::",
    },
    Mutant {
        name: "park: a token that ends the wait is taken with Relaxed",
        file: PARK,
        find: "word.compare_exchange(NOTIFIED, EMPTY, Ordering::Acquire, Ordering::Acquire)",
        replace: "word.compare_exchange(NOTIFIED, EMPTY, Ordering::Relaxed, Ordering::Relaxed)",
        models: "park::",
    },
    Mutant {
        name: "park: any wake ends the wait",
        file: PARK,
        find: "if word.compare_exchange(NOTIFIED, EMPTY, Ordering::Acquire, Ordering::Acquire).is_ok() {",
        replace: "if word.swap(EMPTY, Ordering::Acquire) != EMPTY {",
        models: "park::",
    },
    Mutant {
        name: "park: a token that comes at the last moment is taken with Relaxed",
        file: PARK,
        find: "word.swap(EMPTY, Ordering::Acquire) == NOTIFIED",
        replace: "word.swap(EMPTY, Ordering::Relaxed) == NOTIFIED",
        models: "park::",
    },
    Mutant {
        name: "park: a token that comes at the last moment is lost",
        file: PARK,
        find: "return word.swap(EMPTY, Ordering::Acquire) == NOTIFIED;",
        replace: "word.swap(EMPTY, Ordering::Acquire);
                return false;",
        models: "park::",
    },
    Mutant {
        name: "park: a timed wait that gives up stays parked",
        file: PARK,
        find: "return word.swap(EMPTY, Ordering::Acquire) == NOTIFIED;",
        replace: "return word.load(Ordering::Acquire) == NOTIFIED;",
        models: "park::",
    },
];

pub const UNSEEN: &[Mutant] = &[
    // It replaces no token: either the word was EMPTY, or the swap that follows has Acquire.
    Mutant {
        name: "park: begins with Relaxed",
        file: PARK,
        find: "word.compare_exchange(EMPTY, PARKED, Ordering::Acquire, Ordering::Acquire)",
        replace: "word.compare_exchange(EMPTY, PARKED, Ordering::Relaxed, Ordering::Relaxed)",
        models: "park::",
    },
];
