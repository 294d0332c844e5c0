//! Asymmetric fences: the frequent side of a store-then-load handshake calls [`light`], the rare side [`heavy`].
//!
//! **Promise.** If thread A runs `store x; light(); load y` and thread B runs `store y; heavy(); load x`, then at
//! least one of the two loads sees the other thread's store. Two `light` calls promise nothing to each other.
//!
//! On Linux `light` is a compiler fence and `heavy` is `membarrier(PRIVATE_EXPEDITED)`, which makes every running
//! thread of the process pass a full fence (Linux 4.14, `membarrier(2)`; the technique: Dice, Huang, Yang 2001,
//! "Asymmetric Dekker synchronization"). Where the kernel refuses (older kernel, seccomp filter, another system,
//! Miri), or where `FILCH_FENCE=full` is in the environment, both are `fence(SeqCst)`. The choice is made once a process,
//! by [`init`], before the first `light`.
//!
//! [`after_exchange`] is for outside threads: an ordinary fence after an exchange waits for all stores since, and orders what is ordered already.
//!
//! Under the model each thread that calls `light` has a cell; `light` is a read-modify-write of its own cell and
//! `heavy` one of every cell. So a light and a heavy are ordered and two lights are not, which is what the
//! hardware gives and no more. `model::set_mode` selects the symmetric form instead, to check the fallback.
//! The random scheduler of `shuttle-tests` interleaves sequentially consistent accesses: there neither side has anything to do.

/// Called after a SeqCst read-modify-write that the caller's SeqCst loads must not overtake, by whoever knows that it was one. The language orders them by itself; the model takes SeqCst
/// accesses for weaker ones, so it gets a fence.
#[inline(always)]
pub fn after_exchange() {
    #[cfg(filch_loom)]
    loom::sync::atomic::fence(loom::sync::atomic::Ordering::SeqCst);
}

#[cfg(not(any(filch_loom, filch_shuttle, filch_tsan)))]
pub use real::{heavy, init, light};

#[cfg(filch_loom)]
pub use model::{heavy, init, light};

#[cfg(filch_tsan)]
pub use traced::{full_fence, heavy, init, light};

/// For ThreadSanitizer, which knows no fences: each is a read-modify-write of one word.
#[cfg(filch_tsan)]
mod traced {
    use std::sync::atomic::{AtomicUsize, Ordering};

    static WORD: AtomicUsize = AtomicUsize::new(0);

    /// In place of `std`'s.
    pub fn full_fence(_ordering: Ordering) {
        WORD.fetch_add(1, Ordering::SeqCst);
    }

    /// Nothing to choose.
    pub fn init() {}

    /// The frequent side.
    pub fn light() {
        full_fence(Ordering::SeqCst);
    }

    /// The rare side.
    pub fn heavy() {
        full_fence(Ordering::SeqCst);
    }
}

#[cfg(filch_shuttle)]
pub use consistent::{heavy, init, light};

#[cfg(filch_shuttle)]
mod consistent {
    /// Nothing to choose.
    pub fn init() {}

    /// The frequent side.
    pub fn light() {}

    /// The rare side.
    pub fn heavy() {}
}

#[cfg(not(any(filch_loom, filch_shuttle, filch_tsan)))]
mod real {
    use std::cell::UnsafeCell;
    use std::sync::atomic::{Ordering, compiler_fence, fence};

    /// Whether both sides are full fences. A plain `bool`, which the processor tests where it lies: that is two instructions of each `light`, and a `join` has two of them.
    struct Full(UnsafeCell<bool>);

    // SAFETY: written once, by `init`, before any thread exists that reads it without having passed `init`.
    unsafe impl Sync for Full {}

    static FULL: Full = Full(UnsafeCell::new(true));

