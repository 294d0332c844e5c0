//! `src/job`: the word and the cell of a submitted job.

use crate::Mutant;

const STATE: &str = "src/job/state.rs";
const CELL: &str = "src/job/cell.rs";
const REFERENCE: &str = "src/job/reference.rs";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "job: phase loaded with Relaxed",
        file: STATE,
        find: "Snapshot(self.0.load(Ordering::Acquire)).phase()",
        replace: "Snapshot(self.0.load(Ordering::Relaxed)).phase()",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: transitions acquire nothing",
        file: STATE,
        find: "let mut word = self.0.load(Ordering::Acquire);
        loop {
            let Some(new) = next(Snapshot(word)) else { return Err(Snapshot(word)) };
            // Ordering: AcqRel in one place for all: Release publishes what the cell holds now (a result, a waiter, an empty body); Acquire makes
            // what the cell held visible to whoever takes it over.
            match self.0.compare_exchange_weak(word, new.0, Ordering::AcqRel, Ordering::Acquire) {",
        replace: "let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let Some(new) = next(Snapshot(word)) else { return Err(Snapshot(word)) };
            match self.0.compare_exchange_weak(word, new.0, Ordering::Release, Ordering::Relaxed) {",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: transitions with Acquire only",
        file: STATE,
        find: "self.0.compare_exchange_weak(word, new.0, Ordering::AcqRel, Ordering::Acquire)",
        replace: "self.0.compare_exchange_weak(word, new.0, Ordering::Acquire, Ordering::Acquire)",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: transitions with Release only",
        file: STATE,
        find: "self.0.compare_exchange_weak(word, new.0, Ordering::AcqRel, Ordering::Acquire)",
        replace: "self.0.compare_exchange_weak(word, new.0, Ordering::Release, Ordering::Acquire)",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: transitions without compare-and-swap",
        file: STATE,
        find: "match self.0.compare_exchange_weak(word, new.0, Ordering::AcqRel, Ordering::Acquire) {",
        replace: "match Ok::<usize, usize>(self.0.swap(new.0, Ordering::AcqRel)) {",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: claims what somebody else has claimed",
        file: STATE,
        find: "(word.phase() == Phase::Queued).then(|| word.with_phase(Phase::Running))",
        replace: "Some(word.with_phase(Phase::Running))",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: a cancel begins what runs",
        file: STATE,
        find: "Phase::Running => Some(Snapshot(word.0 | CANCEL_REQUESTED)),",
        replace: "Phase::Running => Some(word.with_phase(Phase::Cancelling)),",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: a cancel says that it stopped what runs",
        file: STATE,
        find: "Ok(_) => CancelStart::Requested,",
        replace: "Ok(_) => CancelStart::Begun,",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: an end begins what somebody else has claimed",
        file: STATE,
        find: "word.phase().is_waiting().then(|| word.with_phase(Phase::Cancelling))",
        replace: "Some(word.with_phase(Phase::Cancelling))",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: complete gives its reference up although somebody waits",
        file: STATE,
        find: "release && (!word.has_waiter() || word.is_watched())",
        replace: "release",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: complete looks for a waiter before its transition",
        file: STATE,
        find: "let result = self.transition(|word| {
            debug_assert_eq!(word.phase(), Phase::Running);
            let next = word.with_phase(ended);
            Some(if gives(word) { Snapshot(next.0 - ONE_REFERENCE) } else { next })
        });
        match result {
            Ok(before) if before.has_waiter() =>",
        replace: "let waited = Snapshot(self.0.load(Ordering::Acquire)).has_waiter();
        let result = self.transition(|word| {
            let next = word.with_phase(ended);
            Some(if waited { next } else { Snapshot(next.0 - if release { ONE_REFERENCE } else { 0 }) })
        });
        match result {
            Ok(before) if waited =>",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: complete leaves the last reference to nobody",
        file: STATE,
        find: "last: release && before.references() == 1",
        replace: "last: false",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: complete does not mind others' references",
        file: STATE,
        find: "last: release && before.references() == 1",
        replace: "last: release",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: the handle takes the outcome and leaves the phase",
        file: STATE,
        find: "Some(Snapshot(word.with_phase(Phase::Taken).0 - ONE_REFERENCE))",
        replace: "Some(Snapshot(word.0 - ONE_REFERENCE))",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: a callback takes the outcome and leaves the phase",
        file: STATE,
        find: "let _ = self.transition(|word| Some(word.with_phase(Phase::Taken)));",
        replace: "",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: a reference made by load and store",
        file: STATE,
        find: "let before = self.0.fetch_add(ONE_REFERENCE, Ordering::Relaxed);",
        replace: "let before = self.0.load(Ordering::Relaxed);
        self.0.swap(before + ONE_REFERENCE, Ordering::AcqRel);",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: a reference given up with Acquire only",
        file: STATE,
        find: "self.0.fetch_sub(ONE_REFERENCE, Ordering::AcqRel)",
        replace: "self.0.fetch_sub(ONE_REFERENCE, Ordering::Acquire)",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: a reference given up with Release only",
        file: STATE,
        find: "self.0.fetch_sub(ONE_REFERENCE, Ordering::AcqRel)",
        replace: "self.0.fetch_sub(ONE_REFERENCE, Ordering::Release)",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: runs without a claim",
        file: CELL,
        find: "Verb::Run(owner) if cell.head().word.claim() => {",
        replace: "Verb::Run(owner) if cell.head().word.phase() == Phase::Queued => {
                let _ = cell.head().word.claim();",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: a sweep frees what is live",
        file: CELL,
        find: "Verb::Bury if cell.head().word.phase().is_waiting() => {",
        replace: "Verb::Bury if cell.head().word.phase() == Phase::Done => {",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: the result is stored after the end",
        file: CELL,
        find: "unsafe { cell.body.put(result) };
        match cell.head.word.complete(phase, release) {",
        replace: "let completed = cell.head.word.complete(phase, release);
        unsafe { cell.body.put(result) };
        match completed {",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: the run is booked as finished after the end",
        file: CELL,
        find: "owner.finished();
        let phase = if result.is_ok() { Phase::Done } else { Phase::Panicked };
        if result.is_err() {
            owner.count_panic();
        }
        // SAFETY: still the claimer's, and empty.
        unsafe { cell.body.put(result) };
        match cell.head.word.complete(phase, release) {
            Completed::Waited { released } => {
                // SAFETY: the reference to give up, or a borrowed one; released, the one that the watch is about to get.
                let held = ManuallyDrop::new(unsafe { RawCell::from_head(head) });
                held.notify_waiter(Some(owner));
                if release && !released {
                    drop(ManuallyDrop::into_inner(held));
                }
            }
            // SAFETY: `complete` gave up the last reference.
            Completed::Unwatched { last: true } => unsafe { Self::free_unwatched(head) },
            Completed::Unwatched { last: false } => {}
        }",
        replace: "let phase = if result.is_ok() { Phase::Done } else { Phase::Panicked };
        if result.is_err() {
            owner.count_panic();
        }
        // SAFETY: still the claimer's, and empty.
        unsafe { cell.body.put(result) };
        match cell.head.word.complete(phase, release) {
            Completed::Waited { released } => {
                // SAFETY: the reference to give up, or a borrowed one; released, the one that the watch is about to get.
                let held = ManuallyDrop::new(unsafe { RawCell::from_head(head) });
                held.notify_waiter(Some(owner));
                if release && !released {
                    drop(ManuallyDrop::into_inner(held));
                }
            }
            // SAFETY: `complete` gave up the last reference.
            Completed::Unwatched { last: true } => unsafe { Self::free_unwatched(head) },
            Completed::Unwatched { last: false } => {}
        }
        owner.finished();",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: the queue's reference is kept when somebody waits",
        file: CELL,
        find: "drop(ManuallyDrop::into_inner(held));",
        replace: "",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: the last completer does not free the cell",
        file: CELL,
        find: "Completed::Unwatched { last: true } => unsafe { Self::free_unwatched(head) },",
        replace: "Completed::Unwatched { last: true } => {}",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: a value that nobody took is forgotten",
        file: CELL,
        find: "contain_drop(value).unwrap_or_else(|payload| self.owner.report(payload)),",
        replace: "std::mem::forget(value),",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: a panic that nobody took is forgotten",
        file: CELL,
        find: "self.owner.hand_over(payload),",
        replace: "std::mem::forget(payload),",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: a cancel ends the job before it has dropped the closure",
        file: REFERENCE,
        find: "let dropped = unsafe { (self.head().vtable.drop_closure)(self.0) };
        self.tell(owner, dropped);
        let ended = match reason {
            Reason::Cancelled => Phase::Cancelled,
            Reason::ShutDown => Phase::ShutDown,
        };
        if self.head().word.end_cancel(ended) {",
        replace: "let ended = match reason {
            Reason::Cancelled => Phase::Cancelled,
            Reason::ShutDown => Phase::ShutDown,
        };
        let waited = self.head().word.end_cancel(ended);
        let dropped = unsafe { (self.head().vtable.drop_closure)(self.0) };
        self.tell(owner, dropped);
        if waited {",
        models: "job:: waiter::",
    },
    Mutant {
        name: "job: a cancel drops the closure whatever it found",
        file: REFERENCE,
        find: "let CancelStart::Begun(phase) = self.head().word.begin_cancel() else { return false };",
        replace: "let phase = match self.head().word.begin_cancel() {
            CancelStart::Begun(phase) => phase,
            CancelStart::TooLate if self.head().word.phase() == Phase::Cancelling => Phase::Queued,
            _ => return false,
        };",
        models: "job:: waiter::",
    },
];

pub const UNSEEN: &[Mutant] = &[
    // The exchange only succeeds on the word that this load acquired, and who goes on without an exchange loads the phase again, with Acquire.
    Mutant {
        name: "job: transitions begin with Relaxed",
        file: STATE,
        find: "let mut word = self.0.load(Ordering::Acquire);",
        replace: "let mut word = self.0.load(Ordering::Relaxed);",
        models: "job:: waiter::",
    },
    // The next exchange acquires; who goes on without one loads the phase again, with Acquire.
    Mutant {
        name: "job: transitions see a newer word with Relaxed",
        file: STATE,
        find: "self.0.compare_exchange_weak(word, new.0, Ordering::AcqRel, Ordering::Acquire)",
        replace: "self.0.compare_exchange_weak(word, new.0, Ordering::AcqRel, Ordering::Relaxed)",
        models: "job:: waiter::",
    },
];
