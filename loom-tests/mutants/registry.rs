//! `src/registry`: the gate.

use crate::Mutant;

const GATE: &str = "src/registry/gate.rs";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "gate: room for one too many",
        file: GATE,
        find: "(queued < self.capacity)",
        replace: "(queued <= self.capacity)",
        models: "gate::",
    },
    Mutant {
        name: "gate: enters with Relaxed",
        file: GATE,
        find: "self.queued.fetch_update(Ordering::AcqRel, Ordering::Acquire, room)",
        replace: "self.queued.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room)",
        models: "gate::",
    },
    Mutant {
        name: "gate: enters by load and store",
        file: GATE,
        find: "let entered = self.queued.fetch_update(Ordering::AcqRel, Ordering::Acquire, room);",
        replace: "let entered = room(self.queued.load(Ordering::Acquire))
            .map(|more| drop(self.queued.swap(more, Ordering::AcqRel)))
            .ok_or(());",
        models: "gate::",
    },
    Mutant {
        name: "gate: leaves with Relaxed",
        file: GATE,
        find: "let before = self.queued.fetch_sub(1, Ordering::AcqRel);",
        replace: "let before = self.queued.fetch_sub(1, Ordering::Relaxed);",
        models: "gate::",
    },
    Mutant {
        name: "gate: forces by load and store",
        file: GATE,
        find: "self.queued.fetch_add(1, Ordering::AcqRel);",
        replace: "let queued = self.queued.load(Ordering::Acquire);
        self.queued.swap(queued + 1, Ordering::AcqRel);",
        models: "gate::",
    },
    Mutant {
        name: "gate: waiter without its fence",
        file: GATE,
        find: "full_fence(Ordering::SeqCst);
            if closed() {",
        replace: "if closed() {",
        models: "gate::",
    },
    Mutant {
        name: "gate: waiter announces itself after its look",
        file: GATE,
        find: "self.waiters.fetch_add(1, Ordering::AcqRel);
        let result = self.wait_for_room(closed);",
        replace: "let turn = self.turn.load(Ordering::Acquire);
        full_fence(Ordering::SeqCst);
        let full = self.queued.load(Ordering::Relaxed) >= self.capacity;
        self.waiters.fetch_add(1, Ordering::AcqRel);
        if full {
            self.turn.wait(turn, None);
        }
        let result = self.wait_for_room(closed);",
        models: "gate::",
    },
    Mutant {
        name: "gate: waiter loads the turn after its look",
        file: GATE,
        find: "self.turn.wait(turn, None);",
        replace: "self.turn.wait(self.turn.load(Ordering::Acquire), None);",
        models: "gate::",
    },
    Mutant {
        name: "gate: waiter lingers without a limit",
        file: GATE,
        find: "self.turn.wait(turn, Some(LINGER))",
        replace: "self.turn.wait(turn, None)",
        models: "gate::",
    },
    Mutant {
        name: "gate: waiter enters without a look",
        file: GATE,
        find: "} else if self.try_enter().is_ok() {",
        replace: "} else if self.queued.fetch_add(1, Ordering::AcqRel) < usize::MAX {",
        models: "gate::",
    },
    Mutant {
        name: "gate: who enters wakes nobody",
        file: GATE,
        find: "if others_wait && self.queued.load(Ordering::Relaxed) < self.capacity {",
        replace: "if false {",
        models: "gate::",
    },
    Mutant {
        name: "gate: who enters sees only one of two that wait",
        file: GATE,
        find: "self.waiters.fetch_sub(1, Ordering::AcqRel) > 1;",
        replace: "self.waiters.fetch_sub(1, Ordering::AcqRel) > 2;",
        models: "gate::",
    },
    Mutant {
        name: "gate: leave without its fence",
        file: GATE,
        find: "full_fence(Ordering::SeqCst);
            if self.waiters",
        replace: "if self.waiters",
        models: "gate::",
    },
    Mutant {
        name: "gate: leave looks for waiters first",
        file: GATE,
        find: "let before = self.queued.fetch_sub(1, Ordering::AcqRel);
        if before == self.capacity || before == self.half() + 1 {
            // Ordering: the room that we made comes before the look at `waiters`.
            full_fence(Ordering::SeqCst);
            if self.waiters.load(Ordering::Relaxed) != 0 {",
        replace: "let waiters = self.waiters.load(Ordering::Relaxed);
        let before = self.queued.fetch_sub(1, Ordering::AcqRel);
        if before == self.capacity || before == self.half() + 1 {
            full_fence(Ordering::SeqCst);
            if waiters != 0 {",
        models: "gate::",
    },
    Mutant {
        name: "gate: leave tells of no first room",
        file: GATE,
        find: "if before == self.capacity || before == self.half() + 1 {",
        replace: "if before == self.half() + 1 {",
        models: "gate::",
    },
    Mutant {
        name: "gate: a wake changes no turn",
        file: GATE,
        find: "self.turn.fetch_add(1, Ordering::Release);
        self.turn.wake_one();",
        replace: "self.turn.wake_one();",
        models: "gate::",
    },
    Mutant {
        name: "gate: a wake comes before the turn changes",
        file: GATE,
        find: "self.turn.fetch_add(1, Ordering::Release);
        self.turn.wake_one();",
        replace: "self.turn.wake_one();
        self.turn.fetch_add(1, Ordering::Release);",
        models: "gate::",
    },
    Mutant {
        name: "gate: a wake changes the turn only",
        file: GATE,
        find: "self.turn.wake_one();",
        replace: "",
        models: "gate::",
    },
    Mutant {
        name: "gate: closing wakes one",
        file: GATE,
        find: "self.turn.wake_all();",
        replace: "self.turn.wake_one();",
        models: "gate::",
    },
    Mutant {
        name: "gate: closing changes no turn",
        file: GATE,
        find: "self.turn.fetch_add(1, Ordering::Release);
        self.turn.wake_all();",
        replace: "self.turn.wake_all();",
        models: "gate::",
    },
    Mutant {
        name: "gate: closing publishes nothing",
        file: GATE,
        find: "full_fence(Ordering::SeqCst);
        self.turn.fetch_add(1, Ordering::Release);
        self.turn.wake_all();",
        replace: "self.turn.fetch_add(1, Ordering::Relaxed);
        self.turn.wake_all();",
        models: "gate::",
    },
];

pub const UNSEEN: &[Mutant] = &[
    // The turn has Release, and a waiter that reads the old turn does not sleep past the wake.
    Mutant {
        name: "gate: closing without its fence",
        file: GATE,
        find: "full_fence(Ordering::SeqCst);
        self.turn.fetch_add(1, Ordering::Release);
        self.turn.wake_all();",
        replace: "self.turn.fetch_add(1, Ordering::Release);
        self.turn.wake_all();",
        models: "gate::",
    },
    // The fences on both sides do the same: after the load, and before each change of the turn.
    Mutant {
        name: "gate: waiter loads the turn with Relaxed",
        file: GATE,
        find: "let turn = self.turn.load(Ordering::Acquire);",
        replace: "let turn = self.turn.load(Ordering::Relaxed);",
        models: "gate::",
    },
    // Each leave then wakes for nothing: slower, and nothing worse.
    Mutant {
        name: "gate: a wake changes the turn with Relaxed",
        file: GATE,
        find: "self.turn.fetch_add(1, Ordering::Release);
        self.turn.wake_one();",
        replace: "self.turn.fetch_add(1, Ordering::Relaxed);
        self.turn.wake_one();",
        models: "gate::",
    },
    // Each event then wakes for nothing: slower, and nothing worse.
    Mutant {
        name: "gate: waiter stays counted",
        file: GATE,
        find: "self.waiters.fetch_sub(1, Ordering::AcqRel) > 1;",
        replace: "self.waiters.load(Ordering::Acquire) > 1;",
        models: "gate::",
    },
    // Whoever lingers enters in the end, and wakes the next.
    Mutant {
        name: "gate: leave does not tell of the queue's being half empty",
        file: GATE,
        find: "if before == self.capacity || before == self.half() + 1 {",
        replace: "if before == self.capacity {",
        models: "gate::",
    },
];
