//! `src/sleep`: the event count. Its word is in `sleep_word.rs`.

use crate::Mutant;

const SLEEP: &str = "src/sleep/mod.rs";
const MODELS: &str = "sleep:: sleep_tag:: shutdown::";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "sleep: notify wakes nobody",
        file: SLEEP,
        find: "Counters::word_needs_wake(self.word.load(Ordering::Relaxed)) && self.wake_one()",
        replace: "Counters::word_needs_wake(self.word.load(Ordering::Relaxed)) && false && self.wake_one()",
        models: MODELS,
    },
    Mutant {
        name: "sleep: a waker takes the sleeper off and lets it sleep",
        file: SLEEP,
        find: "self.workers[first as usize].parker.unpark();
                    return true;",
        replace: "return true;",
        models: MODELS,
    },
    Mutant {
        name: "sleep: a waker unparks the sleeper before it has taken it off",
        file: SLEEP,
        find: "let first = counters.first();
            match self.exchange(word, counters.claimed(self.below(first))) {
                Ok(()) => {
                    self.workers[first as usize].parker.unpark();
                    return true;",
        replace: "let first = counters.first();
            self.workers[first as usize].parker.unpark();
            match self.exchange(word, counters.claimed(self.below(first))) {
                Ok(()) => {
                    return true;",
        models: MODELS,
    },
    Mutant {
        name: "sleep: wake_all unparks nobody",
        file: SLEEP,
        find: "self.workers[first as usize].parker.unpark();
                    word =",
        replace: "word =",
        models: MODELS,
    },
    Mutant {
        name: "sleep: the last searcher leaves with work like any other",
        file: SLEEP,
        find: "if before.searchers > 1 || before.sleepers == 0 {",
        replace: "if before.searchers > 0 || before.sleepers == 0 {",
        models: MODELS,
    },
    Mutant {
        name: "sleep: found_work without its SearchFence",
        file: SLEEP,
        find: "full_fence(Ordering::SeqCst);
        if has_work() {
            self.notify();
            return false;
        }",
        replace: "if has_work() {
            self.notify();
            return false;
        }",
        models: MODELS,
    },
    Mutant {
        name: "sleep: found_work looks before it leaves the searchers",
        file: SLEEP,
        find: "let before = Counters::unpack(self.word.fetch_sub(Counters::ONE_SEARCHER, Ordering::AcqRel));
        if before.searchers > 1 || before.sleepers == 0 {
            return false;
        }
        // Ordering: SearchFence of the README: pairs with PushFence of an outside thread.
        full_fence(Ordering::SeqCst);
        if has_work() {",
        replace: "full_fence(Ordering::SeqCst);
        let has_work_now = has_work();
        let before = Counters::unpack(self.word.fetch_sub(Counters::ONE_SEARCHER, Ordering::AcqRel));
        if before.searchers > 1 || before.sleepers == 0 {
            return false;
        }
        if has_work_now {",
        models: MODELS,
    },
    Mutant {
        name: "sleep: found_work does not look a first time",
        file: SLEEP,
        find: "if has_work() {
            self.notify();
            return false;
        }",
        replace: "",
        models: MODELS,
    },
    Mutant {
        name: "sleep: found_work sees more work and tells nobody",
        file: SLEEP,
        find: "if has_work() {
            self.notify();
            return false;
        }",
        replace: "if has_work() {
            return false;
        }",
        models: MODELS,
    },
    Mutant {
        name: "sleep: found_work does not look a second time",
        file: SLEEP,
        find: "if somebody_runs {",
        replace: "if false {",
        models: MODELS,
    },
    Mutant {
        name: "sleep: found_work looks a second time after a full fence",
        file: SLEEP,
        find: "fence::heavy();
            if has_work() {",
        replace: "full_fence(Ordering::SeqCst);
            if has_work() {",
        models: MODELS,
    },
    Mutant {
        name: "sleep: no worker counts as running",
        file: SLEEP,
        find: "others < self.workers.len()",
        replace: "others > self.workers.len()",
        models: MODELS,
    },
    Mutant {
        name: "sleep: SleepFence is full where it must be heavy",
        file: SLEEP,
        find: "fence::heavy()
        } else {",
        replace: "full_fence(Ordering::SeqCst)
        } else {",
        models: MODELS,
    },
    Mutant {
        name: "sleep: SleepFence is light where it must be heavy",
        file: SLEEP,
        find: "fence::heavy()
        } else {",
        replace: "fence::light()
        } else {",
        models: MODELS,
    },
    Mutant {
        name: "sleep: no SleepFence where nobody runs",
        file: SLEEP,
        find: "} else {
            full_fence(Ordering::SeqCst)
        }",
        replace: "}",
        models: MODELS,
    },
    Mutant {
        name: "sleep: SleepFence before the announcement",
        file: SLEEP,
        find: "let announced = self.announce(index);
        // Ordering: SleepFence of the README: pairs with PushFence.
        let heavy = self.others_running(announced);
        if heavy {
            fence::heavy()
        } else {
            full_fence(Ordering::SeqCst)
        }",
        replace: "fence::heavy();
        let announced = self.announce(index);
        let heavy = self.others_running(announced);",
        models: MODELS,
    },
    Mutant {
        name: "sleep: no look after the announcement",
        file: SLEEP,
        find: "if has_mail || has_work() {",
        replace: "if (has_mail || has_work()) && false {",
        models: MODELS,
    },
    Mutant {
        name: "sleep: a look before the announcement, none after it",
        file: SLEEP,
        find: "let announced = self.announce(index);
        // Ordering: SleepFence of the README: pairs with PushFence.
        let heavy = self.others_running(announced);",
        replace: "full_fence(Ordering::SeqCst);
        let found = has_work();
        let has_work = || found;
        let announced = self.announce(index);
        let heavy = self.others_running(announced);",
        models: MODELS,
    },
    Mutant {
        name: "sleep: who was claimed while it looked swallows the wake-up",
        file: SLEEP,
        find: "if has_mail {
                self.wake_all();",
        replace: "if !has_mail {
                return (Searching { first: true }, Slept { parked: false, heavy });
            }
            if has_mail {
                self.wake_all();",
        models: MODELS,
    },
    Mutant {
        name: "sleep: next is written after the announcement",
        file: SLEEP,
        find: "self.workers[index].next.store(counters.head, Ordering::Relaxed);
            match self.exchange(word, counters.asleep(index as u32)) {
                Ok(()) => return counters,",
        replace: "match self.exchange(word, counters.asleep(index as u32)) {
                Ok(()) => {
                    self.workers[index].next.store(counters.head, Ordering::Relaxed);
                    return counters;
                }",
        models: MODELS,
    },
    Mutant {
        name: "sleep: a sleeper announces itself without compare-and-swap",
        file: SLEEP,
        find: "match self.exchange(word, counters.asleep(index as u32)) {
                Ok(()) => return counters,",
        replace: "match Ok::<u64, u64>(self.word.swap(counters.asleep(index as u32).pack(), Ordering::AcqRel)) {
                Ok(_) => return counters,",
        models: MODELS,
    },
    Mutant {
        name: "sleep: a sleeper takes back whoever is on top",
        file: SLEEP,
        find: "if counters.sleepers == 0 || counters.first() != index as u32 {",
        replace: "if counters.sleepers == 0 {",
        models: MODELS,
    },
    Mutant {
        name: "sleep: leave wakes nobody",
        file: SLEEP,
        find: "self.word.fetch_sub(Counters::ONE_SEARCHER, Ordering::AcqRel);
        self.wake_all();",
        replace: "self.word.fetch_sub(Counters::ONE_SEARCHER, Ordering::AcqRel);",
        models: MODELS,
    },
];

pub const UNSEEN: &[Mutant] = &[
    // Who leaves wakes the next.
    Mutant {
        name: "sleep: wake_all wakes the first only",
        file: SLEEP,
        find: "word = self.word.load(Ordering::Acquire);
                }",
        replace: "return;
                }",
        models: MODELS,
    },
    // It has published nothing yet that others must see: what its start hook queued is the worker's own to run.
    Mutant {
        name: "sleep: a worker arrives with Relaxed",
        file: SLEEP,
        find: "self.word.fetch_add(step, Ordering::AcqRel)",
        replace: "self.word.fetch_add(step, Ordering::Relaxed)",
        models: MODELS,
    },
    // By then all that the worker pushed has been taken, or is in the hands of a sweeper, who tells of it.
    Mutant {
        name: "sleep: a worker begins to search with Relaxed",
        file: SLEEP,
        find: "self.word.fetch_add(Counters::ONE_SEARCHER, Ordering::AcqRel)",
        replace: "self.word.fetch_add(Counters::ONE_SEARCHER, Ordering::Relaxed)",
        models: MODELS,
    },
    // Where it matters, the fence after it acquires; and the worker's own pushes come later, with fences of their own.
    Mutant {
        name: "sleep: a worker finds work with Relaxed",
        file: SLEEP,
        find: "Counters::unpack(self.word.fetch_sub(Counters::ONE_SEARCHER, Ordering::AcqRel))",
        replace: "Counters::unpack(self.word.fetch_sub(Counters::ONE_SEARCHER, Ordering::Relaxed))",
        models: MODELS,
    },
    // It then wakes itself, or another that searches for it: slower, and nothing worse.
    Mutant {
        name: "sleep: a sleeper that sees work does not take itself back",
        file: SLEEP,
        find: "if self.take_back(index) {",
        replace: "if false && self.take_back(index) {",
        models: MODELS,
    },
    // Whoever lies above it announced itself later, so its last look sees the work too. The notification spares the reader that argument.
    Mutant {
        name: "sleep: a sleeper that sees work and cannot take itself back tells nobody",
        file: SLEEP,
        find: "} else {
                self.notify();
            }",
        replace: "}",
        models: MODELS,
    },
    // The next three: a closed pool needs no wake-ups but those of the workers that leave, and the last of these wakes all that still sleep. A
    // difference in time would need three workers, and a job that waits for another while the pool closes.
    Mutant {
        name: "sleep: leave stays a searcher",
        file: SLEEP,
        find: "self.word.fetch_sub(Counters::ONE_SEARCHER, Ordering::AcqRel);
        self.wake_all();",
        replace: "self.wake_all();",
        models: MODELS,
    },
    Mutant {
        name: "sleep: leave wakes the others before it leaves",
        file: SLEEP,
        find: "self.word.fetch_sub(Counters::ONE_SEARCHER, Ordering::AcqRel);
        self.wake_all();",
        replace: "self.wake_all();
        self.word.fetch_sub(Counters::ONE_SEARCHER, Ordering::AcqRel);",
        models: MODELS,
    },
    Mutant {
        name: "sleep: leave with Relaxed",
        file: SLEEP,
        find: "self.word.fetch_sub(Counters::ONE_SEARCHER, Ordering::AcqRel);
        self.wake_all();",
        replace: "self.word.fetch_sub(Counters::ONE_SEARCHER, Ordering::Relaxed);
        self.wake_all();",
        models: MODELS,
    },
];