    /// Chooses the fences for this process. Must happen before the first [`light`] and [`heavy`]; later calls change nothing.
    pub fn init() {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            let asymmetric = !full_fences_wanted() && membarrier::register();
            // SAFETY: the one write; whoever reads has passed this `Once`, or comes from a thread that has.
            unsafe { *FULL.0.get() = !asymmetric };
        });
    }

    fn full_fences_wanted() -> bool {
        std::env::var_os("FILCH_FENCE").is_some_and(|value| value == "full")
    }

    /// Whether both sides are full fences.
    #[inline(always)]
    fn is_full() -> bool {
        // SAFETY: `init` ran before this thread was started or reached a pool.
        unsafe { *FULL.0.get() }
    }

    /// The frequent side.
    #[inline(always)]
    pub fn light() {
        compiler_fence(Ordering::SeqCst);
        if is_full() {
            fence(Ordering::SeqCst);
        }
        compiler_fence(Ordering::SeqCst);
    }

    /// The rare side: 0.1 µs alone, about 15 µs when another core runs this process.
    #[cold]
    pub fn heavy() {
        fence(Ordering::SeqCst);
        if !is_full() {
            membarrier::issue();
            fence(Ordering::SeqCst);
        }
    }

    #[cfg(all(target_os = "linux", not(miri)))]
    mod membarrier {
        const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;
        const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;

        fn call(command: libc::c_int) -> bool {
            // SAFETY: membarrier takes three integers and touches no memory of ours.
            unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
        }

        pub(super) fn register() -> bool {
            call(REGISTER_PRIVATE_EXPEDITED) && call(PRIVATE_EXPEDITED)
        }

        pub(super) fn issue() {
            if !call(PRIVATE_EXPEDITED) {
                // The other threads already rely on it: going on would be a data race.
                eprintln!("filch: membarrier was granted at start and is refused now; set FILCH_FENCE=full");
                std::process::abort();
            }
        }
    }

    #[cfg(any(not(target_os = "linux"), miri))]
    mod membarrier {
        pub(super) fn register() -> bool {
            false
        }

        pub(super) fn issue() {}
    }
}

#[cfg(filch_loom)]
pub mod model {
    //! The fences under the model.

    use loom::sync::atomic::{AtomicUsize, Ordering, fence};

    /// Which pair of fences the models of this OS thread run with.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Mode {
        /// Both sides are `fence(SeqCst)`: the fallback.
        Symmetric,
        /// Light and heavy are ordered, light and light are not.
        Asymmetric,
    }

    std::thread_local! {
        // All threads of one model run on one OS thread, so a plain thread-local is per model.
        static MODE: std::cell::Cell<Mode> = const { std::cell::Cell::new(Mode::Symmetric) };
    }

    /// Sets the mode for the models that this OS thread runs from now on.
    pub fn set_mode(mode: Mode) {
        MODE.set(mode);
    }

    /// Makes the cells of this execution, before it has a second thread: their making would order the threads' first fences.
    pub fn init() {
        LIGHT.iter().for_each(|_| ());
        NEXT.load(std::sync::atomic::Ordering::Relaxed);
    }

    /// As many as the model checker has threads.
    const CELLS: usize = 5;

    loom::lazy_static! {
        static ref LIGHT: [AtomicUsize; CELLS] = std::array::from_fn(|_| AtomicUsize::new(0));
        // Not a model atomic on purpose: handing out cells is no event of the protocol.
        static ref NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    }

    loom::thread_local! {
        static MINE: usize = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    /// The frequent side.
    pub fn light() {
        match MODE.get() {
            Mode::Symmetric => fence(Ordering::SeqCst),
            Mode::Asymmetric => {
                MINE.with(|mine| LIGHT[*mine].fetch_add(1, Ordering::AcqRel));
            }
        }
    }

    /// The rare side.
    pub fn heavy() {
        fence(Ordering::SeqCst);
        if MODE.get() == Mode::Asymmetric {
            // Also the cells that nobody has yet: their threads' first light fences come after us, and must see it.
            for cell in LIGHT.iter() {
                cell.fetch_add(1, Ordering::AcqRel);
            }
            fence(Ordering::SeqCst);
        }
    }
}
