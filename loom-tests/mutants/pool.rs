//! `src/worker` and `src/registry`: a worker's life, and a pool's.

use crate::Mutant;

const RUN: &str = "src/worker/run.rs";
const SEARCH: &str = "src/worker/search.rs";
const REGISTRY: &str = "src/registry/mod.rs";
const ENTERING: &str = "src/registry/entering.rs";
const LIFECYCLE: &str = "src/registry/lifecycle.rs";
const ENDING: &str = "src/registry/ending.rs";
const SLEEP: &str = "src/sleep/mod.rs";
const MODELS: &str = "pool:: closing::";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "pool: a worker leaves without a look at what is left",
        file: RUN,
        find: "if closed && self.registry.nothing_left(self.index) {",
        replace: "if closed {",
        models: MODELS,
    },
    Mutant {
        name: "pool: a worker leaves although a sweeper has jobs in hand",
        file: REGISTRY,
        find: "self.shared.is_empty_for_sure(index) && !self.has_queued()",
        replace: "{
            let _ = index;
            !self.has_queued()
        }",
        models: "closing::a_sweep",
    },
    Mutant {
        name: "pool: a worker never says that it has left",
        file: RUN,
        find: "worker.registry.worker_left(index);",
        replace: "",
        models: MODELS,
    },
    Mutant {
        name: "pool: a worker that found work tells nobody of more",
        file: RUN,
        find: "sleep.found_work(searching, || self.registry.has_work())",
        replace: "sleep.found_work(searching, || false)",
        models: MODELS,
    },
    Mutant {
        name: "pool: a worker falls asleep without a look",
        file: RUN,
        find: "registry.sleep().sleep(searching, self.index, || registry.has_work(), has_mail, before_park)",
        replace: "registry.sleep().sleep(searching, self.index, || false, has_mail, before_park)",
        models: MODELS,
    },
    Mutant {
        name: "pool: a thief looks for no spawned jobs",
        file: SEARCH,
        find: "match slot.steal_spawned() {
            Steal::Success(job) => Steal::Success(Found::Job(job)),",
        replace: "match Steal::<JobRef>::Empty {
            Steal::Success(job) => Steal::Success(Found::Job(job)),",
        models: MODELS,
    },
    // Stand for an exchange that is not SeqCst.
    Mutant {
        name: "pool: a submitter outside tells of a closure without a fence",
        file: ENTERING,
        find: "// Ordering: PushFence: a SeqCst exchange.
        fence::after_exchange();",
        replace: "",
        models: MODELS,
    },
    Mutant {
        name: "pool: a submitter outside tells of a job without a fence",
        file: ENTERING,
        find: "Lane::Back | Lane::Due => fence::after_exchange(),",
        replace: "Lane::Back | Lane::Due => {}",
        models: MODELS,
    },
    Mutant {
        name: "pool: a submitter outside does not look whether the last worker has left",
        file: ENTERING,
        find: "if self.lifecycle.is_drained() {",
        replace: "if self.lifecycle.is_drained() && false {",
        models: MODELS,
    },
    Mutant {
        name: "pool: a submitter outside tells before its push",
        file: ENTERING,
        find: "self.push_shared(job, lane);
        // Ordering: PushFence; the injector's push is a SeqCst exchange.
        match lane {
            Lane::Back | Lane::Due => fence::after_exchange(),
            Lane::Express => full_fence(Ordering::SeqCst),
        }
        self.tell_from_outside();",
        replace: "self.tell_from_outside();
        self.push_shared(job, lane);",
        models: MODELS,
    },
    Mutant {
        name: "pool: a worker falls asleep over the end",
        file: REGISTRY,
        find: "self.is_closed() || self.has_queued()",
        replace: "self.has_queued()",
        models: MODELS,
    },
    Mutant {
        name: "pool: a worker falls asleep over shared jobs",
        file: REGISTRY,
        find: "!self.shared.is_empty()
            || self.workers",
        replace: "self.workers",
        models: MODELS,
    },
    Mutant {
        name: "pool: a worker falls asleep over spawned jobs",
        file: REGISTRY,
        find: "!slot.fork_join.is_empty() || !slot.spawned.is_empty()",
        replace: "!slot.fork_join.is_empty()",
        models: "pool::a_long_job",
    },
    Mutant {
        name: "pool: no fence between the flag and the look at the sleepers",
        file: LIFECYCLE,
        find: "full_fence(Ordering::SeqCst);
        self.sleep.wake_all();",
        replace: "self.sleep.wake_all();",
        models: MODELS,
    },
    Mutant {
        name: "pool: closing wakes nobody",
        file: LIFECYCLE,
        find: "self.sleep.wake_all();",
        replace: "",
        models: MODELS,
    },
    Mutant {
        name: "pool: closing wakes the sleepers before it sets the flag",
        file: LIFECYCLE,
        find: "self.lifecycle.flags.fetch_or(flags, Ordering::AcqRel);
        // Ordering: the flag comes before our look at the sleepers; pairs with SleepFence.
        full_fence(Ordering::SeqCst);
        self.sleep.wake_all();",
        replace: "full_fence(Ordering::SeqCst);
        self.sleep.wake_all();
        self.lifecycle.flags.fetch_or(flags, Ordering::AcqRel);",
        models: MODELS,
    },
    Mutant {
        name: "pool: closing leaves waiting submitters alone",
        file: LIFECYCLE,
        find: "gate.wake_all();",
        replace: "let _ = gate;",
        models: MODELS,
    },
    Mutant {
        name: "pool: the last worker does not say so",
        file: LIFECYCLE,
        find: "self.lifecycle.drained.swap(true, Ordering::AcqRel);",
        replace: "",
        models: MODELS,
    },
    Mutant {
        name: "pool: the last worker ends what is left before it says that it is the last",
        file: LIFECYCLE,
        find: "self.lifecycle.drained.swap(true, Ordering::AcqRel);
        full_fence(Ordering::SeqCst);
        self.end_queued(Reason::ShutDown);",
        replace: "self.end_queued(Reason::ShutDown);
        self.lifecycle.drained.swap(true, Ordering::AcqRel);
        full_fence(Ordering::SeqCst);",
        models: "pool::submit_against",
    },
    Mutant {
        name: "pool: the last worker does not end what is left",
        file: LIFECYCLE,
        find: "full_fence(Ordering::SeqCst);
        self.end_queued(Reason::ShutDown);
        self.idle.tell();",
        replace: "full_fence(Ordering::SeqCst);
        self.idle.tell();",
        models: "pool::submit_against",
    },
    Mutant {
        name: "pool: a sweep tells nobody of the jobs that it has put back",
        file: ENDING,
        find: "// A worker that came by meanwhile left the queue alone, and may sleep by now.
        self.tell_from_outside();",
        replace: "",
        models: "pool::a_sweep",
    },
    Mutant {
        name: "pool: a sweep tells of them without a fence",
        file: ENDING,
        find: "full_fence(Ordering::SeqCst);
        // A worker that came by",
        replace: "// A worker that came by",
        models: "pool::a_sweep",
    },
    Mutant {
        name: "pool: a worker arrives unnoticed by those who wait for idleness",
        file: SLEEP,
        find: "let step = Counters::ONE_SEARCHER + Counters::ONE_TAG;",
        replace: "let step = Counters::ONE_SEARCHER;",
        models: MODELS,
    },
];

