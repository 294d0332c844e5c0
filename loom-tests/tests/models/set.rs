//! Job sets: results on their way to whoever asks for the next, and the outbox that wakes those who wait.
//!
//! Threads: 2 or 3. Bounds: at each model.
//! Properties: each member comes out once, with its own outcome; nobody sleeps while there is an outcome, or when nothing is outstanding; a job that waits
//! for room is let in once room has come, once; what nobody took is dropped with the set.
//! Seen failing: every mutant whose name begins with "set", "pile" or "outbox".

use std::sync::Arc;

use filch::JobId;
use filch::internals::{Deadline, JobRef, Outbox, Owner, SetCore, Surroundings};
use loom::sync::Mutex;
use loom::sync::atomic::Ordering::SeqCst;
use loom::sync::atomic::{AtomicBool, AtomicUsize, fence};
use loom::thread::{self, JoinHandle};

use crate::support::{ALL, explore};
use crate::witness::{Queued, Registered, Value, Witness};

/// An outbox, and what somebody waits for, under a lock as `Outbox` demands.
struct Rung {
    outbox: Outbox,
    state: Mutex<usize>,
}

impl Rung {
    fn new() -> Arc<Self> {
        Arc::new(Self { outbox: Outbox::new(), state: Mutex::new(0) })
    }

    fn wait_for(&self, state: usize) {
        self.outbox.wait_until(Deadline::NEVER, || (*self.state.lock().unwrap() == state).then_some(()));
    }

    fn ring(self: &Arc<Self>) -> JoinHandle<()> {
        let this = self.clone();
        thread::spawn(move || {
            *this.state.lock().unwrap() += 1;
            this.outbox.ring();
        })
    }
}

#[test]
fn a_ring_wakes_who_waits() {
    explore("outbox, a waiter and two changes", Some(4), || {
        let rung = Rung::new();
        let ringers = [rung.ring(), rung.ring()];
        rung.wait_for(2);
        ringers.into_iter().for_each(|ringer| ringer.join().unwrap());
        assert!(rung.outbox.close().is_empty());
    });
}

#[test]
fn a_ring_wakes_all_who_wait() {
    explore("outbox, two waiters and a change", Some(4), || {
        let rung = Rung::new();
        let other = thread::spawn({
            let rung = rung.clone();
            move || rung.wait_for(1)
        });
        let ringer = rung.ring();
        rung.wait_for(1);
        other.join().unwrap();
        ringer.join().unwrap();
        assert!(rung.outbox.close().is_empty());
    });
}

/// A set, and what became of its members.
struct Stage {
    core: Arc<SetCore<Value>>,
    owner: Registered,
    witnesses: Vec<(JobId, Witness)>,
}

impl Stage {
    fn new(capacity: Option<usize>) -> Self {
        let owner = Registered::new();
        Self { core: SetCore::new(owner.id, Home::new(), capacity), owner, witnesses: Vec::new() }
    }

    fn enlist(&mut self) -> Queued {
        let witness = Witness::new();
        let (id, job) = self.core.enlist(witness.closure());
        self.witnesses.push((id, witness));
        Queued(job)
    }

    fn run(&self, queued: Queued) -> JoinHandle<()> {
        let owner = self.owner.owner.clone();
        thread::spawn(move || {
            let _ = queued.run(&*owner);
        })
    }

    /// What `JobSet::next` does off the workers.
    fn next(core: &SetCore<Value>) -> Option<(JobId, bool, Option<JobRef>)> {
        loop {
            if let Some(((id, outcome), next)) = core.take() {
                return Some((id, outcome.inspect(Value::check).is_ok(), next));
            }
            if core.len() == 0 {
                return None;
            }
            assert!(core.wait(Deadline::NEVER, false, None));
            // Another taker may have been faster: this is a spin loop then, whose looks may be old ones.
            thread::yield_now();
        }
    }

