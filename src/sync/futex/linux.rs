//! The Linux system call `futex(2)`, private to the process.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use super::WaitOutcome;

/// A word to wait on.
#[derive(Debug)]
#[repr(transparent)]
pub struct Futex(AtomicU32);

impl Futex {
    /// Makes a word holding `value`.
    pub const fn new(value: u32) -> Self {
        Self(AtomicU32::new(value))
    }

    /// Blocks while the word holds `expected`, until woken or `timeout` has passed (`None`: no limit).
    pub fn wait(&self, expected: u32, timeout: Option<Duration>) -> WaitOutcome {
        let timespec = timeout.and_then(timespec);
        let pointer = timespec.as_ref().map_or(std::ptr::null(), |t| t as *const libc::timespec);
        let operation = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
        // SAFETY: the word outlives the call, being borrowed; the timespec is null or lives on this frame.
        let result = unsafe { libc::syscall(libc::SYS_futex, self.0.as_ptr(), operation, expected, pointer) };
        if result != 0 && std::io::Error::last_os_error().raw_os_error() == Some(libc::ETIMEDOUT) {
            WaitOutcome::TimedOut
        } else {
            WaitOutcome::Woken
        }
    }

    /// Wakes one waiter, if there is one.
    pub fn wake_one(&self) {
        self.wake(1);
    }

    /// Wakes every waiter.
    pub fn wake_all(&self) {
        self.wake(i32::MAX);
    }

    /// A wake-up to be given later.
    pub fn late_wake(&self) -> LateWake {
        LateWake(self.0.as_ptr())
    }

    fn wake(&self, count: i32) {
        wake(self.0.as_ptr(), count);
    }
}

/// Wakes one waiter of a word that may be gone by then. If other words have come to lie there, that is a spurious wake-up for one who waits for them.
#[derive(Debug)]
pub struct LateWake(*mut u32);

// SAFETY: an address, which is a key to the kernel and is never looked at.
unsafe impl Send for LateWake {}

impl LateWake {
    /// Wakes one waiter, if there is one.
    pub fn wake_one(self) {
        wake(self.0, 1);
    }
}

fn wake(word: *mut u32, count: i32) {
    // SAFETY: the kernel uses the address as a key only.
    unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, count) };
}

/// `None` for a time so long that the kernel could not hold it: the wait has no limit then.
fn timespec(duration: Duration) -> Option<libc::timespec> {
    // SAFETY: a timespec is plain integers, for which all-zero is a value.
    let mut timespec: libc::timespec = unsafe { std::mem::zeroed() };
    timespec.tv_sec = duration.as_secs().try_into().ok()?;
    timespec.tv_nsec = duration.subsec_nanos() as _;
    Some(timespec)
}

impl std::ops::Deref for Futex {
    type Target = AtomicU32;

    #[inline(always)]
    fn deref(&self) -> &AtomicU32 {
        &self.0
    }
}

impl std::ops::DerefMut for Futex {
    fn deref_mut(&mut self) -> &mut AtomicU32 {
        &mut self.0
    }
}
