//! `src/queue/injector`: positions, blocks and their reuse.

use crate::Mutant;

const QUEUE: &str = "src/queue/injector/mod.rs";
const HOME: &str = "src/queue/injector/home.rs";
const BLOCK: &str = "src/queue/injector/block.rs";
const MODELS: &str = "injector::";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "injector: the last place is claimed by load and store",
        file: QUEUE,
        find: "if self.tail.word.compare_exchange_weak(word, claimed, Ordering::SeqCst, Ordering::Relaxed).is_err() {",
        replace: "self.tail.word.store(claimed, Ordering::Release);
            if false {",
        models: MODELS,
    },
    Mutant {
        name: "injector: the first place is claimed by load and store",
        file: QUEUE,
        find: "if head.word.compare_exchange(word, claimed, Ordering::AcqRel, Ordering::Relaxed).is_err() {",
        replace: "head.word.store(claimed, Ordering::Release);
        if false {",
        models: MODELS,
    },
    Mutant {
        name: "injector: steal without its fence",
        file: QUEUE,
        find: "full_fence(Ordering::SeqCst);
        let tail",
        replace: "let tail",
        models: MODELS,
    },
    Mutant {
        name: "injector: a taker does not look at the tail",
        file: QUEUE,
        find: "if tail == position {",
        replace: "if tail == position && position == 0 {",
        models: MODELS,
    },
    Mutant {
        name: "injector: a taker believes that the tail is further",
        file: QUEUE,
        find: "self.head.known.store(tail, Ordering::Release);",
        replace: "self.head.known.store(tail + 1, Ordering::Release);",
        models: MODELS,
    },
    Mutant {
        name: "injector: a taker goes on to where the tail is known to be",
        file: QUEUE,
        find: "self.head.known.load(Ordering::Acquire) > position {",
        replace: "self.head.known.load(Ordering::Acquire) >= position {",
        models: MODELS,
    },
    Mutant {
        name: "injector: where the tail is is told with Relaxed",
        file: QUEUE,
        find: "self.head.known.store(tail, Ordering::Release);",
        replace: "self.head.known.store(tail, Ordering::Relaxed);",
        models: "injector::no_taker",
    },
    Mutant {
        name: "injector: a pusher goes on while the tail moves",
        file: QUEUE,
        find: "if word & MOVING != 0 {
                patience.wait();
                continue;
            }",
        replace: "let word = word & !MOVING;",
        models: MODELS,
    },
    Mutant {
        name: "injector: a taker goes on while the head moves",
        file: QUEUE,
        find: "if word & MOVING != 0 {
            return Steal::Retry;
        }",
        replace: "let word = word & !MOVING;",
        models: MODELS,
    },
    Mutant {
        name: "injector: the block is stored after the word",
        file: QUEUE,
        find: "self.block.store(block.as_ptr(), Ordering::Release);
        self.word.store(word, Ordering::Release);",
        replace: "self.word.store(word, Ordering::Release);
        self.block.store(block.as_ptr(), Ordering::Release);",
        models: MODELS,
    },
    Mutant {
        name: "injector: a move ends with Relaxed",
        file: QUEUE,
        find: "self.word.store(word, Ordering::Release);",
        replace: "self.word.store(word, Ordering::Relaxed);",
        models: MODELS,
    },
    Mutant {
        name: "injector: the word is looked at with Relaxed",
        file: QUEUE,
        find: "(self.word.load(Ordering::Acquire), self.block.load(Ordering::Acquire))",
        replace: "(self.word.load(Ordering::Relaxed), self.block.load(Ordering::Relaxed))",
        models: MODELS,
    },
    Mutant {
        name: "injector: a slot is filled with Relaxed",
        file: BLOCK,
        find: "slot.tag.store(self.block().tag(content), Ordering::Release);",
        replace: "slot.tag.store(self.block().tag(content), Ordering::Relaxed);",
        models: MODELS,
    },
    Mutant {
        name: "injector: a filled slot is seen with Relaxed",
        file: BLOCK,
        find: "match tag.load(Ordering::Acquire) {",
        replace: "match tag.load(Ordering::Relaxed) {",
        models: MODELS,
    },
    Mutant {
        name: "injector: a slot counts as filled whatever its lap",
        file: BLOCK,
        find: "self.lap.load(Ordering::Relaxed) << 2 | content as u32",
        replace: "content as u32",
        models: MODELS,
    },
    Mutant {
        name: "injector: slots are released with Relaxed",
        file: BLOCK,
        find: "this.released.fetch_add(count, Ordering::AcqRel)",
        replace: "this.released.fetch_add(count, Ordering::Relaxed)",
        models: MODELS,
    },
    Mutant {
        name: "injector: slots are released with Acquire only",
        file: BLOCK,
        find: "this.released.fetch_add(count, Ordering::AcqRel)",
        replace: "this.released.fetch_add(count, Ordering::Acquire)",
        models: MODELS,
    },
    Mutant {
        name: "injector: slots are released with Release only",
        file: BLOCK,
        find: "this.released.fetch_add(count, Ordering::AcqRel)",
        replace: "this.released.fetch_add(count, Ordering::Release)",
        models: MODELS,
    },
    Mutant {
        name: "injector: a slot is released before it is read",
        file: BLOCK,
        find: "let content = self.slot().access.with_mut(|_| unsafe { self.room::<J>().read() });
        match released {
            Some(released) => released.add(self.block),
            // SAFETY: claimed by the caller, and read.
            None => unsafe { Block::release(self.block, 1) },
        }
        content",
        replace: "match released {
            Some(released) => released.add(self.block),
            None => unsafe { Block::release(self.block, 1) },
        }
        self.slot().access.with_mut(|_| unsafe { self.room::<J>().read() })",
        models: MODELS,
    },
    Mutant {
        name: "injector: a block goes home as it is counted",
        file: BLOCK,
        find: "this.released.store(0, Ordering::Relaxed);",
        replace: "",
        models: MODELS,
    },
    Mutant {
        name: "injector: a block goes home in its old lap",
        file: BLOCK,
        find: "this.lap.store(1 - this.lap.load(Ordering::Relaxed), Ordering::Relaxed);",
        replace: "",
        models: MODELS,
    },
    Mutant {
        name: "injector: a worker counts slots of another block",
        file: BLOCK,
        find: "if self.block.get() != Some(block) {
            self.flush();",
        replace: "if self.block.get() != Some(block) {",
        models: MODELS,
    },
    Mutant {
        name: "injector: a block goes home one slot early",
        file: BLOCK,
        find: "+ count == INJECTOR_SLOTS {",
        replace: "+ count == INJECTOR_SLOTS - 1 {",
        models: MODELS,
    },
    Mutant {
        name: "injector: a block keeps its successor",
        file: HOME,
        find: "unsafe { block.as_ref() }.set_next(self.first);",
        replace: "",
        models: MODELS,
    },
    Mutant {
        name: "injector: a spare block is taken and stays",
        file: HOME,
        find: "self.first = unsafe { block.as_ref() }.take_next();
        self.count -= 1;",
        replace: "",
        models: MODELS,
    },
    Mutant {
        name: "injector: a block that is one too many is forgotten",
        file: HOME,
        find: "unsafe { pages::free(block) };
        }
    }
}