    fn witness(&self, id: JobId) -> &Witness {
        &self.witnesses.iter().find(|(member, _)| *member == id).expect("a member").1
    }

    /// At the end: each member came out once, as what it is.
    fn settle(self, came_out: &[(JobId, bool)]) {
        assert_eq!(self.core.len(), 0);
        assert!(self.core.take().is_none());
        self.core.close();
        assert_eq!(came_out.len(), self.witnesses.len());
        for (id, ran) in came_out {
            assert_eq!(self.witness(*id).settle(), isize::from(*ran), "{id}");
        }
    }
}

#[test]
fn a_result_reaches_who_waits() {
    explore("set, one member", ALL, || {
        let mut stage = Stage::new(None);
        let queued = stage.enlist();
        let runner = stage.run(queued);
        let (id, ran, _) = Stage::next(&stage.core).expect("one is outstanding");
        runner.join().unwrap();
        stage.settle(&[(id, ran)]);
    });
}

#[test]
fn results_of_two_workers_both_come_out() {
    explore("set, two members", Some(3), || {
        let mut stage = Stage::new(None);
        let (first, second) = (stage.enlist(), stage.enlist());
        let runners = [stage.run(first), stage.run(second)];
        let came_out: Vec<_> = std::iter::from_fn(|| Stage::next(&stage.core)).map(|(id, ran, _)| (id, ran)).collect();
        runners.into_iter().for_each(|runner| runner.join().unwrap());
        stage.settle(&came_out);
    });
}

#[test]
fn two_who_ask_and_one_result() {
    explore("set, two takers", Some(2), || {
        let mut stage = Stage::new(None);
        let queued = stage.enlist();
        let runner = stage.run(queued);
        let core = stage.core.clone();
        let other = thread::spawn(move || Stage::next(&core).map(|(id, ran, _)| (id, ran)));
        let mine = Stage::next(&stage.core).map(|(id, ran, _)| (id, ran));
        let theirs = other.join().unwrap();
        runner.join().unwrap();
        let came_out: Vec<_> = mine.into_iter().chain(theirs).collect();
        stage.settle(&came_out);
    });
}

/// The last result is in one thread's hands, and not counted as delivered yet, while another begins to wait.
#[test]
fn who_waits_for_nothing_is_told() {
    explore("set, the last result", Some(3), || {
        let mut stage = Stage::new(None);
        let queued = stage.enlist();
        let _ = queued.run(&*stage.owner.owner);
        let core = stage.core.clone();
        let other = thread::spawn(move || Stage::next(&core).map(|(id, ran, _)| (id, ran)));
        let mine = stage.core.take().map(|((id, outcome), _)| (id, outcome.is_ok()));
        let theirs = other.join().unwrap();
        let came_out: Vec<_> = mine.into_iter().chain(theirs).collect();
        stage.settle(&came_out);
    });
}

#[test]
fn cancel_against_run_and_next() {
    explore("set, cancel against run", Some(3), || {
        let mut stage = Stage::new(None);
        let queued = stage.enlist();
        let id = stage.witnesses[0].0;
        let runner = stage.run(queued);
        let core = stage.core.clone();
        let canceller = thread::spawn(move || core.stop(id).is_some_and(|(member, _)| member.cancel()));
        let (out, ran, _) = Stage::next(&stage.core).expect("one is outstanding");
        let cancelled = canceller.join().unwrap();
        runner.join().unwrap();
        assert_eq!(cancelled, !ran);
        stage.settle(&[(out, ran)]);
    });
}

#[test]
fn the_set_goes_while_a_member_runs() {
    explore("set, dropped while a member runs", ALL, || {
        let mut stage = Stage::new(None);
        let queued = stage.enlist();
        let runner = stage.run(queued);
        let Stage { core, owner, witnesses } = stage;
        let cancelled = core.all().iter().filter(|cell| cell.cancel()).count();
        core.close();
        let gone = Arc::downgrade(&core);
        drop(core);
        runner.join().unwrap();
        assert_eq!(gone.strong_count(), 0, "a share was not given back");
        drop(owner);
        assert_eq!(witnesses[0].1.settle(), 1 - cancelled as isize);
    });
}

