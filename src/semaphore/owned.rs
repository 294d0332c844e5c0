//! Permits that keep their semaphore alive.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::error::{AcquireError, AcquireTimeoutError, TryAcquireError};
use super::{OwnedPermit, Semaphore};

/// # Owned permits
///
/// These are for an `Arc<Semaphore>`. The permit has a clone of it, so it can travel into a job or a struct. Else they are as their namesakes.
impl Semaphore {
    /// As [`acquire`](Self::acquire).
    ///
    /// # Errors
    ///
    /// If the semaphore is closed, or is while this waits.
    ///
    /// # Blocking
    ///
    /// Blocks until there is a permit.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// // At most eight jobs are queued or running at any time.
    /// let pool = filch::Pool::with_threads(2);
    /// let limit = Arc::new(filch::Semaphore::new(8));
    /// for number in 0..100 {
    ///     let permit = limit.clone().acquire_owned()?;
    ///     pool.spawn(move || {
    ///         let _permit = permit;
    ///         std::hint::black_box(number * number);
    ///     });
    /// }
    /// # Ok::<(), filch::AcquireError>(())
    /// ```
    pub fn acquire_owned(self: Arc<Self>) -> Result<OwnedPermit, AcquireError> {
        self.acquire_many_owned(1)
    }

    /// As [`acquire_many`](Self::acquire_many).
    ///
    /// # Errors
    ///
    /// If the semaphore is closed, or is while this waits, or if `n` is more than it can ever have.
    ///
    /// # Blocking
    ///
    /// Blocks until there are so many.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// let semaphore = Arc::new(filch::Semaphore::new(3));
    /// let permit = semaphore.clone().acquire_many_owned(2)?;
    /// assert_eq!(semaphore.available(), 1);
    /// # Ok::<(), filch::AcquireError>(())
    /// ```
    pub fn acquire_many_owned(self: Arc<Self>, n: usize) -> Result<OwnedPermit, AcquireError> {
        let need = self.take(n)?;
        Ok(OwnedPermit::new(self, need))
    }

    /// As [`try_acquire`](Self::try_acquire).
    ///
    /// # Errors
    ///
    /// If there is no permit now, or the semaphore is closed.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// let semaphore = Arc::new(filch::Semaphore::new(1));
    /// let permit = semaphore.clone().try_acquire_owned()?;
    /// assert!(semaphore.try_acquire_owned().is_err());
    /// # Ok::<(), filch::TryAcquireError>(())
    /// ```
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedPermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// As [`try_acquire_many`](Self::try_acquire_many).
    ///
    /// # Errors
    ///
    /// If there are not so many permits now, or the semaphore is closed, or if `n` is more than there can ever be.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// let semaphore = Arc::new(filch::Semaphore::new(3));
    /// assert!(semaphore.clone().try_acquire_many_owned(4).is_err());
    /// assert!(semaphore.try_acquire_many_owned(3).is_ok());
    /// ```
    pub fn try_acquire_many_owned(self: Arc<Self>, n: usize) -> Result<OwnedPermit, TryAcquireError> {
        let need = self.try_take(n).map_err(TryAcquireError::new)?;
        Ok(OwnedPermit::new(self, need))
    }

    /// As [`acquire_timeout`](Self::acquire_timeout).
    ///
    /// # Errors
    ///
    /// If there was no permit in time, or the semaphore is closed or was meanwhile.
    ///
    /// # Blocking
    ///
    /// Blocks for at most about that time.
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// let semaphore = Arc::new(filch::Semaphore::new(1));
    /// let permit = semaphore.clone().acquire_timeout_owned(Duration::from_millis(10))?;
    /// assert_eq!(semaphore.available(), 0);
    /// # Ok::<(), filch::AcquireTimeoutError>(())
    /// ```
    pub fn acquire_timeout_owned(self: Arc<Self>, timeout: Duration) -> Result<OwnedPermit, AcquireTimeoutError> {
        self.acquire_many_timeout_owned(1, timeout)
    }

    /// As [`acquire_many_timeout`](Self::acquire_many_timeout).
    ///
    /// # Errors
    ///
    /// If there were not so many permits in time, or the semaphore is closed or was meanwhile, or if `n` is more than there can ever be.
    ///
    /// # Blocking
    ///
    /// Blocks for at most about that time.
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// let semaphore = Arc::new(filch::Semaphore::new(1));
    /// assert!(semaphore.acquire_many_timeout_owned(2, Duration::from_millis(10)).is_err());
    /// ```
    pub fn acquire_many_timeout_owned(
        self: Arc<Self>,
        n: usize,
        timeout: Duration,
    ) -> Result<OwnedPermit, AcquireTimeoutError> {
        let need = self.take_in_time(n, timeout).map_err(AcquireTimeoutError::new)?;
        Ok(OwnedPermit::new(self, need))
    }

    /// As [`acquire_async`](Self::acquire_async).
    ///
    /// # Errors
    ///
    /// If the semaphore is closed, or is while this waits.
    ///
    /// # Cancel safety
    ///
    /// As [`acquire_async`](Self::acquire_async).
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use filch::{AcquireError, OwnedPermit, Semaphore};
    /// async fn enter(semaphore: &Arc<Semaphore>) -> Result<OwnedPermit, AcquireError> {
    ///     semaphore.clone().acquire_async_owned().await
    /// }
    /// ```
    pub fn acquire_async_owned(self: Arc<Self>) -> impl Future<Output = Result<OwnedPermit, AcquireError>> + Send {
        self.acquire_many_async_owned(1)
    }

    /// As [`acquire_many_async`](Self::acquire_many_async).
    ///
    /// # Errors
    ///
    /// If the semaphore is closed, or is while this waits, or if `n` is more than there can ever be.
    ///
    /// # Cancel safety
    ///
    /// As [`acquire_async`](Self::acquire_async).
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use filch::{AcquireError, OwnedPermit, Semaphore};
    /// async fn enter(semaphore: &Arc<Semaphore>) -> Result<OwnedPermit, AcquireError> {
    ///     semaphore.clone().acquire_many_async_owned(2).await
    /// }
    /// ```
    pub async fn acquire_many_async_owned(self: Arc<Self>, n: usize) -> Result<OwnedPermit, AcquireError> {
        let need = self.take_as_task(n).await.map_err(AcquireError::new)?;
        Ok(OwnedPermit::new(self, need))
    }
}
