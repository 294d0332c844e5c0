//! In which order one worker takes jobs.

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
    /// By a job: newest first.
    Own,
    /// From outside: oldest first.
    Injected,
}

/// The queues of a pool with one worker.
#[derive(Default)]
pub struct Queues {
    express: Vec<usize>,
    own: VecDeque<usize>,
    injected: VecDeque<usize>,
    /// Jobs that the worker has taken from its queues, or that have ended there: so many may count for the fair turn.
    taken: usize,
    /// Fair turns that were seen.
    fair_turns: usize,
    /// So many jobs were taken one after another while an injected one waited, or one of the worker's own.
    passed: [usize; 2],
}

impl Queues {
    pub fn push(&mut self, lane: Lane, id: usize) {
        match lane {
            Lane::Express => self.express.push(id),
            Lane::Own => self.own.push_back(id),
            Lane::Injected => self.injected.push_back(id),
        }
    }

    pub fn len(&self) -> usize {
        self.express.len() + self.own.len() + self.injected.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes all.
    pub fn take_all(&mut self) -> Vec<usize> {
        let all: Vec<_> = self.express.drain(..).chain(self.own.drain(..)).chain(self.injected.drain(..)).collect();
        self.taken += all.len();
        all
    }

    /// Takes out one that was cancelled, or run in place.
    pub fn remove(&mut self, id: usize) {
        let before = self.len();
        self.express.retain(|other| *other != id);
        self.own.retain(|other| *other != id);
        self.injected.retain(|other| *other != id);
        assert_eq!(self.len() + 1, before);
        self.taken += 1;
    }

    /// So many have come and were cancelled.
    pub fn ended_there(&mut self, count: usize) {
        self.taken += count;
    }

    /// The worker has taken this one: was it its turn?
    pub fn took(&mut self, id: usize) {
        self.taken += 1;
        let preferred = self.express.last().or(self.own.back()).or(self.injected.front()).copied();
        if preferred != Some(id) {
            let fair = [self.injected.front(), self.own.front()].contains(&Some(&id));
            assert!(fair, "job {id} started in place of {preferred:?}");
            self.fair_turns += 1;
            assert!(self.fair_turns * INTERVAL <= self.taken, "a fair turn came too early: job {id}");
        }
        for (passed, first) in self.passed.iter_mut().zip([self.injected.front(), self.own.front()]) {
            let waits = first.is_some_and(|first| *first != id);
            *passed = if waits { *passed + 1 } else { 0 };
            assert!(*passed <= OTHERS * INTERVAL, "job {first:?} starves");
        }
        self.remove(id);
        self.taken -= 1;
    }
}
