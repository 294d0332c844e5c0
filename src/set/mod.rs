#![doc = include_str!("README.md")]

mod core;
mod members;
pub mod outbox;
mod producer;
mod stream;
mod surroundings;

use std::sync::{Arc, Weak};
use std::time::Duration;

pub use self::core::Core;
pub use stream::{Ordered, Unordered};
pub use surroundings::Surroundings;
use surroundings::queue;

use crate::job::{JobError, JobId, JobRef, ending};
use crate::ops::{self, TrySubmitError};
use crate::registry::{Closing, Lane, Refusal, Registry};
use crate::sync::time::Deadline;
use crate::worker::Worker;

/// Jobs whose results come out in the order in which they are done.
///
/// Any thread may submit, and any thread may take results; each result comes out once. Dropping the set cancels its queued jobs, and the results of those that
/// run are dropped. A set does not keep its pool alive: after the pool's end every job still comes out, at the latest with
/// [`JobError::ShutDown`](crate::JobError::ShutDown).
///
/// # Capacity
///
/// A set [with a capacity](Self::with_capacity) bounds the jobs that are queued, running or done and not taken. When it is full, a submitter outside the pool
/// waits. A job of the pool never waits: what it submits stays in the set until there is room, in order, and is queued then. The pool's
/// [`wait_idle`](crate::Pool::wait_idle) does not wait for jobs in that state, its [`cancel_pending`](crate::Pool::cancel_pending) does not reach them, and its
/// shutdown queues them all.
///
/// # Examples
///
/// ```
/// let pool = filch::Pool::with_threads(2);
/// let set = filch::JobSet::new(&pool);
/// for n in 0..100_u64 {
///     set.submit(move || n * n);
/// }
/// let mut sum = 0;
/// while let Some((_, square)) = set.next() {
///     sum += square?;
/// }
/// assert_eq!(sum, 328_350);
/// # Ok::<(), filch::JobError>(())
/// ```
pub struct JobSet<T: Send + 'static> {
    core: Arc<Core<T>>,
    registry: Arc<Registry>,
}

