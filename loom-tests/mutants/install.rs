//! `src/job/stack.rs`, `src/ops/install.rs`, `src/ops/join.rs`, and what else only fork-join work needs.

use crate::Mutant;

const STACK: &str = "src/job/stack.rs";
const INSTALL: &str = "src/ops/install.rs";
const JOIN: &str = "src/ops/join.rs";
const SEARCH: &str = "src/worker/search.rs";
const WORKER: &str = "src/worker/mod.rs";
const PIECE: &str = "src/worker/piece.rs";
const REGISTRY: &str = "src/registry/mod.rs";
const ENDING: &str = "src/registry/ending.rs";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "install: the end is published with Relaxed",
        file: STACK,
        find: "word.store(state, Ordering::Release);",
        replace: "word.store(state, Ordering::Relaxed);",
        models: "install::a_frame install::a_worker",
    },
    Mutant {
        name: "install: the end is seen with Relaxed",
        file: STACK,
        find: "match self.state.load(Ordering::Acquire) {",
        replace: "match self.state.load(Ordering::Relaxed) {",
        models: "install::a_frame install::a_worker",
    },
    Mutant {
        name: "install: the end is published before the result is there",
        file: STACK,
        find: "unsafe { self.body.put(result) };
        state",
        replace: "self.state.store(state, Ordering::Release);
        unsafe { self.body.put(result) };
        state",
        models: "install::a_frame install::a_worker",
    },
    Mutant {
        name: "install: the unparker is read after the end",
        file: STACK,
        find: "let unparker = unsafe { job.as_ref() }.unparker.clone();
        // SAFETY: as above; the reference is to the word alone.
        let word = unsafe { &(*job.as_ptr()).state };
        // Ordering: Release publishes the body to `take_outcome`.
        word.store(state, Ordering::Release);",
        replace: "let word = unsafe { &(*job.as_ptr()).state };
        word.store(state, Ordering::Release);
        crate::sync::spin_hint();
        let unparker = unsafe { job.as_ref() }.unparker.clone();",
        models: "install::a_frame",
    },
    Mutant {
        name: "install: the caller is told before the end",
        file: STACK,
        find: "word.store(state, Ordering::Release);
        unparker.unpark();",
        replace: "unparker.unpark();
        word.store(state, Ordering::Release);",
        models: "install::a_frame install::a_worker",
    },
    Mutant {
        name: "install: the caller is not told",
        file: STACK,
        find: "unparker.unpark();",
        replace: "drop(unparker);",
        models: "install::a_frame install::a_worker",
    },
    Mutant {
        name: "install: a shutdown forgets the job",
        file: STACK,
        find: "Verb::End(_, Reason::ShutDown) => REFUSED,",
        replace: "Verb::End(_, Reason::ShutDown) => return Executed::Done,",
        models: "install::",
    },
    Mutant {
        name: "install: a cancel ends the job",
        file: STACK,
        find: "Verb::End(_, Reason::Cancelled) | Verb::Bury | Verb::Settle(_) | Verb::Probe(_) | Verb::Fire => {
                return Executed::Kept;
            }",
        replace: "Verb::End(_, Reason::Cancelled) => REFUSED,
            Verb::Bury | Verb::Settle(_) | Verb::Probe(_) | Verb::Fire => return Executed::Done,",
        models: "install::",
    },
    Mutant {
        name: "install: any token ends the wait",
        file: INSTALL,
        find: "while !done() {",
        replace: "if !done() {",
        models: "install::",
    },
    Mutant {
        name: "install: a cancel of all puts the job back and tells nobody",
        file: ENDING,
        find: "self.inject(job, lane)",
        replace: "self.push_shared(job, lane)",
        models: "install::install_against_cancel",
    },
    Mutant {
        name: "install: a join does not look whether its second half was stolen",
        file: JOIN,
        find: "if !self.retract_piece(position) {",
        replace: "if !self.retract_piece(position) && false {",
        models: "install::",
    },
    Mutant {
        name: "install: a join tells nobody of its second half",
        file: PIECE,
        find: "let position = self.queues.fork_join.push(job).ok()?;
        self.tell();",
        replace: "let position = self.queues.fork_join.push(job).ok()?;",
        models: "install::both",
    },
    Mutant {
        name: "install: a thief looks for no second halves",
        file: SEARCH,
        find: "if slot.seems_to_have_piece() {",
        replace: "if slot.seems_to_have_piece() && false {",
        models: "install::both",
    },
    Mutant {
        name: "install: a worker falls asleep over second halves",
        file: REGISTRY,
        find: "!slot.fork_join.is_empty() || !slot.spawned.is_empty()",
        replace: "!slot.spawned.is_empty()",
        models: "install::",
    },
    Mutant {
        name: "install: a thief keeps the right to pay for a heavy fence",
        file: REGISTRY,
        find: "self.heavy_turn.swap(false, Ordering::Relaxed);",
        replace: "",
        models: "install::",
    },
    Mutant {
        name: "install: a worker tells of its job without a fence",
        file: WORKER,
        find: "fence::light();
        if self.registry.sleep().notify() {",
        replace: "if self.registry.sleep().notify() {",
        models: "pool::a_long_job",
    },
    Mutant {
        name: "join: who waits takes no parts back",
        file: PIECE,
        find: "if more() || self.take_part_back(awaited) ||",
        replace: "if more() ||",
        models: "join::",
    },
    Mutant {
        name: "join: a thief does not say what it serves",
        file: PIECE,
        find: "let outer = serving.change(job.as_ptr().addr(), base);",
        replace: "let outer = serving.change(0, base);",
        models: "join::",
    },
    Mutant {
        name: "join: a thief says what it serves when it has run it",
        file: PIECE,
        find: "let outer = serving.change(job.as_ptr().addr(), base);
        self.execute(job, Verb::Run(self));",
        replace: "self.execute(job, Verb::Run(self));
        let outer = serving.change(job.as_ptr().addr(), base);",
        models: "join::",
    },
    Mutant {
        name: "join: a thief's base is above its first piece",
        file: PIECE,
        find: "let outer = serving.change(job.as_ptr().addr(), base);",
        replace: "let outer = serving.change(job.as_ptr().addr(), base + 1);",
        models: "join::",
    },
    Mutant {
        name: "join: who waits does not look again when it was told",
        file: PIECE,
        find: "self.parker.park(nap.map_or(Deadline::NEVER, Deadline::after));",
        replace: "self.parker.park(Deadline::NEVER);
                self.parker.park(Deadline::NEVER);",
        models: "join::",
    },
    Mutant {
        name: "join: any token ends the wait for a stolen half",
        file: PIECE,
        find: "while !done() {
            if more()",
        replace: "if !done() {
            if more()",
        models: "join::",
    },
];

pub const UNSEEN: &[Mutant] = &[
    // `into_outcome` acquires the same value. In between the job is moved, which the checker does not see as an access: hence Acquire.
    Mutant {
        name: "install: the caller waits with Relaxed",
        file: STACK,
        find: "match self.state.load(Ordering::Acquire) {",
        replace: "match self.state.load(Ordering::Relaxed) {",
        models: "install::a_frame install::a_worker",
    },
    // The wait before it, or the pop of the job, has ordered everything.
    Mutant {
        name: "install: the outcome is looked at with Relaxed",
        file: STACK,
        find: "match self.state.load(Ordering::Acquire) {",
        replace: "match self.state.load(Ordering::Relaxed) {",
        models: "install::",
    },
    // It rations the fences, and nothing depends on it.
    Mutant {
        name: "install: thieves pay for heavy fences all at once",
        file: REGISTRY,
        find: "if self.heavy_turn.swap(true, Ordering::Relaxed) {",
        replace: "if self.heavy_turn.swap(true, Ordering::Relaxed) && false {",
        models: "install::",
    },
];
