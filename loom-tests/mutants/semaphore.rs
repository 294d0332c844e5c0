//! `src/semaphore`: permits and the line.

use crate::Mutant;

const RAW: &str = "src/semaphore/raw.rs";
const LINE: &str = "src/semaphore/line.rs";
const FUTURE: &str = "src/semaphore/future.rs";
const STATE: &str = "src/semaphore/state.rs";
const MODELS: &str = "semaphore::";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "semaphore: a permit comes back with Relaxed",
        file: RAW,
        find: "State::permits_as_word(count), Ordering::Release));
        if",
        replace: "State::permits_as_word(count), Ordering::Relaxed));
        if",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: a permit is taken with Relaxed",
        file: RAW,
        find: "state.0, taken.0, Ordering::Acquire, Ordering::Relaxed",
        replace: "state.0, taken.0, Ordering::Relaxed, Ordering::Relaxed",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: a permit is taken from the line with Relaxed",
        file: RAW,
        find: "next(state).0, Ordering::Acquire, Ordering::Relaxed",
        replace: "next(state).0, Ordering::Relaxed, Ordering::Relaxed",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: a permit is taken by load and store",
        file: RAW,
        find: "match self.word.compare_exchange_weak(state.0, taken.0, Ordering::Acquire, Ordering::Relaxed) {",
        replace: "self.word.swap(taken.0, Ordering::Acquire);
            match Ok::<u64, u64>(0) {",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: permits are added with Relaxed",
        file: RAW,
        find: "self.word.fetch_update(Ordering::Release, Ordering::Relaxed, more)",
        replace: "self.word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: only the first permit wakes",
        file: RAW,
        find: "if before.needs_attention(count) {",
        replace: "if before.needs_attention(count) && before.permits() == 0 {",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: only the first permits that are added wake",
        file: RAW,
        find: "Ok(before) if State(before).needs_attention(count)",
        replace: "Ok(before) if State(before).needs_attention(count) && State(before).permits() == 0",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: who waits is looked for before the permit comes back",
        file: RAW,
        find: "let before = State(self.word.fetch_add(State::permits_as_word(count), Ordering::Release));",
        replace: "let before = State(self.word.load(Ordering::Relaxed));
        self.word.fetch_add(State::permits_as_word(count), Ordering::Release);",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: permits that are added wake nobody",
        file: RAW,
        find: "if State(before).needs_attention(count) => self.settle(lock(&self.line)),",
        replace: "if State(before).is_closed() => self.settle(lock(&self.line)),",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: that somebody waits is said after the last look",
        file: RAW,
        find: "None => state.waiting(),
        });",
        replace: "None => state,
        });
        self.word.fetch_or(State(0).waiting().0, Ordering::AcqRel);",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: who enters the line takes nothing",
        file: RAW,
        find: "let taken = |state: State| state.taken(node.need());",
        replace: "let taken = |state: State| state.taken(node.need()).filter(|_| false);",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: who enters the line is not told that it is closed",
        file: RAW,
        find: "if before.is_closed() {
            return Some(Err(Denied::Closed));
        }
        if taken",
        replace: "if taken",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: who has looked in vain still counts as awake",
        file: RAW,
        find: "let before = self.update(|state| match state.without_promises() {",
        replace: "let before = self.update(|state| match state {",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: who looks is not told that it is closed",
        file: RAW,
        find: "if node.told() == Told::Closed {",
        replace: "if false {",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: who has found a permit wakes nobody for the next",
        file: RAW,
        find: "self.settle_with(line, Some(node.need()));",
        replace: "drop(line);",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: who has found a permit stays in the line",
        file: RAW,
        find: "line.remove(node);
        self.settle_with(line, Some",
        replace: "self.settle_with(line, Some",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: who gives up wakes nobody",
        file: RAW,
        find: "self.settle_with(line, taken);",
        replace: "drop(line);",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: who gives up takes what was promised to it along",
        file: RAW,
        find: "let next = if is_front { state.without_promises() } else { state };",
        replace: "let next = state;",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: who gives up gives up what it was granted",
        file: RAW,
        find: "Told::Granted => return Ok(()),
            Told::Closed => return Err(Denied::Closed),
            Told::Nothing | Told::NothingYet | Told::Look => {}",
        replace: "Told::Granted => return Err(Denied::NoPermits),
            Told::Closed => return Err(Denied::Closed),
            Told::Nothing | Told::NothingYet | Told::Look => {}",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: who gives up does not look at what it was told",
        file: RAW,
        find: "Told::Granted => return Ok(()),
            Told::Closed => return Err(Denied::Closed),
            Told::Nothing | Told::NothingYet | Told::Look => {}",
        replace: "_ => {}",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: a task that is polled again keeps its first waker",
        file: RAW,
        find: "line.replace_waker(node, newer)",
        replace: "Some(newer)",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: a task that is polled again is not told meanwhile",
        file: RAW,
        find: "let line = lock(&self.line);
        let known = is_known(node.told());",
        replace: "let line = lock(&self.line);
        let known = None;",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: closing wakes nobody",
        file: RAW,
        find: "drop(line);
        wakes.finish();
    }

    /// As",
        replace: "drop(line);
        std::mem::forget(wakes);
    }

    /// As",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: closing leaves the line",
        file: RAW,
        find: "while let Some(wake) = line.dismiss_front(Told::Closed) {",
        replace: "while let Some(wake) = None {",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: permits that come at once wake one",
        file: RAW,
        find: "while let Some(wake) = self.settle_front(&mut line) {",
        replace: "if let Some(wake) = self.settle_front(&mut line) {",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: a task is only told that it may look",
        file: RAW,
        find: "state.has(front.need()) && (is_task || state.is_reserved())",
        replace: "state.has(front.need()) && state.is_reserved()",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: a permit is granted and not taken",
        file: RAW,
        find: "state.less(front.need()).without_promises()",
        replace: "state.without_promises()",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: the first of the line is granted too few",
        file: RAW,
        find: "} else if state.has(front.need()) {
                state.woken()",
        replace: "} else if state.has(1) {
                state.woken()",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: nothing is kept for the first of the line",
        file: RAW,
        find: "} else {
                state.reserved()",
        replace: "} else {
                state",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: what is kept may be taken",
        file: STATE,
        find: "const RESERVED: u64 = 1 << 62;",
        replace: "const RESERVED: u64 = 1 << 7;",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: closing keeps nobody out",
        file: STATE,
        find: "const CLOSED: u64 = 1 << 63;",
        replace: "const CLOSED: u64 = 1 << 6;",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: who was granted is told with Relaxed",
        file: LINE,
        find: "word.swap(told as u32, Ordering::Release)",
        replace: "word.swap(told as u32, Ordering::Relaxed)",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: who was granted learns it with Relaxed",
        file: LINE,
        find: "Told::of(self.told.load(Ordering::Acquire))",
        replace: "Told::of(self.told.load(Ordering::Relaxed))",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: who sleeps is not woken",
        file: LINE,
        find: "None if before == Told::NothingYet as u32 => Wake::Thread(wake),",
        replace: "None if before == Told::Granted as u32 => Wake::Thread(wake),",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: a future that is dropped keeps its permit",
        file: FUTURE,
        find: "if self.raw.leave_line(node, false).is_ok() {",
        replace: "if self.raw.leave_line(node, false).is_ok() && false {",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: a future that is dropped stays in the line",
        file: FUTURE,
        find: "if self.raw.leave_line(node, false).is_ok() {",
        replace: "if false && node.need() == 0 {",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: nobody sees to the line when the front has left it",
        file: STATE,
        find: "Self(self.0 & !(WOKEN | RESERVED) | UNATTENDED)",
        replace: "Self(self.0 & !(WOKEN | RESERVED))",
        models: MODELS,
    },
    Mutant {
        name: "semaphore: the front is woken and the line still unattended",
        file: STATE,
        find: "Self(self.0 & !UNATTENDED | WOKEN)",
        replace: "Self(self.0 & !UNATTENDED)",
        models: MODELS,
    },
];

pub const UNSEEN: &[Mutant] = &[
    // Fairness alone: nothing is lost. `tests/semaphore_fairness.rs` sees it.
    Mutant {
        name: "semaphore: nothing is kept for who has looked in vain",
        file: RAW,
        find: "next if has_waited_long => next.reserved(),",
        replace: "next if has_waited_long => next,",
        models: MODELS,
    },
    // What is left of the flags only sends those who put permits back to an empty line.
    Mutant {
        name: "semaphore: the flags of an empty line are left",
        file: RAW,
        find: "self.word.fetch_and(!State::OF_THE_LINE, Ordering::Relaxed);
            return None;",
        replace: "return None;",
        models: MODELS,
    },
];
