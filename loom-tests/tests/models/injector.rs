//! The shared queues: the injector, whose blocks are used again and in which small jobs lie themselves, and the backlog. Under the model a small queue
//! stands for crossbeam's in the backlog; the models check that it keeps the contract, so that what other models find with it holds.
//!
//! Threads: 2 or 3; blocks of 2 slots. Bounds: at each model.
//! Properties: every element is taken exactly once, by a thread that sees what was written into it; each producer's elements come out
//! in its order; two threads that push to one queue and then look into the other's do not both find nothing; who finds the queue empty and passes a
//! fence sees what the taker did before; a block is used again, or freed, after all uses.
//! Seen failing: every mutant whose name begins with "injector" or "backlog".

use std::ptr::NonNull;
use std::sync::Arc;

use filch::internals::{Backlog, InTransit, Injector, Released, Steal, heavy, light, take_out};
use loom::sync::atomic::Ordering::{Relaxed, SeqCst};
use loom::sync::atomic::{AtomicUsize, fence};
use loom::thread::{self, JoinHandle};

use crate::ledger::{Element, Ledger};
use crate::support::{ALL, Bound, explore, explore_in_both_modes};

/// What both queues promise.
trait Queue: Send + Sync + 'static {
    fn new() -> Self;
    fn push(&self, element: NonNull<Element>);
    fn steal(&self) -> Steal<NonNull<Element>>;
    fn is_empty(&self) -> bool;
}

impl Queue for Backlog<InTransit<Element>> {
    fn new() -> Self {
        Backlog::new()
    }

    fn push(&self, element: NonNull<Element>) {
        Backlog::push(self, InTransit(element));
    }

    fn steal(&self) -> Steal<NonNull<Element>> {
        match Backlog::steal(self) {
            Steal::Success(InTransit(element)) => Steal::Success(element),
            Steal::Empty => Steal::Empty,
            Steal::Retry => Steal::Retry,
        }
    }

    fn is_empty(&self) -> bool {
        Backlog::is_empty(self)
    }
}

impl Queue for Injector<Element> {
    fn new() -> Self {
        Injector::new()
    }

    fn push(&self, element: NonNull<Element>) {
        Injector::push(self, element);
    }

    fn steal(&self) -> Steal<NonNull<Element>> {
        Injector::steal(self, None)
    }

    fn is_empty(&self) -> bool {
        Injector::is_empty(self)
    }
}

/// Elements of one producer have numbers of their own.
const EACH: usize = 2;

struct Stage<Q> {
    queue: Q,
    ledger: Arc<Ledger>,
    producers: usize,
}

