//! `src/util/blocks.rs`, `src/job/spawned.rs`, `src/util/nursery.rs`: memory that jobs hand on.

use crate::Mutant;

const BLOCKS: &str = "src/util/blocks.rs";
const SPAWNED: &str = "src/job/spawned.rs";
const NURSERY: &str = "src/util/nursery.rs";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "blocks: a block in use stays in the store",
        file: BLOCKS,
        find: "self.first.set(unsafe { block.as_ref() }.next);
        self.len.set(self.len.get() - 1);",
        replace: "",
        models: "blocks::",
    },
    Mutant {
        name: "blocks: a block is kept twice",
        file: BLOCKS,
        find: "store.keep(block.cast()),",
        replace: "{
                store.keep(block.cast());
                store.keep(block.cast());
            }",
        models: "blocks::",
    },
    Mutant {
        name: "blocks: a chain in the depot is still the worker's",
        file: BLOCKS,
        find: "let Some(spare) = self.spare.replace(Some(chain)) else { return self.begin_chain() };
        if self.depot.give(spare) {",
        replace: "let Some(spare) = self.spare.get() else {
            self.spare.set(Some(chain));
            return self.begin_chain();
        };
        if self.depot.give(spare) {",
        models: "blocks::",
    },
    Mutant {
        name: "blocks: a chain that is taken stays in the depot",
        file: BLOCKS,
        find: "chains.0 = unsafe { chain.as_ref() }.next_chain;",
        replace: "",
        models: "blocks::",
    },
    Mutant {
        name: "blocks: the depot's chain lasts for ever",
        file: BLOCKS,
        find: "self.spare.take().or_else(|| self.depot.take())",
        replace: "self.spare.get().or_else(|| self.depot.take())",
        models: "blocks::",
    },
    Mutant {
        name: "blocks: a closure runs from a block that was given back",
        file: SPAWNED,
        find: "let closure = unsafe { Self::take_out(job, Some(owner)) };
                owner.left_queue();
                owner.started();",
        replace: "std::mem::forget(unsafe { Self::take_out(job, Some(owner)) });
                owner.left_queue();
                owner.started();
                let closure = unsafe { (&raw const (*job.cast::<Self>().as_ptr()).closure).read() };",
        models: "blocks::",
    },
    Mutant {
        name: "blocks: a closure is dropped in a block that was given back",
        file: SPAWNED,
        find: "let closure = unsafe { Self::take_out(job, Some(owner)) };
                end(owner, reason, closure);",
        replace: "std::mem::forget(unsafe { Self::take_out(job, Some(owner)) });
                owner.ended_unrun(reason, false);
                drop(unsafe { (&raw const (*job.cast::<Self>().as_ptr()).closure).read() });",
        models: "blocks::",
    },
    Mutant {
        name: "nursery: a thing leaves with Relaxed",
        file: NURSERY,
        find: "left.fetch_sub(things, Ordering::Release)",
        replace: "left.fetch_sub(things, Ordering::Relaxed)",
        models: "nursery::",
    },
    Mutant {
        name: "nursery: no fence before the piece is freed",
        file: NURSERY,
        find: "full_fence(Ordering::Acquire);",
        replace: "",
        models: "nursery::",
    },
    Mutant {
        name: "nursery: a thing leaves by load and store",
        file: NURSERY,
        find: "if left.fetch_sub(things, Ordering::Release) == things {",
        replace: "let before = left.load(Ordering::Acquire);
    left.swap(before - things, Ordering::AcqRel);
    if before == things {",
        models: "nursery::",
    },
    Mutant {
        name: "nursery: the last thing frees an open piece",
        file: NURSERY,
        find: "left: AtomicUsize::new(OPEN)",
        replace: "left: AtomicUsize::new(1)",
        models: "nursery::",
    },
    Mutant {
        name: "nursery: a full piece is forgotten",
        file: NURSERY,
        find: "    fn begin_piece(&mut self) {
        self.end_piece();",
        replace: "    fn begin_piece(&mut self) {
        self.piece = None;",
        models: "nursery::a_piece_is_full",
    },
    Mutant {
        name: "nursery: its end frees the piece",
        file: NURSERY,
        find: "unsafe { leave(piece, OPEN - self.made) };",
        replace: "unsafe { leave(piece, (*piece.as_ptr()).left.load(Ordering::Acquire)) };",
        models: "nursery::",
    },
];
