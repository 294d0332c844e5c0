//! Jobs that run as far as the test lets them, and the accounts of what became of each.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};

use filch::{JobError, JobHandle};

use crate::common::{PATIENCE, lock, message};

/// What the innermost running job is to do.
pub enum Order {
    Finish { panics: bool },
    Do(Box<dyn FnOnce() + Send>),
    Join(JobHandle<Prize>),
}

/// What a job says.
#[derive(Debug, PartialEq, Eq)]
pub enum Report {
    Started(usize),
    Did,
    Joined(Outcome),
    /// It is about to end; whether it has been asked to.
    Finishing(usize, bool),
    /// Its iterator was asked for the next item.
    Asked(usize),
}

/// What came out of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Done(usize),
    Panicked(String),
    Cancelled,
    ShutDown,
    WouldDeadlock,
}

impl Outcome {
    /// That of a job that has panicked.
    pub fn panicked(id: usize) -> Self {
        Self::Panicked(format!("job {id}"))
    }

    pub fn of(result: Result<Prize, JobError>) -> Self {
        match result {
            Ok(prize) => Self::Done(prize.id),
            Err(JobError::Panicked(payload)) => Self::Panicked(message(&*payload.into_inner())),
            Err(JobError::Cancelled) => Self::Cancelled,
            Err(JobError::ShutDown) => Self::ShutDown,
            Err(JobError::WouldDeadlock) => Self::WouldDeadlock,
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// What became of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    pub started: usize,
    pub captures_gone: usize,
    pub prizes_made: usize,
    pub prizes_gone: usize,
    /// What its callback was called with.
    pub called: Vec<Outcome>,
}

/// Where jobs report, and get their orders. They have the board's `Arc`, too.
pub struct Board {
    orders: Mutex<Receiver<Order>>,
    reports: Sender<Report>,
    accounts: Mutex<Vec<Account>>,
}

impl Board {
    fn report(&self, report: Report) {
        // Nobody listens if the test has failed.
        let _ = self.reports.send(report);
    }

    fn change(&self, id: usize, change: impl FnOnce(&mut Account)) {
        change(&mut lock(&self.accounts)[id]);
    }
}

/// What a job captures.
pub struct Capture {
    board: Arc<Board>,
    id: usize,
    /// Its drop panics if the job does not run.
    panics: bool,
}

impl Capture {
    /// The job.
    pub fn run(mut self) -> Prize {
        self.hold();
        Prize::new(&self.board, self.id)
    }

    /// The job of a producer of so many items, after which the iterator panics, or not.
    pub fn produce(mut self, items: usize, panics: bool) -> impl Iterator<Item = Prize> {
        self.hold();
        let mut left = items;
        std::iter::from_fn(move || {
            self.board.report(Report::Asked(self.id));
            if left == 0 && panics {
                resume_unwind(Box::new(format!("job {}", self.id)));
            }
            left = left.checked_sub(1)?;
            Some(Prize::new(&self.board, self.id))
        })
    }

    /// Does what it is told to, until that is to finish.
    fn hold(&mut self) {
        self.panics = false;
        self.board.change(self.id, |account| account.started += 1);
        self.board.report(Report::Started(self.id));
        loop {
            // A test that has failed gives no more orders.
            let order = lock(&self.board.orders).recv().unwrap_or(Order::Finish { panics: false });
            match order {
                Order::Finish { panics } => {
                    self.board.report(Report::Finishing(self.id, filch::cancelled()));
                    if panics {
                        resume_unwind(Box::new(format!("job {}", self.id)));
                    }
                    return;
                }
                Order::Do(f) => {
                    f();
                    self.board.report(Report::Did);
                }
                Order::Join(handle) => self.board.report(Report::Joined(Outcome::of(handle.join()))),
            }
        }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.board.change(self.id, |account| account.captures_gone += 1);
        if self.panics {
            resume_unwind(Box::new(format!("capture {}", self.id)));
        }
    }
}

/// The result of a job.
pub struct Prize {
    board: Arc<Board>,
    pub id: usize,
}

impl Prize {
    pub fn new(board: &Arc<Board>, id: usize) -> Self {
        board.change(id, |account| account.prizes_made += 1);
        Self { board: board.clone(), id }
    }
}

impl Drop for Prize {
    fn drop(&mut self) {
        self.board.change(self.id, |account| account.prizes_gone += 1);
    }
}

/// The test's end of a board.
pub struct Desk {
    pub board: Arc<Board>,
    orders: Sender<Order>,
    reports: Receiver<Report>,
}

impl Desk {
    pub fn new() -> Self {
        let (orders, for_jobs) = mpsc::channel();
        let (from_jobs, reports) = mpsc::channel();
        let board = Board { orders: Mutex::new(for_jobs), reports: from_jobs, accounts: Mutex::default() };
        Self { board: Arc::new(board), orders, reports }
    }

    /// Opens the account of the next job.
    pub fn open(&self) -> usize {
        let mut accounts = lock(&self.board.accounts);
        accounts.push(Account::default());
        accounts.len() - 1
    }

    /// What the job with that number captures. If `panics`, its drop does so unless the job has run.
    pub fn capture(&self, id: usize, panics: bool) -> Capture {
        Capture { board: self.board.clone(), id, panics }
    }

    /// A callback for the job with that number.
    pub fn callback(&self, id: usize, panics: bool) -> impl FnOnce(Result<Prize, JobError>) + Send + 'static {
        let board = self.board.clone();
        move |result| {
            let outcome = Outcome::of(result);
            board.change(id, |account| account.called.push(outcome));
            if panics {
                resume_unwind(Box::new(format!("callback {id}")));
            }
        }
    }

    pub fn order(&self, order: Order) {
        self.orders.send(order).expect("the board has the other end");
    }

    /// What a job says next.
    #[track_caller]
    pub fn next_report(&self) -> Report {
        self.reports.recv_timeout(PATIENCE).expect("a job says something")
    }

    #[track_caller]
    pub fn expect(&self, report: Report) {
        assert_eq!(self.next_report(), report);
    }

    /// Nobody has said anything more.
    #[track_caller]
    pub fn expect_silence(&self) {
        assert_eq!(self.reports.try_recv().ok(), None);
    }

    /// Does something inside the innermost running job.
    #[track_caller]
    pub fn inside<R: Send + 'static>(&self, f: impl FnOnce() -> R + Send + 'static) -> std::thread::Result<R> {
        let (send, receive) = mpsc::channel();
        self.order(Order::Do(Box::new(move || {
            let _ = send.send(catch_unwind(AssertUnwindSafe(f)));
        })));
        self.expect(Report::Did);
        receive.recv().expect("it was done")
    }

    pub fn accounts(&self) -> Vec<Account> {
        lock(&self.board.accounts).clone()
    }
}
