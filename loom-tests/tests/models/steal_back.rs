//! `src/registry/serving.rs`: who waits for a piece takes parts of that piece back, and nothing else.
//!
//! Threads: the worker that serves (main), the one that waits, sometimes another thief. Bounds: at each model. Property: what is taken back was pushed while the worker served what is
//! awaited; nothing is taken twice or lost.
//! Seen failing: the rows of `steal_back` in `mutants`.

use std::sync::Arc;

use filch::internals::{Asymmetric, DequeOwner, Serving, Steal, Stealer, deque};
use loom::thread::{self, JoinHandle};

use crate::ledger::{Element, Ledger};
use crate::support::{Bound, explore_in_both_modes};

/// The address that the waiting thread waits for, and another.
const AWAITED: usize = 0x10;
const UNRELATED: usize = 0x20;

/// What others see of the worker.
struct Slot {
    serving: Serving,
    deque: Stealer<Element, Asymmetric, 2>,
}

/// What the worker does, a letter each: `A` serves what is awaited from now on, `U` something unrelated, `-` nothing; `P` pushes, `r` takes the newest push back. The
/// others start at `|`.
#[derive(Clone, Copy)]
struct Plan {
    worker: &'static str,
    /// Another thief, who may take anything.
    with_thief: bool,
    tries: usize,
}

struct Worker<'a> {
    slot: Arc<Slot>,
    owner: DequeOwner<Element, Asymmetric, 2>,
    ledger: &'a Ledger,
    pushed: Vec<(i64, std::ptr::NonNull<Element>)>,
    made: usize,
}

impl Worker<'_> {
    fn follow(&mut self, script: &str) {
        for step in script.chars() {
            match step {
                'A' => drop(self.slot.serving.change(AWAITED, self.owner.bottom())),
                'U' => drop(self.slot.serving.change(UNRELATED, self.owner.bottom())),
                '-' => drop(self.slot.serving.change(0, self.owner.bottom())),
                'P' => self.push(),
                'r' => self.retract(),
                other => unreachable!("no step {other}"),
            }
        }
    }

    fn push(&mut self) {
        let element = self.ledger.make(self.made);
        self.made += 1;
        let position = self.owner.push(element).expect("the plan leaves room");
        self.pushed.push((position, element));
    }

    fn retract(&mut self) {
        let (position, element) = self.pushed.pop().expect("the plan pushes before it takes back");
        if self.owner.retract(position) {
            self.ledger.take(element);
        }
    }
}

impl Plan {
    /// The numbers of the elements that are pushed while the worker serves what is awaited.
    fn parts(self) -> Vec<usize> {
        let (mut serves, mut parts, mut made) = (false, Vec::new(), 0);
        for step in self.worker.chars() {
            match step {
                'A' => serves = true,
                'U' | '-' => serves = false,
                'P' => {
                    parts.extend(serves.then_some(made));
                    made += 1;
                }
                _ => {}
            }
        }
        parts
    }

    fn play(self) {
        let ledger = Ledger::new(self.worker.matches('P').count());
        let (owner, stealer) = deque();
        let slot = Arc::new(Slot { serving: Serving::new(), deque: stealer });
        let mut worker = Worker { slot: slot.clone(), owner, ledger: &ledger, pushed: Vec::new(), made: 0 };
        let (before, after) = self.worker.split_once('|').expect("the plan says when the others start");
        worker.follow(before);
        let mut others = vec![self.start_waiter(&slot, &ledger)];
        if self.with_thief {
            others.push(start_thief(&slot, &ledger));
        }
        worker.follow(after);
        while !worker.pushed.is_empty() {
            worker.retract();
        }
        others.into_iter().for_each(|other| other.join().unwrap());
        ledger.assert_all_taken();
    }

    fn start_waiter(self, slot: &Arc<Slot>, ledger: &Arc<Ledger>) -> JoinHandle<()> {
        let (slot, ledger, parts) = (slot.clone(), ledger.clone(), self.parts());
        thread::spawn(move || {
            for _ in 0..self.tries {
                if let Steal::Success(element) = slot.serving.steal_part(AWAITED, &slot.deque) {
                    let number = ledger.take(element);
                    assert!(parts.contains(&number), "element {number} is no part of what is awaited");
                }
            }
        })
    }
}

fn start_thief(slot: &Arc<Slot>, ledger: &Arc<Ledger>) -> JoinHandle<()> {
    let (slot, ledger) = (slot.clone(), ledger.clone());
    thread::spawn(move || {
        if let Steal::Success(element) = slot.deque.steal() {
            ledger.take(element);
        }
    })
}

fn explore_plan(bound: Bound, plan: Plan) {
    let name = format!("steal back: {}, thief: {}, {} tries", plan.worker, plan.with_thief, plan.tries);
    explore_in_both_modes(&name, bound, move || plan.play());
}

#[test]
fn a_part_is_taken_back() {
    explore_plan(Some(3), Plan { worker: "|APPrr-", with_thief: false, tries: 1 });
}

/// The older piece belongs to a frame below.
#[test]
fn an_older_piece_is_not() {
    explore_plan(Some(4), Plan { worker: "P|APr-", with_thief: false, tries: 1 });
    explore_plan(Some(2), Plan { worker: "P|APr-", with_thief: true, tries: 1 });
}

/// The run ends, and the next one's piece lies at the same position.
#[test]
fn a_piece_of_the_next_run_is_not() {
    explore_plan(Some(3), Plan { worker: "|APr-UPr-", with_thief: false, tries: 1 });
}

/// The same is awaited twice, and the second run begins above an older piece: the first run's base must not count for it.
#[test]
fn the_base_is_that_of_the_run() {
    explore_plan(Some(4), Plan { worker: "A|-PAPr-r", with_thief: false, tries: 1 });
}

/// A third thread makes the top reach the run's base late, with another run's piece there.
#[test]
fn a_thief_moves_the_top_between_two_runs() {
    explore_plan(Some(2), Plan { worker: "PA|Pr-UPr-", with_thief: true, tries: 1 });
}
