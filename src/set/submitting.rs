//! How jobs come into a set.

use std::time::Duration;

use super::JobSet;
use crate::job::{JobId, ending};
use crate::ops::{self, TrySubmitError};
use crate::registry::{Lane, Refusal};
use crate::worker::Worker;

impl<T: Send + 'static> JobSet<T> {
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
}
