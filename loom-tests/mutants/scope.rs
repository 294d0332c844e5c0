//! `src/park/latch.rs`, `src/registry/serving.rs`, `src/ops/scope`, and what only they need of a worker.

use crate::Mutant;

const LATCH: &str = "src/park/latch.rs";
const SERVING: &str = "src/registry/serving.rs";
const CORE: &str = "src/ops/scope/core.rs";
const ASIDE: &str = "src/ops/scope/aside.rs";
const SCOPED: &str = "src/ops/scope/piece.rs";
const WORKER: &str = "src/worker/piece.rs";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "latch: counts down with Relaxed",
        file: LATCH,
        find: "if latch.outstanding.fetch_sub(count, Ordering::AcqRel) == count {",
        replace: "if latch.outstanding.fetch_sub(count, Ordering::Relaxed) == count {",
        models: "latch::",
    },
    Mutant {
        name: "latch: counts down with Release only",
        file: LATCH,
        find: "if latch.outstanding.fetch_sub(count, Ordering::AcqRel) == count {",
        replace: "if latch.outstanding.fetch_sub(count, Ordering::Release) == count {",
        models: "latch::",
    },
    Mutant {
        name: "latch: counts down with Acquire only",
        file: LATCH,
        find: "if latch.outstanding.fetch_sub(count, Ordering::AcqRel) == count {",
        replace: "if latch.outstanding.fetch_sub(count, Ordering::Acquire) == count {",
        models: "latch::",
    },
    Mutant {
        name: "latch: the end is published with Relaxed",
        file: LATCH,
        find: "ended.store(1, Ordering::Release);",
        replace: "ended.store(1, Ordering::Relaxed);",
        models: "latch::",
    },
    Mutant {
        name: "latch: the end is seen with Relaxed",
        file: LATCH,
        find: "self.ended.load(Ordering::Acquire) == 1",
        replace: "self.ended.load(Ordering::Relaxed) == 1",
        models: "latch::",
    },
    Mutant {
        name: "latch: the unparker is read after the end",
        file: LATCH,
        find: "let unparker = latch.unparker.clone();",
        replace: "latch.ended.store(1, Ordering::Release);
            crate::sync::spin_hint();
            let unparker = latch.unparker.clone();",
        models: "latch::",
    },
    Mutant {
        name: "latch: who waits is not told",
        file: LATCH,
        find: "unparker.unpark();",
        replace: "drop(unparker);",
        models: "latch::",
    },
    Mutant {
        name: "latch: who waits is told before the end",
        file: LATCH,
        find: "ended.store(1, Ordering::Release);
            unparker.unpark();",
        replace: "unparker.unpark();
            ended.store(1, Ordering::Release);",
        models: "latch::",
    },
    Mutant {
        name: "latch: who waits leaves with Relaxed",
        file: LATCH,
        find: "self.outstanding.fetch_sub(1, Ordering::AcqRel) == 1",
        replace: "self.outstanding.fetch_sub(1, Ordering::Relaxed) == 1",
        models: "latch::",
    },
    Mutant {
        name: "steal_back: the base does not count",
        file: SERVING,
        find: "|top| top >= base",
        replace: "|_| base >= 0",
        models: "steal_back::",
    },
    Mutant {
        name: "steal_back: the version is not looked at again",
        file: SERVING,
        find: "|| self.version.load(Ordering::Relaxed) == version",
        replace: "|| version % 2 == 0",
        models: "steal_back::",
    },
    Mutant {
        name: "steal_back: the version is looked at before the bottom",
        file: SERVING,
        find: "deque.steal_if(|top| top >= base, || self.version.load(Ordering::Relaxed) == version)",
        replace: "let is_still = self.version.load(Ordering::Relaxed) == version;
        deque.steal_if(|top| top >= base, || is_still)",
        models: "steal_back::",
    },
    Mutant {
        name: "steal_back: what is awaited does not count",
        file: SERVING,
        find: "if version % 2 == 1 || self.awaited.load(Ordering::Acquire) != awaited {",
        replace: "if version % 2 == 1 || awaited == 0 {",
        models: "steal_back::",
    },
    Mutant {
        name: "steal_back: a change does not begin a new version",
        file: SERVING,
        find: "self.version.store(version + 1, Ordering::Relaxed);",
        replace: "",
        models: "steal_back::",
    },
    Mutant {
        name: "steal_back: the awaited address is stored with Relaxed",
        file: SERVING,
        find: "self.awaited.store(awaited, Ordering::Release);",
        replace: "self.awaited.store(awaited, Ordering::Relaxed);",
        models: "steal_back::",
    },
    Mutant {
        name: "steal_back: the version is stored with Relaxed",
        file: SERVING,
        find: "self.version.store(version + 2, Ordering::Release);",
        replace: "self.version.store(version + 2, Ordering::Relaxed);",
        models: "steal_back::",
    },
    Mutant {
        name: "scope: a job is not counted",
        file: CORE,
        find: "self.latch.add(1);",
        replace: "",
        models: "scope::",
    },
    Mutant {
        name: "scope: a worker's job is not counted",
        file: WORKER,
        find: "unsafe { scope.as_ref() }.add(count);",
        replace: "unsafe { scope.as_ref() }.add(count - 1);",
        models: "scope::",
    },
    Mutant {
        name: "scope: the worker keeps its credit",
        file: WORKER,
        find: "// Last: it may end what we served.
        self.settle_credit();",
        replace: "",
        models: "scope::",
    },
    Mutant {
        name: "scope: the waiter keeps its credit",
        file: CORE,
        find: "worker.settle_credit();",
        replace: "",
        models: "scope::",
    },
    Mutant {
        name: "scope: a job ends before it has run",
        file: SCOPED,
        find: "    owner.started();
    Worker::with_current_of(",
        replace: "    owner.started();
    Worker::with_current_of(scope.registry(), |worker| if let Some(worker) = worker { worker.count_done(latch); worker.settle_credit() });
    Worker::with_current_of(",
        models: "scope::",
    },
    Mutant {
        name: "scope: the waiter does not run what was put aside",
        file: CORE,
        find: "let run_aside = || self.take_aside().map(|job| worker.run_piece(job)).is_some();",
        replace: "let run_aside = || false;",
        models: "scope::",
    },
    Mutant {
        name: "scope: no ticket is queued",
        file: ASIDE,
        find: "if aside.has_ticket.swap(true, Ordering::AcqRel) {",
        replace: "if aside.has_ticket.swap(true, Ordering::AcqRel) || true {",
        models: "scope::",
    },
    Mutant {
        name: "scope: a ticket is lowered after the look for a job",
        file: ASIDE,
        find: "    // Ordering: Acquire: we see the jobs of those who found it raised.
    aside.has_ticket.swap(false, Ordering::AcqRel);
    match verb {
        // SAFETY: `aside` is a reference, until the end of this function.
        Verb::Run(_) => unsafe { Aside::run_one(this) },",
        replace: "    match verb {
        Verb::Run(_) => {
            unsafe { Aside::run_one(this) };
            aside.has_ticket.swap(false, Ordering::AcqRel);
        }",
        models: "scope::",
    },
    Mutant {
        name: "scope: the last job of a ticket keeps the others waiting",
        file: ASIDE,
        find: "if !aside.jobs.is_empty() {",
        replace: "if !aside.jobs.is_empty() && false {",
        models: "scope::",
    },
    Mutant {
        name: "scope: a shutdown forgets the ticket",
        file: ASIDE,
        find: "_ => aside.unparker.unpark(),",
        replace: "_ => {}",
        models: "scope::a_scope_against",
    },
    Mutant {
        name: "scope: a cancel ends the ticket",
        file: ASIDE,
        find: "if matches!(verb, Verb::End(_, Reason::Cancelled) | Verb::Bury | Verb::Settle(_) | Verb::Probe(_) | Verb::Fire) {",
        replace: "if matches!(verb, Verb::Bury) {",
        models: "scope::a_scope_against_cancel",
    },
    Mutant {
        name: "scope: the thread outside leaves the jobs of an ended pool",
        file: CORE,
        find: "if self.run_what_the_pool_will_not() {",
        replace: "if false {",
        models: "scope::a_scope_against",
    },
];
