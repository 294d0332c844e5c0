//! The work-stealing deque, of both kinds: the fork-join deque in both fence modes, the spawn deque with its ordinary fences.
//!
//! Threads: the owner and 1, 2 or 3 thieves. Capacity 2, so that slots are reused. Bounds: at each model.
//! Properties: every element is taken exactly once, by a thread that sees what the owner wrote into it; each thief meets
//! the elements oldest first; a full deque hands the element back, and has room again once a thief has taken one; who finds the deque empty and
//! passes a fence sees what the takers did before.
//! Seen failing: every mutant whose name begins with "deque".

use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;

use filch::internals::{Asymmetric, DequeOwner, Steal, Stealer, Symmetric, deque};
use loom::sync::atomic::Ordering::{Relaxed, SeqCst};
use loom::sync::atomic::{AtomicUsize, fence};
use loom::thread::{self, JoinHandle};

use crate::ledger::{Element, Ledger};
use crate::support::{ALL, Bound, explore, explore_in_both_modes};

/// The owner's end of either kind.
trait Owner {
    fn push(&self, element: NonNull<Element>) -> Result<i64, NonNull<Element>>;
    fn retract(&self, position: i64) -> bool;
    fn newest(&self) -> Option<NonNull<Element>>;
    fn pop(&self) -> Option<NonNull<Element>>;
}

/// A thief's end of either kind.
trait Thief: Send + Sync + 'static {
    fn steal(&self) -> Steal<NonNull<Element>>;
    fn is_empty(&self) -> bool;
}

macro_rules! kind {
    ($fences:ty) => {
        impl Owner for DequeOwner<Element, $fences, 2> {
            fn push(&self, element: NonNull<Element>) -> Result<i64, NonNull<Element>> {
                DequeOwner::push(self, element)
            }

            fn retract(&self, position: i64) -> bool {
                DequeOwner::retract(self, position)
            }

            fn newest(&self) -> Option<NonNull<Element>> {
                DequeOwner::newest(self)
            }

            fn pop(&self) -> Option<NonNull<Element>> {
                DequeOwner::pop(self)
            }
        }

        impl Thief for Stealer<Element, $fences, 2> {
            fn steal(&self) -> Steal<NonNull<Element>> {
                Stealer::steal(self)
            }

            fn is_empty(&self) -> bool {
                Stealer::is_empty(self)
            }
        }
    };
}
kind!(Asymmetric);
kind!(Symmetric);

/// What happens in a model.
#[derive(Clone, Copy)]
struct Plan {
    /// What the owner does: `P` pushes, `p` pops, `r` takes its newest push back, which it knows, and the thieves start at `|`.
    owner: &'static str,
    thieves: usize,
    /// How often each thief tries.
    tries: usize,
}

/// Explores the plan with the fork-join deque, in both modes.
fn explore_fork_join(bound: Bound, plan: Plan) {
    let name = format!("fork-join deque, {plan}");
    explore_in_both_modes(&name, bound, move || plan.play(deque::<_, Asymmetric, 2>()));
}

/// Explores the plan with the spawn deque.
fn explore_spawn(bound: Bound, plan: Plan) {
    explore(&format!("spawn deque, {plan}"), bound, move || plan.play(deque::<_, Symmetric, 2>()));
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} thieves x {}", self.owner, self.thieves, self.tries)
    }
}

impl Plan {
    fn play<O: Owner, T: Thief>(self, (owner, thief): (O, T)) {
        let ledger = Ledger::new(self.owner.matches('P').count());
        let mut player = Player { owner, ledger: &ledger, made: 0, pushed: Vec::new() };
        let (before, after) = self.owner.split_once('|').expect("the plan says when the thieves start");
        player.follow(before);
        let thief = Arc::new(thief);
        let thieves: Vec<_> = (0..self.thieves).map(|_| start_thief(&thief, &ledger, self.tries)).collect();
        player.follow(after);
        thieves.into_iter().for_each(|thief| thief.join().unwrap());
        while player.pop() {}
        ledger.assert_all_taken();
    }
}

struct Player<'a, O> {
    owner: O,
    ledger: &'a Ledger,
    made: usize,
    /// What it has neither popped nor taken back.
    pushed: Vec<(i64, NonNull<Element>)>,
}

impl<O: Owner> Player<'_, O> {
    fn follow(&mut self, script: &str) {
        for step in script.chars() {
            match step {
                'P' => self.push(),
                'r' => self.retract(),
                _ => drop(self.pop()),
            }
        }
    }

    /// Pushes a new element; takes it at once if the deque is full.
    fn push(&mut self) {
        let element = self.ledger.make(self.made);
        self.made += 1;
        match self.owner.push(element) {
            Ok(position) => self.pushed.push((position, element)),
            Err(returned) => {
                assert_eq!(returned, element);
                self.ledger.take(returned);
            }
        }
    }

    /// Takes the newest push back, or learns that a thief has it.
    fn retract(&mut self) {
        let (position, element) = self.pushed.pop().expect("the plan pushes before it takes back");
        if self.owner.retract(position) {
            self.ledger.take(element);
        }
    }

    fn pop(&mut self) -> bool {
        let newest = self.owner.newest();
        let Some(element) = self.owner.pop() else { return false };
        assert_eq!(newest, Some(element), "another element than the newest");
        self.pushed.pop();
        self.ledger.take(element);
        true
    }
}

