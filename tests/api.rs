//! What the public types promise to the compiler.

#![deny(unused_must_use, unfulfilled_lint_expectations)]

mod common;

use std::any::Any;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::future::Future;
use std::hash::Hash;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::time::Duration;

use common::*;
use filch::{
    BuildError, CancelToken, JobError, JobHandle, JobId, JobSet, PanicPayload, Pool, PoolBuilder, PoolMetrics,
    TrySubmitError, WaitPolicy, WorkerLocal, WorkerMetrics,
};

fn send_and_sync<T: Send + Sync>() {}
fn is_static<T: 'static>() {}
fn debug<T: Debug>() {}
fn error<T: Error + Send + Sync + 'static>() {}
fn unpin<T: Unpin>() {}
fn cloneable<T: Clone>() {}
fn unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}

/// Not `Debug`.
struct NoDebug;

/// Neither `Send` nor `Sync` nor `Debug` nor `Unpin`.
struct Plain(#[expect(dead_code, reason = "for its type")] Rc<()>, std::marker::PhantomPinned);

#[test]
fn handles_and_values_cross_threads() {
    send_and_sync::<Pool>();
    send_and_sync::<PoolMetrics>();
    send_and_sync::<WorkerMetrics>();
    send_and_sync::<CancelToken>();
    send_and_sync::<JobId>();
    send_and_sync::<JobError>();
    send_and_sync::<PanicPayload>();
    send_and_sync::<BuildError>();
    send_and_sync::<TrySubmitError<fn()>>();
    // `Send` is enough for a handle to be shared: it gives no access to the result.
    send_and_sync::<JobHandle<std::cell::Cell<u8>>>();
    // A set hands each result to one thread, and a worker's value stays with it.
    send_and_sync::<JobSet<std::cell::Cell<u8>>>();
    send_and_sync::<WorkerLocal<std::cell::Cell<u8>>>();
    send_and_sync::<WaitPolicy>();
    fn send<T: Send>() {}
    send::<PoolBuilder>();
}

#[test]
fn everything_public_prints_itself() {
    debug::<Pool>();
    debug::<PoolBuilder>();
    debug::<PoolMetrics>();
    debug::<WorkerMetrics>();
    debug::<JobHandle<Plain>>();
    debug::<CancelToken>();
    debug::<JobId>();
    debug::<JobError>();
    debug::<PanicPayload>();
    debug::<BuildError>();
    debug::<TrySubmitError<Plain>>();
    debug::<JobSet<NoDebug>>();
    debug::<WorkerLocal<NoDebug>>();
    debug::<WaitPolicy>();
    fn display<T: Display>() {}
    display::<PoolMetrics>();
    display::<JobId>();
    display::<PanicPayload>();
}

#[test]
fn errors_are_errors_for_every_closure() {
    error::<JobError>();
    error::<BuildError>();
    error::<TrySubmitError<fn()>>();
    fn plain_error<T: Error>() {}
    plain_error::<TrySubmitError<Plain>>();
    let boxed: Box<dyn Error + Send + Sync> = Box::new(JobError::Cancelled);
    let io: io::Error = io::Error::other(boxed);
    assert!(io.to_string().contains("cancelled"));
}

#[test]
fn handles_are_futures_that_need_no_pinning() {
    unpin::<JobHandle<Plain>>();
    fn future<T, F: Future<Output = Result<T, JobError>>>() {}
    future::<Plain, JobHandle<Plain>>();
    unwind_safe::<JobHandle<Plain>>();
}

#[test]
fn copies_are_where_they_should_be() {
    cloneable::<Pool>();
    cloneable::<CancelToken>();
    cloneable::<PoolMetrics>();
    fn number<T: Copy + Eq + Hash + Ord + Send + Sync + 'static>() {}
    number::<JobId>();
    fn counters<T: Copy + Eq + Default>() {}
    counters::<WorkerMetrics>();
    is_static::<Pool>();
    is_static::<JobHandle<u8>>();
}

#[test]
#[expect(clippy::type_complexity, reason = "the signatures as the contract writes them")]
fn signatures_are_those_of_the_contract() {
    type Job = fn();
    let _: fn() -> Pool = Pool::new;
    let _: fn(usize) -> Pool = Pool::with_threads;
    let _: fn() -> PoolBuilder = Pool::builder;
    let _: fn() -> &'static Pool = Pool::global;
    let _: fn() -> Option<Pool> = Pool::current;
    let _: fn(&Pool, Job) = Pool::spawn::<Job>;
    let _: fn(&Pool, Job) = Pool::spawn_first::<Job>;
    let _: fn(&Pool, Vec<Job>) = Pool::spawn_batch::<Vec<Job>>;
    let _: fn(&Pool, fn() -> u8) -> JobHandle<u8> = Pool::submit::<u8, fn() -> u8>;
    let _: fn(&Pool, fn() -> u8) -> JobHandle<u8> = Pool::submit_first::<u8, fn() -> u8>;
    let _: fn(&Pool, Job) -> Result<JobHandle<()>, TrySubmitError<Job>> = Pool::try_submit::<(), Job>;
    let _: fn(&Pool, Job, fn() -> u8) -> ((), u8) = Pool::join;
    let _: fn(&Pool, fn() -> u8) -> u8 = Pool::install;
    let _: fn(&Pool) -> usize = Pool::cancel_pending;
    let _: [fn(&Pool); 3] = [Pool::wait_idle, Pool::shutdown, Pool::shutdown_now];
    let _: [fn(&Pool, Duration) -> bool; 2] = [Pool::wait_idle_timeout, Pool::shutdown_timeout];
    let _: [fn(&Pool) -> usize; 3] = [Pool::threads, Pool::pending, Pool::running];
    let _: fn(&Pool) -> bool = Pool::is_shut_down;
    let _: fn(&Pool) -> PoolMetrics = Pool::metrics;

    let _: [fn(PoolBuilder, usize) -> PoolBuilder; 3] =
        [PoolBuilder::threads, PoolBuilder::stack_size, PoolBuilder::queue_capacity];
    let _: fn(PoolBuilder, isize) -> PoolBuilder = PoolBuilder::threads_relative;
    let _: fn(PoolBuilder, fn(usize) -> String) -> PoolBuilder = PoolBuilder::thread_name;
    let _: [fn(PoolBuilder, fn(usize)) -> PoolBuilder; 2] = [PoolBuilder::on_thread_start, PoolBuilder::on_thread_stop];
    let _: fn(PoolBuilder, fn(Box<dyn Any + Send>)) -> PoolBuilder = PoolBuilder::panic_handler;
    let _: fn(PoolBuilder) -> Result<Pool, BuildError> = PoolBuilder::build;

    let _: fn(&Pool, fn(usize) -> u8) -> Vec<u8> = Pool::broadcast;
    let _: fn(PoolBuilder, WaitPolicy) -> PoolBuilder = PoolBuilder::wait_policy;
    let _: [WaitPolicy; 2] = [WaitPolicy::Isolated, WaitPolicy::HelpAny];

    type Handle = JobHandle<u8>;
    type Outcome = Result<u8, JobError>;
    let _: fn(Handle) -> Outcome = Handle::join;
    let _: fn(Handle) -> Result<Outcome, Handle> = Handle::try_join;
    let _: fn(Handle, Duration) -> Result<Outcome, Handle> = Handle::join_timeout;
    let _: [fn(&Handle) -> bool; 2] = [Handle::cancel, Handle::is_finished];
    let _: fn(&Handle) -> JobId = Handle::id;
    let _: fn(Handle, fn(Outcome)) -> CancelToken = Handle::on_complete;
    let _: fn(&CancelToken) -> bool = CancelToken::cancel;

    let _: [fn(&JobError) -> bool; 3] = [JobError::is_panic, JobError::is_cancelled, JobError::is_shut_down];
    let _: fn(JobError) -> Box<dyn Any + Send> = JobError::into_panic;
    let _: fn(PanicPayload) -> Box<dyn Any + Send> = PanicPayload::into_inner;

    let _: fn(Job) = filch::spawn;
    let _: fn(fn() -> u8) -> JobHandle<u8> = filch::submit;
    let _: fn(Job, fn() -> u8) -> ((), u8) = filch::join;
    let _: fn() -> bool = filch::cancelled;
    let _: fn() -> Option<usize> = filch::current_worker_index;
    let _: fn() = filch::yield_now;
}

#[test]
#[expect(clippy::type_complexity, reason = "the signatures as the contract writes them")]
fn signatures_of_sets_streams_and_values_by_worker_are_those_of_the_contract() {
    type Set = JobSet<u8>;
    type Job = fn() -> u8;
    type Delivery = (JobId, Result<u8, JobError>);
    let _: fn(&Pool) -> Set = Set::new;
    let _: fn(&Pool, usize) -> Set = Set::with_capacity;
    let _: [fn(&Set, Job) -> JobId; 2] = [Set::submit, Set::submit_first];
    let _: fn(&Set, Job) -> Result<JobId, TrySubmitError<Job>> = Set::try_submit;
    let _: fn(&Set, fn() -> Vec<u8>) -> JobId = Set::submit_iter::<Vec<u8>, _>;
    let _: [fn(&Set) -> Option<Delivery>; 2] = [Set::next, Set::try_next];
    let _: fn(&Set, Duration) -> Option<Delivery> = Set::next_timeout;
    fn deliveries(set: &Set) -> impl Iterator<Item = Delivery> + '_ {
        set.as_completed()
    }
    let _ = deliveries;
    let _: fn(&Set, JobId) -> bool = Set::cancel;
    let _: [fn(&Set) -> usize; 2] = [Set::cancel_all, Set::len];
    let _: fn(&Set) -> bool = Set::is_empty;

    let _: fn(fn(usize) -> u8) -> WorkerLocal<u8> = WorkerLocal::new;
    let _: fn(&WorkerLocal<u8>, fn(&mut u8) -> char) -> char = WorkerLocal::with;

    // A stream borrows neither the pool nor anything else, and the iterator need not be `Send`.
    fn streams(f: fn(u8) -> char) -> [Box<dyn Iterator<Item = Result<char, JobError>>>; 2] {
        let (pool, items) = (Pool::with_threads(1), Rc::new([1, 2]));
        let items = || {
            (0..2).map({
                let items = items.clone();
                move |n| items[n]
            })
        };
        [Box::new(pool.map_stream(items(), 1, f)), Box::new(pool.map_unordered(items(), 1, f))]
    }
    let _watchdog = watchdog();
    for stream in streams(char::from) {
        assert!(stream.map(Result::unwrap_err).all(|error| error.is_shut_down()));
    }
}

