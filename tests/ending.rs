//! Destructors that end their pool, on a thread that is just ending a job of it.

mod common;

use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use common::*;
use filch::{JobSet, Pool, WaitPolicy};

/// Shuts its pool down when it is dropped, soon after it has let another job go on.
struct Ends(Pool, Sender<()>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.1.send(()).unwrap();
        // By then the other one waits.
        thread::sleep(Duration::from_millis(20));
        self.0.shutdown();
    }
}

/// One thread has taken two jobs out of their queues, to end them. The first shuts the pool down in its destructor, and a running job waits for the second.
fn shut_down_with_one_in_hand(policy: WaitPolicy, wait: impl FnOnce(&Pool, &dyn Fn()) + Send + 'static) {
    let pool = Pool::builder().threads(1).wait_policy(policy).build().unwrap();
    let (go, goes) = channel();
    let (start, starts) = channel();
    let running = pool.submit(move || {
        wait(&Pool::current().unwrap(), &|| {
            start.send(()).unwrap();
            goes.recv().unwrap();
        });
    });
    starts.recv().unwrap();
    let ends = Ends(pool.clone(), go);
    // In the shared queue, which is emptied before the worker's own.
    pool.spawn(move || drop(ends));
    pool.shutdown_now();
    running.join().unwrap();
}

#[test]
fn a_capture_shuts_down_while_a_job_after_it_is_awaited() {
    let _watchdog = watchdog();
    shut_down_with_one_in_hand(WaitPolicy::Isolated, |pool, let_go| {
        let handle = pool.submit(|| ());
        let_go();
        assert!(handle.join_timeout(Duration::MAX).is_ok_and(|result| result.is_err()));
    });
}

#[test]
fn a_capture_shuts_down_while_a_member_of_a_set_is_awaited_by_one_that_helps() {
    let _watchdog = watchdog();
    shut_down_with_one_in_hand(WaitPolicy::HelpAny, |pool, let_go| {
        let set = JobSet::new(pool);
        set.submit(|| ());
        let_go();
        assert!(set.next().unwrap().1.is_err());
    });
}
