//! `src/queue`: the deque, the express lane, and the model of the injector.

use crate::Mutant;

const DEQUE: &str = "src/queue/deque.rs";
const EXPRESS: &str = "src/queue/express.rs";
const INJECTOR: &str = "src/queue/injector.rs";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "deque: bottom published with Relaxed",
        file: DEQUE,
        find: "self.shared.bottom.store(bottom, Ordering::Release);",
        replace: "self.shared.bottom.store(bottom, Ordering::Relaxed);",
        models: "deque::",
    },
    Mutant {
        name: "deque: pop lowers bottom with Relaxed",
        file: DEQUE,
        find: "self.publish(newest);",
        replace: "self.bottom.set(newest);
        self.shared.bottom.store(newest, Ordering::Relaxed);",
        models: "deque::",
    },
    Mutant {
        name: "deque: pop does not raise bottom again",
        file: DEQUE,
        find: "self.publish(newest + 1);",
        replace: "",
        models: "deque::",
    },
    Mutant {
        name: "deque: slot written after bottom",
        file: DEQUE,
        find: "self.shared.slot(bottom).store(element.as_ptr(), Ordering::Relaxed);
        self.publish(bottom + 1);",
        replace: "self.publish(bottom + 1);
        self.shared.slot(bottom).store(element.as_ptr(), Ordering::Relaxed);",
        models: "deque::",
    },
    Mutant {
        name: "deque: room for one element too many",
        file: DEQUE,
        find: "self.bottom.get() - self.top.get() >= self.shared.slots.len() as i64\n",
        replace: "self.bottom.get() - self.top.get() > self.shared.slots.len() as i64\n",
        models: "deque::",
    },
    Mutant {
        name: "deque: a full deque does not look at top again",
        file: DEQUE,
        find: "self.top.set(self.shared.top.load(Ordering::Acquire));",
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
        find: "self.publish(newest);
        F::owner();",
        replace: "F::owner();
        self.publish(newest);",
        models: "deque::",
    },
    Mutant {
        name: "deque: pop takes the last element like any other",
        file: DEQUE,
        find: "if top < newest {",
        replace: "if top <= newest {",
        models: "deque::",
    },
    Mutant {
        name: "deque: pop takes the last element without compare-and-swap",
        file: DEQUE,
        find: "self.shared.top.compare_exchange(position, position + 1, Ordering::AcqRel, Ordering::Acquire).is_ok()",
        replace: "self.shared.top.load(Ordering::Acquire) == position
            && self.shared.top.swap(position + 1, Ordering::AcqRel) <= position + 1",
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
        name: "deque: steal moves top with Acquire only",
        file: DEQUE,
        find: "self.shared.top.compare_exchange(top, top + 1, Ordering::AcqRel, Ordering::Relaxed)",
        replace: "self.shared.top.compare_exchange(top, top + 1, Ordering::Acquire, Ordering::Relaxed)",
        models: "deque::",
    },
    Mutant {
        name: "deque: steal loads bottom with Relaxed",
        file: DEQUE,
        find: "let bottom = self.shared.bottom.load(Ordering::Acquire);
        if top >= bottom {",
        replace: "let bottom = self.shared.bottom.load(Ordering::Relaxed);
        if top >= bottom {",
        models: "deque::",
    },
    Mutant {
        name: "deque: steal loads bottom before top",
        file: DEQUE,
        find: "let top = self.shared.top.load(Ordering::Acquire);
        F::thief();",
        replace: "let bottom = self.shared.bottom.load(Ordering::Acquire);
        let top = self.shared.top.load(Ordering::Acquire);
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
        name: "express: the tag stays the same",
        file: EXPRESS,
        find: "self.tag.wrapping_add(1)",
        replace: "self.tag",
        models: "express::",
    },
    Mutant {
        name: "express: push moves the head with Relaxed",
        file: EXPRESS,
        find: "head.followed_by(index), Ordering::Release, Ordering::Relaxed",
        replace: "head.followed_by(index), Ordering::Relaxed, Ordering::Relaxed",
        models: "express::",
    },
    Mutant {
        name: "express: next written after the head",
        file: EXPRESS,
        find: "node.next.store(head.index, Ordering::Relaxed);
            // Ordering: Release pairs with the load in `pop`: who sees this head sees the node's fields.
            match self.0.compare_exchange_weak(word, head.followed_by(index), Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,",
        replace: "match self.0.compare_exchange_weak(word, head.followed_by(index), Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return node.next.store(head.index, Ordering::Relaxed),",
        models: "express::",
    },
    Mutant {
        name: "express: pop reads the head with Relaxed",
        file: EXPRESS,
        find: "let mut word = self.0.load(Ordering::Acquire);",
        replace: "let mut word = self.0.load(Ordering::Relaxed);",
        models: "express::",
    },
    Mutant {
        name: "express: pop reads a newer head with Relaxed",
        file: EXPRESS,
        find: "head.followed_by(next), Ordering::AcqRel, Ordering::Acquire",
        replace: "head.followed_by(next), Ordering::AcqRel, Ordering::Relaxed",
        models: "express::",
    },
    Mutant {
        name: "express: pop moves the head with Acquire only",
        file: EXPRESS,
        find: "head.followed_by(next), Ordering::AcqRel, Ordering::Acquire",
        replace: "head.followed_by(next), Ordering::Acquire, Ordering::Acquire",
        models: "express::",
    },
    Mutant {
        name: "express: pop without compare-and-swap",
        file: EXPRESS,
        find: "self.0.compare_exchange_weak(word, head.followed_by(next), Ordering::AcqRel, Ordering::Acquire)",
        replace: "Ok::<u64, u64>(self.0.swap(head.followed_by(next), Ordering::AcqRel))",
        models: "express::",
    },
    Mutant {
        name: "express: element written after the push",
        file: EXPRESS,
        find: "node.element.store(element.as_ptr(), Ordering::Relaxed);
        self.len.fetch_add(1, Ordering::Relaxed);
        self.lane.push(index, node);",
        replace: "self.len.fetch_add(1, Ordering::Relaxed);
        self.lane.push(index, node);
        node.element.store(element.as_ptr(), Ordering::Relaxed);",
        models: "express::",
    },
    Mutant {
        name: "express: element read after the node is given back",
        file: EXPRESS,
        find: "let element = node.element.load(Ordering::Relaxed);
        self.len.fetch_sub(1, Ordering::Relaxed);
        self.unused.push(index, node);",
        replace: "self.len.fetch_sub(1, Ordering::Relaxed);
        self.unused.push(index, node);
        let element = node.element.load(Ordering::Relaxed);",
        models: "express::",
    },
    Mutant {
        name: "express: nodes made by load and store",
        file: EXPRESS,
        find: "self.made.fetch_add(1, Ordering::Relaxed)",
        replace: "{
            let made = self.made.load(Ordering::Relaxed);
            self.made.swap(made + 1, Ordering::Relaxed);
            made
        }",
        models: "express::",
    },
    Mutant {
        name: "express: segment installed without compare-and-swap",
        file: EXPRESS,
        find: "slot.compare_exchange(std::ptr::null_mut(), nodes.cast(), Ordering::Release, Ordering::Relaxed);",
        replace: "Ok::<*mut Node<T>, ()>(slot.swap(nodes.cast(), Ordering::Release));",
        models: "express::",
    },
    Mutant {
        name: "express: segment published with Relaxed",
        file: EXPRESS,
        find: "nodes.cast(), Ordering::Release, Ordering::Relaxed",
        replace: "nodes.cast(), Ordering::Relaxed, Ordering::Relaxed",
        models: "express::",
    },
    Mutant {
        name: "express: segment read with Relaxed",
        file: EXPRESS,
        find: "let nodes = self.segments[segment].load(Ordering::Acquire);",
        replace: "let nodes = self.segments[segment].load(Ordering::Relaxed);",
        models: "express::",
    },
    Mutant {
        name: "injector: position taken by load and store",
        file: INJECTOR,
        find: "let position = self.tail.fetch_add(1, Ordering::AcqRel);",
        replace: "let position = self.tail.load(Ordering::Acquire);
            self.tail.swap(position + 1, Ordering::AcqRel);",
        models: "injector::",
    },
    Mutant {
        name: "injector: steal without compare-and-swap",
        file: INJECTOR,
        find: "self.head.compare_exchange(head, head + 1, Ordering::AcqRel, Ordering::Relaxed)",
        replace: "Ok::<usize, ()>(self.head.swap(head + 1, Ordering::AcqRel))",
        models: "injector::",
    },
    Mutant {
        name: "injector: steal moves head with Acquire only",
        file: INJECTOR,
        find: "self.head.compare_exchange(head, head + 1, Ordering::AcqRel, Ordering::Relaxed)",
        replace: "self.head.compare_exchange(head, head + 1, Ordering::Acquire, Ordering::Relaxed)",
        models: "injector::",
    },
    Mutant {
        name: "injector: steal without its fence",
        file: INJECTOR,
        find: "full_fence(Ordering::SeqCst);",
        replace: "",
        models: "injector::",
    },
    Mutant {
        name: "injector: tail written after the slot",
        file: INJECTOR,
        find: "let position = self.tail.fetch_add(1, Ordering::AcqRel);
            self.slots[position].store(element.as_ptr(), Ordering::Release);",
        replace: "let position = self.tail.load(Ordering::Acquire);
            self.slots[position].store(element.as_ptr(), Ordering::Release);
            self.tail.fetch_add(1, Ordering::AcqRel);",
        models: "injector::",
    },
];

pub const UNSEEN: &[Mutant] = &[
    // Every element below this value of `bottom` is taken: a thief that reads it takes none, and needs to see none.
    Mutant {
        name: "deque: pop raises bottom again with Relaxed",
        file: DEQUE,
        find: "self.publish(newest + 1);",
        replace: "self.bottom.set(newest + 1);
        self.shared.bottom.store(newest + 1, Ordering::Relaxed);",
        models: "deque::",
    },
    // The fence right after it is an acquire fence too.
    Mutant {
        name: "deque: steal loads top with Relaxed",
        file: DEQUE,
        find: "let top = self.shared.top.load(Ordering::Acquire);
        F::thief();",
        replace: "let top = self.shared.top.load(Ordering::Relaxed);
        F::thief();",
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
        find: "self.top.set(self.shared.top.load(Ordering::Acquire));",
        replace: "self.top.set(self.shared.top.load(Ordering::Relaxed));",
        models: "deque::",
    },
    Mutant {
        name: "deque: pop looks at top with Relaxed",
        file: DEQUE,
        find: "let top = self.shared.top.load(Ordering::Acquire);
        self.top.set(top);",
        replace: "let top = self.shared.top.load(Ordering::Relaxed);
        self.top.set(top);",
        models: "deque::",
    },
    Mutant {
        name: "deque: pop moves top with Relaxed",
        file: DEQUE,
        find: "self.shared.top.compare_exchange(position, position + 1, Ordering::AcqRel, Ordering::Acquire).is_ok()",
        replace: "self.shared.top.compare_exchange(position, position + 1, Ordering::Relaxed, Ordering::Relaxed).is_ok()",
        models: "deque::",
    },
    // The exchange succeeds only on the very value that was loaded with Acquire before: the tag makes it unique.
    Mutant {
        name: "express: pop moves the head with Release only",
        file: EXPRESS,
        find: "head.followed_by(next), Ordering::AcqRel, Ordering::Acquire",
        replace: "head.followed_by(next), Ordering::Release, Ordering::Acquire",
        models: "express::",
    },
    // A comparison with null only: `node` loads the segment again, with Acquire.
    Mutant {
        name: "express: a maker looks for its segment with Relaxed",
        file: EXPRESS,
        find: "self.segments[segment].load(Ordering::Acquire).is_null()",
        replace: "self.segments[segment].load(Ordering::Relaxed).is_null()",
        models: "express::",
    },
    // The next two: what came before the push is published by the move of `tail` already.
    Mutant {
        name: "injector: slot written with Relaxed",
        file: INJECTOR,
        find: "self.slots[position].store(element.as_ptr(), Ordering::Release);",
        replace: "self.slots[position].store(element.as_ptr(), Ordering::Relaxed);",
        models: "injector::",
    },
    Mutant {
        name: "injector: slot read with Relaxed",
        file: INJECTOR,
        find: "self.slots[head].load(Ordering::Acquire)",
        replace: "self.slots[head].load(Ordering::Relaxed)",
        models: "injector::",
    },
];
