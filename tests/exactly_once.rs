//! A job's closure is run once or dropped once, and its handle says which.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::*;
use filch::{JobError, JobHandle, Pool};

/// What became of one job's closure.
#[derive(Default)]
struct Fate {
    run: AtomicUsize,
    dropped: AtomicUsize,
}

/// The captured end: its drop without a run is the closure's drop.
struct Captured {
    fate: Arc<Fate>,
    ran: bool,
}

impl Captured {
    fn run(mut self) {
        self.ran = true;
        self.fate.run.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for Captured {
    fn drop(&mut self) {
        if !self.ran {
            self.fate.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Fate {
    fn job() -> (Arc<Fate>, impl FnOnce() + Send + 'static) {
        let fate = Arc::new(Fate::default());
        let captured = Captured { fate: fate.clone(), ran: false };
        (fate, move || captured.run())
    }

    /// How often it was run and dropped.
    fn get(&self) -> (usize, usize) {
        (self.run.load(Ordering::SeqCst), self.dropped.load(Ordering::SeqCst))
    }
}

const RUN: (usize, usize) = (1, 0);
const DROPPED: (usize, usize) = (0, 1);

/// Submits in every way, cancels some, and returns each job's fate and handle, if it has one.
fn submit_mixed(pool: &Pool, seed: u64) -> Vec<(Arc<Fate>, Option<JobHandle<()>>)> {
    let mut random = Random::new(seed);
    let mut jobs = Vec::new();
    for _ in 0..400 {
        let (fate, job) = Fate::job();
        let handle = match random.below(5) {
            0 => {
                pool.spawn(job);
                None
            }
            1 => {
                pool.spawn_first(job);
                None
            }
            2 => Some(pool.submit_first(job)),
            3 => pool.try_submit(job).ok(),
            _ => Some(pool.submit(job)),
        };
        jobs.push((fate, handle));
        let chosen = random.below(jobs.len() as u64) as usize;
        if let Some(handle) = &jobs[chosen].1 {
            handle.cancel();
        }
        spin(random.below(100));
    }
    jobs
}

#[test]
fn a_job_is_run_once_or_dropped_once_and_its_handle_says_which() {
    let _watchdog = watchdog();
    for round in 0..30 {
        let pool = Pool::with_threads(2);
        let jobs: Vec<_> = thread::scope(|scope| {
            let submitter = |n| {
                let pool = &pool;
                scope.spawn(move || submit_mixed(pool, 3 * round + n))
            };
            let submitters: Vec<_> = (0..2).map(submitter).collect();
            spin(round * 1000);
            match round % 3 {
                0 => pool.shutdown(),
                1 => pool.shutdown_now(),
                _ => drop(pool.cancel_pending()),
            }
            submitters.into_iter().flat_map(|submitter| submitter.join().unwrap()).collect()
        });
        drop(pool);
        for (fate, handle) in jobs {
            let expected = match handle.map(JobHandle::join) {
                Some(Ok(())) => [RUN, RUN],
                Some(Err(JobError::Cancelled | JobError::ShutDown)) => [DROPPED, DROPPED],
                Some(Err(other)) => panic!("round {round}: {other}"),
                None => [RUN, DROPPED],
            };
            assert!(expected.contains(&fate.get()), "round {round}: (run, dropped) is {:?}", fate.get());
        }
    }
}

#[test]
fn cancel_is_true_for_a_job_that_has_not_started_and_now_never_will() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let gate = block(&pool);
    let (fate, job) = Fate::job();
    let handle = pool.submit(job);
    assert!(handle.cancel());
    assert!(!handle.cancel(), "a second cancel has nothing to do");
    gate.open();
    assert!(handle.join().unwrap_err().is_cancelled());
    pool.shutdown();
    assert_eq!(fate.get(), DROPPED);
}

#[test]
fn cancel_drops_the_closure_and_its_captures_at_once_on_the_cancelling_thread() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let dropped_on = Notes::new();
    let capture = || {
        let notes = dropped_on.clone();
        OnDrop(move || notes.note(thread::current().id()))
    };
    let captures = (capture(), Box::new(capture()));
    let handle = pool.submit(move || drop(captures));
    assert!(handle.cancel());
    let here = thread::current().id();
    assert_eq!(dropped_on.all(), [here, here]);
    drop(gate);
}

#[test]
fn cancel_pending_drops_closures_and_captures_at_once_on_the_cancelling_thread() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let dropped_on = Notes::new();
    for _ in 0..3 {
        let notes = dropped_on.clone();
        let capture = OnDrop(move || notes.note(thread::current().id()));
        pool.spawn(move || drop(capture));
    }
    assert_eq!(pool.cancel_pending(), 3);
    assert_eq!(dropped_on.all(), [thread::current().id(); 3]);
    drop(gate);
}

#[test]
fn a_panic_in_the_drop_of_a_cancelled_capture_is_contained_and_goes_to_the_handler() {
    let _watchdog = watchdog();
    let reports = Notes::<String>::new();
    let pool = Pool::builder().threads(1).panic_handler(reports.handler()).build().unwrap();
    let gate = block(&pool);
    let [by_handle, by_token, by_pool] = ["by handle", "by token", "by pool"].map(PanicOnDrop);
    let handle = pool.submit(move || drop(by_handle));
    assert!(handle.cancel());
    let token = pool.submit(move || drop(by_token)).on_complete(|_| ());
    assert!(token.cancel());
    pool.spawn(move || drop(by_pool));
    assert_eq!(pool.cancel_pending(), 1);
    assert_eq!(reports.sorted(), ["by handle", "by pool", "by token"]);
    assert!(handle.join().unwrap_err().is_cancelled());
    drop(gate);
    assert_sound(&pool);
}

#[test]
fn cancel_of_a_running_job_is_false_and_sets_the_flag_that_cancelled_reads() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = Gate::new();
    let doorway = gate.doorway();
    let handle = pool.submit(move || {
        let before = filch::cancelled();
        doorway.wait();
        (before, filch::cancelled())
    });
    gate.await_arrivals(1);
    assert!(!handle.cancel());
    gate.open();
    assert_eq!(handle.join().unwrap(), (false, true), "a running job is asked, not ended");
}

#[test]
fn a_token_cancels_like_its_handle() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = Gate::new();
    let doorway = gate.doorway();
    let outcomes = Notes::new();
    let note = |outcomes: &Notes<_>| {
        let outcomes = outcomes.clone();
        move |outcome: Result<bool, JobError>| outcomes.note(outcome.ok())
    };
    let running = pool.submit(move || {
        doorway.wait();
        filch::cancelled()
    });
    let running = running.on_complete(note(&outcomes));
    gate.await_arrivals(1);
    let queued = pool.submit(|| true).on_complete(note(&outcomes));
    assert!(!running.clone().cancel());
    assert!(queued.clone().cancel());
    assert!(!queued.cancel());
    gate.open();
    pool.wait_idle();
    assert_eq!(outcomes.all(), [None, Some(true)]);
}

