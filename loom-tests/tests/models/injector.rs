//! The contract of the shared queue. Under the model a small queue stands for crossbeam's: these models check that it keeps the contract, so that
//! what other models find with it holds.
//!
//! Threads: 2 or 3. Bounds: at each model.
//! Properties: every element is taken exactly once, by a thread that sees what was written into it; each producer's elements come out
//! in its order; two threads that push to one queue and then look into the other's do not both find nothing; who finds the queue empty and passes a
//! fence sees what the taker did before.
//! Seen failing: every mutant whose name begins with "injector".

use std::sync::Arc;

use filch::internals::{Injector, Steal, heavy, light};
use loom::sync::atomic::Ordering::{Relaxed, SeqCst};
use loom::sync::atomic::{AtomicUsize, fence};
use loom::thread::{self, JoinHandle};

use crate::ledger::{Element, Ledger};
use crate::support::{ALL, Bound, explore, explore_in_both_modes};

/// Elements of one producer have numbers of their own.
const EACH: usize = 2;

struct Stage {
    queue: Injector<Element>,
    ledger: Arc<Ledger>,
    producers: usize,
}

impl Stage {
    fn produce(&self, producer: usize) {
        (0..EACH).for_each(|k| self.queue.push(self.ledger.make(producer * EACH + k)));
    }

    /// Tries so often, and checks the order in which one producer's elements come.
    fn consume(&self, tries: usize) {
        let mut next = vec![0; self.producers];
        for _ in 0..tries {
            if let Steal::Success(element) = self.queue.steal() {
                let number = self.ledger.take(element);
                let (producer, k) = (number / EACH, number % EACH);
                assert!(k >= next[producer], "element {number} came after a younger one");
                next[producer] = k + 1;
            }
        }
    }

    fn drain(&self) {
        loop {
            match self.queue.steal() {
                Steal::Success(element) => drop(self.ledger.take(element)),
                Steal::Retry => unreachable!("nobody else is left"),
                Steal::Empty => break,
            }
        }
    }
}

/// The main thread is the first producer. Each consumer tries so often.
fn explore_crowd(bound: Bound, producers: usize, consumers: usize, tries: usize) {
    let name = format!("injector, {producers} producers, {consumers} consumers");
    explore(&name, bound, move || {
        let ledger = Ledger::new(producers * EACH);
        let stage = Arc::new(Stage { queue: Injector::new(), ledger, producers });
        let mut others = Vec::new();
        (1..producers).for_each(|producer| others.push(start(&stage, move |stage| stage.produce(producer))));
        (0..consumers).for_each(|_| others.push(start(&stage, move |stage| stage.consume(tries))));
        stage.produce(0);
        others.into_iter().for_each(|other| other.join().unwrap());
        stage.drain();
        assert!(stage.queue.is_empty());
        stage.ledger.assert_all_taken();
    });
}

fn start(stage: &Arc<Stage>, body: impl FnOnce(&Stage) + 'static) -> JoinHandle<()> {
    let stage = stage.clone();
    thread::spawn(move || body(&stage))
}

#[test]
fn a_producer_and_a_consumer() {
    explore_crowd(ALL, 1, 1, 3);
}

#[test]
fn two_producers_and_a_consumer() {
    explore_crowd(Some(3), 2, 1, 2);
}

#[test]
fn a_producer_and_two_consumers() {
    explore_crowd(Some(3), 1, 2, 2);
}

/// Pushes to one queue and looks into the other; whether that one was empty.
fn push_and_steal(mine: &Injector<Element>, theirs: &Injector<Element>, ledger: &Ledger, number: usize) -> bool {
    mine.push(ledger.make(number));
    theirs.steal() == Steal::Empty
}

#[test]
fn of_two_that_push_and_steal_one_finds_the_other() {
    explore("injector, two queues", ALL, || {
        let stage = Arc::new((Injector::new(), Injector::new(), Ledger::new(2)));
        let other = thread::spawn({
            let stage = stage.clone();
            move || push_and_steal(&stage.0, &stage.1, &stage.2, 0)
        });
        let nothing = push_and_steal(&stage.1, &stage.0, &stage.2, 1);
        assert!(!(other.join().unwrap() && nothing), "both missed the other");
    });
}

/// What a submitter and a worker that goes to sleep rely on. Inside the pool the submitter's fence is a light one.
#[test]
fn of_a_push_and_a_look_one_sees_the_other() {
    explore_in_both_modes("injector, push and look", ALL, || {
        let stage = Arc::new((Injector::new(), AtomicUsize::new(0), Ledger::new(1)));
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
        let announcement = pusher.join().unwrap();
        assert!(announcement == 1 || !looks_empty, "both missed the other");
    });
}

/// A taker tells that it is about to take an element. Who then finds the queue empty has been told.
#[test]
fn who_finds_it_empty_sees_what_the_taker_did_before() {
    explore("injector, nothing left", ALL, || {
        let stage = Arc::new((Injector::new(), AtomicUsize::new(0), Ledger::new(1)));
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
        assert!(matches!(stage.0.steal(), Steal::Success(_)));
        observer.join().unwrap();
    });
}
