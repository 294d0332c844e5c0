//! Very many pools, one after the other.

use std::time::Instant;

use filch::Pool;

use crate::common::*;
use crate::process;

/// What one pool that is not forgotten would cost many times over: an entry in a table, a handle of a thread, a file.
const LEEWAY: usize = 1 << 20;

fn one_pool(round: usize) {
    let pool = Pool::with_threads(1 + round % 2);
    assert_eq!(pool.submit(move || round).join().unwrap(), round);
}

#[test]
fn many_pools_leave_nothing_behind() {
    in_child("pools::many_pools_leave_nothing_behind", || {
        let _watchdog = watchdog();
        let rounds = if long() { 100_000 } else { 500 };
        crate::rounds(rounds / 10).for_each(one_pool);
        let (threads, files, resident) = (process::threads(), process::files(), process::resident());
        let start = Instant::now();
        let rounds = crate::rounds(rounds).map(one_pool).count();
        let took = start.elapsed();
        eventually("the threads are gone", || process::threads() == threads);
        assert_eq!(process::files(), files);
        let grown = process::resident().saturating_sub(resident);
        println!(
            "{rounds} pools in {took:.1?}, {} KiB resident, {} KiB more than after a tenth",
            resident / 1024,
            grown / 1024
        );
        assert!(grown <= LEEWAY, "{grown} bytes more after {rounds} pools");
    });
}