#[test]
fn cancel_of_a_job_that_has_ended_is_false_and_leaves_its_result_alone() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let handle = pool.submit(|| 5);
    eventually("the job has ended", || handle.is_finished());
    assert!(!handle.cancel());
    assert_eq!(handle.join().unwrap(), 5);
}

#[test]
fn cancelled_is_false_outside_jobs_and_in_jobs_that_nobody_cancelled() {
    let _watchdog = watchdog();
    assert!(!filch::cancelled());
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let cancelled = pool.submit(|| ());
    let other = pool.submit(filch::cancelled);
    assert!(cancelled.cancel());
    gate.open();
    assert!(!other.join().unwrap());
    assert!(!pool.install(filch::cancelled));
}

#[test]
fn cancelled_is_about_the_innermost_running_job() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = Gate::new();
    let doorway = gate.doorway();
    let outer = pool.submit(move || {
        doorway.wait();
        let inner = filch::submit(filch::cancelled).join().unwrap();
        (inner, filch::cancelled())
    });
    gate.await_arrivals(1);
    outer.cancel();
    gate.open();
    assert_eq!(outer.join().unwrap(), (false, true), "(inner, outer)");
}

#[test]
fn cancelled_is_seen_in_every_piece_of_the_job_wherever_it_runs() {
    let _watchdog = watchdog();
    let [pool, other] = [2, 1].map(Pool::with_threads);
    let gate = Gate::new();
    let doorway = gate.doorway();
    let handle = pool.submit(move || {
        doorway.wait();
        let meeting = Meeting::of(2);
        let piece = || (meeting.attend(), filch::cancelled(), filch::current_worker_index());
        let (a, b) = filch::join(piece, piece);
        assert!(a.0 && b.0 && a.2 != b.2, "they run on two workers");
        [a.1, b.1, other.install(filch::cancelled), other.submit(filch::cancelled).join().unwrap()]
    });
    gate.await_arrivals(1);
    assert!(!handle.cancel());
    gate.open();
    assert_eq!(handle.join().unwrap(), [true, true, true, false], "two pieces, an install elsewhere, another job");
}

