//! `src/sync`: the model of the fences, and the futex made of a lock and a queue.

use crate::Mutant;

const FENCE: &str = "src/sync/fence.rs";
const FUTEX: &str = "src/sync/futex/portable.rs";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "fence: heavy without its fences",
        file: FENCE,
        find: "fence(Ordering::SeqCst);\n        if MODE.get() == Mode::Asymmetric {",
        replace: "if MODE.get() == Mode::Asymmetric {",
        models: "fence::",
    },
    Mutant {
        name: "fence: heavy without its read-modify-writes",
        file: FENCE,
        find: "cell.fetch_add(1, Ordering::AcqRel);",
        replace: "cell.load(Ordering::Acquire);",
        models: "fence::",
    },
    Mutant {
        name: "fence: light without its fence",
        file: FENCE,
        find: "Mode::Symmetric => fence(Ordering::SeqCst),",
        replace: "Mode::Symmetric => fence(Ordering::AcqRel),",
        models: "fence::",
    },
    Mutant {
        name: "fence: light without its read-modify-write",
        file: FENCE,
        find: "LIGHT[*mine].fetch_add(1, Ordering::AcqRel)",
        replace: "LIGHT[*mine].load(Ordering::Acquire)",
        models: "fence::",
    },
    Mutant {
        name: "futex: the word is compared before the lock is taken",
        file: FUTEX,
        find: "let mut queue = lock(&self.queue);
        // Ordering: Relaxed, as in the kernel; the lock orders this load after every wake that came before.
        if self.word.load(Ordering::Relaxed) != expected {
            return WaitOutcome::Woken;
        }",
        replace: "if self.word.load(Ordering::Relaxed) != expected {
            return WaitOutcome::Woken;
        }
        let mut queue = lock(&self.queue);",
        models: "park::",
    },
    Mutant {
        name: "futex: a woken waiter says that its time ran out",
        file: FUTEX,
        find: "if expired && queue.holds(ticket) {",
        replace: "if expired {",
        models: "park::",
    },
    Mutant {
        name: "futex: a waiter whose time ran out stays in the queue",
        file: FUTEX,
        find: "queue.waiters.retain(|waiter| waiter.ticket != ticket);",
        replace: "",
        models: "park::",
    },
    Mutant {
        name: "futex: wake_all wakes the first only",
        file: FUTEX,
        find: "waiters.iter().for_each(|waiter| waiter.condvar.notify_one());",
        replace: "waiters.iter().take(1).for_each(|waiter| waiter.condvar.notify_one());",
        models: "park::",
    },
];

pub const UNSEEN: &[Mutant] = &[];
