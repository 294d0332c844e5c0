//! The handle of a submitted job.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::job::{CellRef, JobError, JobId, RawCell, Timekeeper, Waiter, ending};
use crate::park;
use crate::sync::time::Deadline;
use crate::worker::Worker;

/// The result of a submitted job, now or later.
///
/// Dropping it lets the job run on unwatched: its result is dropped, and a panic goes to the pool's panic handler. A handle does
/// not keep its pool alive, and it outlives it: every job ends, at the latest with [`JobError::ShutDown`].
///
/// It is also a [`Future`], for any executor. A poll never runs jobs.
///
/// # Examples
///
/// ```
/// let pool = filch::Pool::with_threads(2);
/// let handle = pool.submit(|| 6 * 7);
/// assert_eq!(handle.join()?, 42);
/// # Ok::<(), filch::JobError>(())
/// ```
#[must_use = "dropping the handle lets the job run on unwatched; `spawn` says so"]
pub struct JobHandle<T> {
    /// `None` once the future has given its output.
    cell: Option<CellRef<T>>,
}

// SAFETY: the handle moves a `T` to the thread that takes it, which `T: Send` allows; everything else is the cell's, and is synchronised there.
unsafe impl<T: Send> Send for JobHandle<T> {}
// SAFETY: a shared handle gives no access to the `T`.
unsafe impl<T: Send> Sync for JobHandle<T> {}
impl<T> Unpin for JobHandle<T> {}
impl<T> std::panic::UnwindSafe for JobHandle<T> {}
impl<T> std::panic::RefUnwindSafe for JobHandle<T> {}

impl<T> JobHandle<T> {
    pub(crate) fn new(cell: CellRef<T>) -> Self {
        Self { cell: Some(cell) }
    }

    /// Whether the caller is inside the job.
    pub(super) fn is_waited_for_inside(&self) -> bool {
        !self.raw().has_ended() && self.raw().is_on_this_stack()
    }

    pub(super) fn raw(&self) -> &RawCell {
        self.cell.as_ref().expect("a finished future has no job any more").raw()
    }

    fn into_cell(self) -> CellRef<T> {
        self.cell.expect("a finished future has no job any more")
    }

    /// Waits for the result.
    ///
    /// # Blocking
    ///
    /// Blocks until the job has ended; [`join_timeout`](Self::join_timeout) is the timed form. On a worker of the same pool a job that
    /// nobody has started runs here and now, on the caller's stack; a delayed one as soon as it is due. Nothing else does: a job may hold a lock
    /// across this call. While it waits for a job that runs elsewhere, the worker runs nothing: one worker less works.
    ///
    /// # Errors
    ///
    /// [`Panicked`](JobError::Panicked), [`Cancelled`](JobError::Cancelled) or [`ShutDown`](JobError::ShutDown), by what became of the
    /// job; [`WouldDeadlock`](JobError::WouldDeadlock) at once if the caller is inside that very job. Jobs that wait for each other in a longer circle do deadlock.
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// let error = pool.submit(|| -> u8 { panic!("no luck") }).join().unwrap_err();
    /// assert!(error.is_panic());
    /// ```
    pub fn join(mut self) -> Result<T, JobError> {
        Worker::with_current(|worker| {
            if let Some(worker) = worker {
                self.wait_until_due(worker);
                worker.run_awaited(self.raw());
            }
        });
        self.join_elsewhere()
    }

    /// On a worker of the job's pool: waits until the job is due, or has ended. Then the worker can run it, as if it were queued.
    fn wait_until_due(&mut self, worker: &Worker) {
        let registry = worker.registry();
        let cell = self.cell.as_mut().expect("a finished future has no job any more");
        if cell.raw().owner() != registry.id() || worker.helps() {
            return;
        }
        ending::end_if_in_hand(cell.raw());
        while let Some(due) = cell.raw().due().filter(|due| *due > registry.now()) {
            let job = cell.raw().clone();
            if registry.while_waiting(due, Some(&job), || wait(cell, registry.patience_until(due))) {
                return;
            }
        }
    }

    /// As [`join`](Self::join), for a job that this thread need not run itself.
    pub(super) fn join_elsewhere(self) -> Result<T, JobError> {
        let mut cell = self.into_cell();
        if !cell.raw().has_ended() && cell.raw().is_on_this_stack() {
            return Err(JobError::WouldDeadlock);
        }
        ending::end_if_in_hand(cell.raw());
        help(&mut cell);
        wait(&mut cell, Deadline::NEVER);
        cell.take()
    }

    /// Takes the result if it is there, without waiting; else the handle comes back.
    ///
    /// # Errors
    ///
    /// The outer one is the handle itself. The inner ones are those of [`join`](Self::join).
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// let mut handle = pool.submit(|| "done");
    /// let result = loop {
    ///     match handle.try_join() {
    ///         Ok(result) => break result,
    ///         Err(unfinished) => handle = unfinished,
    ///     }
    /// };
    /// assert_eq!(result?, "done");
    /// # Ok::<(), filch::JobError>(())
    /// ```
    pub fn try_join(self) -> Result<Result<T, JobError>, Self> {
        if self.is_finished() { Ok(self.into_cell().take()) } else { Err(self) }
    }

