//! Noticing that this process is a copy of another: of its threads, a `fork` copies only the one that calls it.
//!
//! On Linux the system tells us, so that it costs one look at a number to know; elsewhere nobody does.

#[cfg(all(target_os = "linux", not(filch_loom), not(miri)))]
mod linux {
    use std::sync::atomic::{AtomicU64, Ordering};

    static FORKS: AtomicU64 = AtomicU64::new(0);

    type Handler = Option<unsafe extern "C" fn()>;

    // Older versions of `libc` lack it.
    unsafe extern "C" {
        fn pthread_atfork(prepare: Handler, parent: Handler, child: Handler) -> libc::c_int;
    }

    /// In the child, whose only thread this is.
    unsafe extern "C" fn in_child() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }

    /// Has forks counted from now on. Later calls change nothing.
    pub fn init() {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            // If there is no memory for it, forks go unnoticed.
            // SAFETY: the handler may run at any time, and calls nothing.
            let _ = unsafe { pthread_atfork(None, None, Some(in_child)) };
        });
    }

    /// How often this process and its ancestors have been made by a fork, as far as it was counted.
    #[inline(always)]
    pub fn forks() -> u64 {
        // Ordering: Relaxed: it changes before the process has a second thread.
        FORKS.load(Ordering::Relaxed)
    }
}

#[cfg(all(target_os = "linux", not(filch_loom), not(miri)))]
pub use linux::{forks, init};

#[cfg(not(all(target_os = "linux", not(filch_loom), not(miri))))]
mod elsewhere {
    /// Nothing to be done.
    pub fn init() {}

    /// None that we know of.
    #[inline(always)]
    pub fn forks() -> u64 {
        0
    }
}

#[cfg(not(all(target_os = "linux", not(filch_loom), not(miri))))]
pub use elsewhere::{forks, init};
