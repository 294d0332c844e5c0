//! Guards.

use std::fmt;
use std::sync::Arc;

use super::Semaphore;

/// Permits of a [`Semaphore`], which go back when this is dropped.
///
/// ```
/// let semaphore = filch::Semaphore::new(2);
/// let permit = semaphore.acquire()?;
/// assert_eq!(semaphore.available(), 1);
/// drop(permit);
/// assert_eq!(semaphore.available(), 2);
/// # Ok::<(), filch::AcquireError>(())
/// ```
#[must_use = "dropped at once, a permit limits nothing"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
    count: u32,
}

impl<'a> Permit<'a> {
    #[inline(always)]
    pub(super) fn new(semaphore: &'a Semaphore, count: u32) -> Self {
        Self { semaphore, count }
    }

    /// Keeps the permits out for good. [`Semaphore::release`] can make new ones.
    ///
    /// ```
    /// let semaphore = filch::Semaphore::new(2);
    /// semaphore.acquire()?.forget();
    /// assert_eq!(semaphore.available(), 1);
    /// # Ok::<(), filch::AcquireError>(())
    /// ```
    pub fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.semaphore.raw.put_back(self.count);
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("count", &self.count).finish_non_exhaustive()
    }
}

/// As [`Permit`], and keeps the semaphore alive: it can travel, into a job or a struct.
///
/// ```
/// use std::sync::Arc;
///
/// let pool = filch::Pool::with_threads(2);
/// let semaphore = Arc::new(filch::Semaphore::new(1));
/// let permit = semaphore.clone().acquire_owned()?;
/// let job = pool.submit(move || {
///     let _permit = permit;
///     "nobody else is in here"
/// });
/// job.join().unwrap();
/// assert_eq!(semaphore.available(), 1);
/// # Ok::<(), filch::AcquireError>(())
/// ```
#[must_use = "dropped at once, a permit limits nothing"]
pub struct OwnedPermit {
    semaphore: Arc<Semaphore>,
    count: u32,
}

impl OwnedPermit {
    pub(super) fn new(semaphore: Arc<Semaphore>, count: u32) -> Self {
        Self { semaphore, count }
    }

    /// Keeps the permits out for good. [`Semaphore::release`] can make new ones.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// let semaphore = Arc::new(filch::Semaphore::new(2));
    /// semaphore.clone().acquire_owned()?.forget();
    /// assert_eq!(semaphore.available(), 1);
    /// # Ok::<(), filch::AcquireError>(())
    /// ```
    pub fn forget(mut self) {
        self.count = 0;
    }
}

impl Drop for OwnedPermit {
    fn drop(&mut self) {
        self.semaphore.raw.put_back(self.count);
    }
}

impl fmt::Debug for OwnedPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPermit").field("count", &self.count).finish_non_exhaustive()
    }
}
