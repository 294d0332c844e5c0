//! The processor time that this process has used, all threads together.

use std::time::Duration;

/// The processor time so far, or `None` where the system has no such clock.
#[cfg(unix)]
pub fn used() -> Option<Duration> {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(now).ok()
}

/// The processor time so far, or `None` where the system has no such clock.
#[cfg(not(unix))]
pub fn used() -> Option<Duration> {
    None
}
