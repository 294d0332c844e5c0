//! Closing against workers that fall asleep: every worker leaves.
//!
//! Threads: 2 workers, the closer (main). Bound: 3. Property: no worker stays parked for ever (the checker reports that as a deadlock).
//! Seen failing: "sleep: leave wakes nobody".

use std::sync::Arc;

use filch::internals::Sleep;
use loom::sync::atomic::{AtomicBool, Ordering, fence};

use crate::support::explore_in_both_modes;

fn work(sleep: &Sleep, closed: &AtomicBool, index: usize) {
    let is_closed = || closed.load(Ordering::Acquire);
    let mut searching = sleep.start_searching();
    loop {
        // As in the workers' main loop: read before the search, which finds nothing here.
        if is_closed() {
            return sleep.leave(searching);
        }
        (searching, _) = sleep.sleep(searching, index, is_closed, || false, |_| ());
    }
}

#[test]
fn every_worker_leaves() {
    explore_in_both_modes("every_worker_leaves", Some(3), || {
        let shared = Arc::new((Sleep::new(2), AtomicBool::new(false)));
        let workers: Vec<_> = (0..2)
            .map(|index| {
                let shared = shared.clone();
                loom::thread::spawn(move || work(&shared.0, &shared.1, index))
            })
            .collect();
        shared.1.swap(true, Ordering::AcqRel);
        fence(Ordering::SeqCst);
        shared.0.wake_all();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}
