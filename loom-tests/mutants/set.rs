//! `src/set`, `src/job/pile.rs`, `src/worker/strand.rs`, the mailboxes and the table of `src/local`.

use crate::Mutant;

const CORE: &str = "src/set/core.rs";
const PRODUCER: &str = "src/set/producer.rs";
const STRAND: &str = "src/worker/strand.rs";
const OUTBOX: &str = "src/set/outbox.rs";
const PILE: &str = "src/job/pile.rs";
const STATE: &str = "src/job/state.rs";
const MAIL: &str = "src/registry/mailbox.rs";
const SLEEP: &str = "src/sleep/mod.rs";
const TABLE: &str = "src/local/table.rs";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "set: room is given back after the look for those who wait",
        file: CORE,
        find: "        let next = self.pass_room_on(&mut members);
        // Who sleeps need not be told of the last one: the push has woken everybody, and under the lock each finds the outcome, or nothing outstanding.
        self.add_outstanding(&mut members, -1);
        drop(members);",
        replace: "        let next = members.waiting.pop_front().map(|waiting| members.let_in(waiting));
        self.add_outstanding(&mut members, -1);
        drop(members);
        if let (Some(gate), None) = (&self.gate, next) {
            gate.leave();
        }",
        models: "set::",
    },
    Mutant {
        name: "set: room is given twice, back and to one who waits",
        file: CORE,
        find: "        self.pool.count();
        Some(members.let_in(waiting))",
        replace: "        self.pool.count();
        gate.leave();
        Some(members.let_in(waiting))",
        models: "set::",
    },
    Mutant {
        name: "set: who may run members is not told of a new one",
        file: CORE,
        find: "let somebody_waits = members.runners > 0;",
        replace: "let somebody_waits = members.runners > 0 && false;",
        models: "set::",
    },
    Mutant {
        name: "strand: its turn is passed with Relaxed",
        file: STRAND,
        find: "self.turn.store(side, Ordering::Release);",
        replace: "self.turn.store(side, Ordering::Relaxed);",
        models: "set::a_producer",
    },
    Mutant {
        name: "strand: its turn is seen with Relaxed",
        file: STRAND,
        find: "while self.turn.load(Ordering::Acquire) != side {",
        replace: "while self.turn.load(Ordering::Relaxed) != side {",
        models: "set::a_producer",
    },
    Mutant {
        name: "strand: nobody is woken when the turn passes",
        file: STRAND,
        find: "        self.turn.wake_all();",
        replace: "",
        models: "set::a_producer",
    },
    Mutant {
        name: "strand: a dropped one stays",
        file: STRAND,
        find: "        let said = self.relay.send(Message::End(Place::of_this_thread()));",
        replace: "        let said = None::<Said<P, Result<R, Payload>>>;
        return;",
        models: "set::a_producer",
    },
    Mutant {
        name: "set: who is let in at the end takes no room",
        file: CORE,
        find: "            gate.force();
            self.pool.count();",
        replace: "            let _ = gate;
            self.pool.count();",
        models: "set::",
    },
    Mutant {
        name: "set: a member runs until it has been pushed",
        file: CORE,
        find: "        if cell.has_run() {
            // Ordering: Release, and before the push: a waiter that is after the push, or that the push wakes, sees that the member does not run.
            traffic.running.fetch_sub(1, Ordering::Release);
        }
        if let Err(cell) = traffic.outbox.push(cell) {",
        replace: "        let has_run = cell.has_run();
        let refused = traffic.outbox.push(cell);
        if has_run {
            traffic.running.fetch_sub(1, Ordering::Release);
        }
        if let Err(cell) = refused {",
        models: "set::",
    },
    Mutant {
        name: "set: a stage's end is not told",
        file: PRODUCER,
        find: "        core.traffic.outbox.ring();
        if has_left {",
        replace: "        if has_left {",
        models: "set::",
    },
    Mutant {
        name: "set: a set that is closed counts those that are left as gone",
        file: CORE,
        find: "Self::leave(self.of_member().0, OPEN - left)",
        replace: "Self::leave(self.of_member().0, OPEN - left + left)",
        models: "set::the_set_goes",
    },
    Mutant {
        name: "set: a member that finds the set closed stays",
        file: CORE,
        find: "            unsafe { Self::leave(this, 1) };
        }
    }",
        replace: "            let _ = this;
        }
    }",
        models: "set::the_set_goes",
    },
    Mutant {
        name: "set: members leave with Relaxed",
        file: CORE,
        find: "orphans.fetch_sub(members, Ordering::AcqRel)",
        replace: "orphans.fetch_sub(members, Ordering::Relaxed)",
        models: "set::the_set_goes",
    },
    Mutant {
        name: "outbox: a push wakes nobody",
        file: OUTBOX,
        find: "Pushed::OnSleepers => self.wake(),",
        replace: "Pushed::OnSleepers => {}",
        models: "set::",
    },
    Mutant {
        name: "outbox: a ring wakes nobody",
        file: OUTBOX,
        find: "if self.pile.ring() {",
        replace: "if self.pile.ring() && false {",
        models: "set::",
    },
    Mutant {
        name: "outbox: a waiter does not announce itself",
        file: OUTBOX,
        find: "let announced = self.pile.announce();",
        replace: "let announced = Announced::Before;",
        models: "set::",
    },
    Mutant {
        name: "outbox: a wake-up wakes one",
        file: OUTBOX,
        find: "self.turn.wake_all();",
        replace: "self.turn.wake_one();",
        models: "set::",
    },
    Mutant {
        name: "outbox: a wake-up leaves the turn",
        file: OUTBOX,
        find: "self.turn.fetch_add(1, Ordering::Release);",
        replace: "",
        models: "set::",
    },
    Mutant {
        name: "outbox: a turn is read after the look",
        file: OUTBOX,
        find: "                self.turn.wait(turn, left);",
        replace: "                self.turn.wait({ let _ = turn; self.turn.load(Ordering::Acquire) }, left);",
        models: "set::",
    },
    Mutant {
        name: "outbox: a close does not wait for wakers",
        file: OUTBOX,
        find: "while self.woken.load(Ordering::Acquire) != wakers {",
        replace: "while self.woken.load(Ordering::Acquire) != wakers && false {",
        models: "set::",
    },
    Mutant {
        name: "outbox: a close sees the wakers with Relaxed",
        file: OUTBOX,
        find: "while self.woken.load(Ordering::Acquire) != wakers {",
        replace: "while self.woken.load(Ordering::Relaxed) != wakers {",
        models: "set::",
    },
    Mutant {
        name: "outbox: a wake-up is over before it is",
        file: OUTBOX,
        find: "        self.turn.fetch_add(1, Ordering::Release);
        self.turn.wake_all();
        // Ordering: Release: `close` returns after our last use.
        self.woken.fetch_add(1, Ordering::Release);",
        replace: "        self.woken.fetch_add(1, Ordering::Release);
        self.turn.fetch_add(1, Ordering::Release);
        self.turn.wake_all();",
        models: "set::",
    },
    Mutant {
        name: "outbox: an announcement that nobody took away counts as a wake-up",
        file: OUTBOX,
        find: "wrapping_sub(u32::from(nobody_woke))",
        replace: "wrapping_sub(u32::from(nobody_woke) * 0)",
        models: "set::",
    },
    Mutant {
        name: "pile: a push publishes nothing",
        file: PILE,
        find: "compare_exchange_weak(top, head, Ordering::AcqRel, Ordering::Acquire)",
        replace: "compare_exchange_weak(top, head, Ordering::Acquire, Ordering::Acquire)",
        models: "set::",
    },
    Mutant {
        name: "pile: a take does not acquire",
        file: PILE,
        find: "        Cells::reversed(self.0.swap(ptr::null_mut(), Ordering::AcqRel))",
        replace: "        Cells::reversed(self.0.swap(ptr::null_mut(), Ordering::Release))",
        models: "set::",
    },
    Mutant {
        name: "pile: a close does not acquire",
        file: PILE,
        find: "let top = self.0.swap(CLOSED, Ordering::AcqRel);",
        replace: "let top = self.0.swap(CLOSED, Ordering::Release);",
        models: "set::",
    },
    Mutant {
        name: "pile: a take takes the announcement",
        file: PILE,
        find: "        if !self.has_some() {
            return Cells::default();
        }",
        replace: "",
        models: "set::",
    },
    Mutant {
        name: "pile: a push finds a sleeper and keeps the announcement for the next",
        file: PILE,
        find: "if top == ASLEEP { Pushed::OnSleepers } else { Pushed::Quietly }",
        replace: "Pushed::Quietly",
        models: "set::",
    },
    Mutant {
        name: "pile: a closed pile takes more",
        file: PILE,
        find: "            if top == CLOSED {",
        replace: "            if top == CLOSED && false {",
        models: "set::the_set_goes",
    },
    Mutant {
        name: "watch: the last reference is seen with Relaxed",
        file: STATE,
        find: "        let word = Snapshot(self.0.load(Ordering::Acquire));
        if word.references() == 1 {",
        replace: "        let word = Snapshot(self.0.load(Ordering::Relaxed));
        if word.references() == 1 {",
        models: "job:: waiter:: set::",
    },
    Mutant {
        name: "set: a producer pauses although the pool has closed",
        file: PRODUCER,
        find: "let stopped = if core.pool.is_closed() {",
        replace: "let stopped = if core.pool.is_closed() && false {",
        models: "set::",
    },
    Mutant {
        name: "set: a producer that was stopped pauses",
        file: PRODUCER,
        find: "members.producer(id).is_some_and(|producer| producer.shall_stop).then_some(JobError::Cancelled)",
        replace: "members.producer(id).is_some_and(|producer| producer.shall_stop && false).then_some(JobError::Cancelled)",
        models: "set::",
    },
    Mutant {
        name: "set: a producer that was let in takes room again",
        file: PRODUCER,
        find: "is_some_and(|producer| producer.has_room)",
        replace: "is_some_and(|producer| producer.has_room && false)",
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

pub const UNSEEN: &[Mutant] = &[
    // Where a producer ends, the lock is taken once more before the ring. Where it pauses, it is needed, but no model has a pausing producer, a queued member and a
    // worker that waits.
    Mutant {
        name: "set: a stage ends without the lock",
        file: CORE,
        find: "        let members = lock(&self.members);
        self.traffic.running.fetch_sub(1, Ordering::Release);
        drop(members);",
        replace: "        self.traffic.running.fetch_sub(1, Ordering::Release);",
        models: "set::",
    },
];