#[test]
fn a_job_may_cancel_jobs_that_it_has_queued() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let handle = pool.submit(|| {
        let queued = filch::submit(|| ());
        (queued.cancel(), filch::cancelled(), queued.join().unwrap_err().is_cancelled())
    });
    assert_eq!(handle.join().unwrap(), (true, false, true));
}

#[test]
fn a_job_may_cancel_itself() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let (send, receive) = mpsc::channel::<filch::CancelToken>();
    let (done, result) = mpsc::channel();
    let own = pool.submit(move || (receive.recv().unwrap().cancel(), filch::cancelled()));
    send.send(own.on_complete(move |outcome| done.send(outcome.unwrap()).unwrap())).unwrap();
    assert_eq!(result.recv().unwrap(), (false, true));
}

#[test]
fn of_many_cancellers_and_the_worker_exactly_one_wins() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let (mut ran, mut cancelled) = (0, 0);
    for round in 0..2000 {
        let (fate, job) = Fate::job();
        let handle = pool.submit(job);
        let wins = thread::scope(|scope| {
            spin(round % 64 * 20);
            let other = (round % 8 == 0).then(|| scope.spawn(|| handle.cancel()));
            let mine = usize::from(handle.cancel());
            mine + other.map_or(0, |other| usize::from(other.join().unwrap()))
        });
        match handle.join() {
            Ok(()) => {
                assert_eq!((wins, fate.get()), (0, RUN));
                ran += 1;
            }
            Err(error) => {
                assert!(error.is_cancelled());
                assert_eq!((wins, fate.get()), (1, DROPPED));
                cancelled += 1;
            }
        }
    }
    assert_eq!(ran + cancelled, 2000);
    assert_eq!(pool.metrics().cancelled, cancelled);
}

#[test]
fn cancel_calls_give_cancelled_and_shutdowns_give_shut_down() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let by_handle = pool.submit(|| ());
    let by_pool = pool.submit(|| ());
    by_handle.cancel();
    assert_eq!(pool.cancel_pending(), 1, "what is cancelled already does not count again");
    let by_shutdown = pool.submit(|| ());
    let stopper = thread::spawn({
        let pool = pool.clone();
        move || pool.shutdown_now()
    });
    // The job is ended at once, although the shutdown waits for the blocked one.
    let by_shutdown = by_shutdown.join().unwrap_err();
    gate.open();
    stopper.join().unwrap();
    let after = pool.submit(|| ()).join().unwrap_err();
    assert!(by_handle.join().unwrap_err().is_cancelled());
    assert!(by_pool.join().unwrap_err().is_cancelled());
    assert!(by_shutdown.is_shut_down());
    assert!(after.is_shut_down());
}

#[test]
fn a_cancelled_job_counts_no_longer_as_pending() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let handles: Vec<_> = (0..10).map(|_| pool.submit(|| ())).collect();
    let first = pool.submit_first(|| ());
    assert_eq!(pool.pending(), 11);
    assert!(handles[3].cancel() && handles[7].cancel() && first.cancel());
    assert_eq!(pool.pending(), 8);
    assert_eq!(pool.metrics().queued, 8);
    assert_eq!(pool.cancel_pending(), 8);
    assert_eq!(pool.pending(), 0);
    gate.open();
    pool.wait_idle();
    assert_eq!((pool.pending(), pool.running()), (0, 0));
    assert_eq!(pool.metrics().cancelled, 11);
}

#[test]
fn a_cancelled_job_counts_no_longer_against_the_capacity() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(1).queue_capacity(3).build().unwrap();
    let gate = block(&pool);
    for _ in 0..100 {
        let handles: Vec<_> = (0..3).map(|_| pool.try_submit(|| ()).unwrap()).collect();
        assert!(pool.try_submit(|| ()).unwrap_err().is_full());
        assert!(handles[1].cancel());
        let third = pool.try_submit(|| ()).unwrap();
        assert!(pool.try_submit(|| ()).unwrap_err().is_full());
        assert_eq!(pool.cancel_pending(), 3);
        assert!(third.join().unwrap_err().is_cancelled());
    }
    drop(gate);
}

