//! The express lane: a stack whose nodes are used again.
//!
//! Threads: 2 or 3. The first segment has 2 nodes and the second 4. Bounds: at each model.
//! Properties: every element is taken exactly once, by a thread that sees what was written into it; one thread's elements come out newest
//! first; of a push and a look, each followed by a fence, one sees the other; who finds the lane empty and passes a fence sees what the
//! taker did before.
//! Seen failing: every mutant whose name begins with "express".

use std::ptr::NonNull;
use std::sync::Arc;

use filch::internals::{Express, heavy, light};
use loom::sync::atomic::Ordering::{Relaxed, SeqCst};
use loom::sync::atomic::{AtomicUsize, fence};
use loom::thread;

use crate::ledger::{Element, Ledger};
use crate::support::{ALL, Bound, explore, explore_in_both_modes};

/// What happens in a model: `P` pushes a new element, `p` pops, `A` takes all.
#[derive(Clone, Copy)]
struct Plan {
    /// Pushed before there is a second thread.
    before: &'static str,
    /// One script a thread; the first is the main thread's.
    threads: &'static [&'static str],
}

struct Stage {
    lane: Express<Element>,
    ledger: Arc<Ledger>,
    /// Elements made so far. No atomic of the model: the numbers are no event of the protocol.
    made: std::sync::atomic::AtomicUsize,
}

impl Plan {
    fn explore(self, bound: Bound) {
        explore(&format!("express, {}|{}", self.before, self.threads.join("|")), bound, move || self.play());
    }

    fn play(self) {
        let pushes = |script: &str| script.matches('P').count();
        let count = pushes(self.before) + self.threads.iter().map(|script| pushes(script)).sum::<usize>();
        let stage = Arc::new(Stage { lane: Express::new(), ledger: Ledger::new(count), made: 0.into() });
        stage.follow(self.before);
        let (mine, others) = self.threads.split_first().expect("a plan has threads");
        let start = |script: &'static str| {
            let stage = stage.clone();
            thread::spawn(move || stage.follow(script))
        };
        let others: Vec<_> = others.iter().copied().map(start).collect();
        stage.follow(mine);
        others.into_iter().for_each(|other| other.join().unwrap());
        while stage.pop() {}
        assert!(stage.lane.is_empty());
        assert_eq!(stage.lane.len(), 0);
        stage.ledger.assert_all_taken();
    }
}

impl Stage {
    fn follow(&self, script: &str) {
        for step in script.chars() {
            match step {
                'P' => self.push(),
                'A' => self.take_all(),
                _ => drop(self.pop()),
            }
        }
    }

    fn push(&self) {
        self.lane.push(self.ledger.make(self.made.fetch_add(1, Relaxed)));
    }

    fn take_all(&self) {
        for element in self.lane.take_all() {
            self.ledger.take(element);
        }
    }

    fn pop(&self) -> bool {
        self.lane.pop().map(|element| self.ledger.take(element)).is_some()
    }
}

/// The first thread reads the head and the node below it. Meanwhile the second takes both, while the third puts the first node back on
/// its own. The head is the same node again, above another: only the tag tells.
#[test]
fn a_node_returns_while_a_pop_looks_at_it() {
    Plan { before: "PP", threads: &["p", "pp", "P"] }.explore(Some(3));
    Plan { before: "PP", threads: &["p", "A", "P"] }.explore(Some(3));
}

#[test]
fn nodes_are_used_again() {
    Plan { before: "", threads: &["Pp", "Pp"] }.explore(Some(4));
    Plan { before: "P", threads: &["pP", "p"] }.explore(ALL);
}

#[test]
fn one_takes_all() {
    Plan { before: "PP", threads: &["A", "p"] }.explore(ALL);
    Plan { before: "PP", threads: &["A", "A"] }.explore(ALL);
    Plan { before: "PP", threads: &["A", "PP"] }.explore(ALL);
}

#[test]
fn two_threads_make_two_segments() {
    Plan { before: "", threads: &["PP", "PP"] }.explore(Some(4));
}

#[test]
fn three_threads_make_two_segments() {
    Plan { before: "", threads: &["P", "P", "P"] }.explore(Some(3));
}

#[test]
fn an_element_meets_two_takers() {
    Plan { before: "P", threads: &["p", "p"] }.explore(ALL);
    Plan { before: "", threads: &["P", "p", "p"] }.explore(ALL);
}

/// One thread pushes two elements and takes what there is, while another pushes.
fn push_and_drain(drain: impl Fn(&Express<Element>) -> Vec<NonNull<Element>>) {
    let (lane, ledger) = (Arc::new(Express::new()), Ledger::new(3));
    let other = thread::spawn({
        let (lane, ledger) = (lane.clone(), ledger.clone());
        move || lane.push(ledger.make(2))
    });
    lane.push(ledger.make(0));
    lane.push(ledger.make(1));
    let taken: Vec<usize> = drain(&lane).into_iter().map(|element| ledger.take(element)).collect();
    other.join().unwrap();
    let own: Vec<usize> = taken.into_iter().filter(|number| *number != 2).collect();
    assert_eq!(own, [1, 0]);
}

#[test]
fn a_threads_own_elements_come_newest_first() {
    let one_by_one = |lane: &Express<Element>| std::iter::from_fn(|| lane.pop()).collect();
    explore("express, order", Some(4), move || push_and_drain(one_by_one));
    explore("express, order of all", Some(4), || push_and_drain(Express::take_all));
}

/// What a worker and one that goes to sleep rely on.
#[test]
fn of_a_push_and_a_look_one_sees_the_other() {
    explore_in_both_modes("express, push and look", ALL, || {
        let stage = Arc::new((Express::new(), AtomicUsize::new(0), Ledger::new(1)));
        let pusher = thread::spawn({
            let stage = stage.clone();
            move || {
                stage.0.push(stage.2.make(0));
                light();
                stage.1.load(Relaxed)
            }
        });
        stage.1.store(1, Relaxed);
        heavy();
        let looks_empty = stage.0.is_empty();
        let popped = stage.0.pop().is_some();
        let announcement = pusher.join().unwrap();
        assert!(announcement == 1 || (!looks_empty && popped), "both missed the other");
    });
}

/// A taker tells that it is about to take an element. Who then finds the lane empty has been told.
fn nothing_left(take: impl Fn(&Express<Element>) -> usize) {
    let stage = Arc::new((Express::new(), AtomicUsize::new(0), Ledger::new(1)));
    stage.0.push(stage.2.make(0));
    let observer = thread::spawn({
        let stage = stage.clone();
        move || {
            let taken = stage.0.is_empty();
            fence(SeqCst);
            assert!(!taken || stage.1.load(Relaxed) == 1, "the element is gone, and nobody has it");
        }
    });
    stage.1.store(1, Relaxed);
    assert_eq!(take(&stage.0), 1);
    observer.join().unwrap();
}

#[test]
fn who_finds_it_empty_sees_what_the_taker_did_before() {
    explore("express, nothing left", ALL, || nothing_left(|lane| lane.pop().into_iter().count()));
    explore("express, nothing left by all", ALL, || nothing_left(|lane| lane.take_all().len()));
}
