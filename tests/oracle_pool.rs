//! A pool beside an oracle: its one worker is held in each job, so what is queued, runs and has ended is known at each step.
//!
//! `FILCH_SOAK_SECONDS` sets how long; `FILCH_SEED` the seed.

mod common;

#[path = "oracles/board.rs"]
mod board;
#[path = "oracles/books.rs"]
mod books;
#[path = "oracles/cases.rs"]
mod cases;
#[path = "oracles/pool_end.rs"]
mod end;
#[path = "oracles/queues.rs"]
mod queues;
#[path = "oracles/pool_steps.rs"]
mod steps;
#[path = "ledger/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use board::{Desk, Order, Outcome, Prize, Report};
use books::{Books, Job, State, Taker};
use common::{Counter, Notes, PATIENCE, message};
use filch::{JobHandle, Pool};
use proptest::sample::Index;
use queues::{Lane, Queues};
use steps::{Case, Kind, Step};

/// What became of an attempt to queue a job.
enum Queued {
    Unwatched,
    Watched(JobHandle<Prize>),
    Refused { is_full: bool },
}

fn queue<F: FnOnce() -> Prize + Send + 'static>(pool: &Pool, kind: Kind, first: bool, f: F) -> Queued {
    match (kind, first) {
        (Kind::Spawn, true) => pool.spawn_first(move || drop(f())),
        (Kind::Spawn, false) => pool.spawn(move || drop(f())),
        (Kind::Submit, true) => return Queued::Watched(pool.submit_first(f)),
        (Kind::Submit, false) => return Queued::Watched(pool.submit(f)),
        (Kind::TrySubmit, _) => {
            return match pool.try_submit(f) {
                Ok(handle) => Queued::Watched(handle),
                Err(error) => {
                    let is_full = error.is_full();
                    drop(error.into_inner());
                    Queued::Refused { is_full }
                }
            };
        }
    }
    Queued::Unwatched
}

/// The pool, its oracle, and what the test holds. Dropped in this order, also by a test that fails.
struct Pair {
    desk: Desk,
    books: Books,
    queues: Queues,
    /// The jobs that the worker is inside of, innermost last.
    stack: Vec<usize>,
    capacity: Option<usize>,
    handled: Notes<String>,
    is_closed: bool,
    is_dropping: bool,
    ender: Option<thread::JoinHandle<()>>,
    pool: Option<Pool>,
}

