//! How a job can fail to give a result.

use std::any::Any;
use std::fmt;

use super::Reason;
use crate::util::contain::Payload;

/// Why a job gave no result.
///
/// ```
/// let pool = filch::Pool::with_threads(1);
/// let error = pool.submit(|| -> u32 { panic!("no luck") }).join().unwrap_err();
/// assert!(error.is_panic());
/// assert_eq!(error.to_string(), "the job panicked: no luck");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum JobError {
    /// The closure panicked; here is what it panicked with.
    Panicked(PanicPayload),
    /// The job was cancelled before it started.
    Cancelled,
    /// The pool shut down before the job started.
    ShutDown,
    /// A job waited for its own end.
    WouldDeadlock,
}

impl JobError {
    /// Whether the job panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self, Self::Panicked(_))
    }

    /// Whether the job was cancelled before it started.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    /// Whether the pool shut down before the job started.
    pub fn is_shut_down(&self) -> bool {
        matches!(self, Self::ShutDown)
    }

    /// The panic's payload, for [`std::panic::resume_unwind`].
    ///
    /// # Panics
    ///
    /// If the job did not panic.
    ///
    /// ```
    /// let pool = filch::Pool::with_threads(1);
    /// let error = pool.submit(|| std::panic::panic_any(7_u8)).join().unwrap_err();
    /// assert_eq!(error.into_panic().downcast_ref(), Some(&7_u8));
    /// ```
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        match self {
            Self::Panicked(payload) => payload.into_inner(),
            other => panic!("into_panic on a job that did not panic: {other}"),
        }
    }
}

impl From<Reason> for JobError {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Cancelled => Self::Cancelled,
            Reason::ShutDown => Self::ShutDown,
        }
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(payload) => write!(f, "the job panicked: {payload}"),
            Self::Cancelled => f.write_str("the job was cancelled before it started"),
            Self::ShutDown => f.write_str("the pool shut down before the job started"),
            Self::WouldDeadlock => f.write_str("a job waited for its own end"),
        }
    }
}

impl std::error::Error for JobError {}

/// What a job panicked with. Prints the panic's message.
pub struct PanicPayload(Payload);

// SAFETY: through a shared reference only `message` reaches the payload. It compares type ids, and reads the value if it is a
// `&'static str` or a `String`, which are Sync.
unsafe impl Sync for PanicPayload {}

impl PanicPayload {
    pub(crate) fn new(payload: Payload) -> Self {
        Self(payload)
    }

    /// The payload itself.
    ///
    /// ```
    /// # let pool = filch::Pool::with_threads(1);
    /// # let error = pool.submit(|| panic!("oh")).join().unwrap_err();
    /// if let filch::JobError::Panicked(payload) = error {
    ///     assert_eq!(payload.into_inner().downcast_ref(), Some(&"oh"));
    /// }
    /// ```
    pub fn into_inner(self) -> Box<dyn Any + Send> {
        self.0
    }

    /// The panic's message, if it panicked with one.
    pub fn message(&self) -> Option<&str> {
        let text = self.0.downcast_ref::<&'static str>().copied();
        text.or_else(|| self.0.downcast_ref::<String>().map(String::as_str))
    }
}

impl fmt::Display for PanicPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message().unwrap_or("a payload that is no message"))
    }
}

impl fmt::Debug for PanicPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PanicPayload").field(&self.message()).finish()
    }
}
