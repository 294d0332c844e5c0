//! A load generator: connections that each send a message, wait for its answer, compare that byte for byte, and send the next one.
//!
//! One thread drives them all, so that little is taken from a server on the same machine. For each message it makes two system calls, and asks which connections are ready once for many.

mod error;
mod noise;
mod report;
mod talker;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

pub use error::LoadError;
pub use report::Report;
use report::quantile;
pub use talker::End;
use talker::{Shared, Talker};

/// It is an error if no answer comes for so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// It hears of so many connections at once.
const EVENTS: usize = 256;

/// Connections to a server that talk whenever one of the methods runs.
pub struct Load {
    poll: Poll,
    events: Events,
    talkers: Vec<Talker>,
    shared: Shared,
    /// When the counting began, and how many messages each had had answered by then.
    start: Instant,
    before: Vec<u64>,
}

impl Load {
    /// Opens all connections at once, and returns when each has had an answer.
    pub fn start(address: SocketAddr, connections: usize, bytes: usize) -> Result<Self, LoadError> {
        let poll = Poll::new().map_err(LoadError::System)?;
        let (events, now) = (Events::with_capacity(EVENTS), Instant::now());
        let (talkers, before) = (Vec::with_capacity(connections), Vec::new());
        let shared = Shared::new(bytes);
        let mut load = Self { poll, events, talkers, shared, start: now, before };
        for index in 0..connections {
            let mut talker = Talker::open(index, address).map_err(LoadError::System)?;
            let both = Interest::READABLE | Interest::WRITABLE;
            load.poll.registry().register(&mut talker.stream, Token(index), both).map_err(LoadError::System)?;
            load.talkers.push(talker);
        }
        while load.talkers.iter().any(|talker| talker.first_answer.is_none()) {
            load.step(PATIENCE)?;
            if let Some(connection) = load.talkers.iter().position(Talker::is_refused) {
                return Err(LoadError::Refused { connection });
            }
        }
        load.start_counting();
        Ok(load)
    }

    /// The report tells of what comes from now on.
    pub fn start_counting(&mut self) {
        self.shared.latencies.clear();
        self.before = self.talkers.iter().map(|talker| talker.message).collect();
        self.start = Instant::now();
    }

    /// Talks for so long, or until the server has ended every connection.
    pub fn run_for(&mut self, time: Duration) -> Result<(), LoadError> {
        let end = Instant::now() + time;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || self.ends().count() == self.talkers.len() {
                return Ok(());
            }
            self.step(left)?;
        }
    }

    /// Talks until so many messages more have been answered.
    pub fn run_messages(&mut self, count: u64) -> Result<(), LoadError> {
        let goal = self.messages() + count;
        while self.messages() < goal {
            self.step(PATIENCE)?;
        }
        Ok(())
    }

    /// Sends nothing more, and waits for the answers that are still to come.
    pub fn finish(mut self) -> Result<(), LoadError> {
        self.shared.is_last = true;
        while !self.talkers.iter().all(Talker::rests) {
            self.step(PATIENCE)?;
        }
        Ok(())
    }

    fn messages(&self) -> u64 {
        self.talkers.iter().map(|talker| talker.message).sum()
    }

    fn step(&mut self, longest: Duration) -> Result<(), LoadError> {
        match self.poll.poll(&mut self.events, Some(longest.min(PATIENCE))) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(LoadError::System(error)),
            _ => {}
        }
        if self.events.is_empty() && longest >= PATIENCE {
            let unheard = self.talkers.iter().filter(|talker| talker.first_answer.is_none()).count();
            return Err(LoadError::Silent { patience: PATIENCE, unheard });
        }
        for event in &self.events {
            let Token(index) = event.token();
            self.talkers[index].go_on(&mut self.shared, event.is_read_closed())?;
        }
        Ok(())
    }

    /// How the server has ended connections.
    pub fn ends(&self) -> impl Iterator<Item = End> {
        self.talkers.iter().filter_map(|talker| talker.end)
    }

    /// What has been measured since the counting began.
    pub fn report(&mut self) -> Report {
        let elapsed = self.start.elapsed();
        let latencies = &mut self.shared.latencies;
        latencies.sort_unstable();
        let messages = || self.talkers.iter().zip(&self.before).map(|(talker, before)| talker.message - before);
        Report {
            messages: messages().sum(),
            elapsed,
            p50: quantile(latencies, 50),
            p99: quantile(latencies, 99),
            slowest_first: self.talkers.iter().filter_map(|talker| talker.first_answer).max().unwrap_or_default(),
            most: messages().max().unwrap_or(0),
            fewest: messages().min().unwrap_or(0),
        }
    }
}
