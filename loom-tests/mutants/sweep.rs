//! `src/registry/shared.rs`: the shared queues, and the sweeps that rearrange them.

use crate::Mutant;

const SHARED: &str = "src/registry/shared.rs";
const MODELS: &str = "sweep::";

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "sweep: a turn ends with Relaxed",
        file: SHARED,
        find: "self.0.turn.swap(false, Ordering::AcqRel);",
        replace: "self.0.turn.swap(false, Ordering::Relaxed);",
        models: MODELS,
    },
    Mutant {
        name: "sweep: a worker does not show that it is taking",
        file: SHARED,
        find: "taking.store(true, Ordering::Relaxed);",
        replace: "",
        models: MODELS,
    },
    Mutant {
        name: "sweep: no TakeFence",
        file: SHARED,
        find: "fence::light();",
        replace: "",
        models: MODELS,
    },
    Mutant {
        name: "sweep: TakeFence before the flag",
        file: SHARED,
        find: "taking.store(true, Ordering::Relaxed);
        // Ordering: TakeFence: the flag is up before we look whether somebody has the turn; pairs with the heavy fence in `take_turn`.
        fence::light();",
        replace: "fence::light();
        taking.store(true, Ordering::Relaxed);",
        models: MODELS,
    },
    Mutant {
        name: "sweep: a worker looks for a turn with Relaxed",
        file: SHARED,
        find: "if self.turn.load(Ordering::Acquire) { None } else { Some(f()) };",
        replace: "if self.turn.load(Ordering::Relaxed) { None } else { Some(f()) };",
        models: MODELS,
    },
    Mutant {
        name: "sweep: a worker looks for a turn before it shows that it is taking only",
        file: SHARED,
        find: "if self.turn.load(Ordering::Acquire) { None } else { Some(f()) };",
        replace: "Some(f());",
        models: MODELS,
    },
    Mutant {
        name: "sweep: a worker is always taking",
        file: SHARED,
        find: "taking.store(false, Ordering::Release);",
        replace: "",
        models: MODELS,
    },
    Mutant {
        name: "sweep: a worker shows that it is taking until before it takes",
        file: SHARED,
        find: "let result = if self.turn.load(Ordering::Acquire) { None } else { Some(f()) };
        // Ordering: Release: whoever sees the flag down sees the queues without our job.
        taking.store(false, Ordering::Release);
        result",
        replace: "let turned = self.turn.load(Ordering::Acquire);
        taking.store(false, Ordering::Release);
        if turned { None } else { Some(f()) }",
        models: MODELS,
    },
    Mutant {
        name: "sweep: a worker takes new jobs first",
        file: SHARED,
        find: "let oldest = if self.old_injected.is_empty() { None } else { self.pop_old() };
        oldest.or_else(|| retry(|| self.injector.steal(released)))",
        replace: "retry(|| self.injector.steal(released)).or_else(|| self.pop_old())",
        models: MODELS,
    },
    Mutant {
        name: "sweep: a worker takes old express jobs first",
        file: SHARED,
        find: "self.express.pop().or_else(|| self.old_express.pop())",
        replace: "self.old_express.pop().or_else(|| self.express.pop())",
        models: MODELS,
    },
    Mutant {
        name: "sweep: a worker that would leave does not mind turns",
        file: SHARED,
        find: "self.unless_turned(index, || self.is_empty()).unwrap_or(false)",
        replace: "{
            let _ = index;
            self.is_empty()
        }",
        models: MODELS,
    },
    Mutant {
        name: "sweep: a worker that would leave does so during a turn",
        file: SHARED,
        find: "self.unless_turned(index, || self.is_empty()).unwrap_or(false)",
        replace: "self.unless_turned(index, || self.is_empty()).unwrap_or(true)",
        models: MODELS,
    },
    Mutant {
        name: "sweep: who takes all does not wait for its turn",
        file: SHARED,
        find: "None => patience.wait(),",
        replace: "None => return Vec::new(),",
        models: MODELS,
    },
    Mutant {
        name: "sweep: two have the turn",
        file: SHARED,
        find: "if self.turn.swap(true, Ordering::AcqRel) {
            return None;
        }",
        replace: "self.turn.swap(true, Ordering::AcqRel);",
        models: MODELS,
    },
    Mutant {
        name: "sweep: the turn is taken by load and store",
        file: SHARED,
        find: "if self.turn.swap(true, Ordering::AcqRel) {
            return None;
        }",
        replace: "if self.turn.load(Ordering::Acquire) {
            return None;
        }
        self.turn.swap(true, Ordering::AcqRel);",
        models: MODELS,
    },
    Mutant {
        name: "sweep: a turn begins without its fence",
        file: SHARED,
        find: "fence::heavy();",
        replace: "",
        models: MODELS,
    },
    Mutant {
        name: "sweep: a turn begins with a full fence only",
        file: SHARED,
        find: "fence::heavy();",
        replace: "crate::sync::full_fence(Ordering::SeqCst);",
        models: MODELS,
    },
    Mutant {
        name: "sweep: a turn begins with a light fence",
        file: SHARED,
        find: "fence::heavy();",
        replace: "fence::light();",
        models: MODELS,
    },
    Mutant {
        name: "sweep: a turn begins while a worker is taking",
        file: SHARED,
        find: "while taking.load(Ordering::Acquire) {
                patience.wait();
            }",
        replace: "let _ = (taking, &mut patience);",
        models: MODELS,
    },
    Mutant {
        name: "sweep: a turn looks at the flags before it begins",
        file: SHARED,
        find: "if self.turn.swap(true, Ordering::AcqRel) {
            return None;
        }
        let turn = Turn(self);",
        replace: "let taking: Vec<bool> = self.taking.iter().map(|taking| taking.load(Ordering::Acquire)).collect();
        if taking.contains(&true) || self.turn.swap(true, Ordering::AcqRel) {
            return None;
        }
        let turn = Turn(self);
        if taking.contains(&false) {
            return Some(turn);
        }",
        models: MODELS,
    },
    Mutant {
        name: "sweep: live jobs go behind the new ones",
        file: SHARED,
        find: "Some(job) => self.old_injected.push(InTransit(job)),",
        replace: "Some(job) => self.injector.push(job),",
        models: MODELS,
    },
    Mutant {
        name: "sweep: live express jobs change their order",
        file: SHARED,
        find: "live.into_iter().rev().flatten().for_each(",
        replace: "live.into_iter().flatten().for_each(",
        models: MODELS,
    },
    Mutant {
        name: "sweep: nobody is told of due jobs that were put back",
        file: SHARED,
        find: "full_fence(Ordering::SeqCst);
            self.hint_at_due();
        }
        tombstones.len()",
        replace: "}
        tombstones.len()",
        models: MODELS,
    },
    Mutant {
        name: "sweep: the hint at due jobs that were put back is looked at without a fence",
        file: SHARED,
        find: "full_fence(Ordering::SeqCst);
            self.hint_at_due();
        }
        tombstones.len()",
        replace: "self.hint_at_due();
        }
        tombstones.len()",
        models: MODELS,
    },
    Mutant {
        name: "sweep: who pushes a due job looks at the hint without a fence",
        file: SHARED,
        find: "fence::after_exchange();
                self.hint_at_due();",
        replace: "self.hint_at_due();",
        models: MODELS,
    },
    Mutant {
        name: "sweep: who takes the hint away looks for due jobs without a fence",
        file: SHARED,
        find: "full_fence(Ordering::SeqCst);
            if !self.is_empty_of_due() {",
        replace: "if !self.is_empty_of_due() {",
        models: MODELS,
    },
];

