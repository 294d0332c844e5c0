//! `src/queue/deque.rs`.

use crate::Mutant;

const DEQUE: &str = "src/queue/deque.rs";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "deque: bottom published with Relaxed",
        file: DEQUE,
        find: "self.bottom.store(bottom, Ordering::Release);",
        replace: "self.bottom.store(bottom, Ordering::Relaxed);",
        models: "deque::",
    },
    Mutant {
        name: "deque: pop lowers bottom with Relaxed",
        file: DEQUE,
        find: "shared.publish(newest);",
        replace: "shared.bottom.store(newest, Ordering::Relaxed);",
        models: "deque::",
    },
    Mutant {
        name: "deque: pop does not raise bottom again",
        file: DEQUE,
        find: "self.shared.publish(top);",
        replace: "",
        models: "deque::",
    },
    Mutant {
        name: "deque: slot written after bottom",
        file: DEQUE,
        find: "shared.slot(bottom).store(element.as_ptr(), Ordering::Relaxed);
        shared.publish(bottom + 1);",
        replace: "shared.publish(bottom + 1);
        shared.slot(bottom).store(element.as_ptr(), Ordering::Relaxed);",
        models: "deque::",
    },
    Mutant {
        name: "deque: room for one element too many",
        file: DEQUE,
        find: "self.bottom() >= self.limit.get()\n",
        replace: "self.bottom() > self.limit.get()\n",
        models: "deque::",
    },
    Mutant {
        name: "deque: a full deque does not look at top again",
        file: DEQUE,
        find: "self.has_seen_top(self.shared.top.load(Ordering::Acquire));",
        replace: "",
        models: "deque::",
    },
    Mutant {
        name: "deque: symmetric owner without its fence",
        file: DEQUE,
        find: "impl Fences for Symmetric {
    #[inline(always)]
    fn owner() {
        full_fence(Ordering::SeqCst);",
        replace: "impl Fences for Symmetric {
    #[inline(always)]
    fn owner() {",
        models: "deque::",
    },
    Mutant {
        name: "deque: symmetric owner with a weak fence",
        file: DEQUE,
        find: "impl Fences for Symmetric {
    #[inline(always)]
    fn owner() {
        full_fence(Ordering::SeqCst);",
        replace: "impl Fences for Symmetric {
    #[inline(always)]
    fn owner() {
        full_fence(Ordering::AcqRel);",
        models: "deque::",
    },
    Mutant {
        name: "deque: symmetric thief with a weak fence",
        file: DEQUE,
        find: "fn thief() {
        full_fence(Ordering::SeqCst);",
        replace: "fn thief() {
        full_fence(Ordering::AcqRel);",
        models: "deque::",
    },
    Mutant {
        name: "deque: asymmetric owner without its fence",
        file: DEQUE,
        find: "fence::light();",
        replace: "",
        models: "deque::",
    },
    Mutant {
        name: "deque: asymmetric thief without its fence",
        file: DEQUE,
        find: "fence::heavy();",
        replace: "",
        models: "deque::",
    },
    Mutant {
        name: "deque: asymmetric thief with a light fence",
        file: DEQUE,
        find: "fence::heavy();",
        replace: "fence::light();",
        models: "deque::",
    },
    Mutant {
        name: "deque: pop's fence before its store",
        file: DEQUE,
        find: "shared.publish(newest);
        F::owner();",
        replace: "F::owner();
        shared.publish(newest);",
        models: "deque::",
    },
    Mutant {
        name: "deque: pop takes the last element like any other",
        file: DEQUE,
        find: "top < newest || last(self",
        replace: "top <= newest || last(self",
        models: "deque::",
    },
    Mutant {
        name: "deque: pop takes the last element without compare-and-swap",
        file: DEQUE,
        find: "self.shared.top.compare_exchange(newest, newest + 1, Ordering::AcqRel, Ordering::Acquire).is_ok()",
        replace: "self.shared.top.load(Ordering::Acquire) == newest
            && self.shared.top.swap(newest + 1, Ordering::AcqRel) <= newest + 1",
        models: "deque::",
    },
    Mutant {
        name: "deque: steal without compare-and-swap",
        file: DEQUE,
        find: "self.shared.top.compare_exchange(top, top + 1, Ordering::AcqRel, Ordering::Relaxed)",
        replace: "Ok::<_, i64>(self.shared.top.swap(top + 1, Ordering::AcqRel))",
        models: "deque::",
    },
    Mutant {
        name: "deque: steal loads bottom with Relaxed",
        file: DEQUE,
        find: "let bottom = self.shared.bottom.load(Ordering::Acquire);
        if top >= bottom || !still() {",
        replace: "let bottom = self.shared.bottom.load(Ordering::Relaxed);
        if top >= bottom || !still() {",
        models: "deque::",
    },
    Mutant {
        name: "deque: steal loads bottom before top",
        file: DEQUE,
        find: "let top = self.shared.top.load(Ordering::Acquire);
        if !will_do(top) {
            return Steal::Empty;
        }
        F::thief();",
        replace: "let bottom = self.shared.bottom.load(Ordering::Acquire);
        let top = self.shared.top.load(Ordering::Acquire);
        if !will_do(top) {
            return Steal::Empty;
        }
        F::thief();
        #[cfg(any())]",
        models: "deque::",
    },
    Mutant {
        name: "deque: steal reads the slot after its compare-and-swap",
        file: DEQUE,
        find: "Ok(_) => NonNull::new(element).map_or(Steal::Retry, Steal::Success),",
        replace: "Ok(_) => {
                let _ = element;
                NonNull::new(self.shared.slot(top).load(Ordering::Relaxed)).map_or(Steal::Retry, Steal::Success)
            }",
        models: "deque::",
    },
    Mutant {
        name: "deque: who takes a piece back does not see that more than it was stolen",
        file: DEQUE,
        find: "let top = top.max(newest + 1);",
        replace: "let top = newest + 1;",
        models: "deque::two_thieves_take",
    },
    Mutant {
        name: "deque: the limit counts from before the top",
        file: DEQUE,
        find: "self.limit.set(top + CAPACITY as i64);",
        replace: "self.limit.set(top + CAPACITY as i64 + 1);",
        models: "deque::",
    },
];

pub const UNSEEN: &[Mutant] = &[
    // The fence before it publishes what the thief did. What it must also order is the read of the slot before the owner's next write to it: see below.
    Mutant {
        name: "deque: steal moves top with Acquire only",
        file: DEQUE,
        find: "self.shared.top.compare_exchange(top, top + 1, Ordering::AcqRel, Ordering::Relaxed)",
        replace: "self.shared.top.compare_exchange(top, top + 1, Ordering::Acquire, Ordering::Relaxed)",
        models: "deque::",
    },
    // Every element below this value of `bottom` is taken: a thief that reads it takes none, and needs to see none.
    Mutant {
        name: "deque: pop raises bottom again with Relaxed",
        file: DEQUE,
        find: "self.shared.publish(top);",
        replace: "self.shared.bottom.store(top, Ordering::Relaxed);",
        models: "deque::",
    },
    // The fence right after it is an acquire fence too.
    Mutant {
        name: "deque: steal loads top with Relaxed",
        file: DEQUE,
        find: "let top = self.shared.top.load(Ordering::Acquire);
        if !will_do(top) {",
        replace: "let top = self.shared.top.load(Ordering::Relaxed);
        if !will_do(top) {",
        models: "deque::",
    },
    // What the owner published, the thief acquired with `bottom`.
    Mutant {
        name: "deque: steal moves top with Release only",
        file: DEQUE,
        find: "self.shared.top.compare_exchange(top, top + 1, Ordering::AcqRel, Ordering::Relaxed)",
        replace: "self.shared.top.compare_exchange(top, top + 1, Ordering::Release, Ordering::Relaxed)",
        models: "deque::",
    },
    // The next three order a thief's read of a slot before the owner's later write to it. Without, the thief would read a value that is not
    // written yet: load buffering, which loom does not explore.
    Mutant {
        name: "deque: a full deque looks at top with Relaxed",
        file: DEQUE,
        find: "self.has_seen_top(self.shared.top.load(Ordering::Acquire));",
        replace: "self.has_seen_top(self.shared.top.load(Ordering::Relaxed));",
        models: "deque::",
    },
    Mutant {
        name: "deque: pop looks at top with Relaxed",
        file: DEQUE,
        find: "let top = shared.top.load(Ordering::Acquire);",
        replace: "let top = shared.top.load(Ordering::Relaxed);",
        models: "deque::",
    },
    Mutant {
        name: "deque: pop moves top with Relaxed",
        file: DEQUE,
        find: "self.shared.top.compare_exchange(newest, newest + 1, Ordering::AcqRel, Ordering::Acquire).is_ok()",
        replace: "self.shared.top.compare_exchange(newest, newest + 1, Ordering::Relaxed, Ordering::Relaxed).is_ok()",
        models: "deque::",
    },
];
