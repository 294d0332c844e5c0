//! What delayed and periodic jobs leave behind.
//!
//! Each test counts alone in a process of its own. `FILCH_LONG=1` makes them a million, and looks at the resident set too.

#[path = "ledger/support/child.rs"]
mod child;
mod common;
#[path = "ledger/support/heap.rs"]
mod heap;
#[cfg(target_os = "linux")]
#[path = "ledger/support/threads.rs"]
mod threads;

use std::time::{Duration, Instant};

use common::*;
use filch::Pool;
use heap::{Counting, live};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A deadline that no test lives to see.
fn far(n: u64) -> Duration {
    Duration::from_secs(600 + n % 3000)
}

#[test]
fn a_delayed_job_takes_few_bytes_and_gives_them_back_when_it_is_cancelled() {
    // glibc shrinks its main heap. Those of other threads shrink in steps of 64 MiB.
    let one_arena = [("MALLOC_ARENA_MAX", "1")];
    let name = "a_delayed_job_takes_few_bytes_and_gives_them_back_when_it_is_cancelled";
    child::alone_with(name, &one_arena, || {
        // The last of them are in the inbox.
        let timers = if long() { 1_000_040 } else { 100_040 };
        let pool = Pool::with_threads(2);
        // The timers' thread and their wheel are there to stay.
        assert!(pool.submit_later(far(0), || ()).cancel());
        let before = live().bytes;
        #[cfg(target_os = "linux")]
        let resident = threads::resident();
        let mut handles = Vec::with_capacity(timers as usize);
        let room = i64::from(std::mem::size_of::<filch::JobHandle<u64>>() as u32) * timers as i64;
        handles.extend((0..timers).map(|n| pool.submit_later(far(n), move || n)));
        let taken = live().bytes - before - room;
        println!("  {} bytes for each of {timers} delayed jobs", taken / timers as i64);
        assert!(taken / (timers as i64) <= 160);
        #[cfg(target_os = "linux")]
        let grown = threads::resident() - resident;
        assert!(handles.iter().all(filch::JobHandle::cancel));
        drop(handles);
        let left = live().bytes - before;
        println!("  {left} bytes left after all have been cancelled");
        assert!(left * 10 <= taken, "{left} of {taken} bytes are still there");
        assert_eq!(pool.delayed(), 0);
        #[cfg(target_os = "linux")]
        {
            let left = threads::resident().saturating_sub(resident);
            println!("  {grown} bytes resident, {left} afterwards");
            assert_eq!(threads::named("filch-timer").len(), 1);
            assert!(!long() || left * 10 <= grown, "the process stays large");
        }
    });
}

#[test]
fn timers_that_come_and_go_leave_the_memory_flat() {
    child::alone("timers_that_come_and_go_leave_the_memory_flat", || {
        // Some wait all the time; the others are cancelled soon, far from being due.
        let pool = Pool::with_threads(2);
        let waiting: Vec<_> = (0..100).map(|n| pool.submit_later(far(n), || ())).collect();
        let turn = || {
            let handles: Vec<_> = (0..1000_u64).map(|n| pool.submit_later(far(n), move || n)).collect();
            assert!(handles.iter().all(filch::JobHandle::cancel));
        };
        (0..10).for_each(|_| turn());
        let _ = heap::take_peak();
        let before = live().bytes;
        let end = Instant::now() + Duration::from_secs(if long() { 60 } else { 1 });
        let mut turns = 0;
        while Instant::now() < end {
            turn();
            turns += 1;
        }
        let (left, peak) = (live().bytes - before, heap::take_peak() - before);
        println!("  {turns} thousand timers: {left} bytes more than before, {peak} at most");
        assert!(left < 64 * 1024, "{left} bytes more than before");
        // A thousand of them, and as many that have not been swept.
        assert!(peak < 2 * 1000 * 200 + 64 * 1024, "{peak} bytes at most");
        assert_eq!(pool.delayed(), waiting.len());
    });
}

#[test]
fn schedules_that_are_over_are_gone() {
    child::alone("schedules_that_are_over_are_gone", || {
        let pool = Pool::with_threads(1);
        let turn = || {
            let schedules: Vec<_> = (0..1000).map(|n| pool.schedule(far(n), || ())).collect();
            assert!(schedules.iter().all(filch::Schedule::cancel));
        };
        (0..10).for_each(|_| turn());
        let before = live().bytes;
        (0..50).for_each(|_| turn());
        let left = live().bytes - before;
        println!("  {left} bytes more than before");
        // Each round has as much memory as any: what is over is found when there is no room.
        assert!(left < 512 * 1024, "{left} bytes more than before");
        assert_eq!(pool.scheduled(), 0);
    });
}

#[test]
fn what_a_closure_of_a_schedule_took_is_given_back() {
    child::alone("what_a_closure_of_a_schedule_took_is_given_back", || {
        let pool = Pool::with_threads(1);
        let turn = || {
            let schedule = |n| {
                let much = [n; 512];
                pool.schedule(far(n), move || assert_eq!(much[0], n))
            };
            let schedules: Vec<_> = (0..1000).map(schedule).collect();
            assert!(schedules.iter().all(filch::Schedule::cancel));
        };
        turn();
        let before = live().bytes;
        turn();
        let left = live().bytes - before;
        println!("  {left} bytes more than before");
        assert!(left < 256 * 1024, "{left} bytes more than before");
    });
}

#[test]
fn jobs_that_ran_are_gone() {
    child::alone("jobs_that_ran_are_gone", || {
        let pool = Pool::with_threads(2);
        let turn = |jobs: u64| {
            for n in 0..jobs {
                pool.spawn_later(Duration::from_micros(n % 1000), || ());
            }
            eventually("all have run", || pool.delayed() == 0);
            pool.wait_idle();
        };
        // The queue of what is due keeps as many of its blocks as it ever will: with this many at once it has them from the beginning.
        let gate = block(&pool);
        (0..20_000).for_each(|_| pool.spawn_later(Duration::ZERO, || ()));
        gate.open();
        pool.wait_idle();
        turn(10_000);
        let before = live();
        (0..5).for_each(|_| turn(10_000));
        let (blocks, bytes) = (live().blocks - before.blocks, live().bytes - before.bytes);
        println!("  {blocks} blocks, {bytes} bytes more than before");
        assert!(blocks < 300 && bytes < 256 * 1024);
    });
}