#[test]
fn what_must_be_used_says_so() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    #[expect(unused_must_use)]
    {
        pool.submit(|| ());
    }
    #[expect(unused_must_use)]
    {
        pool.submit_first(|| ());
    }
    #[expect(unused_must_use)]
    {
        pool.try_submit(|| ());
    }
    #[expect(unused_must_use)]
    {
        filch::submit(|| ());
    }
    #[expect(unused_must_use)]
    {
        pool.submit(|| ()).try_join();
    }
    #[expect(unused_must_use)]
    {
        Pool::builder();
    }
    #[expect(unused_must_use)]
    {
        Pool::builder().threads(1);
    }
    #[expect(unused_must_use)]
    {
        Pool::builder().threads(1).build();
    }
    // A job with a callback goes its way: nothing is lost with the token.
    pool.submit(|| ()).on_complete(|_| ());
    pool.spawn(|| ());
}

#[test]
fn job_errors_can_be_matched_with_a_last_arm() {
    let text = |error: &JobError| match error {
        JobError::Panicked(payload) => payload.to_string(),
        JobError::Cancelled => "cancelled".into(),
        JobError::ShutDown => "shut down".into(),
        JobError::WouldDeadlock => "deadlock".into(),
        _ => unreachable!("there are no others yet"),
    };
    assert_eq!(text(&JobError::WouldDeadlock), "deadlock");
}

