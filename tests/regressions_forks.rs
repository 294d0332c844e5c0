//! Fork-join calls that once waited for ever.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use filch::Pool;

mod common;

use common::{eventually, watchdog};

/// Waits when it is dropped until somebody sends, or nobody can any more.
struct WaitsInDrop(Receiver<()>);

impl Drop for WaitsInDrop {
    fn drop(&mut self) {
        let _ = self.0.recv();
    }
}

/// A shutdown drops a queued closure whose destructor waits for a call that lies behind it in the queue.
fn behind_a_destructor(call: impl Fn(&Pool) + Sync) {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (release, busy) = channel::<()>();
    pool.spawn(move || _ = busy.recv());
    eventually("the worker is busy", || pool.running() == 1);
    let (done, waits) = channel();
    let waits = WaitsInDrop(waits);
    pool.spawn(move || drop(waits));
    std::thread::scope(|scope| {
        let (pool, call) = (&pool, &call);
        scope.spawn(move || {
            call(pool);
            done.send(()).expect("the destructor waits");
            drop(release);
        });
        eventually("the call is queued", || pool.pending() == 2);
        pool.shutdown_now();
    });
}

#[test]
fn a_shutdown_hands_an_install_back_before_it_drops_jobs() {
    behind_a_destructor(|pool| pool.install(|| ()));
}

#[test]
fn a_shutdown_hands_a_scope_back_before_it_drops_jobs() {
    behind_a_destructor(|pool| pool.scope(|scope| scope.spawn(|| ())));
}

#[test]
fn a_handle_joined_after_shutdown_runs_no_other_job_of_the_scope() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let lock = Mutex::new(0);
    pool.scope(|scope| {
        pool.shutdown();
        scope.spawn(|| *lock.lock().unwrap() += 1);
        let handle = scope.submit(|| 7);
        let guard = lock.lock().unwrap();
        assert_eq!(handle.join().unwrap(), 7);
        drop(guard);
    });
    assert_eq!(lock.into_inner().unwrap(), 1);
}
