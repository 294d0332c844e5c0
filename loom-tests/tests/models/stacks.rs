//! Stacks of the models' threads, used again.
//!
//! Loom has the system map a stack for every thread of every execution, and unmap it. With the page faults that was two fifths of the time of all models.
//! So both calls are answered here: a stack that is given back waits for the next that is asked for. A program's own definition of a function goes before
//! that of the C library.

use std::cell::Cell;
use std::ptr;

use libc::{MAP_ANONYMOUS, MAP_PRIVATE, MAP_STACK, SYS_mmap, SYS_munmap, c_int, c_void, off_t, size_t};

/// What stacks are asked for with.
const STACK: c_int = MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK;

thread_local! {
    /// The stack that was given back last. The highest word of each says which is the next.
    static FREE: Cell<*mut c_void> = const { Cell::new(ptr::null_mut()) };
    /// The length of each: they are all as long as the first that this thread has asked for.
    static LENGTH: Cell<size_t> = const { Cell::new(0) };
}

/// Where a free stack says which is the next.
fn link(stack: *mut c_void) -> *mut *mut c_void {
    stack.wrapping_byte_add(LENGTH.get() - size_of::<*mut c_void>()).cast()
}

/// The C library's, but for stacks.
///
/// # Safety
///
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mmap(
    address: *mut c_void,
    length: size_t,
    protection: c_int,
    flags: c_int,
    file: c_int,
    offset: off_t,
) -> *mut c_void {
    if flags == STACK && address.is_null() {
        LENGTH.set(if LENGTH.get() == 0 { length } else { LENGTH.get() });
        let stack = FREE.get();
        if length == LENGTH.get() && !stack.is_null() {
            // SAFETY: on the list, so it is mapped, and nobody's.
            FREE.set(unsafe { link(stack).read() });
            return stack;
        }
    }
    // SAFETY: passed on.
    unsafe { libc::syscall(SYS_mmap, address, length, protection, flags, file, offset) as *mut c_void }
}

/// The C library's, but for stacks.
///
/// # Safety
///
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn munmap(address: *mut c_void, length: size_t) -> c_int {
    if length == LENGTH.get() && length > 0 {
        // SAFETY: the caller gives all of it away. Its lowest page is a guard at most: the highest word can be written.
        unsafe { link(address).write(FREE.get()) };
        FREE.set(address);
        return 0;
    }
    // SAFETY: passed on.
    unsafe { libc::syscall(SYS_munmap, address, length) as c_int }
}
