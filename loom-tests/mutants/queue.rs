//! `src/queue`: the express lane, and the model of the backlog.

use crate::Mutant;

const EXPRESS: &str = "src/queue/express.rs";
const BACKLOG: &str = "src/queue/backlog.rs";

pub const MUTANTS: &[Mutant] = &[
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
        replace:
            "match self.0.compare_exchange_weak(word, head.followed_by(index), Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return node.next.store(head.index, Ordering::Relaxed),",
        models: "express::",
    },
    Mutant {
        name: "express: pop reads the head with Relaxed",
        file: EXPRESS,
        find: "let mut word = self.0.load(Ordering::Acquire);
        loop {
            let head = Head::unpack(word);
            if head.index == NONE {
                return None;",
        replace: "let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let head = Head::unpack(word);
            if head.index == NONE {
                return None;",
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
        name: "express: take_all loads and moves the head with Relaxed",
        file: EXPRESS,
        find: "let mut word = self.0.load(Ordering::Acquire);
        loop {
            let head = Head::unpack(word);
            if head.index == NONE {
                return NONE;
            }
            // Ordering: as in `pop`. Acquire reaches every node of the chain: all changes of the head are read-modify-writes.
            match self.0.compare_exchange_weak(word, head.followed_by(NONE), Ordering::AcqRel, Ordering::Acquire) {",
        replace: "let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let head = Head::unpack(word);
            if head.index == NONE {
                return NONE;
            }
            match self.0.compare_exchange_weak(word, head.followed_by(NONE), Ordering::Release, Ordering::Relaxed) {",
        models: "express::",
    },
    Mutant {
        name: "express: take_all moves the head with Acquire only",
        file: EXPRESS,
        find: "head.followed_by(NONE), Ordering::AcqRel, Ordering::Acquire",
        replace: "head.followed_by(NONE), Ordering::Acquire, Ordering::Acquire",
        models: "express::",
    },
    Mutant {
        name: "express: take_all empties the lane without compare-and-swap",
        file: EXPRESS,
        find: "self.0.compare_exchange_weak(word, head.followed_by(NONE), Ordering::AcqRel, Ordering::Acquire)",
        replace: "Ok::<u64, u64>(self.0.swap(head.followed_by(NONE), Ordering::AcqRel))",
        models: "express::",
    },
    Mutant {
        name: "express: take_all reads next after the node is given back",
        file: EXPRESS,
        find: "let next = node.next.load(Ordering::Relaxed);
            elements.extend(NonNull::new(node.element.load(Ordering::Relaxed)));
            self.unused.push(index, node);",
        replace: "elements.extend(NonNull::new(node.element.load(Ordering::Relaxed)));
            self.unused.push(index, node);
            let next = node.next.load(Ordering::Relaxed);",
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
        name: "backlog: position taken by load and store",
        file: BACKLOG,
        find: "let slot = &self.slots[self.tail.fetch_add(1, Ordering::AcqRel)];",
        replace: "let position = self.tail.load(Ordering::Acquire);
            self.tail.swap(position + 1, Ordering::AcqRel);
            let slot = &self.slots[position];",
        models: "injector::",
    },
    Mutant {
        name: "backlog: steal without compare-and-swap",
        file: BACKLOG,
        find: "self.head.compare_exchange(head, head + 1, Ordering::AcqRel, Ordering::Relaxed)",
        replace: "Ok::<usize, ()>(self.head.swap(head + 1, Ordering::AcqRel))",
        models: "injector::",
    },
    Mutant {
        name: "backlog: steal without its fence",
        file: BACKLOG,
        find: "full_fence(Ordering::SeqCst);",
        replace: "",
        models: "injector::",
    },
    Mutant {
        name: "backlog: slot filled with Relaxed",
        file: BACKLOG,
        find: "slot.is_filled.store(true, Ordering::Release);",
        replace: "slot.is_filled.store(true, Ordering::Relaxed);",
        models: "injector::",
    },
    Mutant {
        name: "backlog: filled slot seen with Relaxed",
        file: BACKLOG,
        find: "slot.is_filled.load(Ordering::Acquire)",
        replace: "slot.is_filled.load(Ordering::Relaxed)",
        models: "injector::",
    },
    Mutant {
        name: "backlog: tail written after the slot",
        file: BACKLOG,
        find: "let slot = &self.slots[self.tail.fetch_add(1, Ordering::AcqRel)];
            // SAFETY: claimed just now, and not filled.
            slot.content.with_mut(|content| unsafe { *content = Some(element) });
            slot.is_filled.store(true, Ordering::Release);",
        replace: "let slot = &self.slots[self.tail.load(Ordering::Acquire)];
            slot.content.with_mut(|content| unsafe { *content = Some(element) });
            slot.is_filled.store(true, Ordering::Release);
            self.tail.fetch_add(1, Ordering::AcqRel);",
        models: "injector::",
    },
];

pub const UNSEEN: &[Mutant] = &[
    // The exchange succeeds only on the very value that was loaded with Acquire before: the tag makes it unique.
    Mutant {
        name: "express: pop moves the head with Release only",
        file: EXPRESS,
        find: "head.followed_by(next), Ordering::AcqRel, Ordering::Acquire",
        replace: "head.followed_by(next), Ordering::Release, Ordering::Acquire",
        models: "express::",
    },
    // A head is the same again only after a push, which changes the tag.
    Mutant {
        name: "express: take_all leaves the tag",
        file: EXPRESS,
        find: "head.followed_by(NONE)",
        replace: "u64::from(head.tag)",
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
    // The fence before the exchange releases what the taker did before.
    Mutant {
        name: "backlog: steal moves head with Acquire only",
        file: BACKLOG,
        find: "self.head.compare_exchange(head, head + 1, Ordering::AcqRel, Ordering::Relaxed)",
        replace: "self.head.compare_exchange(head, head + 1, Ordering::Acquire, Ordering::Relaxed)",
        models: "injector::",
    },
];
