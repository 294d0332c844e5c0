//! Large pieces of memory that go back to the system when they are freed: allocators like to keep theirs.

use std::ptr::NonNull;

pub use imp::{free, zeroed};

#[cfg(filch_loom)]
mod imp {
    use loom::alloc::Track;

    use super::NonNull;

    /// The model reports what is never freed.
    #[repr(C)]
    struct Tracked<T> {
        value: T,
        _track: Track<()>,
    }

    /// Makes a `T`. The model's atomics are not valid as zeros: `make` makes them.
    ///
    /// # Safety
    ///
    /// None under the model.
    pub unsafe fn zeroed<T>(make: impl FnOnce() -> T) -> NonNull<T> {
        let tracked = Box::new(Tracked { value: make(), _track: Track::new(()) });
        // The value comes first.
        NonNull::from(Box::leak(tracked)).cast()
    }

    /// Frees what [`zeroed`] has made.
    ///
    /// # Safety
    ///
    /// As for `Box::from_raw`.
    pub unsafe fn free<T>(place: NonNull<T>) {
        // SAFETY: the caller's duty.
        drop(unsafe { Box::from_raw(place.cast::<Tracked<T>>().as_ptr()) });
    }
}

#[cfg(filch_shuttle)]
mod imp {
    use super::NonNull;

    /// Makes a `T`. The scheduler's atomics are not valid as zeros: `make` makes them.
    ///
    /// # Safety
    ///
    /// None.
    pub unsafe fn zeroed<T>(make: impl FnOnce() -> T) -> NonNull<T> {
        NonNull::from(Box::leak(Box::new(make())))
    }

    /// Frees what [`zeroed`] has made.
    ///
    /// # Safety
    ///
    /// As for `Box::from_raw`.
    pub unsafe fn free<T>(place: NonNull<T>) {
        // SAFETY: the caller's duty.
        drop(unsafe { Box::from_raw(place.as_ptr()) });
    }
}

#[cfg(all(not(filch_loom), not(filch_shuttle), target_os = "linux", not(miri), not(filch_portable)))]
mod imp {
    use std::alloc::{Layout, handle_alloc_error};

    use super::NonNull;

    /// Makes a `T` of zeros, in pages of its own. `_make` is for the model.
    ///
    /// # Safety
    ///
    /// Zeros are a valid `T`.
    pub unsafe fn zeroed<T>(_make: impl FnOnce() -> T) -> NonNull<T> {
        // A page is at least this large on every Linux.
        const { assert!(align_of::<T>() <= 4096) }
        let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping touches nothing that exists.
        let pages = unsafe { libc::mmap(std::ptr::null_mut(), size_of::<T>(), access, flags, -1, 0) };
        if pages == libc::MAP_FAILED {
            handle_alloc_error(Layout::new::<T>());
        }
        NonNull::new(pages.cast()).expect("page 0 is never mapped")
    }

    /// Frees what [`zeroed`] has made, without dropping it.
    ///
    /// # Safety
    ///
    /// `place` comes from [`zeroed`] of the same type and is not used any more.
    pub unsafe fn free<T>(place: NonNull<T>) {
        // With tens of thousands of mappings the system may refuse to split one in two; then this one stays.
        // SAFETY: a mapping of this size, which nobody uses (duty).
        let _ = unsafe { libc::munmap(place.as_ptr().cast(), size_of::<T>()) };
    }
}

#[cfg(all(not(filch_loom), not(filch_shuttle), any(not(target_os = "linux"), miri, filch_portable)))]
mod imp {
    use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};

    use super::NonNull;

    /// Makes a `T` of zeros. `_make` is for the model.
    ///
    /// # Safety
    ///
    /// Zeros are a valid `T`, and it has a size.
    pub unsafe fn zeroed<T>(_make: impl FnOnce() -> T) -> NonNull<T> {
        let layout = Layout::new::<T>();
        // SAFETY: the layout has a size (duty).
        let place = unsafe { alloc_zeroed(layout) };
        NonNull::new(place.cast()).unwrap_or_else(|| handle_alloc_error(layout))
    }

    /// Frees what [`zeroed`] has made, without dropping it.
    ///
    /// # Safety
    ///
    /// `place` comes from [`zeroed`] of the same type and is not used any more.
    pub unsafe fn free<T>(place: NonNull<T>) {
        // SAFETY: the caller's duty.
        unsafe { dealloc(place.as_ptr().cast(), Layout::new::<T>()) };
    }
}
