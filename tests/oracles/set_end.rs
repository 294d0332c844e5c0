//! What is looked at after each step, and the end of a set or of its pool.

use std::sync::Arc;
use std::thread;

use filch::Pool;

use super::Pair;
use crate::board::Outcome;
use crate::common::{PATIENCE, eventually};
use crate::members::{Members, State};
use crate::queues::Lane;
use crate::steps::{End, Step, Take};

impl Pair {
    /// Begins the end.
    pub(super) fn close(&mut self, end: End, inside: bool) {
        match end {
            End::TakeAll => {}
            End::DropSet => {
                let all = self.members.ids(|member| !member.is_stranger);
                drop(self.set.take());
                all.iter().for_each(|job| self.stop(*job));
                self.cancelled_before_end(&all);
                self.members.close();
            }
            End::Shutdown | End::ShutdownNow => self.shut_down(end == End::ShutdownNow, inside),
        }
        self.check();
    }

    /// Shuts the pool down, inside the job that runs or here: then nobody knows when the outcomes of those that do not run come.
    fn shut_down(&mut self, now: bool, inside: bool) {
        if self.held.is_none() {
            self.spawn_stranger();
        }
        (self.is_closed, self.is_dropping) = (true, now);
        let pool = self.pool.clone();
        let shut_down = move |pool: &Pool| if now { pool.shutdown_now() } else { pool.shutdown() };
        if inside {
            self.desk.inside(move || shut_down(&Pool::current().expect("a job's pool"))).expect("no panic");
        }
        self.ender = Some(thread::spawn(move || shut_down(&pool)));
        for job in self.members.waiting.clone() {
            self.members.let_in(job);
            self.queues.push(Lane::Injected, job);
        }
        let mut ended = self.members.ids(|member| matches!(member.state, State::Delayed(_)));
        ended.extend(now.then(|| self.queues.take_all()).into_iter().flatten());
        self.members.end_group(&ended, &Outcome::ShutDown);
        eventually("the pool has closed", || self.pool.is_shut_down());
        eventually("those that do not run have ended", || self.desk.accounts() == self.members.accounts);
        // Their outcomes may still be on their way.
        while !inside && self.members.has_some() {
            self.take(Take::Next, false);
        }
    }

    pub(super) fn check(&self) {
        if self.held.is_none() && self.ender.is_none() {
            // The worker may just be clearing away what was cancelled.
            assert!(self.pool.wait_idle_timeout(PATIENCE), "the pool is not idle");
        }
        let (accounts, expected) = (self.desk.accounts(), &self.members.accounts);
        for (job, (found, expected)) in accounts.iter().zip(expected).enumerate() {
            assert_eq!(found, expected, "job {job}, {:?}", self.members.jobs[job]);
        }
        self.desk.expect_silence();
        let mut handled = self.members.handled.clone();
        handled.sort();
        assert_eq!(self.handled.sorted(), handled);
        if let Some(set) = &self.set {
            let outstanding = self.members.outstanding;
            assert_eq!((set.len(), set.is_empty()), (outstanding, outstanding == 0));
        }
        let (pool, running) = (&self.pool, usize::from(self.held.is_some()));
        assert_eq!((pool.pending(), pool.running()), (self.queues.len(), running), "pending, running");
        let delayed = self.members.ids(|member| matches!(member.state, State::Delayed(_))).len();
        assert_eq!((pool.delayed(), pool.is_shut_down()), (delayed, self.is_closed));
        let metrics = pool.metrics();
        let Members { has_run, cancelled, panics, .. } = self.members;
        assert_eq!((metrics.jobs(), metrics.cancelled, metrics.panics), (has_run, cancelled, panics));
    }

    /// Nothing is left.
    pub(super) fn finish_all(mut self) {
        self.apply(&Step::CancelTimers);
        loop {
            while self.held.is_some() {
                self.finish(false);
            }
            if self.set.is_none() || self.members.outstanding == 0 {
                break;
            }
            self.take(Take::Next, false);
            self.check();
        }
        self.take(Take::Next, false);
        self.check();
        drop(self.set.take());
        assert_eq!(Arc::strong_count(&self.desk.board), 1, "something is still there");
    }
}
