//! In which order one worker takes jobs.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::collections::VecDeque;

/// "After at most 61 jobs of any preferred source one of the others is looked at."
const INTERVAL: usize = 61;

/// Those that may be looked at instead: the injector, the worker's own oldest job, and other workers.
const OTHERS: usize = 3;

/// Where a job is queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Before everything, newest first.
    Express,
    /// After those, oldest first: it was delayed.
    Due,
    /// By a job: newest first.
    Own,
    /// From outside: oldest first.
    Injected,
}

/// The queues of a pool with one worker.
#[derive(Default)]
pub struct Queues {
    express: Vec<usize>,
    due: VecDeque<usize>,
    own: VecDeque<usize>,
    injected: VecDeque<usize>,
    /// Jobs that the worker has taken from its queues, or that have ended there: so many may count for the fair turn.
    taken: usize,
    /// Those of them that have ended there.
    ended: usize,
    /// Fair turns that were seen.
    fair_turns: usize,
    /// So many jobs were taken one after another while one that was due waited, or one of the worker's own, or an injected one.
    passed: [usize; 3],
}

impl Queues {
    pub fn push(&mut self, lane: Lane, id: usize) {
        match lane {
            Lane::Express => self.express.push(id),
            Lane::Due => self.due.push_back(id),
            Lane::Own => self.own.push_back(id),
            Lane::Injected => self.injected.push_back(id),
        }
    }

    pub fn len(&self) -> usize {
        self.express.len() + self.due.len() + self.own.len() + self.injected.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes all.
    pub fn take_all(&mut self) -> Vec<usize> {
        let first = self.express.drain(..).chain(self.due.drain(..));
        let all: Vec<_> = first.chain(self.own.drain(..)).chain(self.injected.drain(..)).collect();
        self.ended_there(all.len());
        all
    }

    /// Takes out one that was cancelled, or run in place.
    pub fn remove(&mut self, id: usize) {
        self.take_out(id);
        self.ended_there(1);
    }

    fn take_out(&mut self, id: usize) {
        let before = self.len();
        self.express.retain(|other| *other != id);
        for queue in [&mut self.due, &mut self.own, &mut self.injected] {
            queue.retain(|other| *other != id);
        }
        assert_eq!(self.len() + 1, before);
    }

    /// So many have ended while they were queued.
    pub fn ended_there(&mut self, count: usize) {
        self.taken += count;
        self.ended += count;
    }

    /// The worker has taken this one: was it its turn?
    pub fn took(&mut self, id: usize) {
        self.taken += 1;
        let first = self.express.last().or(self.due.front());
        let preferred = first.or(self.own.back()).or(self.injected.front()).copied();
        let others = [self.due.front(), self.own.front(), self.injected.front()];
        if preferred != Some(id) {
            assert!(others.contains(&Some(&id)), "job {id} started in place of {preferred:?}");
            self.fair_turns += 1;
            assert!(self.fair_turns * INTERVAL <= self.taken, "a fair turn came too early: job {id}");
        }
        // One that has ended there has its turn, too.
        let most = OTHERS * INTERVAL * (1 + self.ended);
        for (passed, first) in self.passed.iter_mut().zip(others) {
            let waits = first.is_some_and(|first| *first != id);
            *passed = if waits { *passed + 1 } else { 0 };
            assert!(*passed <= most, "job {first:?} starves");
        }
        self.take_out(id);
    }
}