#[test]
fn fork_join_calls_borrow_from_the_caller() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let mut numbers = vec![1, 2, 3, 4];
    let text = String::from("borrowed");
    let (left, right) = numbers.split_at_mut(2);
    pool.join(|| left[0] = 10, || right[0] = 30);
    let lengths = pool.install(|| (text.len(), numbers.len()));
    assert_eq!((lengths, numbers), ((8, 4), vec![10, 2, 30, 4]));
    // Results may be of a type that is only `Send`.
    let cell = pool.install(|| std::cell::Cell::new(text.as_str()));
    assert_eq!(cell.get(), "borrowed");
}

#[test]
fn jobs_and_results_need_not_be_sync() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(1);
    let cell = std::cell::Cell::new(5);
    let handle = pool.submit(move || {
        cell.set(cell.get() + 1);
        cell
    });
    assert_eq!(handle.join().unwrap().get(), 6);
}

#[test]
fn a_pool_prints_what_it_is_about() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let gate = block(&pool);
    let handle = pool.submit(|| ());
    let text = format!("{pool:?}");
    for part in ["threads: 2", "pending: 1", "running: 2", "shut_down: false"] {
        assert!(text.contains(part), "{text} has no {part}");
    }
    let metrics = pool.metrics();
    assert_eq!((metrics.workers.len(), metrics.queued, metrics.running), (2, 1, 2));
    let text = metrics.to_string();
    assert!(text.starts_with("2 workers, ") && !text.contains('\n'), "{text}");
    assert!(format!("{handle:?}").contains("Queued"), "{handle:?}");
    gate.open();
    pool.wait_idle();
    assert_eq!(pool.metrics().jobs(), 3);
    assert!(format!("{handle:?}").contains("Done"), "{handle:?}");
}

#[test]
fn metrics_count_what_the_workers_do() {
    let _watchdog = watchdog();
    let pool = Pool::with_threads(2);
    let runs = Counter::new();
    pool.install(|| {
        (0..10).for_each(|_| filch::spawn(runs.adder()));
        eventually("the other worker has stolen them", || runs.get() == 10);
    });
    pool.wait_idle();
    let gate = block(&pool);
    pool.submit(|| ()).cancel();
    gate.open();
    pool.spawn(|| panic!("counted"));
    pool.wait_idle();
    let metrics = pool.metrics();
    assert_eq!((metrics.jobs(), metrics.cancelled, metrics.panics), (14, 1, 1), "{metrics}");
    assert_eq!(metrics.workers.iter().map(|worker| worker.steals).sum::<u64>(), 10, "{metrics}");
    assert!(metrics.workers.iter().all(|worker| worker.parks > 0), "{metrics}");
    assert_eq!(metrics, metrics.clone());
}

#[test]
fn the_current_pool_is_another_handle_of_the_same() {
    let _watchdog = watchdog();
    let pool = Pool::builder().threads(2).queue_capacity(5).build().unwrap();
    let current = pool.submit(|| Pool::current().unwrap()).join().unwrap();
    assert!(Pool::current().is_none());
    assert!(!pool.is_shut_down(), "a handle dropped in a job is one of several");
    current.shutdown();
    assert!(pool.is_shut_down());
}
