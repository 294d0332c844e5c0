//! Blocking a thread on a semaphore allocates nothing, not even the first time.
#![cfg(all(target_os = "linux", not(filch_portable)))]

#[path = "ledger/support/heap.rs"]
mod heap;

use std::thread;
use std::time::Duration;

use filch::Semaphore;

#[global_allocator]
static ALLOCATOR: heap::Counting = heap::Counting;

#[test]
fn a_thread_that_waits_allocates_nothing() {
    let semaphore = Semaphore::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            let before = heap::allocations_here();
            assert!(semaphore.acquire_timeout(Duration::from_millis(5)).is_err());
            drop(semaphore.acquire_many(2).unwrap());
            assert_eq!(heap::allocations_here(), before);
        });
        let before = heap::allocations_here();
        thread::sleep(Duration::from_millis(50));
        semaphore.release(2);
        assert_eq!(heap::allocations_here(), before);
    });
}

#[test]
fn a_semaphore_is_small() {
    assert!(size_of::<Semaphore>() <= 32, "{}", size_of::<Semaphore>());
}
