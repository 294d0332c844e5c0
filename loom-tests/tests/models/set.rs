//! Job sets: results on their way to whoever asks for the next, and the bell that wakes those who wait.
//!
//! Threads: 2 or 3. Bounds: at each model.
//! Properties: each member comes out once, with its own outcome; nobody sleeps while there is an outcome, or when nothing is outstanding; a job that waits
//! for room is let in once room has come, once; what nobody took is dropped with the set.
//! Seen failing: every mutant whose name begins with "set" or "bell".

use std::sync::Arc;

use filch::JobId;
use filch::internals::{Bell, Deadline, JobRef, SetCore, Surroundings};
use loom::sync::atomic::Ordering::{Relaxed, SeqCst};
use loom::sync::atomic::{AtomicBool, AtomicUsize, fence};
use loom::thread::{self, JoinHandle};

use crate::support::{ALL, explore};
use crate::witness::{Queued, Registered, Value, Witness};

#[test]
fn a_bell_wakes_who_waits() {
    explore("bell, a waiter and two changes", Some(4), || {
        let stage = Arc::new((Bell::new(), AtomicUsize::new(0)));
        let ring = |stage: &Arc<(Bell, AtomicUsize)>| {
            let stage = stage.clone();
            thread::spawn(move || {
                stage.1.fetch_add(1, Relaxed);
                stage.0.ring();
            })
        };
        let ringers = [ring(&stage), ring(&stage)];
        stage.0.wait_until(Deadline::NEVER, || (stage.1.load(Relaxed) == 2).then_some(()));
        ringers.into_iter().for_each(|ringer| ringer.join().unwrap());
    });
}

#[test]
fn a_bell_wakes_all_who_wait() {
    explore("bell, two waiters and a change", Some(4), || {
        let stage = Arc::new((Bell::new(), AtomicUsize::new(0)));
        let wait = |stage: &(Bell, AtomicUsize)| {
            stage.0.wait_until(Deadline::NEVER, || (stage.1.load(Relaxed) == 1).then_some(()));
        };
        let other = thread::spawn({
            let stage = stage.clone();
            move || wait(&stage)
        });
        let ringer = thread::spawn({
            let stage = stage.clone();
            move || {
                stage.1.store(1, Relaxed);
                stage.0.ring();
            }
        });
        wait(&stage);
        other.join().unwrap();
        ringer.join().unwrap();
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
        Self { core: SetCore::new(owner.id, capacity), owner, witnesses: Vec::new() }
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
            assert!(core.wait(Deadline::NEVER, false));
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
    explore("set, two takers", Some(1), || {
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
        while let Some(((_, outcome), _)) = core.take() {
            core.discard(outcome);
        }
        drop(core);
        runner.join().unwrap();
        drop(owner);
        assert_eq!(witnesses[0].1.settle(), 1 - cancelled as isize);
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
        assert!(witnesses.iter().all(|witness| witness.settle() == 1));
    });
}

/// The pool of a producer, which only says whether it is closed. What it is given to queue it keeps.
struct Home {
    is_closed: AtomicBool,
    queue: std::sync::Mutex<Vec<Queued>>,
}

impl Surroundings for Home {
    fn queue(&self, job: JobRef) {
        self.queue.lock().unwrap().push(Queued(job));
    }

    fn is_dropping(&self) -> bool {
        false
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(SeqCst)
    }
}

impl Home {
    fn new() -> Arc<Self> {
        Arc::new(Self { is_closed: AtomicBool::new(false), queue: std::sync::Mutex::default() })
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
            assert!(core.wait(Deadline::NEVER, false));
            thread::yield_now();
        }
    }
}

/// A producer finds a set for one full, or not, while another thread takes what comes.
#[test]
fn a_producer_pauses_and_goes_on() {
    explore("set, a producer and a taker", Some(4), || {
        let owner = Registered::new();
        let core = SetCore::<u32>::new(owner.id, Some(1));
        let (_, first) = core.enlist_producer(Home::new(), || [1, 2, 3]);
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
    });
}

/// A producer pauses while the pool closes: it does not stay in the set for ever.
#[test]
fn a_producer_pauses_while_the_pool_closes() {
    explore("set, a producer and a close", Some(4), || {
        let owner = Registered::new();
        let core = SetCore::<u32>::new(owner.id, Some(1));
        let home = Home::new();
        let (_, first) = core.enlist_producer(home.clone(), || [1, 2, 3]);
        let closer = thread::spawn({
            let (core, home, owner) = (core.clone(), home.clone(), owner.owner.clone());
            move || {
                home.is_closed.store(true, SeqCst);
                fence(SeqCst);
                for job in core.let_all_in() {
                    let _ = Queued(job).run(&*owner);
                }
            }
        });
        let _ = Queued(first).run(&*owner.owner);
        for queued in std::mem::take(&mut *home.queue.lock().unwrap()) {
            let _ = queued.run(&*owner.owner);
        }
        closer.join().unwrap();
        let numbers = take_numbers(&core, &owner);
        assert!([&[Some(1), None][..], &[Some(1), Some(2), None]].contains(&&numbers[..]), "{numbers:?}");
        assert!(core.all().is_empty());
    });
}

/// A producer is asked to stop while it pauses: it ends once, by itself or by the one who asks.
#[test]
fn a_producer_pauses_while_it_is_cancelled() {
    explore("set, a producer and a cancel", Some(4), || {
        let owner = Registered::new();
        let core = SetCore::<u32>::new(owner.id, Some(1));
        let (id, first) = core.enlist_producer(Home::new(), || [1, 2, 3]);
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
    });
}
