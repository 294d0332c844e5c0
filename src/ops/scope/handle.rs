//! The handle of a job of a scope.

use std::marker::PhantomData;
use std::ptr::NonNull;
use std::time::Duration;

use super::core::Core;
use crate::job::{Cell, Header, JobError, JobRef, Owner, PanicPayload, Verb};
use crate::ops::JobHandle;
use crate::util::contain::{Payload, contain};
use crate::worker::Worker;

/// How often a thread outside the pool that waits for a job of a scope looks whether the pool has ended.
const LOOK: Duration = Duration::from_millis(10);

/// The result of a job of a scope, now or later. Dropping it lets the job run on; the scope waits for it.
///
/// ```
/// let pool = filch::Pool::with_threads(2);
/// let caught = pool.scope(|scope| scope.submit(|| -> u8 { panic!("no luck") }).join().unwrap_err().is_panic());
/// assert!(caught);
/// ```
#[must_use = "dropping the handle lets the job run on unwatched; `spawn` says so"]
pub struct ScopedHandle<'scope, T> {
    handle: JobHandle<Result<T, Unclaimed>>,
    /// The piece by which the job is offered, if it lies on a deque.
    piece: Option<JobRef>,
    core: NonNull<Core>,
    _scope: PhantomData<&'scope ()>,
}

// SAFETY: as for `JobHandle`; the scope outlives the handle, and is made to be shared.
unsafe impl<T: Send> Send for ScopedHandle<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for ScopedHandle<'_, T> {}

/// A panic that no handle has returned. The scope gets it, if that stays so.
struct Unclaimed {
    payload: Option<Payload>,
    core: NonNull<Core>,
}

// SAFETY: a payload may be sent; the scope is there, since the job whose result this is counts there, or its handle lives.
unsafe impl Send for Unclaimed {}

impl Drop for Unclaimed {
    fn drop(&mut self) {
        if let Some(payload) = self.payload.take() {
            // SAFETY: see `Send`.
            unsafe { self.core.as_ref() }.keep(payload);
        }
    }
}

/// A queued job on its way into a closure.
struct Queued(JobRef);

// SAFETY: `submit` asks that closure and result are Send.
unsafe impl Send for Queued {}

impl Queued {
    /// Runs the job, if nobody has run it in place.
    fn run(self, core: &Core) {
        Worker::with_current_of(core.registry(), |worker| {
            let owner: &dyn Owner = match worker {
                Some(worker) => worker,
                None => &**core.registry(),
            };
            // SAFETY: it is in no queue but the closure that calls this, which is run once.
            let _ = unsafe { Header::execute(self.0, Verb::Run(owner)) };
        });
    }
}

pub(super) fn submit<'scope, T, F>(core: &Core, f: F) -> ScopedHandle<'scope, T>
where
    T: Send + 'scope,
    F: FnOnce() -> T + Send + 'scope,
{
    /// The scope, for its jobs.
    struct Home(NonNull<Core>);
    // SAFETY: it is made to be shared, and outlives its jobs.
    unsafe impl Send for Home {}
    impl Home {
        fn core(&self) -> &Core {
            // SAFETY: see `Send`.
            unsafe { self.0.as_ref() }
        }
    }
    let (home, also_home) = (Home(core.into()), Home(core.into()));
    let caught = move || {
        contain(f).map_err(|payload| {
            home.core().registry().count_panic();
            Unclaimed { payload: Some(payload), core: home.core().into() }
        })
    };
    let (job, cell) = Cell::queued(caught, core.registry().id());
    // A cell that is run counts itself out.
    core.registry().count_queued(true);
    let queued = Queued(job);
    let piece = core.spawn(move || { queued }.run(also_home.core()));
    ScopedHandle { handle: JobHandle::new(cell), piece, core: core.into(), _scope: PhantomData }
}

impl<T> ScopedHandle<'_, T> {
    /// Waits for the result.
    ///
    /// # Blocking
    ///
    /// As [`JobHandle::join`]: on a worker of the scope's pool a job that nobody has started runs here and now.
    ///
    /// # Errors
    ///
    /// [`Panicked`](JobError::Panicked), and then the scope does not raise that panic; [`WouldDeadlock`](JobError::WouldDeadlock) inside that very job.
    pub fn join(self) -> Result<T, JobError> {
        // SAFETY: the scope outlives its handles.
        let core = unsafe { self.core.as_ref() };
        let outcome = Worker::with_current_of(core.registry(), |worker| match worker {
            Some(worker) => {
                // A job that is queued has not been run by its piece either: there is no other piece at that address.
                let is_newest = self.piece.filter(|_| self.handle.raw().is_queued());
                if !is_newest.is_some_and(|piece| worker.has_room() && worker.run_newest_piece(piece)) {
                    worker.run_awaited_scoped(self.handle.raw());
                }
                self.handle.join_elsewhere()
            }
            None => join_outside(core, self.handle),
        });
        match outcome? {
            Ok(value) => Ok(value),
            Err(mut unclaimed) => {
                let payload = unclaimed.payload.take().expect("claimed once");
                Err(JobError::Panicked(PanicPayload::new(payload)))
            }
        }
    }

    /// Whether the job has ended, one way or another.
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }
}

fn join_outside<R>(core: &Core, mut handle: JobHandle<R>) -> Result<R, JobError> {
    loop {
        if handle.is_waited_for_inside() {
            return Err(JobError::WouldDeadlock);
        }
        // If the pool has ended, this thread runs the job itself, and no other: it may hold a lock.
        if core.registry().is_closed() && handle.raw().is_queued() && handle.raw().claim() {
            handle.raw().run_claimed(&**core.registry());
        }
        match handle.join_timeout(LOOK) {
            Ok(result) => return result,
            Err(unfinished) => handle = unfinished,
        }
    }
}

impl<T> std::fmt::Debug for ScopedHandle<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ScopedHandle").field(&self.handle).finish()
    }
}
