//! The exactly-once ledger: a storm of everything that can be done to jobs and pools, and books that must agree after it.
//!
//! Each round is one pool. Eight threads queue jobs in every way, cancel, join, poll, drop and swap their handles, while the pool ends. Every
//! closure must have been run once or dropped once, every capture and result dropped once, every callback called once, and every handle
//! must have said which. In most rounds there are sets, too, with producers, and streams: each outcome and item must come out once, or be dropped with its
//! set, and the room in a set must be what it was promised to be. In some, jobs run on top of each other, because those that wait help or yield.
//!
//! | variable | effect |
//! |---|---|
//! | `FILCH_SEED` | begins with this seed; a failure prints its round's |
//! | `FILCH_SOAK_SECONDS` | how long the storm lasts |

#[path = "ledger/accounts.rs"]
mod accounts;
#[path = "ledger/audit.rs"]
mod audit;
#[path = "ledger/book.rs"]
mod book;
#[path = "ledger/handles.rs"]
mod handles;
#[path = "ledger/jobs.rs"]
mod jobs;
#[path = "ledger/members.rs"]
mod members;
#[path = "ledger/race.rs"]
mod race;
#[path = "ledger/sets.rs"]
mod sets;
#[path = "ledger/storm.rs"]
mod storm;
#[path = "ledger/streams.rs"]
mod streams;
#[path = "ledger/support/mod.rs"]
mod support;
#[path = "ledger/workers.rs"]
mod workers;

use std::sync::{Mutex, Once};
use std::time::{Duration, Instant};

use storm::Plan;
use support::random::seed;
use support::watch::{Watch, box_of};

/// The books are one a process, so one storm at a time.
static TURN: Mutex<()> = Mutex::new(());

/// Storms for `limit`.
fn storm(limit: Duration) {
    static SILENCE: Once = Once::new();
    SILENCE.call_once(book::silence);
    let _turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let watch = Watch::start("the first round");
    let first = seed();
    println!("  the storm begins with FILCH_SEED={first}");
    let start = Instant::now();
    let mut last = String::new();
    let mut round = 0;
    while start.elapsed() < limit {
        let plan = Plan::of(first.wrapping_add(round));
        watch.step(format!("{plan:?}"));
        last = plan.run().unwrap_or_else(|complaints| {
            let seed = first.wrapping_add(round);
            panic!("round {round}, FILCH_SEED={seed}, {plan:?}:\n{complaints}")
        });
        round += 1;
    }
    println!("  {round} rounds in {:.1} s; the last: {last}", start.elapsed().as_secs_f64());
}

#[test]
fn every_job_is_run_once_or_dropped_once() {
    storm(box_of(Duration::from_secs(4)));
}

/// Found by the storm. A queue may still show its owner a job that was taken from it long ago, and the next job may lie at the same address.
#[test]
fn a_job_is_run_by_its_waiter_although_another_lay_in_its_place() {
    let _watch = Watch::start("a job that joins another");
    let pool = filch::Pool::with_threads(1);
    let handle = pool.submit(|| {
        let pool = filch::Pool::current().expect("a worker's pool");
        drop(pool.submit(|| 1));
        assert_eq!(pool.cancel_pending(), 1);
        // As large as the one that has just been freed, and queued elsewhere.
        pool.submit_first(|| 2).join().expect("a plain job")
    });
    assert_eq!(handle.join().expect("a plain job"), 2);
}

/// The same storm on the fallback paths. What fences a process uses is decided once, so each is a process of its own.
#[cfg(target_os = "linux")]
mod fallback {
    use super::support::child;
    use super::support::seccomp::{PRIVATE_EXPEDITED, membarrier, refuse_membarrier};
    use super::*;

    const STORM: Duration = Duration::from_secs(2);

    #[test]
    fn the_same_on_full_fences() {
        const NAME: &str = "fallback::the_same_on_full_fences";
        if child::role().is_none() {
            return child::run_well(NAME, "full fences", &[("FILCH_FENCE", "full")]);
        }
        storm(box_of(STORM));
        // The kernel grants it to those who have registered.
        assert!(membarrier(PRIVATE_EXPEDITED).is_err(), "the process has registered after all");
    }

    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    #[test]
    fn the_same_where_membarrier_is_refused() {
        const NAME: &str = "fallback::the_same_where_membarrier_is_refused";
        if child::role().is_none() {
            return child::run_well(NAME, "refused", &[]);
        }
        refuse_membarrier();
        storm(box_of(STORM));
    }

    /// A worker that goes to sleep while another runs needs a heavy fence, and so does one that finds work.
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    #[test]
    fn a_membarrier_that_is_refused_later_ends_the_process_with_a_message() {
        const NAME: &str = "fallback::a_membarrier_that_is_refused_later_ends_the_process_with_a_message";
        if child::role().is_some() {
            let _watch = Watch::start("a heavy fence that is refused");
            let pool = filch::Pool::with_threads(3);
            if membarrier(PRIVATE_EXPEDITED).is_err() {
                println!("SKIPPED: no membarrier here, or FILCH_FENCE=full");
                return;
            }
            refuse_membarrier();
            pool.spawn(std::thread::park);
            loop {
                pool.submit(|| ()).join().expect("a plain job");
            }
        }
        let output = child::run(NAME, "refused later", &[]);
        let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        if stdout.contains("SKIPPED") {
            return println!("  skipped: {stdout}");
        }
        assert!(stderr.contains("membarrier was granted at start and is refused now"), "{stdout}\n{stderr}");
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(output.status.signal(), Some(libc::SIGABRT), "it ended otherwise: {}", output.status);
    }
}
