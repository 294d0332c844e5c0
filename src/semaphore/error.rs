//! Why there is no permit.

use std::fmt;

use super::raw::Denied;

/// Why [`Semaphore::acquire`](crate::Semaphore::acquire) and its like gave no permit.
///
/// ```
/// use filch::{AcquireError, Semaphore};
///
/// let semaphore = Semaphore::new(1);
/// semaphore.close();
/// assert_eq!(semaphore.acquire().unwrap_err(), AcquireError::Closed);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AcquireError {
    /// The semaphore is closed, or was while the caller waited.
    Closed,
    /// More than [`Semaphore::MAX_PERMITS`](crate::Semaphore::MAX_PERMITS) were asked for: so many there can never be.
    TooMany,
}

/// Why [`Semaphore::try_acquire`](crate::Semaphore::try_acquire) and its like gave no permit.
///
/// ```
/// use filch::{Semaphore, TryAcquireError};
///
/// let semaphore = Semaphore::new(1);
/// let _permit = semaphore.try_acquire().unwrap();
/// assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TryAcquireError {
    /// Too few permits are available, or they are kept for one who has waited long.
    NoPermits,
    /// The semaphore is closed.
    Closed,
    /// More than [`Semaphore::MAX_PERMITS`](crate::Semaphore::MAX_PERMITS) were asked for: so many there can never be.
    TooMany,
}

/// Why [`Semaphore::acquire_timeout`](crate::Semaphore::acquire_timeout) and its like gave no permit.
///
/// ```
/// use std::time::Duration;
///
/// use filch::{AcquireTimeoutError, Semaphore};
///
/// let semaphore = Semaphore::new(0);
/// let error = semaphore.acquire_timeout(Duration::from_millis(1)).unwrap_err();
/// assert_eq!(error, AcquireTimeoutError::TimedOut);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AcquireTimeoutError {
    /// There were too few permits for all that time.
    TimedOut,
    /// The semaphore is closed, or was while the caller waited.
    Closed,
    /// More than [`Semaphore::MAX_PERMITS`](crate::Semaphore::MAX_PERMITS) were asked for: so many there can never be.
    TooMany,
}

impl AcquireError {
    pub(super) fn new(denied: Denied) -> Self {
        match denied {
            Denied::Closed => Self::Closed,
            Denied::TooMany => Self::TooMany,
            Denied::NoPermits => unreachable!("a wait without a limit does not end without permits"),
        }
    }
}

impl TryAcquireError {
    pub(super) fn new(denied: Denied) -> Self {
        match denied {
            Denied::Closed => Self::Closed,
            Denied::TooMany => Self::TooMany,
            Denied::NoPermits => Self::NoPermits,
        }
    }
}

impl AcquireTimeoutError {
    pub(super) fn new(denied: Denied) -> Self {
        match denied {
            Denied::Closed => Self::Closed,
            Denied::TooMany => Self::TooMany,
            Denied::NoPermits => Self::TimedOut,
        }
    }
}

const CLOSED: &str = "the semaphore is closed";
const TOO_MANY: &str = "more permits were asked for than a semaphore can have";

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => CLOSED,
            Self::TooMany => TOO_MANY,
        })
    }
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPermits => "too few permits are available",
            Self::Closed => CLOSED,
            Self::TooMany => TOO_MANY,
        })
    }
}

impl fmt::Display for AcquireTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "too few permits were available in time",
            Self::Closed => CLOSED,
            Self::TooMany => TOO_MANY,
        })
    }
}

impl std::error::Error for AcquireError {}
impl std::error::Error for TryAcquireError {}
impl std::error::Error for AcquireTimeoutError {}
