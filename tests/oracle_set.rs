//! A set of jobs beside an oracle: the pool's one worker is held in each job, so what has ended, and in which order, is known at each step.
//!
//! `FILCH_SOAK_SECONDS` sets how long; `FILCH_SEED` the seed.

mod common;

#[path = "oracles/board.rs"]
mod board;
#[path = "oracles/cases.rs"]
mod cases;
#[path = "oracles/set_end.rs"]
mod end;
#[path = "oracles/members.rs"]
mod members;
#[path = "oracles/queues.rs"]
mod queues;
#[path = "oracles/set_steps.rs"]
mod steps;
#[path = "ledger/support/mod.rs"]
mod support;

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use board::{Capture, Desk, Order, Outcome, Prize, Report};
use common::{Notes, PATIENCE};
use filch::{JobError, JobId, JobSet, ManualClock, Pool};
use members::{Member, Members, Producer, State};
use proptest::sample::Index;
use queues::{Lane, Queues};
use steps::{Case, How, Step, Take};

type Delivery = Option<(JobId, Result<Prize, JobError>)>;

/// Submits to the set. `None`: it is full, or, for a `try_submit`, shut down.
fn submit(set: &JobSet<Prize>, how: How, capture: Capture) -> Option<JobId> {
    Some(match how {
        How::Submit => set.submit(|| capture.run()),
        How::First => set.submit_first(|| capture.run()),
        How::Later(delay) => set.submit_later(delay, || capture.run()),
        How::Iter { items, panics } => set.submit_iter(move || capture.produce(items, panics)),
        How::Try => return set.try_submit(|| capture.run()).map_err(|error| drop(error.into_inner())).ok(),
    })
}

fn take(set: &JobSet<Prize>, how: Take) -> Delivery {
    match how {
        Take::TryNext => set.try_next(),
        Take::NextTimeout => set.next_timeout(Duration::ZERO),
        Take::Next => set.next(),
    }
}

/// The set, its oracle, and what the test holds. Dropped in this order, also by a test that fails.
struct Pair {
    desk: Desk,
    members: Members,
    queues: Queues,
    /// The job that the worker is inside of.
    held: Option<usize>,
    by_id: HashMap<JobId, usize>,
    ids: HashMap<usize, JobId>,
    now: u64,
    clock: ManualClock,
    handled: Notes<String>,
    is_closed: bool,
    is_dropping: bool,
    ender: Option<thread::JoinHandle<()>>,
    set: Option<Arc<JobSet<Prize>>>,
    pool: Pool,
}

