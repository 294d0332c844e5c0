//! Threads and thread-locals.

#[cfg(filch_loom)]
pub use loom::thread::{JoinHandle, yield_now};
#[cfg(filch_shuttle)]
pub use shuttle::thread::{JoinHandle, yield_now};
#[cfg(not(any(filch_loom, filch_shuttle)))]
pub use std::thread::{JoinHandle, yield_now};

/// Declares a thread-local with a constant initial value.
macro_rules! facade_thread_local {
    ($(#[$attribute:meta])* static $name:ident: $type:ty = $init:expr;) => {
        #[cfg(filch_loom)]
        loom::thread_local! { $(#[$attribute])* static $name: $type = $init; }
        #[cfg(filch_shuttle)]
        shuttle::thread_local! { $(#[$attribute])* static $name: $type = $init; }
        #[cfg(not(any(filch_loom, filch_shuttle)))]
        std::thread_local! { $(#[$attribute])* static $name: $type = const { $init }; }
    };
}
pub(crate) use facade_thread_local;

/// Declares a thread-local that is made on first use.
macro_rules! lazy_thread_local {
    ($(#[$attribute:meta])* static $name:ident: $type:ty = $init:expr;) => {
        #[cfg(filch_loom)]
        loom::thread_local! { $(#[$attribute])* static $name: $type = $init; }
        #[cfg(filch_shuttle)]
        shuttle::thread_local! { $(#[$attribute])* static $name: $type = $init; }
        #[cfg(not(any(filch_loom, filch_shuttle)))]
        std::thread_local! { $(#[$attribute])* static $name: $type = $init; }
    };
}
pub(crate) use lazy_thread_local;

#[cfg(filch_loom)]
use loom::thread::LocalKey;
#[cfg(filch_shuttle)]
use shuttle::thread::LocalKey;
#[cfg(not(any(filch_loom, filch_shuttle)))]
use std::thread::LocalKey;

/// Runs `f` with the thread's own value; in a destructor that runs after the value's, with a fresh one.
pub fn with_thread_local<T, R>(key: &'static LocalKey<T>, f: impl FnOnce(&T) -> R, fresh: impl FnOnce() -> T) -> R {
    let mut f = Some(f);
    let call = |value: &T| f.take().map(|f| f(value));
    match key.try_with(call) {
        Ok(result) => result.expect("called once"),
        Err(_) => f.take().expect("not called")(&fresh()),
    }
}

/// Starts a thread. Every refusal is an error, also the ones for which `std` panics (a name with NUL, an absurd
/// stack size).
pub fn start(
    name: Option<String>,
    stack_size: usize,
    body: impl FnOnce() + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    let spawn = move || {
        let mut builder = Builder::new();
        if let Some(name) = name {
            builder = builder.name(name);
        }
        builder.stack_size(stack_size).spawn(body)
    };
    #[cfg(any(filch_loom, filch_shuttle))]
    return spawn();
    #[cfg(not(any(filch_loom, filch_shuttle)))]
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(spawn)).unwrap_or_else(|_| {
        Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "std refused the thread's settings"))
    })
}

#[cfg(filch_loom)]
use loom::thread::Builder;
#[cfg(filch_shuttle)]
use shuttle::thread::Builder;
#[cfg(not(any(filch_loom, filch_shuttle)))]
use std::thread::Builder;

/// About where the stack of this thread ends now. It grows towards lower addresses on every system that Rust's `std` supports.
pub fn stack_position() -> usize {
    // The model's stacks are its own affair: there is always room.
    #[cfg(any(filch_loom, filch_shuttle))]
    return usize::MAX;
    #[cfg(not(any(filch_loom, filch_shuttle)))]
    {
        let here = 0_u8;
        std::hint::black_box(&raw const here).addr()
    }
}

/// Runs `f` on a thread of its own with `stack_size` bytes of stack, and waits for it.
pub fn run_scoped(stack_size: usize, f: impl FnOnce() + Send) -> std::io::Result<()> {
    #[cfg(any(filch_loom, filch_shuttle))]
    {
        let _ = stack_size;
        f();
        Ok(())
    }
    #[cfg(not(any(filch_loom, filch_shuttle)))]
    std::thread::scope(|scope| {
        let thread = Builder::new().stack_size(stack_size).spawn_scoped(scope, f)?;
        // The scope alone would not wait for the destructors of thread-locals.
        thread.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload));
        Ok(())
    })
}

/// Has timed waits of this thread end as soon after their time as the system can, rather than when it suits other wake-ups: on Linux 38 instead of 90 microseconds late.
pub fn wake_precisely() {
    #[cfg(all(target_os = "linux", not(filch_loom), not(filch_shuttle)))]
    // SAFETY: sets a number of the calling thread.
    unsafe {
        libc::prctl(libc::PR_SET_TIMERSLACK, 1_u64);
    }
}

/// Lets others run, for somebody who has looked `looks` times in vain for what nobody will tell it of.
pub fn let_others_run(looks: u32) {
    // Most of what is waited for so is short.
    if looks < 100 || cfg!(any(filch_loom, filch_shuttle)) {
        yield_now();
    } else {
        std::thread::sleep(std::time::Duration::from_micros(50));
    }
}