pub const UNSEEN: &[Mutant] = &[
    // A worker that shows its flag and lowers it again keeps the sweeper waiting, a little, each time.
    Mutant {
        name: "sweep: a worker shows that it is taking although it sees a turn",
        file: SHARED,
        find: "if self.turn.load(Ordering::Relaxed) {
            return None;
        }",
        replace: "",
        models: MODELS,
    },
    // The next two: each job is taken from its queue by an exchange of its own, which fails on a queue that has changed. So a sweeper that does not
    // see the worker's last take tries again.
    Mutant {
        name: "sweep: a worker shows with Relaxed that it has taken",
        file: SHARED,
        find: "taking.store(false, Ordering::Release);",
        replace: "taking.store(false, Ordering::Relaxed);",
        models: MODELS,
    },
    Mutant {
        name: "sweep: a sweeper sees with Relaxed that a worker has taken",
        file: SHARED,
        find: "while taking.load(Ordering::Acquire) {",
        replace: "while taking.load(Ordering::Relaxed) {",
        models: MODELS,
    },
    // The heavy fence after it acquires what the turn before has released.
    Mutant {
        name: "sweep: the turn is taken with Relaxed",
        file: SHARED,
        find: "if self.turn.swap(true, Ordering::AcqRel) {",
        replace: "if self.turn.swap(true, Ordering::Relaxed) {",
        models: MODELS,
    },
];