/// The set is closed and gone as soon as its one result has come: the worker that brought it may still be about to wake us.
#[test]
fn the_set_goes_with_its_last_result() {
    explore("set, dropped with its last result", ALL, || {
        let mut stage = Stage::new(None);
        let queued = stage.enlist();
        let runner = stage.run(queued);
        let Stage { core, owner, witnesses } = stage;
        let (_, ran, _) = Stage::next(&core).expect("one is outstanding");
        core.close();
        assert_eq!(Arc::strong_count(&core), 1);
        drop(core);
        runner.join().unwrap();
        drop(owner);
        assert!(ran);
        assert_eq!(witnesses[0].1.settle(), 1);
    });
}

/// What `JobSet::next` does on a worker: takes what there is, and else runs the oldest member if none runs.
fn next_in_place<T: Send + 'static>(core: &SetCore<T>, owner: &dyn Owner) -> Option<Result<T, filch::JobError>> {
    loop {
        if let Some(((_, outcome), next)) = core.take() {
            assert!(next.is_none());
            return Some(outcome);
        }
        if core.len() == 0 {
            return None;
        }
        match core.oldest_queued() {
            Some((cell, waiting)) => {
                assert!(waiting.is_empty());
                if cell.claim() {
                    cell.run_claimed(owner);
                }
            }
            None => assert!(core.wait(Deadline::NEVER, true, None)),
        }
        thread::yield_now();
    }
}

/// One member runs elsewhere, on a thread that will run no other; the second one is for the worker that waits.
#[test]
fn who_waits_runs_the_next_member_when_none_runs() {
    explore("set, a member for who waits", Some(4), || {
        let mut stage = Stage::new(None);
        let (first, second) = (stage.enlist(), stage.enlist());
        let runner = stage.run(first);
        let came_out = std::iter::from_fn(|| next_in_place(&stage.core, &*stage.owner.owner));
        assert_eq!(came_out.map(|outcome| outcome.unwrap().check()).count(), 2);
        runner.join().unwrap();
        let _ = second.run(&*stage.owner.owner);
        stage.core.close();
        assert!(stage.witnesses.iter().all(|(_, witness)| witness.settle() == 1));
    });
}

/// The same, when what runs elsewhere is a producer that ends without a word.
#[test]
fn who_waits_runs_the_next_member_when_a_producer_has_ended() {
    explore("set, an empty producer and who waits", Some(5), || {
        let owner = Registered::new();
        let core = SetCore::<u32>::new(owner.id, Home::new(), None);
        let (_, producer) = core.enlist_producer(Vec::new);
        let (_, second) = core.enlist(|| 2);
        let (producer, second) = (Queued(producer), Queued(second));
        let runner = thread::spawn({
            let owner = owner.owner.clone();
            move || {
                let _ = producer.run(&*owner);
            }
        });
        let came_out: Vec<_> =
            std::iter::from_fn(|| next_in_place(&core, &*owner.owner)).map(|outcome| outcome.unwrap()).collect();
        assert_eq!(came_out, [2]);
        runner.join().unwrap();
        let _ = second.run(&*owner.owner);
        core.close();
    });
}

/// A member asks its own set while another one is submitted, which nobody else will run.
#[test]
fn who_waits_is_told_of_a_new_member() {
    explore("set, a new member for who waits", Some(4), || {
        let owner = Registered::new();
        let core = SetCore::<u32>::new(owner.id, Home::new(), None);
        let other = thread::spawn({
            let core = core.clone();
            move || Queued(core.enlist(|| 2).1)
        });
        let (_, asking) = core.enlist({
            let (core, owner) = (core.clone(), owner.owner.clone());
            move || next_in_place(&core, &*owner).expect("this one is outstanding").unwrap() + 1
        });
        let _ = Queued(asking).run(&*owner.owner);
        let _ = other.join().unwrap().run(&*owner.owner);
        assert_eq!(core.take().expect("the one that asked").0.1.unwrap(), 3);
        core.close();
    });
}