impl Drop for Home {",
        replace: "let _ = block;
        }
    }
}

impl Drop for Home {",
        models: MODELS,
    },
    Mutant {
        name: "injector: a block that is one too many is kept and freed",
        file: HOME,
        find: "if self.count == SPARE_BLOCKS {
            return false;
        }",
        replace: "if self.count == SPARE_BLOCKS {
            // SAFETY: a mutant.
            unsafe { block.as_ref() }.set_next(self.first);
            self.first = Some(block);
            return false;
        }",
        models: MODELS,
    },
];

pub const UNSEEN: &[Mutant] = &[
    // The checker's fence acquires from every store that was read before it by whoever comes before; the next taker's fence is such a one.
    Mutant {
        name: "injector: where the tail is is known with Relaxed",
        file: QUEUE,
        find: "self.head.known.load(Ordering::Acquire) > position {",
        replace: "self.head.known.load(Ordering::Relaxed) > position {",
        models: "injector::no_taker",
    },
    // The fence before the exchange releases what the taker did before. Without a fence it claims only in a block that is not the last, where nobody finds the queue
    // empty.
    Mutant {
        name: "injector: the first place is claimed with Acquire only",
        file: QUEUE,
        find: "head.word.compare_exchange(word, claimed, Ordering::AcqRel, Ordering::Relaxed)",
        replace: "head.word.compare_exchange(word, claimed, Ordering::Acquire, Ordering::Relaxed)",
        models: MODELS,
    },
];
