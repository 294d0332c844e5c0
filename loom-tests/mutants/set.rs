//! `src/set`, `src/park/bell.rs`, the mailboxes and the table of `src/local`.

use crate::Mutant;

const CORE: &str = "src/set/core.rs";
const PRODUCER: &str = "src/set/producer.rs";
const BELL: &str = "src/park/bell.rs";
const MAIL: &str = "src/registry/mailbox.rs";
const SLEEP: &str = "src/sleep/mod.rs";
const TABLE: &str = "src/local/table.rs";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "set: room is given back after the look for those who wait",
        file: CORE,
        find: "        let next = self.pass_room_on(&mut members);
        drop(members);",
        replace: "        let next = members.waiting.pop_front().map(|waiting| members.let_in(waiting));
        drop(members);
        if let (Some(gate), None) = (&self.gate, next) {
            gate.leave();
        }",
        models: "set::",
    },
    Mutant {
        name: "set: room is given twice, back and to one who waits",
        file: CORE,
        find: "if let (Some(gate), None) = (&self.gate, next) {",
        replace: "if let Some(gate) = &self.gate {",
        models: "set::",
    },
    Mutant {
        name: "set: who is let in at the end takes no room",
        file: CORE,
        find: "entering.iter().for_each(|_| gate.force());",
        replace: "",
        models: "set::",
    },
    Mutant {
        name: "set: the last delivery is not told",
        file: CORE,
        find: "if self.outstanding.fetch_sub(1, Ordering::AcqRel) == 1 {",
        replace: "if self.outstanding.fetch_sub(1, Ordering::AcqRel) == 0 {",
        models: "set::",
    },
    Mutant {
        name: "set: an outcome is not told",
        file: CORE,
        find: "            self.running.fetch_sub(1, Ordering::Release);
        }
        self.bell.ring();",
        replace: "            self.running.fetch_sub(1, Ordering::Release);
        }",
        models: "set::",
    },
    Mutant {
        name: "set: an outcome is told before it is there",
        file: CORE,
        find: "        self.done.push(Done { id: cell.id(), outcome, is_last: true });
        self.has_ended(ran);",
        replace: "        self.has_ended(ran);
        self.done.push(Done { id: cell.id(), outcome, is_last: true });",
        models: "set::",
    },
    Mutant {
        name: "set: a set that goes keeps its outcomes",
        file: CORE,
        find: "        while let Some(Done { outcome, .. }) = self.pop() {
            self.discard(outcome);
        }",
        replace: "        while let Some(Done { outcome, .. }) = self.pop() {
            std::mem::forget(outcome);
        }",
        models: "set::",
    },
    Mutant {
        name: "set: a producer pauses although the pool has closed",
        file: PRODUCER,
        find: "let stopped = if self.pool.is_closed() {",
        replace: "let stopped = if self.pool.is_closed() && false {",
        models: "set::",
    },
    Mutant {
        name: "set: a producer that was stopped pauses",
        file: PRODUCER,
        find: "members.get(self.id).is_some_and(|member| member.shall_stop).then_some(JobError::Cancelled)",
        replace: "members.get(self.id).is_some_and(|member| member.shall_stop && false).then_some(JobError::Cancelled)",
        models: "set::",
    },
    Mutant {
        name: "set: a producer that was let in takes room again",
        file: PRODUCER,
        find: "is_some_and(|member| member.has_room)",
        replace: "is_some_and(|member| member.has_room && false)",
        models: "set::",
    },
    Mutant {
        name: "bell: a ring without its fence",
        file: BELL,
        find: "        full_fence(Ordering::SeqCst);
        if self.asleep",
        replace: "        if self.asleep",
        models: "set::",
    },
    Mutant {
        name: "bell: a waiter without its fence",
        file: BELL,
        find: "            full_fence(Ordering::SeqCst);
            if let Some(result)",
        replace: "            if let Some(result)",
        models: "set::",
    },
    Mutant {
        name: "bell: a waiter does not announce itself",
        file: BELL,
        find: "self.asleep.swap(1, Ordering::AcqRel);",
        replace: "",
        models: "set::",
    },
    Mutant {
        name: "bell: a ring wakes one",
        file: BELL,
        find: "self.turn.wake_all();",
        replace: "self.turn.wake_one();",
        models: "set::",
    },
    Mutant {
        name: "bell: a ring leaves the turn",
        file: BELL,
        find: "self.turn.fetch_add(1, Ordering::Release);",
        replace: "",
        models: "set::",
    },
    Mutant {
        name: "bell: an announcement is taken away after the wake-up",
        file: BELL,
        find: "        if self.asleep.swap(0, Ordering::AcqRel) != 0 {
            self.turn.fetch_add(1, Ordering::Release);
            self.turn.wake_all();
        }",
        replace: "        self.turn.fetch_add(1, Ordering::Release);
        self.turn.wake_all();
        self.asleep.swap(0, Ordering::AcqRel);",
        models: "set::",
    },
    Mutant {
        name: "bell: a turn is read after the look",
        file: BELL,
        find: "            self.turn.wait(turn, left);",
        replace: "            self.turn.wait({ let _ = turn; self.turn.load(Ordering::Acquire) }, left);",
        models: "set::",
    },
    Mutant {
        name: "mail: a worker under others counts on them",
        file: SLEEP,
        find: "if has_mail {
                self.wake_all();",
        replace: "if has_mail && false {
                self.wake_all();",
        models: "mailbox::",
    },
    Mutant {
        name: "mail: a worker sleeps on its mail",
        file: SLEEP,
        find: "let has_mail = has_mail();",
        replace: "let has_mail = has_mail() && false;",
        models: "mailbox::",
    },
    Mutant {
        name: "mail: who reads is not told",
        file: MAIL,
        find: "reader.unpark();",
        replace: "let _ = reader;",
        models: "mailbox::",
    },
    Mutant {
        name: "mail: a worker that has left gets mail",
        file: MAIL,
        find: "if contents.is_closed {",
        replace: "if contents.is_closed && false {",
        models: "mailbox::",
    },
    Mutant {
        name: "local: a bucket is seen with Relaxed",
        file: TABLE,
        find: "let mut entries = self.buckets[bucket].load(Ordering::Acquire);",
        replace: "let mut entries = self.buckets[bucket].load(Ordering::Relaxed);",
        models: "local::",
    },
    Mutant {
        name: "local: a bucket is published with Acquire",
        file: TABLE,
        find: "made, Ordering::AcqRel, Ordering::Acquire)",
        replace: "made, Ordering::Acquire, Ordering::Acquire)",
        models: "local::",
    },
    Mutant {
        name: "local: another's bucket is taken with Relaxed",
        file: TABLE,
        find: "made, Ordering::AcqRel, Ordering::Acquire)",
        replace: "made, Ordering::AcqRel, Ordering::Relaxed)",
        models: "local::",
    },
    Mutant {
        name: "local: a bucket made in vain is kept",
        file: TABLE,
        find: "unsafe { free(made, bucket) };
                others",
        replace: "others",
        models: "local::",
    },
    Mutant {
        name: "local: a bucket made in vain is used",
        file: TABLE,
        find: "unsafe { free(made, bucket) };
                others",
        replace: "self.buckets[bucket].store(made, Ordering::Release);
                let _ = others;
                made",
        models: "local::",
    },
];

pub const UNSEEN: &[Mutant] = &[];