/// One thread adds two members from inside the pool to a set for one; another takes them as they come, and runs those that are let in.
#[test]
fn what_waits_for_room_is_let_in_once() {
    explore("set, waiting for room", Some(4), || {
        let stage = Stage::new(Some(1));
        let owner = stage.owner.owner.clone();
        let witnesses = [Witness::new(), Witness::new()];
        let producer = thread::spawn({
            let (core, owner, witnesses) = (stage.core.clone(), owner.clone(), witnesses.clone());
            move || {
                for witness in &witnesses {
                    let (_, job) = core.enlist_or_wait(witness.closure());
                    if let Some(job) = job {
                        let _ = Queued(job).run(&*owner);
                    }
                }
            }
        });
        let mut came_out = 0;
        let mut take = || {
            while let Some((_, ran, next)) = Stage::next(&stage.core) {
                assert!(ran);
                came_out += 1;
                if let Some(job) = next {
                    let _ = Queued(job).run(&*owner);
                }
            }
        };
        take();
        producer.join().unwrap();
        take();
        assert_eq!(came_out, 2);
        check_room_for_one(&stage.core);
        stage.core.close();
        assert!(witnesses.iter().all(|witness| witness.settle() == 1));
    });
}

/// Of a set for one, from which everything has been taken.
fn check_room_for_one<T: Send + 'static>(core: &SetCore<T>) {
    let gate = core.gate().expect("a set with a capacity");
    assert_eq!([gate.try_enter().is_ok(), gate.try_enter().is_ok()], [true, false]);
}

/// A close lets in whatever waits, beyond the room; nothing is let in twice.
#[test]
fn a_close_lets_everybody_in() {
    explore("set, closing", Some(4), || {
        let stage = Stage::new(Some(1));
        let owner = stage.owner.owner.clone();
        let runs = Arc::new(AtomicUsize::new(0));
        let mut taken = 0;
        let witnesses = [Witness::new(), Witness::new()];
        let (first, second) = (
            stage.core.enlist_or_wait(witnesses[0].closure()).1.expect("there is room for one"),
            stage.core.enlist_or_wait(witnesses[1].closure()).1,
        );
        assert!(second.is_none());
        let closer = thread::spawn({
            let (core, owner, runs) = (stage.core.clone(), owner.clone(), runs.clone());
            move || {
                for job in core.let_all_in() {
                    runs.fetch_add(1, SeqCst);
                    let _ = Queued(job).run(&*owner);
                }
            }
        });
        let _ = Queued(first).run(&*owner);
        while let Some((_, ran, next)) = Stage::next(&stage.core) {
            assert!(ran);
            taken += 1;
            if let Some(job) = next {
                runs.fetch_add(1, SeqCst);
                let _ = Queued(job).run(&*owner);
            }
        }
        closer.join().unwrap();
        assert_eq!((taken, runs.load(SeqCst)), (2, 1));
        check_room_for_one(&stage.core);
        stage.core.close();
        assert!(witnesses.iter().all(|witness| witness.settle() == 1));
    });
}

/// The pool of a set, which only says whether it is closed. What it is given to queue it keeps.
#[derive(Clone, Default)]
struct Home(Arc<HomeState>);

#[derive(Default)]
struct HomeState {
    is_closed: AtomicBool,
    queue: std::sync::Mutex<Vec<Queued>>,
}

impl Surroundings for Home {
    fn count(&self) {}

    fn queue(&self, job: JobRef) {
        self.0.queue.lock().unwrap().push(Queued(job));
    }

    fn is_dropping(&self) -> bool {
        false
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed.load(SeqCst)
    }