    /// Waits for the result for at most `timeout`; after that the handle comes back.
    ///
    /// # Blocking
    ///
    /// Blocks, but never runs a job in place: it keeps its time. `Duration::MAX` means no limit.
    ///
    /// # Errors
    ///
    /// The outer one is the handle itself. The inner ones are those of [`join`](Self::join), except that a job that
    /// waits for itself runs into the time limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let pool = filch::Pool::with_threads(1);
    /// let (send, receive) = std::sync::mpsc::channel::<()>();
    /// let handle = pool.submit(move || receive.recv());
    /// let handle = handle.join_timeout(Duration::from_millis(1)).unwrap_err();
    /// send.send(())?;
    /// handle.join()??;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn join_timeout(self, timeout: Duration) -> Result<Result<T, JobError>, Self> {
        let mut cell = self.into_cell();
        ending::end_if_in_hand(cell.raw());
        if wait(&mut cell, Deadline::after(timeout)) { Ok(cell.take()) } else { Err(Self::new(cell)) }
    }

    /// Cancels the job. True: it had not started, and now never will; its closure has been dropped here and now.
    ///
    /// On a running job it returns false, and [`cancelled()`](crate::cancelled) is true inside it from now on. A panic in the `Drop` of what the closure
    /// captured goes to the panic handler.
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// let (send, receive) = std::sync::mpsc::channel::<()>();
    /// pool.spawn(move || receive.recv().unwrap());
    /// let queued = pool.submit(|| unreachable!());
    /// assert!(queued.cancel());
    /// assert!(queued.join().unwrap_err().is_cancelled());
    /// send.send(())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&self) -> bool {
        self.raw().cancel()
    }

    /// Whether the job has ended, one way or another.
    pub fn is_finished(&self) -> bool {
        self.raw().has_ended()
    }

    /// The job's number.
    pub fn id(&self) -> JobId {
        self.raw().id()
    }

    /// Has `f` called with the outcome, exactly once, whatever it is; a [`CancelToken`] is left of the handle.
    ///
    /// `f` runs on the thread that ends the job: a worker, or whoever cancels it or shuts the pool down. If the job has
    /// ended already it runs here and now. The pool is not idle, and its shutdown does not return, before `f` has. A panic in it goes to the panic handler.
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// let (send, receive) = std::sync::mpsc::channel();
    /// let _token = pool.submit(|| 2 + 2).on_complete(move |result| send.send(result.unwrap()).unwrap());
    /// assert_eq!(receive.recv()?, 4);
    /// # Ok::<(), std::sync::mpsc::RecvError>(())
    /// ```
    pub fn on_complete<F>(self, f: F) -> CancelToken
    where
        F: FnOnce(Result<T, JobError>) + Send + 'static,
        T: 'static,
    {
        CancelToken(self.into_cell().on_complete(f))
    }
}

/// On a worker that helps, runs other jobs until this one has ended.
fn help<T>(cell: &mut CellRef<T>) {
    Worker::with_current(|worker| {
        if let Some(worker) = worker.filter(|worker| worker.helps()) {
            while !cell.raw().has_ended() {
                if !worker.run_any() {
                    nap(cell, worker);
                }
            }
        }
    });
}

/// Sleeps for a moment, or until the job has ended.
fn nap<T>(cell: &mut CellRef<T>, worker: &Worker) {
    let registry = worker.registry();
    let is_ours = cell.raw().owner() == registry.id();
    match cell.raw().due().filter(|due| is_ours && *due > registry.now()) {
        Some(due) => {
            let job = cell.raw().clone();
            registry.while_waiting(due, Some(&job), || wait(cell, worker.nap()));
        }
        None => _ = wait(cell, worker.nap()),
    }
}

/// Blocks until the job has ended. False: the time ran out first.
fn wait<T>(cell: &mut CellRef<T>, deadline: Deadline) -> bool {
    if park::spin_until(|| cell.raw().has_ended()) {
        return true;
    }
    cell.raw().owner().assert_not_inherited();
    park::with_current(|parker| {
        if cell.set_waiter(Waiter::Thread(parker.unparker().clone())).is_err() {
            return true;
        }
        while !cell.raw().has_ended() {
            if !parker.park(deadline) {
                // If the slot cannot be had back, the job has ended.
                return !cell.withdraw_waiter();
            }
        }
        true
    })
}

/// Resolves when the job has ended. Dropping it detaches the job, it does not cancel it.
///
/// # Panics
///
/// If polled again after it has resolved.
impl<T> Future for JobHandle<T> {
    type Output = Result<T, JobError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // Foreign code, so it comes before the handle is taken apart.
        let waker = context.waker().clone();
        let mut cell = self.cell.take().expect("polled after it had resolved");
        let ended = cell.raw().has_ended() || cell.set_waiter(Waiter::Task(waker)).is_err();
        if ended {
            return Poll::Ready(cell.take());
        }
        self.cell = Some(cell);
        Poll::Pending
    }
}

impl<T> std::fmt::Debug for JobHandle<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.cell {
            Some(cell) => f.debug_tuple("JobHandle").field(cell).finish(),
            None => f.write_str("JobHandle(taken)"),
        }
    }
}

/// What is left of a handle whose result goes to a callback: the means to cancel the job.
///
/// Dropping it changes nothing. Clones are for the same job.
///
/// # Examples
///
/// ```
/// let pool = filch::Pool::with_threads(1);
/// let (send, receive) = std::sync::mpsc::channel::<()>();
/// pool.spawn(move || receive.recv().unwrap());
/// let token = pool.submit(|| ()).on_complete(|result| assert!(result.unwrap_err().is_cancelled()));
/// assert!(token.clone().cancel());
/// assert!(!token.cancel());
/// send.send(())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct CancelToken(RawCell);

impl CancelToken {
    /// As [`JobHandle::cancel`].
    pub fn cancel(&self) -> bool {
        self.0.cancel()
    }
}