impl Pair {
    fn new(capacity: Option<usize>) -> Self {
        let (handled, clock) = (Notes::new(), ManualClock::new());
        let builder = Pool::builder().threads(1).panic_handler(handled.handler()).clock(clock.clone());
        let pool = builder.build().expect("a pool");
        let set = match capacity {
            Some(capacity) => JobSet::with_capacity(&pool, capacity),
            None => JobSet::new(&pool),
        };
        Self {
            desk: Desk::new(),
            members: Members::new(capacity),
            queues: Queues::default(),
            held: None,
            by_id: HashMap::new(),
            ids: HashMap::new(),
            now: 0,
            clock,
            handled,
            is_closed: false,
            is_dropping: false,
            ender: None,
            set: Some(Arc::new(set)),
            pool,
        }
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::Submit { how, inside } => self.submit(*how, *inside),
            Step::Stranger => self.spawn_stranger(),
            Step::Finish { times, panics } => (0..*times).for_each(|_| self.finish(*panics)),
            Step::Take { how, times, inside } => (0..*times).for_each(|_| self.take(*how, *inside)),
            Step::Cancel { which, inside } => self.cancel(*which, *inside),
            Step::CancelAll { inside } => self.cancel_all(*inside),
            Step::CancelPending => {
                let all = self.queues.take_all();
                assert_eq!(self.pool.cancel_pending(), all.len());
                self.cancelled(&all);
            }
            Step::CancelTimers => {
                let all = self.members.ids(|member| matches!(member.state, State::Delayed(_)));
                assert_eq!(self.pool.cancel_timers(), all.len());
                self.cancelled(&all);
            }
            Step::Advance(delay) => self.advance(*delay),
        }
        self.check();
    }

    /// Does something with the set, inside the job that runs or here.
    fn with_set<R: Send + 'static>(
        &self,
        inside: bool,
        f: impl FnOnce(&JobSet<Prize>) -> R + Send + 'static,
    ) -> Option<R> {
        let set = self.set.clone()?;
        if inside && self.held.is_some() {
            Some(self.desk.inside(move || f(&set)).expect("no panic"))
        } else {
            Some(f(&set))
        }
    }

    fn submit(&mut self, how: How, inside: bool) {
        let inside = inside && self.held.is_some();
        let is_producer = matches!(how, How::Iter { .. });
        let is_full = self.members.is_full() && !is_producer && !self.is_closed;
        if self.set.is_none() || is_full && !inside && how != How::Try {
            return;
        }
        let job = self.desk.open();
        let capture = self.desk.capture(job, false);
        let id = self.with_set(inside, move |set| submit(set, how, capture)).expect("there is a set");
        let Some(id) = id else {
            assert!(how == How::Try && (self.is_closed || is_full && !inside), "job {job} was refused");
            let member = Member { state: State::Ended, producer: None, is_stranger: true, is_asked: false };
            self.members.add(member);
            self.members.accounts[job].captures_gone += 1;
            return;
        };
        assert!(how != How::Try || !self.is_closed && (inside || !is_full), "job {job} was not refused");
        assert_eq!(self.by_id.insert(id, job), None, "a number was used again");
        self.ids.insert(job, id);
        let (state, lane) = match how {
            // It goes beyond the capacity.
            How::Later(delay) if delay > Duration::ZERO && !self.is_closed => (State::Delayed(self.after(delay)), None),
            How::Later(_) => (State::Queued, Some(Lane::Due)),
            _ if is_full && inside => (State::Waiting, None),
            How::First => (State::Queued, Some(Lane::Express)),
            _ if inside => (State::Queued, Some(Lane::Own)),
            _ => (State::Queued, Some(Lane::Injected)),
        };
        let producer = match how {
            How::Iter { items, panics } => Some(Producer { items, panics, ..Producer::default() }),
            _ => None,
        };
        assert_eq!(self.members.add(Member { state, producer, is_stranger: false, is_asked: false }), job);
        if self.is_closed {
            return self.members.end(job, Outcome::ShutDown);
        }
        lane.into_iter().for_each(|lane| self.queues.push(lane, job));
        self.start_next();
    }

    fn spawn_stranger(&mut self) {
        if self.is_closed {
            return;
        }
        let job = self.desk.open();
        let capture = self.desk.capture(job, false);
        self.pool.spawn(|| drop(capture.run()));
        self.members.add(Member { state: State::Queued, producer: None, is_stranger: true, is_asked: false });
        self.queues.push(Lane::Injected, job);
        self.start_next();
    }

    /// A worker that has nothing to do takes the next job.
    fn start_next(&mut self) {
        while self.held.is_none() && !self.queues.is_empty() {
            match self.desk.next_report() {
                Report::Started(job) => {
                    self.queues.took(job);
                    self.members.start(job);
                    self.held = Some(job);
                }
                Report::Asked(job) => {
                    self.queues.took(job);
                    self.members.deliver_item(job);
                    self.produce(job, true);
                }
                other => panic!("{other:?}"),
            }
        }
        if self.held.is_none() && self.ender.is_none() {
            assert!(self.pool.wait_idle_timeout(PATIENCE), "the pool is not idle");
        }
    }

    /// A producer goes on until it has to pause.
    fn produce(&mut self, job: usize, mut was_asked: bool) {
        self.members.has_run += 1;
        loop {
            if self.is_dropping || self.members.jobs[job].is_asked {
                let outcome = if self.is_dropping { Outcome::ShutDown } else { Outcome::Cancelled };
                return self.members.end(job, outcome);
            }
            if !std::mem::take(&mut was_asked) {
                self.desk.expect(Report::Asked(job));
            }
            let producer = self.members.jobs[job].producer.as_mut().expect("a producer");
            producer.has_begun = true;
            if producer.items == 0 {
                let panics = producer.panics;
                return if panics {
                    self.members.end(job, Outcome::panicked(job));
                } else {
                    self.members.finish_producer(job);
                };
            }
            if !self.members.make_item(job) {
                if self.is_closed {
                    return self.members.end(job, Outcome::ShutDown);
                }
                self.members.jobs[job].state = State::Waiting;
                return self.members.waiting.push_back(job);
            }
            self.members.deliver_item(job);
        }
    }

    /// The job that runs ends.
    fn finish(&mut self, panics: bool) {
        let Some(job) = self.held.take() else { return };
        self.desk.order(Order::Finish { panics });
        let member = &self.members.jobs[job];
        self.desk.expect(Report::Finishing(job, member.is_asked || self.is_dropping));
        if member.producer.is_some() && !panics {
            self.produce(job, false);
        } else {
            self.members.has_run += 1;
            self.members.end(job, if panics { Outcome::panicked(job) } else { Outcome::Done(job) });
        }
        self.start_next();
        if self.held.is_none() {
            self.ender.take().into_iter().for_each(|ender| ender.join().expect("the pool ends"));
        }
    }

    fn take(&mut self, how: Take, inside: bool) {
        let is_safe = self.members.has_some() || self.members.outstanding == 0;
        let how = if is_safe { how } else { Take::TryNext };
        let inside = inside && self.held.is_some();
        // What was in the set must not be dropped inside a job.
        let Some(delivery) = self.with_set(inside, move |set| take(set, how)) else { return };
        let taken = delivery.map(|(id, result)| (self.by_id[&id], Outcome::of(result)));
        if let Some(next) = self.members.take(taken) {
            self.queues.push(if inside { Lane::Own } else { Lane::Injected }, next);
            self.start_next();
        }
    }

    fn cancel(&mut self, which: Index, inside: bool) {
        let all = self.members.ids(|member| !member.is_stranger);
        if all.is_empty() {
            return;
        }
        let job = all[which.index(all.len())];
        let id = self.ids[&job];
        let Some(cancelled) = self.with_set(inside, move |set| set.cancel(id)) else { return };
        assert_eq!(cancelled, self.is_unbegun(job), "a cancel of job {job}, {:?}", self.members.jobs[job]);
        self.stop(job);
        self.cancelled_before_end(&[job]);
    }

    /// Whether a cancel of the job says that it now never runs.
    fn is_unbegun(&self, job: usize) -> bool {
        let member = &self.members.jobs[job];
        let has_begun = member.producer.is_some_and(|producer| producer.has_begun);
        !matches!(member.state, State::Running | State::Ended) && !has_begun
    }

    /// Takes it out of where it is, and asks it to stop if it runs.
    fn stop(&mut self, job: usize) {
        match self.members.jobs[job].state {
            State::Waiting => self.members.let_in(job),
            State::Queued => self.queues.remove(job),
            State::Running => self.members.jobs[job].is_asked = true,
            State::Delayed(_) | State::Ended => {}
        }
    }

    fn cancel_all(&mut self, inside: bool) {
        let all = self.members.ids(|member| !member.is_stranger);
        let expected = all.iter().filter(|job| self.is_unbegun(**job)).count();
        let Some(cancelled) = self.with_set(inside, |set| set.cancel_all()) else { return };
        assert_eq!(cancelled, expected);
        all.iter().for_each(|job| self.stop(*job));
        self.cancelled_before_end(&all);
    }

    /// Those of them that do not run end.
    fn cancelled_before_end(&mut self, jobs: &[usize]) {
        let ends = |job: &&usize| !matches!(self.members.jobs[**job].state, State::Running | State::Ended);
        let ended: Vec<_> = jobs.iter().filter(ends).copied().collect();
        self.cancelled(&ended);
    }

    fn cancelled(&mut self, jobs: &[usize]) {
        self.members.cancelled += jobs.len() as u64;
        self.members.end_group(jobs, &Outcome::Cancelled);
    }

    fn after(&self, delay: Duration) -> u64 {
        self.now.saturating_add(delay.as_nanos().try_into().unwrap_or(u64::MAX))
    }

    fn advance(&mut self, delay: Duration) {
        while self.held.is_some() {
            self.finish(false);
        }
        let (clock, end) = (self.clock.clone(), self.after(delay));
        let mover = thread::spawn(move || clock.advance(delay));
        let due_at = |member: &Member| match member.state {
            State::Delayed(due) => Some(due).filter(|due| *due <= end),
            _ => None,
        };
        while let Some(due) = self.members.jobs.iter().filter_map(due_at).min() {
            self.now = self.now.max(due);
            for job in self.members.ids(|member| member.state == State::Delayed(due)) {
                self.members.jobs[job].state = State::Queued;
                self.queues.push(Lane::Due, job);
            }
            self.start_due();
        }
        mover.join().expect("the clock moves");
        self.now = end;
    }

    /// What is due runs, one after another.
    fn start_due(&mut self) {
        while !self.queues.is_empty() || self.held.is_some() {
            if self.held.is_none() {
                let Report::Started(job) = self.desk.next_report() else { panic!("a job starts") };
                self.queues.took(job);
                self.members.start(job);
                self.held = Some(job);
            }
            let job = self.held.take().expect("it has started");
            self.desk.order(Order::Finish { panics: false });
            self.desk.expect(Report::Finishing(job, false));
            self.members.has_run += 1;
            self.members.end(job, Outcome::Done(job));
        }
    }
}

#[test]
fn does_what_queues_and_a_box_do() {
    cases::check(384, steps::case(), |Case { capacity, steps, end, last_steps }| {
        let mut pair = Pair::new(capacity);
        steps.iter().for_each(|step| pair.apply(step));
        pair.close(end, !last_steps.is_empty());
        last_steps.iter().for_each(|step| pair.apply(step));
        pair.finish_all();
    });
}
