//! What is looked at after each step, and the end of a pool.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use filch::JobHandle;

use super::Pair;
use crate::board::Outcome;
use crate::books::Books;
use crate::common::{PATIENCE, eventually};
use crate::steps::End;

impl Pair {
    /// Begins the end.
    pub(super) fn close(&mut self, end: End) {
        self.is_closed = true;
        let pool = self.pool.clone().expect("closed once");
        self.ender = Some(match end {
            End::Shutdown => thread::spawn(move || pool.shutdown()),
            End::ShutdownNow => {
                self.is_dropping = true;
                let dropped = self.queues.take_all();
                dropped.into_iter().for_each(|id| self.books.end(id, Outcome::ShutDown));
                thread::spawn(move || pool.shutdown_now())
            }
            End::ShutdownTimeout => {
                assert!(self.stack.is_empty() || !pool.shutdown_timeout(Duration::ZERO), "a job runs");
                thread::spawn(move || assert!(pool.shutdown_timeout(PATIENCE), "it does not end"))
            }
            End::Drop => {
                drop(pool);
                let pool = self.pool.take();
                thread::spawn(|| drop(pool))
            }
        });
        if let Some(pool) = &self.pool {
            eventually("the pool has closed", || pool.is_shut_down());
            eventually("what is queued has ended", || !self.is_dropping || self.compare().is_ok());
        }
        if self.stack.is_empty() {
            self.ender.take().into_iter().for_each(|ender| ender.join().expect("the pool ends"));
        }
        self.check();
    }

    pub(super) fn compare(&self) -> Result<(), String> {
        self.books.compare(&self.desk.accounts(), &self.handled.sorted())
    }

    pub(super) fn check(&self) {
        self.compare().unwrap_or_else(|wrong| panic!("{wrong}"));
        self.desk.expect_silence();
        for (id, job) in self.books.jobs.iter().enumerate() {
            let finished = job.handle.as_ref().map(JobHandle::is_finished);
            assert!(finished.is_none_or(|finished| finished == job.outcome().is_some()), "job {id}: {finished:?}");
        }
        let Some(pool) = &self.pool else { return };
        assert_eq!((pool.pending(), pool.running()), (self.queues.len(), self.stack.len()), "pending, running");
        assert_eq!((pool.delayed(), pool.scheduled(), pool.is_shut_down()), (0, 0, self.is_closed));
        let metrics = pool.metrics();
        let counts = (metrics.jobs(), metrics.cancelled, metrics.panics, metrics.queued, metrics.running);
        let Books { has_run, cancelled, panics, .. } = self.books;
        assert_eq!(counts, (has_run, cancelled, panics, self.queues.len() as u64, self.stack.len() as u64));
    }

    /// Nothing is left.
    pub(super) fn finish_all(mut self) {
        while !self.stack.is_empty() {
            self.finish(false);
        }
        self.check();
        let with_handle = (0..self.books.jobs.len()).filter(|id| self.books.jobs[*id].handle.is_some());
        with_handle.collect::<Vec<_>>().into_iter().for_each(|id| self.drop_handle(id));
        self.check();
        assert_eq!(Arc::strong_count(&self.desk.board), 1, "something is still there");
    }
}
