//! `src/job` and `src/ops/handle.rs`: telling whoever waits for a submitted job.

use crate::Mutant;

const STATE: &str = "src/job/state.rs";
const REFERENCE: &str = "src/job/reference.rs";
const HANDLE: &str = "src/ops/handle.rs";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "waiter: published on a job that has ended",
        file: STATE,
        find: "(!word.phase().has_ended()).then_some(Snapshot(word.0 | WAITER))",
        replace: "Some(Snapshot(word.0 | WAITER))",
        models: "job:: waiter::",
    },
    Mutant {
        name: "waiter: taken back from a job that has ended",
        file: STATE,
        find: "(!word.phase().has_ended()).then_some(Snapshot(word.0 & !WAITER))",
        replace: "Some(Snapshot(word.0 & !WAITER))",
        models: "job:: waiter::",
    },
    Mutant {
        name: "waiter: a completer does not look for it",
        file: STATE,
        find: "Ok(before) if before.has_waiter() => Completed::Waited { released: gives(before) },",
        replace: "",
        models: "job:: waiter::",
    },
    Mutant {
        name: "waiter: a canceller does not look for it",
        file: STATE,
        find: "result.is_ok_and(Snapshot::has_waiter)",
        replace: "result.is_err()",
        models: "job:: waiter::",
    },
    Mutant {
        name: "waiter: told before the cancelled job has ended",
        file: REFERENCE,
        find: "if self.head().word.end_cancel(ended) {
            self.notify_waiter(owner);
        }",
        replace: "self.notify_waiter(owner);
        let _ = self.head().word.end_cancel(ended);",
        models: "job:: waiter::",
    },
    Mutant {
        name: "waiter: published before it is there",
        file: REFERENCE,
        find: "head.waiter.with_mut(|slot| unsafe { *slot = Some(waiter) });
        self.published = head.word.set_waiter();",
        replace: "self.published = head.word.set_waiter();
        head.waiter.with_mut(|slot| unsafe { *slot = Some(waiter) });",
        models: "job:: waiter::",
    },
    Mutant {
        name: "waiter: replaced while it is published",
        file: REFERENCE,
        find: "if !self.withdraw_waiter() {
            return Err(waiter);
        }",
        replace: "",
        models: "job:: waiter::",
    },
    Mutant {
        name: "waiter: taken back without clearing the bit",
        file: REFERENCE,
        find: "if !self.raw.head().word.clear_waiter() {
                return false;
            }",
        replace: "if self.raw.has_ended() {
                return false;
            }",
        models: "job:: waiter::",
    },
    Mutant {
        name: "waiter: a callback is taken back by its handle",
        file: REFERENCE,
        find: "Ok(()) => self.published = false,",
        replace: "Ok(()) => {}",
        models: "job:: waiter::",
    },
    Mutant {
        name: "waiter: a callback on a job that has ended is not called",
        file: REFERENCE,
        find: "Err(waiter) => token.tell(None, waiter.notify(&token)),",
        replace: "Err(waiter) => drop(waiter),",
        models: "job:: waiter::",
    },
    Mutant {
        name: "waiter: the callback's panic is forgotten",
        file: REFERENCE,
        find: "let told = waiter.map_or(Ok(()), |waiter| waiter.notify(self));
        self.tell(owner, told);",
        replace: "let told = waiter.map_or(Ok(()), |waiter| waiter.notify(self));
        std::mem::forget((owner.is_some(), told));",
        models: "job:: waiter::",
    },
    Mutant {
        name: "waiter: a thread parks without being one",
        file: HANDLE,
        find: "if cell.set_waiter(Waiter::Thread(parker.unparker().clone())).is_err() {
            return true;
        }",
        replace: "if cell.raw().has_ended() {
            return true;
        }",
        models: "job:: waiter::",
    },
    Mutant {
        name: "waiter: any token ends a thread's wait",
        file: HANDLE,
        find: "while !cell.raw().has_ended() {
            if !parker.park(deadline) {",
        replace: "if !cell.raw().has_ended() {
            if !parker.park(deadline) {",
        models: "waiter::two_joins",
    },
    Mutant {
        name: "waiter: a thread whose time is over takes the outcome",
        file: HANDLE,
        find: "return !cell.withdraw_waiter();",
        replace: "return cell.withdraw_waiter();",
        models: "job:: waiter::",
    },
    Mutant {
        name: "waiter: a task looks before it registers, not after",
        file: HANDLE,
        find: "let ended = cell.raw().has_ended() || cell.set_waiter(Waiter::Task(waker)).is_err();",
        replace: "let ended = cell.raw().has_ended();
        let _ = ended || cell.set_waiter(Waiter::Task(waker)).is_err();",
        models: "job:: waiter::",
    },
];

pub const UNSEEN: &[Mutant] = &[
    // Whoever ends the job then tells one who no longer waits: in vain, and nothing worse.
    Mutant {
        name: "waiter: a dropped handle leaves it",
        file: REFERENCE,
        find: "// If the job has ended, whoever ended it has the waiter.
        self.withdraw_waiter();",
        replace: "",
        models: "job:: waiter::",
    },
];