pub const UNSEEN: &[Mutant] = &[
    // The next five let a worker overlook a job that came before the pool closed. It looks twice, and lets others run in between, after which the checker
    // shows it no old value again.
    Mutant {
        name: "pool: a handle is given up with Relaxed",
        file: REGISTRY,
        find: "self.handles.fetch_sub(1, Ordering::AcqRel)",
        replace: "self.handles.fetch_sub(1, Ordering::Relaxed)",
        models: MODELS,
    },
    Mutant {
        name: "pool: a handle is given up with Acquire only",
        file: REGISTRY,
        find: "self.handles.fetch_sub(1, Ordering::AcqRel)",
        replace: "self.handles.fetch_sub(1, Ordering::Acquire)",
        models: MODELS,
    },
    Mutant {
        name: "pool: a handle is given up with Release only",
        file: REGISTRY,
        find: "self.handles.fetch_sub(1, Ordering::AcqRel)",
        replace: "self.handles.fetch_sub(1, Ordering::Release)",
        models: MODELS,
    },
    Mutant {
        name: "pool: the flag is seen with Relaxed",
        file: LIFECYCLE,
        find: "self.lifecycle.flags.load(Ordering::Acquire) & CLOSED",
        replace: "self.lifecycle.flags.load(Ordering::Relaxed) & CLOSED",
        models: MODELS,
    },
    Mutant {
        name: "pool: the flag is set with Acquire only",
        file: LIFECYCLE,
        find: "self.lifecycle.flags.fetch_or(flags, Ordering::AcqRel);",
        replace: "self.lifecycle.flags.fetch_or(flags, Ordering::Acquire);",
        models: MODELS,
    },
    // It looks at what is left after that.
    Mutant {
        name: "pool: the flag is looked at after the search",
        file: RUN,
        find: "if closed && self.registry.nothing_left(self.index) {",
        replace: "let _ = closed;
            if self.registry.is_closed() && self.registry.nothing_left(self.index) {",
        models: MODELS,
    },
    // What it did not wait for, the wait for idleness right after it does, but for the destructors of thread-locals.
    Mutant {
        name: "pool: a timed shutdown waits for no worker",
        file: LIFECYCLE,
        find: "while word.load(Ordering::Acquire) == 0 {",
        replace: "while word.load(Ordering::Acquire) == 0 && false {",
        models: MODELS,
    },
    // Who waits for the end loads the event count's word too, which each worker has changed when it left.
    Mutant {
        name: "pool: a worker is counted as gone with Relaxed",
        file: LIFECYCLE,
        find: "self.lifecycle.alive.fetch_sub(1, Ordering::AcqRel)",
        replace: "self.lifecycle.alive.fetch_sub(1, Ordering::Relaxed)",
        models: MODELS,
    },
    // The next two: the fences of a submitter, and those around the looks for idleness, do the same.
    Mutant {
        name: "pool: the last worker says so with Relaxed",
        file: LIFECYCLE,
        find: "self.lifecycle.drained.swap(true, Ordering::AcqRel);",
        replace: "self.lifecycle.drained.swap(true, Ordering::Relaxed);",
        models: "closing::idleness pool::submit_against",
    },
    Mutant {
        name: "pool: that the last worker has left is seen with Relaxed",
        file: LIFECYCLE,
        find: "self.drained.load(Ordering::SeqCst)",
        replace: "self.drained.load(Ordering::Relaxed)",
        models: "closing::idleness pool::submit_against",
    },
    // Ending what is left begins with the heavy fence of a turn.
    Mutant {
        name: "pool: no fence after the last worker has said so",
        file: LIFECYCLE,
        find: "full_fence(Ordering::SeqCst);
        self.end_queued(Reason::ShutDown);
        self.idle.tell();",
        replace: "self.end_queued(Reason::ShutDown);
        self.idle.tell();",
        models: MODELS,
    },
    // Ending what is left tells them when it is done.
    Mutant {
        name: "pool: the last worker does not tell those who wait for idleness",
        file: LIFECYCLE,
        find: "self.end_queued(Reason::ShutDown);
        self.idle.tell();",
        replace: "self.end_queued(Reason::ShutDown);",
        models: MODELS,
    },
    // The next three: the wait for idleness right after it acquires the same, and more; and a waiter with a time limit wakes by itself.
    Mutant {
        name: "pool: that all workers have left is set with Relaxed",
        file: LIFECYCLE,
        find: "self.lifecycle.left.swap(1, Ordering::Release);",
        replace: "self.lifecycle.left.swap(1, Ordering::Relaxed);",
        models: MODELS,
    },
    Mutant {
        name: "pool: that all workers have left is told to nobody",
        file: LIFECYCLE,
        find: "self.lifecycle.left.wake_all();",
        replace: "",
        models: MODELS,
    },
    Mutant {
        name: "pool: that the threads are joined is set with Relaxed",
        file: LIFECYCLE,
        find: "self.lifecycle.joined.swap(1, Ordering::Release);",
        replace: "self.lifecycle.joined.swap(1, Ordering::Relaxed);",
        models: MODELS,
    },
    // One worker is always the last. Of two, the one that leaves yields before, and the checker lets the other run on then.
    Mutant {
        name: "pool: every worker that leaves is the last",
        file: LIFECYCLE,
        find: "if self.lifecycle.alive.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }",
        replace: "self.lifecycle.alive.fetch_sub(1, Ordering::AcqRel);",
        models: "closing::a_",
    },
];