#[test]
fn cancel_pending_says_how_many_and_leaves_running_jobs_alone() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    assert_eq!(pool.cancel_pending(), 0);
    let gate = Gate::new();
    let doorway = gate.doorway();
    let running = pool.submit(move || {
        doorway.wait();
        filch::cancelled()
    });
    gate.await_arrivals(1);
    (0..5).for_each(|_| pool.spawn(|| unreachable!()));
    pool.spawn_first(|| unreachable!());
    let handle = pool.submit(|| unreachable!());
    assert_eq!(pool.cancel_pending(), 7);
    assert_eq!(pool.cancel_pending(), 0);
    gate.open();
    assert!(!running.join().unwrap());
    assert!(handle.join().unwrap_err().is_cancelled());
    assert_sound(&pool);
}

#[test]
fn cancel_pending_reaches_the_jobs_that_a_running_job_has_queued() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = Gate::new();
    let doorway = gate.doorway();
    let handle = pool.submit(move || {
        let handles: Vec<_> = (0..5).map(|_| filch::submit(|| ())).collect();
        doorway.wait();
        handles.into_iter().filter(|handle| handle.is_finished()).count()
    });
    gate.await_arrivals(1);
    assert_eq!(pool.cancel_pending(), 5);
    gate.open();
    assert_eq!(handle.join().unwrap(), 5);
}

#[test]
fn captures_that_are_dropped_by_a_cancel_may_use_the_pool() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let gate = block(&pool);
    let (send, receive) = mpsc::channel();
    let capture = OnDrop({
        let pool = pool.clone();
        move || {
            let send = send.clone();
            pool.spawn(move || send.send("from a drop").unwrap());
        }
    });
    assert!(pool.submit(move || drop(capture)).cancel());
    assert!(receive.try_recv().is_err());
    gate.open();
    assert_eq!(receive.recv().unwrap(), "from a drop");
}

#[test]
fn results_are_handed_over_once_or_dropped_once() {
    let _watchdog = watchdog();
    let drops = Counter::new();
    let pool = Pool::with_threads(2);
    let token = || {
        let token = drops.token();
        move || token
    };
    let mine = pool.submit(token()).join().unwrap();
    assert_eq!(drops.get(), 0, "a joined result belongs to the caller");
    drop(mine);
    assert_eq!(drops.get(), 1);
    drop(pool.submit(token()));
    pool.wait_idle();
    assert_eq!(drops.get(), 2, "detached before or after the end");
    let finished = pool.submit(token());
    eventually("the job has ended", || finished.is_finished());
    drop(finished);
    assert_eq!(drops.get(), 3, "a handle dropped after the end");
    let unread = pool.submit(token());
    drop(pool);
    assert_eq!(drops.get(), 3, "the result waits for its handle, also beyond the pool");
    assert!(unread.join().is_ok());
    assert_eq!(drops.get(), 4);
}

#[test]
fn try_submit_hands_a_refused_closure_back_whole() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(1).queue_capacity(1).build().unwrap();
    let gate = block(&pool);
    let waiting = pool.submit(|| ());
    let (fate, job) = Fate::job();
    let job = pool.try_submit(job).unwrap_err().into_inner();
    assert_eq!(fate.get(), (0, 0));
    gate.open();
    waiting.join().unwrap();
    pool.shutdown();
    let job = pool.try_submit(job).unwrap_err().into_inner();
    assert_eq!(fate.get(), (0, 0));
    job();
    assert_eq!(fate.get(), RUN);
}

#[test]
fn a_closure_of_any_size_and_alignment_arrives_unharmed() {
    #[derive(Clone, Copy, PartialEq, Debug)]
    #[repr(align(256))]
    struct Aligned(u8);
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let large = [7_u64; 4096];
    assert_eq!(pool.submit(move || large).join().unwrap(), large);
    assert_eq!(pool.submit(move || Aligned(3)).join().unwrap(), Aligned(3));
    let aligned = Aligned(9);
    assert_eq!(pool.submit(move || (&raw const aligned).addr() % 256 + usize::from(aligned.0)).join().unwrap(), 9);
    pool.submit(|| ()).join().unwrap();
    let small_to_large = pool.submit(|| [1_u8; 10_000]).join_timeout(Duration::MAX).unwrap().unwrap();
    assert_eq!(small_to_large, [1; 10_000]);
}