    fn stack_size(&self) -> usize {
        1 << 16
    }
}

impl Home {
    fn new() -> Box<Self> {
        Box::default()
    }
}

/// Takes numbers until nothing is outstanding, and runs the stages that are let in.
fn take_numbers(core: &SetCore<u32>, owner: &Registered) -> Vec<Option<u32>> {
    let mut numbers = Vec::new();
    loop {
        if let Some(((_, outcome), next)) = core.take() {
            numbers.push(outcome.ok());
            if let Some(job) = next {
                let _ = Queued(job).run(&*owner.owner);
            }
        } else if core.len() == 0 {
            return numbers;
        } else {
            assert!(core.wait(Deadline::NEVER, false, None));
            thread::yield_now();
        }
    }
}

/// A producer finds a set for one full, or not, while another thread takes what comes.
#[test]
fn a_producer_pauses_and_goes_on() {
    explore("set, a producer and a taker", Some(2), || {
        let owner = Registered::new();
        let core = SetCore::<u32>::new(owner.id, Home::new(), Some(1));
        let (_, first) = core.enlist_producer(|| [1, 2, 3]);
        let producer = thread::spawn({
            let (queued, owner) = (Queued(first), owner.owner.clone());
            move || {
                let _ = queued.run(&*owner);
            }
        });
        assert_eq!(take_numbers(&core, &owner), [Some(1), Some(2), Some(3)]);
        producer.join().unwrap();
        assert!(core.all().is_empty());
        check_room_for_one(&core);
        core.close();
    });
}

/// A producer pauses while the pool closes: it does not stay in the set for ever.
#[test]
fn a_producer_pauses_while_the_pool_closes() {
    explore("set, a producer and a close", Some(3), || {
        let owner = Registered::new();
        let home = Home::new();
        let core = SetCore::<u32>::new(owner.id, home.clone(), Some(1));
        let (_, first) = core.enlist_producer(|| [1, 2, 3]);
        let closer = thread::spawn({
            let (core, home, owner) = (core.clone(), home.clone(), owner.owner.clone());
            move || {
                home.0.is_closed.store(true, SeqCst);
                fence(SeqCst);
                for job in core.let_all_in() {
                    let _ = Queued(job).run(&*owner);
                }
            }
        });
        let _ = Queued(first).run(&*owner.owner);
        for queued in std::mem::take(&mut *home.0.queue.lock().unwrap()) {
            let _ = queued.run(&*owner.owner);
        }
        closer.join().unwrap();
        let numbers = take_numbers(&core, &owner);
        assert!([&[Some(1), None][..], &[Some(1), Some(2), None]].contains(&&numbers[..]), "{numbers:?}");
        assert!(core.all().is_empty());
        core.close();
    });
}

/// A producer is asked to stop while it pauses: it ends once, by itself or by the one who asks.
#[test]
fn a_producer_pauses_while_it_is_cancelled() {
    explore("set, a producer and a cancel", Some(2), || {
        let owner = Registered::new();
        let core = SetCore::<u32>::new(owner.id, Home::new(), Some(1));
        let (id, first) = core.enlist_producer(|| [1, 2, 3]);
        let canceller = thread::spawn({
            let (core, owner) = (core.clone(), owner.owner.clone());
            move || {
                let Some((member, waiting)) = core.stop(id) else { return false };
                let cancelled = member.cancel();
                for job in waiting {
                    let _ = Queued(job).run(&*owner);
                }
                cancelled
            }
        });
        let _ = Queued(first).run(&*owner.owner);
        let cancelled = canceller.join().unwrap();
        let numbers = take_numbers(&core, &owner);
        assert_eq!(numbers.last(), Some(&None), "{numbers:?}");
        assert!(!cancelled || numbers.len() == 1, "{numbers:?}");
        assert!(core.all().is_empty());
        check_room_for_one(&core);
        core.close();
    });
}
