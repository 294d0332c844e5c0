//! How results come out of a set.

use std::time::Duration;

use super::JobSet;
use crate::job::{JobError, JobId, ending};
use crate::sync::time::Deadline;
use crate::worker::Worker;

impl<T: Send + 'static> JobSet<T> {
    /// Takes the next result that comes, with the number of its job. `None`: nothing is outstanding.
    ///
    /// # Blocking
    ///
    /// Blocks until a job of the set has ended; [`next_timeout`](Self::next_timeout) is the timed form. On a worker of the pool, if no job of the set runs, the oldest
    /// one that is queued runs here and now, on the caller's stack; no other job does, unless the pool [helps](crate::WaitPolicy::HelpAny). A job of the set may call
    /// this, too: it does not count as running then. If it is the
    /// last one, it waits for itself. A delayed job runs in place when it is due.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(2);
    /// let set = filch::JobSet::<u32>::new(&pool);
    /// assert!(set.next().is_none());
    /// ```
    pub fn next(&self) -> Option<(JobId, Result<T, JobError>)> {
        loop {
            if let Some(delivery) = self.try_next() {
                return Some(delivery);
            }
            if self.is_empty() {
                return None;
            }
            self.end_what_is_in_hand();
            if self.run_another() {
                continue;
            }
            let may_run = match self.run_oldest() {
                InPlace::Looked => continue,
                InPlace::Nothing => true,
                InPlace::Cannot => false,
            };
            self.wait(may_run);
        }
    }

    fn wait(&self, may_run: bool) {
        let due = if may_run { self.core.next_due() } else { None };
        match due {
            // Nobody else may be there to run it then.
            Some(due) => {
                let patience = self.registry.patience_until(due).sooner(self.patience());
                let wait = || self.core.wait(patience, may_run, Some(due));
                // With another member this thread does not wait for the clock alone.
                if self.registry.is_manual() && self.core.is_all_delayed() {
                    self.registry.while_waiting(due, None, wait)
                } else {
                    wait()
                };
            }
            None => _ = self.core.wait(self.patience(), may_run, None),
        }
    }

    /// Takes the next result that comes within `timeout`. `None`: nothing came, or nothing is outstanding.
    ///
    /// # Blocking
    ///
    /// Blocks, but never runs a job in place: it keeps its time. `Duration::MAX` means no limit.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let pool = filch::Pool::with_threads(1);
    /// let set = filch::JobSet::new(&pool);
    /// set.submit(|| "soon");
    /// assert!(set.next_timeout(Duration::from_secs(10)).is_some());
    /// ```
    pub fn next_timeout(&self, timeout: Duration) -> Option<(JobId, Result<T, JobError>)> {
        let deadline = Deadline::after(timeout);
        self.end_what_is_in_hand();
        loop {
            if let Some(delivery) = self.try_next() {
                return Some(delivery);
            }
            if self.is_empty() || !self.core.wait(deadline, false, None) {
                return None;
            }
        }
    }

    /// Takes a result that is there, without waiting.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// let set = filch::JobSet::new(&pool);
    /// set.submit(|| 7);
    /// pool.wait_idle();
    /// assert!(matches!(set.try_next(), Some((_, Ok(7)))));
    /// assert!(set.try_next().is_none());
    /// ```
    pub fn try_next(&self) -> Option<(JobId, Result<T, JobError>)> {
        let (delivery, next) = self.core.take()?;
        self.queue_again(next);
        Some(delivery)
    }

    /// Runs the oldest member in place, if that is queued, none runs and this thread is a worker.
    fn run_oldest(&self) -> InPlace {
        Worker::with_current_of(&self.registry, |worker| {
            let Some(worker) = worker else { return InPlace::Cannot };
            let Some((cell, waiting)) = self.core.oldest_queued() else { return InPlace::Nothing };
            self.queue_again(waiting);
            self.core.in_place(|| worker.run_awaited(&cell));
            if cell.is_queued() { InPlace::Cannot } else { InPlace::Looked }
        })
    }

    /// On a worker that helps, runs another job. False: there is none.
    fn run_another(&self) -> bool {
        Worker::with_current_of(&self.registry, |worker| {
            worker.is_some_and(|worker| worker.helps() && worker.run_any())
        })
    }

    /// How long to sleep: a worker that helps looks for other jobs now and then.
    fn patience(&self) -> Deadline {
        Worker::with_current_of(&self.registry, |worker| {
            worker.filter(|worker| worker.helps()).map_or(Deadline::NEVER, Worker::nap)
        })
    }

    /// A thread that holds members to end them later ends them now: nobody else will.
    fn end_what_is_in_hand(&self) {
        if ending::is_ending(self.registry.id()) {
            self.core.all().iter().for_each(ending::end_if_in_hand);
        }
    }

    /// The results as they come, until nothing is outstanding. Jobs may be submitted meanwhile.
    ///
    /// # Blocking
    ///
    /// Each step as [`next`](Self::next).
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(2);
    /// let set = filch::JobSet::new(&pool);
    /// for n in 1..=10_u32 {
    ///     set.submit(move || n);
    /// }
    /// let sum: u32 = set.as_completed().map(|(_, number)| number.unwrap()).sum();
    /// assert_eq!(sum, 55);
    /// ```
    pub fn as_completed(&self) -> impl Iterator<Item = (JobId, Result<T, JobError>)> + '_ {
        std::iter::from_fn(|| self.next())
    }
}

/// What came of running a member in place.
enum InPlace {
    /// It ran, or somebody else was faster: there may be something new.
    Looked,
    /// There is none to run just now.
    Nothing,
    /// This thread is no worker, or too little of its stack is left.
    Cannot,
}
