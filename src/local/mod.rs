//! Floor 7: a value for each worker.

mod table;

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};
use std::thread::ThreadId;

pub use table::Table;

use crate::job::OwnerId;
use crate::sync::UnsafeCell;
use crate::util::contain::contain_drop;
use crate::worker::{self, Worker};

/// One value for each worker, made on the worker when it is first asked for: what jobs need and is too costly to make for each, such as a compressor, a
/// connection or a scratch buffer.
///
/// Workers of any number of pools may use it, each with its own value, which needs no lock. Threads that are no workers share one spare value behind a lock.
/// The values are dropped with the `WorkerLocal`, on the thread that drops it; a value whose worker has ended may be dropped before.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// let pool = filch::Pool::with_threads(2);
/// let buffers = Arc::new(filch::WorkerLocal::new(|_index| Vec::<u8>::with_capacity(1 << 16)));
/// let lengths: Vec<usize> = pool
///     .map_unordered(["a", "bb", "ccc"], 3, {
///         let buffers = buffers.clone();
///         move |word: &str| {
///             buffers.with(|buffer| {
///                 buffer.clear();
///                 buffer.extend_from_slice(word.as_bytes());
///                 buffer.len()
///             })
///         }
///     })
///     .map(Result::unwrap)
///     .collect();
/// assert_eq!(lengths.iter().sum::<usize>(), 6);
/// ```
pub struct WorkerLocal<T: Send + 'static> {
    init: Box<dyn Fn(usize) -> T + Send + Sync>,
    /// By the worker's seat.
    table: Table<Entry<T>>,
    spare: Mutex<Option<T>>,
    /// The thread that has the spare value.
    holder: Mutex<Option<ThreadId>>,
}

/// The place of one worker after another.
struct Entry<T> {
    /// Whose value it is.
    worker: Cell<Option<(OwnerId, usize)>>,
    is_in_use: Cell<bool>,
    value: UnsafeCell<Option<T>>,
}

impl<T> Default for Entry<T> {
    fn default() -> Self {
        Self { worker: Cell::new(None), is_in_use: Cell::new(false), value: UnsafeCell::new(None) }
    }
}

// SAFETY: an entry is used by the worker that has its seat, and one thread at a time stands for a worker. A worker that gets the seat later is ordered after the one
// before by the lock under which seats change hands. The spare value has a lock. So values move between threads, which `T: Send` allows, and none is shared.
unsafe impl<T: Send + 'static> Sync for WorkerLocal<T> {}
// SAFETY: as above.
unsafe impl<T: Send + 'static> Send for WorkerLocal<T> {}

/// Says that a value is no longer in use, also on unwinding.
struct Release<F: FnMut()>(F);

impl<F: FnMut()> Drop for Release<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl<T: Send + 'static> WorkerLocal<T> {
    /// Makes it without a value. `init` gets the worker's index, from 0; for the spare value of threads that are no workers `usize::MAX`.
    ///
    /// ```
    /// let names = filch::WorkerLocal::new(|index| format!("worker {index}"));
    /// let pool = filch::Pool::with_threads(1);
    /// assert_eq!(pool.install(|| names.with(|name| name.clone())), "worker 0");
    /// ```
    pub fn new<F: Fn(usize) -> T + Send + Sync + 'static>(init: F) -> Self {
        Self { init: Box::new(init), table: Table::new(), spare: Mutex::new(None), holder: Mutex::new(None) }
    }

    /// Calls `f` with the worker's value, which is made first if there is none yet.
    ///
    /// # Blocking
    ///
    /// On a worker never. Elsewhere while another such thread uses the spare value; there is no timed form.
    ///
    /// # Panics
    ///
    /// If it is called inside `f` again, by the same worker or thread: also by a job that the worker runs in place because `f` waits for it,
    /// yields or broadcasts. A panic of `init`
    /// leaves no value, and the next call tries again. A panic of `f` leaves the value as it is.
    ///
    /// ```
    /// let counts = filch::WorkerLocal::new(|_| 0);
    /// let pool = filch::Pool::with_threads(1);
    /// pool.install(|| (0..5).for_each(|_| counts.with(|count| *count += 1)));
    /// assert_eq!(pool.install(|| counts.with(|count| *count)), 5);
    /// assert_eq!(counts.with(|count| *count), 0, "the spare value");
    /// ```
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        Worker::with_current(|worker| match worker {
            Some(worker) => self.with_own(worker, f),
            None => self.with_spare(f),
        })
    }

    fn with_own<R>(&self, worker: &Worker, f: impl FnOnce(&mut T) -> R) -> R {
        let entry = self.table.entry(worker.seat());
        assert!(!entry.is_in_use.replace(true), "WorkerLocal::with was called inside itself on the same worker");
        let _release = Release(|| entry.is_in_use.set(false));
        let me = Some((worker.registry().id(), worker.index()));
        entry.value.with_mut(|value| {
            // SAFETY: the entry is this worker's, and not in use further up its stack.
            let value = unsafe { &mut *value };
            if entry.worker.replace(me) != me {
                // Of a worker that had the seat before, and has ended.
                self.discard(value.take());
            }
            f(value.get_or_insert_with(|| (self.init)(worker.index())))
        })
    }

    fn with_spare<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let me = worker::identity();
        let holder = || self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(*holder() != Some(me), "WorkerLocal::with was called inside itself on the same thread");
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        *holder() = Some(me);
        let _release = Release(|| *holder() = None);
        f(spare.get_or_insert_with(|| (self.init)(usize::MAX)))
    }

    /// Drops a value; a panic in it goes to the panic handler of the pool on whose worker this is.
    fn discard(&self, value: Option<T>) {
        if let Err(payload) = contain_drop(value) {
            match Worker::with_current(|worker| worker.map(|worker| worker.registry().id())) {
                Some(owner) => owner.report(payload),
                None => crate::util::contain::bury(payload),
            }
        }
    }
}

impl<T: Send + 'static> Drop for WorkerLocal<T> {
    fn drop(&mut self) {
        for entry in self.table.drain() {
            // SAFETY: nobody else is here any more.
            self.discard(entry.value.with_mut(|value| unsafe { (*value).take() }));
        }
        let spare = self.spare.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        self.discard(spare);
    }
}

impl<T: Send + 'static> std::fmt::Debug for WorkerLocal<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerLocal").finish_non_exhaustive()
    }
}