impl Pair {
    fn new(capacity: Option<usize>) -> Self {
        let handled = Notes::new();
        let builder = Pool::builder().threads(1).panic_handler(handled.handler());
        let builder = match capacity {
            Some(capacity) => builder.queue_capacity(capacity),
            None => builder,
        };
        Self {
            desk: Desk::new(),
            books: Books::default(),
            queues: Queues::default(),
            stack: Vec::new(),
            capacity,
            handled,
            is_closed: false,
            is_dropping: false,
            ender: None,
            pool: Some(builder.build().expect("a pool")),
        }
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::Submit(order) => self.submit(*order),
            Step::Batch { count, inside } => self.spawn_batch(*count, *inside),
            Step::Finish { times, panics } => {
                for _ in 0..*times {
                    self.finish(*panics);
                }
            }
            Step::JoinInside(which) => self.with_one(*which, |job| job.handle.is_some(), Self::join_inside),
            Step::JoinLast => {
                let last = self.books.jobs.iter().rposition(|job| job.handle.is_some());
                last.into_iter().for_each(|last| self.join_inside(last));
            }
            Step::Cancel(which) => {
                self.with_one(*which, |job| job.handle.is_some() || job.token.is_some(), Self::cancel);
            }
            Step::DropHandle(which) => self.with_one(*which, |job| job.handle.is_some(), Self::drop_handle),
            Step::OnComplete { which, panics } => {
                self.with_one(*which, |job| job.handle.is_some(), |pair, id| pair.on_complete(id, *panics));
            }
            Step::TryJoin(which) => {
                self.with_one(*which, |job| job.handle.is_some(), |pair, id| pair.take(id, JobHandle::try_join));
            }
            Step::JoinTimeout(which) => {
                let join = |handle: JobHandle<_>| handle.join_timeout(Duration::ZERO);
                self.with_one(*which, |job| job.handle.is_some(), |pair, id| pair.take(id, join));
            }
            Step::CancelPending { inside } => self.cancel_pending(*inside),
            Step::WaitIdle { inside } => self.wait_idle(*inside),
            Step::Flood { count, newest_first } => self.flood(*count, *newest_first),
        }
        self.check();
    }

    /// Does something with one of the jobs for which that is possible.
    fn with_one(&mut self, which: Index, may: impl Fn(&Job) -> bool, f: impl FnOnce(&mut Self, usize)) {
        let ids: Vec<_> = (0..self.books.jobs.len()).filter(|id| may(&self.books.jobs[*id])).collect();
        if !ids.is_empty() {
            f(self, ids[which.index(ids.len())]);
        }
    }

    fn is_inside(&self, wanted: bool) -> bool {
        wanted && !self.stack.is_empty() && self.pool.is_some()
    }

    /// How many may be submitted from there without waiting.
    fn room(&self, inside: bool) -> usize {
        let outside = self.capacity.filter(|_| !inside && !self.is_closed);
        outside.map_or(usize::MAX, |capacity| capacity.saturating_sub(self.queues.len()))
    }

    fn submit(&mut self, steps::Order { kind, first, inside, panics, bulky }: steps::Order) {
        let Some(pool) = self.pool.clone() else { return };
        let inside = self.is_inside(inside);
        let is_full = self.room(inside) == 0;
        if is_full && kind != Kind::TrySubmit {
            return;
        }
        let id = self.desk.open();
        // One that is refused is dropped by the test.
        let panics = panics && kind != Kind::TrySubmit;
        let capture = self.desk.capture(id, panics);
        let submit = move |pool: &Pool| match bulky {
            true => {
                let ballast = [id; 9];
                let f = move || {
                    black_box(&ballast);
                    capture.run()
                };
                queue(pool, kind, first, f)
            }
            false => queue(pool, kind, first, || capture.run()),
        };
        let queued = if inside {
            self.desk.inside(move || submit(&Pool::current().expect("a job's pool"))).expect("no panic")
        } else {
            submit(&pool)
        };
        let lane = match (first, inside) {
            (true, _) if kind != Kind::TrySubmit => Lane::Express,
            (_, true) => Lane::Own,
            (_, false) => Lane::Injected,
        };
        self.submitted(id, queued, is_full, panics, lane);
    }

    fn submitted(&mut self, id: usize, queued: Queued, is_full: bool, panics: bool, lane: Lane) {
        let mut job = Job::new(State::Queued, None, panics);
        match queued {
            Queued::Refused { is_full: was_full } => {
                assert_eq!((is_full || self.is_closed, is_full), (true, was_full), "job {id} was refused");
                job.state = State::Refused;
                return self.books.jobs.push(job);
            }
            Queued::Watched(handle) => job = Job::new(State::Queued, Some(handle), panics),
            Queued::Unwatched => {}
        }
        assert!(!is_full, "job {id} was queued beyond the capacity");
        self.books.jobs.push(job);
        if self.is_closed {
            return self.books.end(id, Outcome::ShutDown);
        }
        self.queues.push(lane, id);
        self.start_next();
    }

    fn spawn_batch(&mut self, count: usize, inside: bool) {
        let Some(pool) = self.pool.clone() else { return };
        let inside = self.is_inside(inside);
        let count = count.min(self.room(inside));
        let ids: Vec<_> = (0..count).map(|_| self.desk.open()).collect();
        let captures: Vec<_> = ids.iter().map(|id| self.desk.capture(*id, false)).collect();
        let jobs = captures.into_iter().map(|capture| || drop(capture.run()));
        if inside {
            self.desk.inside(move || Pool::current().expect("a job's pool").spawn_batch(jobs)).expect("no panic");
        } else {
            pool.spawn_batch(jobs);
        }
        for id in ids {
            let lane = if inside { Lane::Own } else { Lane::Injected };
            self.submitted(id, Queued::Unwatched, false, false, lane);
        }
    }

    /// A worker that has nothing to do takes the next job.
    fn start_next(&mut self) {
        if self.stack.is_empty() && !self.queues.is_empty() {
            let Report::Started(id) = self.desk.next_report() else { panic!("a job starts") };
            self.queues.took(id);
            self.started(id);
        }
    }

    fn started(&mut self, id: usize) {
        self.books.jobs[id].state = State::Running;
        self.stack.push(id);
    }

    /// The innermost job ends.
    fn finish(&mut self, panics: bool) {
        let Some(id) = self.stack.pop() else { return };
        self.desk.order(Order::Finish { panics });
        let is_asked = self.books.jobs[id].is_asked || self.is_dropping;
        self.desk.expect(Report::Finishing(id, is_asked));
        let outcome = if panics { Outcome::panicked(id) } else { Outcome::Done(id) };
        self.books.end(id, outcome.clone());
        if !self.stack.is_empty() {
            self.desk.expect(Report::Joined(outcome));
        } else if !self.queues.is_empty() {
            self.start_next();
        } else if let Some(ender) = self.ender.take() {
            ender.join().expect("the pool ends");
        } else {
            self.wait_idle(false);
        }
    }

    fn join_inside(&mut self, id: usize) {
        if self.stack.is_empty() {
            return;
        }
        let job = &mut self.books.jobs[id];
        let handle = job.handle.take().expect("chosen by that");
        job.taker = Taker::Joiner;
        self.desk.order(Order::Join(handle));
        match &job.state {
            State::Queued => {
                self.desk.expect(Report::Started(id));
                self.queues.remove(id);
                self.started(id);
            }
            State::Running => {
                job.taker = Taker::Nobody;
                self.desk.expect(Report::Joined(Outcome::WouldDeadlock));
            }
            State::Ended(outcome) => self.desk.expect(Report::Joined(outcome.clone())),
            State::Refused => unreachable!("it has no handle"),
        }
    }

    fn cancel(&mut self, id: usize) {
        let job = &mut self.books.jobs[id];
        let cancelled = match (&job.handle, &job.token) {
            (Some(handle), _) => handle.cancel(),
            (None, Some(token)) => token.cancel(),
            (None, None) => unreachable!("chosen by that"),
        };
        assert_eq!(cancelled, job.state == State::Queued, "a cancel of job {id}, {:?}", job.state);
        job.is_asked |= job.state == State::Running;
        if cancelled {
            self.queues.remove(id);
            self.books.end(id, Outcome::Cancelled);
        }
    }

    fn drop_handle(&mut self, id: usize) {
        let is_gone = self.pool.is_none() && self.ender.is_none();
        self.books.detach(id, !is_gone);
    }

    fn on_complete(&mut self, id: usize, panics: bool) {
        let handle = self.books.jobs[id].handle.take().expect("chosen by that");
        // A pool that is gone has no handler.
        let panics = panics && (self.pool.is_some() || self.ender.is_some());
        let token = handle.on_complete(self.desk.callback(id, panics));
        self.books.call_back(id, token, panics);
    }

    fn take<R>(&mut self, id: usize, take: R)
    where
        R: FnOnce(JobHandle<Prize>) -> Result<Result<Prize, filch::JobError>, JobHandle<Prize>>,
    {
        let job = &mut self.books.jobs[id];
        match take(job.handle.take().expect("chosen by that")) {
            Ok(result) => {
                assert_eq!(Some(&Outcome::of(result)), job.outcome());
                job.taker = Taker::Joiner;
            }
            Err(handle) => {
                assert_eq!(job.outcome(), None);
                job.handle = Some(handle);
            }
        }
    }

    fn cancel_pending(&mut self, inside: bool) {
        let Some(pool) = self.pool.clone() else { return };
        let all = self.queues.take_all();
        let count = if self.is_inside(inside) {
            self.desk.inside(|| Pool::current().expect("a job's pool").cancel_pending()).expect("no panic")
        } else {
            pool.cancel_pending()
        };
        assert_eq!(count, all.len());
        all.into_iter().for_each(|id| self.books.end(id, Outcome::Cancelled));
    }

    fn wait_idle(&mut self, inside: bool) {
        let Some(pool) = self.pool.clone() else { return };
        if self.is_inside(inside) {
            let wait = || Pool::current().expect("a job's pool").wait_idle_timeout(PATIENCE);
            let panic = self.desk.inside(wait).expect_err("a panic");
            assert!(message(&*panic).contains("was called inside"));
        } else if self.stack.is_empty() {
            assert!(pool.wait_idle_timeout(PATIENCE), "the pool is not idle");
        } else {
            assert!(!pool.wait_idle_timeout(Duration::ZERO), "the pool is idle");
        }
    }

    fn flood(&mut self, count: usize, newest_first: bool) {
        let Some(pool) = self.pool.as_ref().filter(|_| !self.stack.is_empty() && !self.is_closed) else { return };
        if self.capacity.is_some() {
            return;
        }
        let gone = Counter::new();
        let submit = |_| {
            let token = gone.token();
            pool.submit(move || drop(token))
        };
        let mut handles: Vec<_> = (0..count).map(submit).collect();
        if newest_first {
            handles.reverse();
        }
        assert!(handles.iter().all(JobHandle::cancel));
        assert_eq!(gone.get(), count);
        self.books.cancelled += count as u64;
        self.queues.ended_there(count);
    }
}

#[test]
fn does_what_queues_and_books_do() {
    cases::check(256, steps::case(), |Case { capacity, steps, end, last_steps }| {
        let mut pair = Pair::new(capacity);
        steps.iter().for_each(|step| pair.apply(step));
        pair.close(end);
        last_steps.iter().for_each(|step| pair.apply(step));
        pair.finish_all();
    });
}
