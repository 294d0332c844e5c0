//! What is to have become of each job, of their panics and of their results.

use filch::{CancelToken, JobHandle};

use crate::board::{Account, Outcome, Prize};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Queued,
    Running,
    Ended(Outcome),
    /// Its closure came back.
    Refused,
}

/// Who gets the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taker {
    Handle,
    Callback,
    /// The handle, which has taken it or is about to.
    Joiner,
    Nobody,
}

/// A job.
pub struct Job {
    pub state: State,
    pub taker: Taker,
    pub handle: Option<JobHandle<Prize>>,
    pub token: Option<CancelToken>,
    /// It has been cancelled while it ran.
    pub is_asked: bool,
    pub capture_panics: bool,
    pub callback_panics: bool,
}

impl Job {
    pub fn new(state: State, handle: Option<JobHandle<Prize>>, capture_panics: bool) -> Self {
        let taker = if handle.is_some() { Taker::Handle } else { Taker::Nobody };
        Self { state, taker, handle, token: None, is_asked: false, capture_panics, callback_panics: false }
    }

    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.state {
            State::Ended(outcome) => Some(outcome),
            _ => None,
        }
    }

    fn account(&self) -> Account {
        let outcome = self.outcome();
        let has_run = matches!(outcome, Some(Outcome::Done(_) | Outcome::Panicked(_)));
        let is_done = matches!(outcome, Some(Outcome::Done(_)));
        Account {
            started: usize::from(has_run || self.state == State::Running),
            captures_gone: usize::from(outcome.is_some() || self.state == State::Refused),
            prizes_made: usize::from(is_done),
            prizes_gone: usize::from(is_done && self.taker != Taker::Handle),
            called: outcome.filter(|_| self.taker == Taker::Callback).cloned().into_iter().collect(),
        }
    }
}

/// The jobs by number, and what the pool counts.
#[derive(Default)]
pub struct Books {
    pub jobs: Vec<Job>,
    pub has_run: u64,
    pub cancelled: u64,
    pub panics: u64,
    /// What the panic handler has been given.
    handled: Vec<String>,
}

impl Books {
    /// The job has ended.
    pub fn end(&mut self, id: usize, outcome: Outcome) {
        let job = &mut self.jobs[id];
        assert!(job.outcome().is_none(), "job {id} ends twice");
        job.state = State::Ended(outcome.clone());
        let mut reported = Vec::new();
        match outcome {
            Outcome::Done(_) => self.has_run += 1,
            Outcome::Panicked(message) => {
                (self.has_run, self.panics) = (self.has_run + 1, self.panics + 1);
                self.handled.extend((job.taker == Taker::Nobody).then_some(message));
            }
            Outcome::Cancelled | Outcome::ShutDown => reported.extend(job.capture_panics.then_some("capture")),
            Outcome::WouldDeadlock => unreachable!("that is no end"),
        }
        self.cancelled += u64::from(self.jobs[id].state == State::Ended(Outcome::Cancelled));
        let job = &self.jobs[id];
        reported.extend((job.taker == Taker::Callback && job.callback_panics).then_some("callback"));
        for who in reported {
            self.report(format!("{who} {id}"));
        }
    }

    /// A panic that is in no handle.
    fn report(&mut self, message: String) {
        self.panics += 1;
        self.handled.push(message);
    }

    /// The result of the job goes to a callback.
    pub fn call_back(&mut self, id: usize, token: CancelToken, panics: bool) {
        let job = &mut self.jobs[id];
        (job.taker, job.token, job.callback_panics) = (Taker::Callback, Some(token), panics);
        if panics && job.outcome().is_some() {
            self.report(format!("callback {id}"));
        }
    }

    /// Nobody wants the result of the job any more. A pool that is gone has no handler.
    pub fn detach(&mut self, id: usize, has_handler: bool) {
        let job = &mut self.jobs[id];
        drop(job.handle.take());
        job.taker = Taker::Nobody;
        if let State::Ended(Outcome::Panicked(message)) = &job.state {
            self.handled.extend(has_handler.then(|| message.clone()));
        }
    }

    /// The accounts are what they should be, and so are the messages that the handler was given, in alphabetical order.
    pub fn compare(&self, accounts: &[Account], handled: &[String]) -> Result<(), String> {
        let expected: Vec<_> = self.jobs.iter().map(Job::account).collect();
        if accounts != expected {
            let pairs = expected.iter().zip(accounts).enumerate();
            let wrong: Vec<_> = pairs.filter(|(_, (expected, found))| expected != found).collect();
            return Err(format!("job, expected and found: {wrong:#?}"));
        }
        let mut expected = self.handled.clone();
        expected.sort();
        if expected == handled { Ok(()) } else { Err(format!("the handler got {handled:?}, not {expected:?}")) }
    }
}