impl<Q: Queue> Stage<Q> {
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
fn explore_crowd<Q: Queue>(bound: Bound, producers: usize, consumers: usize, tries: usize) {
    let name = format!("{}, {producers} producers, {consumers} consumers", std::any::type_name::<Q>());
    explore(&name, bound, move || {
        let ledger = Ledger::new(producers * EACH);
        let stage = Arc::new(Stage { queue: Q::new(), ledger, producers });
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

fn start<Q: Queue>(stage: &Arc<Stage<Q>>, body: impl FnOnce(&Stage<Q>) + 'static) -> JoinHandle<()> {
    let stage = stage.clone();
    thread::spawn(move || body(&stage))
}

#[test]
fn a_producer_and_a_consumer() {
    explore_crowd::<Backlog<InTransit<Element>>>(ALL, 1, 1, 3);
    explore_crowd::<Injector<Element>>(ALL, 1, 1, 3);
}

#[test]
fn two_producers_and_a_consumer() {
    explore_crowd::<Backlog<InTransit<Element>>>(Some(3), 2, 1, 2);
    explore_crowd::<Injector<Element>>(Some(1), 2, 1, 2);
}

#[test]
fn a_producer_and_two_consumers() {
    explore_crowd::<Backlog<InTransit<Element>>>(Some(3), 1, 2, 2);
    explore_crowd::<Injector<Element>>(Some(2), 1, 2, 1);
}

/// Pushes to one queue and looks into the other; whether that one was empty.
fn push_and_steal<Q: Queue>(mine: &Q, theirs: &Q, ledger: &Ledger, number: usize) -> bool {
    mine.push(ledger.make(number));
    theirs.steal() == Steal::Empty
}

fn two_queues<Q: Queue>() {
    explore("two queues", ALL, || {
        let stage = Arc::new((Q::new(), Q::new(), Ledger::new(2)));
        let other = thread::spawn({
            let stage = stage.clone();
            move || push_and_steal(&stage.0, &stage.1, &stage.2, 0)
        });
        let nothing = push_and_steal(&stage.1, &stage.0, &stage.2, 1);
        assert!(!(other.join().unwrap() && nothing), "both missed the other");
    });
}

#[test]
fn of_two_that_push_and_steal_one_finds_the_other() {
    two_queues::<Backlog<InTransit<Element>>>();
    two_queues::<Injector<Element>>();
}

fn push_and_look<Q: Queue>() {
    explore_in_both_modes("push and look", ALL, || {
        let stage = Arc::new((Q::new(), AtomicUsize::new(0), Ledger::new(1)));
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

/// What a submitter and a worker that goes to sleep rely on. Inside the pool the submitter's fence is a light one.
#[test]
fn of_a_push_and_a_look_one_sees_the_other() {
    push_and_look::<Backlog<InTransit<Element>>>();
    push_and_look::<Injector<Element>>();
}

fn nothing_left<Q: Queue>() {
    explore("nothing left", ALL, || {
        let stage = Arc::new((Q::new(), AtomicUsize::new(0), Ledger::new(1)));
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

/// A taker tells that it is about to take an element. Who then finds the queue empty has been told.
#[test]
fn who_finds_it_empty_sees_what_the_taker_did_before() {
    nothing_left::<Backlog<InTransit<Element>>>();
    nothing_left::<Injector<Element>>();
}

/// A job that lies in the queue: it begins with the element's word, which says nothing here.
#[repr(C)]
struct Job {
    word: u64,
    element: NonNull<Element>,
}

/// Blocks of two slots go round, and every element lies in the queue itself.
struct Ring {
    queue: Injector<u64>,
    ledger: Arc<Ledger>,
}

impl Ring {
    fn new(elements: usize) -> Arc<Self> {
        Arc::new(Self { queue: Injector::new(), ledger: Ledger::new(elements) })
    }

    fn push(&self, number: usize) {
        let job = Job { word: number as u64, element: self.ledger.make(number) };
        // SAFETY: a job begins with its word.
        assert!(unsafe { self.queue.push_job(job) }.is_ok());
    }

    /// Tries once; the number of what was there.
    fn take(&self, released: Option<&Released>) -> Steal<usize> {
        match self.queue.steal(released) {
            Steal::Empty => Steal::Empty,
            Steal::Retry => Steal::Retry,
            Steal::Success(job) => {
                // SAFETY: every element is a `Job` that lies in the queue, and was taken just now.
                let job = unsafe { take_out(job.cast::<Job>(), released) };
                let number = self.ledger.take(job.element);
                assert_eq!(job.word, number as u64, "the slot has another job's word");
                Steal::Success(number)
            }
        }
    }

    fn consume(&self, tries: usize) {
        let released = Released::new();
        let mut next = 0;
        for _ in 0..tries {
            if let Steal::Success(number) = self.take(Some(&released)) {
                assert!(number >= next, "element {number} came after a younger one");
                next = number + 1;
            }
        }
        released.flush();
    }

    fn drain(&self) {
        while self.take(None) != Steal::Empty {}
        self.ledger.assert_all_taken();
    }
}

/// The queue has moved on by some elements already, so that its blocks are used again early.
fn explore_ring(name: &str, bound: Bound, before: usize, pushes: usize, consumers: usize, tries: usize) {
    explore(name, bound, move || {
        let ring = Ring::new(before + pushes);
        loom::stop_exploring();
        for number in 0..before {
            ring.push(number);
            assert_eq!(ring.take(None), Steal::Success(number));
        }
        loom::explore();
        let consumers: Vec<_> = (0..consumers)
            .map(|_| {
                let ring = ring.clone();
                thread::spawn(move || ring.consume(tries))
            })
            .collect();
        (before..before + pushes).for_each(|number| ring.push(number));
        consumers.into_iter().for_each(|consumer| consumer.join().unwrap());
        ring.drain();
    });
}

#[test]
fn blocks_are_used_again() {
    explore_ring("injector: blocks are used again, 1 consumer", Some(2), 2, 3, 1, 3);
}

#[test]
fn blocks_are_used_again_by_two() {
    explore_ring("injector: blocks are used again, 2 consumers", Some(1), 2, 3, 2, 2);
}

/// What the second knows of the tail it has from the first, and the third from the second.
#[test]
fn no_taker_gets_ahead_of_the_tail() {
    explore_ring("injector: one element, 3 consumers", Some(2), 0, 1, 3, 1);
}

#[test]
fn a_block_is_left_by_two() {
    explore_ring("injector: the end of a block, 2 consumers", Some(2), 1, 2, 2, 1);
}

/// Two threads fill the last slot of a block, or believe that they do.
#[test]
fn a_block_is_appended_by_two() {
    explore("injector: 2 producers at the end of a block", Some(4), || {
        let ring = Ring::new(4);
        let other = thread::spawn({
            let ring = ring.clone();
            move || (0..2).for_each(|number| ring.push(number))
        });
        (2..4).for_each(|number| ring.push(number));
        other.join().unwrap();
        ring.drain();
    });
}

/// A block goes home on one thread and out again on another that has met the first nowhere else.
#[test]
fn a_block_comes_back_to_a_stranger() {
    explore("injector: a block comes back to a stranger", ALL, || {
        let ring = Ring::new(6);
        loom::stop_exploring();
        (0..3).for_each(|number| ring.push(number));
        assert_eq!(ring.take(None), Steal::Success(0));
        loom::explore();
        let consumer = thread::spawn({
            let ring = ring.clone();
            move || ring.take(None)
        });
        (3..5).for_each(|number| ring.push(number));
        assert_eq!(consumer.join().unwrap(), Steal::Success(1));
        // The block that came back is full now, and goes home for the second time.
        ring.push(5);
        ring.drain();
    });
}