fn start_thief(thief: &Arc<impl Thief>, ledger: &Arc<Ledger>, tries: usize) -> JoinHandle<()> {
    let (thief, ledger) = (thief.clone(), ledger.clone());
    thread::spawn(move || {
        let mut oldest = 0;
        for _ in 0..tries {
            if let Steal::Success(element) = thief.steal() {
                let number = ledger.take(element);
                assert!(number >= oldest, "element {number} came after a younger one");
                oldest = number;
            }
        }
    })
}

#[test]
fn one_thief_meets_pushes_and_pops() {
    let plan = Plan { owner: "|PPpp", thieves: 1, tries: 2 };
    explore_fork_join(ALL, plan);
    explore_spawn(ALL, plan);
}

#[test]
fn one_thief_meets_reused_slots() {
    let plan = Plan { owner: "|PpPp", thieves: 1, tries: 2 };
    explore_fork_join(Some(5), plan);
    explore_spawn(ALL, plan);
}

#[test]
fn one_thief_meets_reused_slots_of_a_full_deque() {
    let plan = Plan { owner: "PP|pPp", thieves: 1, tries: 2 };
    explore_fork_join(ALL, plan);
    explore_spawn(ALL, plan);
}

#[test]
fn one_thief_meets_a_full_deque() {
    let plan = Plan { owner: "PP|PPp", thieves: 1, tries: 2 };
    explore_fork_join(ALL, plan);
    explore_spawn(ALL, plan);
}

#[test]
fn what_was_pushed_is_taken_back() {
    let plan = Plan { owner: "|PPrr", thieves: 1, tries: 2 };
    explore_fork_join(ALL, plan);
}

#[test]
fn what_was_pushed_is_taken_back_and_pushed_again() {
    let plan = Plan { owner: "P|PrrPr", thieves: 1, tries: 2 };
    explore_fork_join(Some(5), plan);
}

#[test]
fn two_thieves_take_more_than_what_is_taken_back() {
    let plan = Plan { owner: "PP|rrPr", thieves: 2, tries: 1 };
    explore_fork_join(Some(3), plan);
}

#[test]
fn two_thieves_and_the_last_element() {
    let plan = Plan { owner: "P|p", thieves: 2, tries: 1 };
    explore_fork_join(Some(3), plan);
    explore_spawn(ALL, plan);
}

#[test]
fn two_thieves_and_the_last_two() {
    let plan = Plan { owner: "PP|pp", thieves: 2, tries: 1 };
    explore_fork_join(Some(3), plan);
    explore_spawn(Some(4), plan);
}

#[test]
fn two_thieves_meet_reused_slots() {
    let plan = Plan { owner: "PP|Pp", thieves: 2, tries: 1 };
    explore_fork_join(Some(3), plan);
    explore_spawn(ALL, plan);
}

#[test]
fn three_thieves() {
    let plan = Plan { owner: "PP|p", thieves: 3, tries: 1 };
    explore_fork_join(Some(2), plan);
    explore_spawn(Some(3), plan);
}

/// The owner waits for room: the thief's one steal must make it, and the new element lands in the slot that it freed.
fn room_after_a_steal<O: Owner, T: Thief>((owner, thief): (O, T)) {
    let ledger = Ledger::new(3);
    let mut player = Player { owner, ledger: &ledger, made: 0, pushed: Vec::new() };
    player.follow("PP");
    let thief = start_thief(&Arc::new(thief), &ledger, 1);
    let mut third = ledger.make(2);
    while let Err(returned) = player.owner.push(third) {
        third = returned;
        thread::yield_now();
    }
    thief.join().unwrap();
    player.follow("pp");
    ledger.assert_all_taken();
}

#[test]
fn a_steal_makes_room() {
    explore_in_both_modes("fork-join deque, room", ALL, || room_after_a_steal(deque::<_, Asymmetric, 2>()));
    explore("spawn deque, room", ALL, || room_after_a_steal(deque::<_, Symmetric, 2>()));
}

/// A thief tells that it is about to take an element. Who then finds the deque empty has been told.
fn nothing_left<O: Owner, T: Thief>((owner, thief): (O, T)) {
    let ledger = Ledger::new(1);
    owner.push(ledger.make(0)).unwrap();
    let stage = Arc::new((thief, AtomicUsize::new(0)));
    let observer = thread::spawn({
        let stage = stage.clone();
        move || {
            let stolen = stage.0.is_empty();
            fence(SeqCst);
            assert!(!stolen || stage.1.load(Relaxed) == 1, "the element is gone, and nobody has it");
        }
    });
    stage.1.store(1, Relaxed);
    assert!(matches!(stage.0.steal(), Steal::Success(_)));
    observer.join().unwrap();
}

#[test]
fn who_finds_it_empty_sees_what_the_thief_did_before() {
    explore_in_both_modes("fork-join deque, nothing left", ALL, || nothing_left(deque::<_, Asymmetric, 2>()));
    explore("spawn deque, nothing left", ALL, || nothing_left(deque::<_, Symmetric, 2>()));
}