impl<T: Send + 'static> JobSet<T> {
    pub(crate) fn on(registry: &Arc<Registry>, capacity: Option<usize>) -> Self {
        let core = Core::new(registry.id(), Box::new(registry.clone()), capacity);
        if capacity.is_some() {
            let closing: Weak<dyn Closing + Send + Sync> = Arc::<Core<T>>::downgrade(&core);
            registry.tell_when_closing(closing);
        }
        Self { core, registry: registry.clone() }
    }

    /// Queues a job, whose result comes out of the set.
    ///
    /// After a shutdown of the pool `f` is dropped, and [`ShutDown`](crate::JobError::ShutDown) comes out.
    ///
    /// # Blocking
    ///
    /// Outside the pool, while the set or the pool's queue is full; a shutdown ends the wait. [`try_submit`](Self::try_submit) does not wait.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// let set = filch::JobSet::new(&pool);
    /// let id = set.submit(|| 1);
    /// assert!(matches!(set.next(), Some((done, Ok(1))) if done == id));
    /// ```
    pub fn submit<F: FnOnce() -> T + Send + 'static>(&self, f: F) -> JobId {
        self.submit_to(Lane::Back, f)
    }

    /// Queues a job before everything that is queued in the pool; of several such jobs the newest starts first. One that waits for room in the set is
    /// queued behind those that wait already, as an ordinary job.
    ///
    /// # Blocking
    ///
    /// As [`submit`](Self::submit).
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// let set = filch::JobSet::new(&pool);
    /// set.submit_first(|| "urgent");
    /// assert!(matches!(set.next(), Some((_, Ok("urgent")))));
    /// ```
    pub fn submit_first<F: FnOnce() -> T + Send + 'static>(&self, f: F) -> JobId {
        self.submit_to(Lane::Express, f)
    }

    /// Queues a job after `delay`, as [`Pool::submit_later`](crate::Pool::submit_later). It counts as outstanding, and takes its room in the set, from now on.
    ///
    /// # Blocking
    ///
    /// Outside the pool, while the set is full; a shutdown ends the wait. Inside the pool it does not wait, but goes beyond the capacity.
    ///
    /// # Panics
    ///
    /// If the system refuses the thread for timers.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let pool = filch::Pool::with_threads(1);
    /// let set = filch::JobSet::new(&pool);
    /// set.submit_later(Duration::from_millis(2), || "second");
    /// set.submit(|| "first");
    /// let order: Vec<_> = set.as_completed().map(|(_, result)| result.unwrap()).collect();
    /// assert_eq!(order, ["first", "second"]);
    /// ```
    pub fn submit_later<F: FnOnce() -> T + Send + 'static>(&self, delay: Duration, f: F) -> JobId {
        let due = ops::due(&self.registry, delay.into());
        let inside = self.is_inside();
        self.wait_for_room(inside);
        if self.registry.is_closed() {
            return self.refused(inside, f);
        }
        if let (Some(gate), true) = (self.core.gate(), inside) {
            gate.force();
        }
        let (id, node) = self.core.enlist_delayed(f, due.time, due.delay);
        // SAFETY: made just now: the timers' reference is still ours.
        unsafe { self.registry.take_timed(node, due.is_now()) };
        id
    }

    /// An outside thread waits until the set has room, and takes it.
    fn wait_for_room(&self, inside: bool) {
        if let (Some(gate), false) = (self.core.gate(), inside) {
            // Closed: it comes out as ShutDown, beyond the capacity.
            gate.enter(|| self.registry.is_closed()).unwrap_or_else(|_| gate.force());
        }
    }

    fn submit_to<F: FnOnce() -> T + Send + 'static>(&self, lane: Lane, f: F) -> JobId {
        let inside = self.is_inside();
        self.wait_for_room(inside);
        match self.registry.admit(inside, true) {
            Ok(()) => self.admitted(lane, inside, f),
            Err(_) => self.refused(inside, f),
        }
    }

    /// Queues a job if there is room in the set and in the pool's queue, without waiting.
    ///
    /// # Errors
    ///
    /// [`Full`](TrySubmitError::Full), only outside the pool; [`ShutDown`](TrySubmitError::ShutDown) after a shutdown of the pool. Both hand the closure back.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// let set = filch::JobSet::with_capacity(&pool, 1);
    /// set.try_submit(|| 1)?;
    /// assert!(set.try_submit(|| 2).unwrap_err().is_full());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_submit<F: FnOnce() -> T + Send + 'static>(&self, f: F) -> Result<JobId, TrySubmitError<F>> {
        let inside = self.is_inside();
        let gate = self.core.gate().filter(|_| !inside);
        if gate.is_some_and(|gate| gate.try_enter().is_err()) {
            return Err(if self.registry.is_closed() { TrySubmitError::ShutDown(f) } else { TrySubmitError::Full(f) });
        }
        match self.registry.admit(inside, false) {
            Ok(()) => Ok(self.admitted(Lane::Back, inside, f)),
            Err(refusal) => {
                if gate.is_some() {
                    self.queue_again(self.core.give_room_back());
                }
                Err(match refusal {
                    Refusal::Full => TrySubmitError::Full(f),
                    Refusal::ShutDown => TrySubmitError::ShutDown(f),
                })
            }
        }
    }

    /// A thread that must not wait for room: a worker of the pool, or one that is ending jobs of the pool.
    fn is_inside(&self) -> bool {
        Worker::with_current_of(&self.registry, |worker| worker.is_some()) || ending::is_ending(self.registry.id())
    }

    /// The pool has admitted it. An outside thread has room in the set, too.
    fn admitted<F: FnOnce() -> T + Send + 'static>(&self, lane: Lane, inside: bool, f: F) -> JobId {
        if !inside {
            let (id, job) = self.core.enlist(f);
            self.queue(job, lane);
            return id;
        }
        let (id, job) = self.core.enlist_or_wait(f);
        match job {
            Some(job) => self.queue(job, lane),
            None => {
                self.registry.count_queued(false);
                // The shutdown may have looked before the job was there.
                if self.registry.is_closed() {
                    self.queue_again(self.core.let_all_in());
                }
            }
        }
        id
    }

    fn refused<F: FnOnce() -> T + Send + 'static>(&self, inside: bool, f: F) -> JobId {
        if let (Some(gate), true) = (self.core.gate(), inside) {
            gate.force();
        }
        let (id, job) = self.core.enlist(f);
        self.registry.refuse(job);
        id
    }

    fn queue(&self, job: JobRef, lane: Lane) {
        queue(&self.registry, job, lane);
    }

    /// Queues jobs that waited in the set, and have been counted as queued.
    fn queue_again(&self, jobs: impl IntoIterator<Item = JobRef>) {
        jobs.into_iter().for_each(|job| self.queue(job, Lane::Back));
    }

    /// Queues a producer: a job whose results are the items of an iterator, one after another, all with the job's number.
    ///
    /// The producer is a job of the pool: it needs a worker to run, and [`current_worker_index`](crate::current_worker_index) says which. While the set is full it
    /// has none; it goes on, perhaps in the place of another one, when there is room. The iterator need not be `Send`: it is made, used and dropped on one thread. In a set
    /// without a capacity that is the worker's, unless somebody runs a member of the set in place as the producer begins; else it is a thread that the
    /// producer has for its life, and that only ever runs while another one waits for it. A set that drops or cancels a paused producer waits while that thread drops the iterator. If the
    /// system refuses the thread, the producer runs to its end on the worker's, and goes beyond the capacity.
    ///
    /// It counts as outstanding until the iterator has ended, but takes no room in the set itself. A panic of the iterator is its last result, and so is
    /// [`Cancelled`](crate::JobError::Cancelled) or [`ShutDown`](crate::JobError::ShutDown) if it is stopped before its end, which drops an
    /// item that found no room: a full set's producer stops at a shutdown. That last result takes room even if there is none. An iterator that
    /// holds its own set keeps it, and the producer's thread, until the pool shuts down.
    ///
    /// # Blocking
    ///
    /// Outside the pool, while the pool's queue is full.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(2);
    /// let set = filch::JobSet::with_capacity(&pool, 4);
    /// set.submit_iter(|| (1..=100_u32).map(|n| n * n));
    /// let sum: u32 = set.as_completed().map(|(_, square)| square.unwrap()).sum();
    /// assert_eq!(sum, 338_350);
    /// ```
    pub fn submit_iter<I, F>(&self, f: F) -> JobId
    where
        I: IntoIterator<Item = T>,
        F: FnOnce() -> I + Send + 'static,
    {
        let admitted = self.registry.admit(self.is_inside(), true);
        let (id, job) = self.core.enlist_producer(f);
        match admitted {
            Ok(()) => self.queue(job, Lane::Back),
            Err(_) => self.registry.refuse(job),
        }
        id
    }

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

    /// Cancels a job of the set, as [`JobHandle::cancel`](crate::JobHandle::cancel): true if it now never runs. Then
    /// [`Cancelled`](crate::JobError::Cancelled) comes out for it.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// let (send, receive) = std::sync::mpsc::channel::<()>();
    /// pool.spawn(move || receive.recv().unwrap());
    /// let set = filch::JobSet::new(&pool);
    /// let id = set.submit(|| unreachable!());
    /// assert!(set.cancel(id));
    /// assert!(!set.cancel(id));
    /// # let _: Option<(_, Result<(), _>)> = set.next();
    /// send.send(())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&self, id: JobId) -> bool {
        let Some((member, waiting)) = self.core.stop(id) else { return false };
        let cancelled = member.cancel();
        self.queue_again(waiting);
        cancelled
    }

    /// Cancels every job of the set. Returns how many now never run; those that run are asked to stop.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// let (send, receive) = std::sync::mpsc::channel::<()>();
    /// pool.spawn(move || receive.recv().unwrap());
    /// let set = filch::JobSet::new(&pool);
    /// for n in 0..5 {
    ///     set.submit(move || n);
    /// }
    /// assert_eq!(set.cancel_all(), 5);
    /// assert!(set.as_completed().all(|(_, result)| result.unwrap_err().is_cancelled()));
    /// send.send(())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel_all(&self) -> usize {
        let (members, waiting) = self.core.stop_all();
        let cancelled = members.iter().filter(|member| member.cancel()).count();
        self.queue_again(waiting);
        cancelled
    }

    /// Jobs of the set that are queued, running, or done and not taken.
    pub fn len(&self) -> usize {
        self.core.len()
    }

    /// Whether nothing is outstanding: [`next`](Self::next) would return `None`.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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

impl<T: Send + 'static> Drop for JobSet<T> {
    fn drop(&mut self) {
        self.cancel_all();
        self.core.close();
    }
}

impl<T: Send + 'static> Closing for Core<T> {
    fn closing(&self, registry: &Registry) {
        for job in self.let_all_in() {
            registry.inject(job, Lane::Back);
        }
        if let Some(gate) = self.gate() {
            gate.wake_all();
        }
    }
}

impl<T: Send + 'static> std::fmt::Debug for JobSet<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobSet").field("len", &self.len()).field("pool", &self.registry).finish()
    }
}
