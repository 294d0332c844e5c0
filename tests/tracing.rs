//! What a subscriber is told: every job once, on its worker, also if it panics; and nothing that a subscriber does harms the pool.

mod common;
#[path = "tracing/recorder.rs"]
mod recorder;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::time::Duration;

use common::*;
use filch::{JobHandle, JobId, Pool};
use recorder::{Moment, Panicking, Recorder, Span, watched};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// A pool, and what its threads tell.
fn recorded(threads: usize) -> (Pool, Recorder) {
    let recorder = Recorder::default();
    (watched(Pool::builder().threads(threads), recorder.clone()), recorder)
}

fn number(id: JobId) -> u64 {
    id.to_string().trim_start_matches("job ").parse().expect("a number")
}

fn numbers<T>(handles: &[JobHandle<T>]) -> Vec<u64> {
    handles.iter().map(|handle| number(handle.id())).collect()
}

/// The numbers of the jobs with these spans.
fn told_numbers(spans: &[Span]) -> Vec<u64> {
    let mut numbers: Vec<_> = spans.iter().map(|span| span.told.id.expect("a number")).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn every_job_has_one_span_with_its_kind_and_number() {
    let _watchdog = watchdog();
    let (pool, recorder) = recorded(2);
    (0..50).for_each(|_| pool.spawn(|| ()));
    let submitted: Vec<_> = (0..50).map(|n| pool.submit(move || n)).collect();
    let delayed: Vec<_> = (1..=5).map(|n| pool.submit_later(Duration::from_millis(n), || ())).collect();
    let (submitted_numbers, delayed_numbers) = (numbers(&submitted), numbers(&delayed));
    let schedule = pool.schedule(Duration::from_millis(1), || ());
    eventually("the schedule has run three times", || schedule.runs() >= 3);
    schedule.cancel();
    pool.install(|| pool.scope(|scope| (0..20).for_each(|_| scope.spawn(|| ()))));
    submitted.into_iter().for_each(|handle| assert!(handle.join().is_ok()));
    delayed.into_iter().for_each(|handle| handle.join().unwrap());
    pool.shutdown();

    recorder.assert_sound();
    assert_eq!(recorder.jobs("spawned").len(), 50);
    assert_eq!(told_numbers(&recorder.jobs("submitted")), submitted_numbers);
    assert_eq!(told_numbers(&recorder.jobs("delayed")), delayed_numbers);
    assert_eq!(recorder.jobs("scheduled").len() as u64, schedule.runs());
    assert_eq!(recorder.jobs("scoped").len(), 20);
    assert_eq!(recorder.jobs("piece").len(), 1, "`install`");
    assert!(recorder.spans("filch.job").iter().all(|span| span.told.target == "filch::job"));
    assert_eq!(recorder.spans("filch.job").len() as u64, pool.metrics().jobs());
}

#[test]
fn a_span_knows_the_worker_that_runs_the_job() {
    let _watchdog = watchdog();
    let (pool, recorder) = recorded(3);
    let meeting = Meeting::of(3);
    let attend = |_| {
        let meeting = meeting.clone();
        pool.submit(move || (meeting.attend(), filch::current_worker_index()))
    };
    let handles: Vec<_> = (0..3).map(attend).collect();
    let numbers = numbers(&handles);
    let workers: Vec<_> = handles.into_iter().map(|handle| handle.join().unwrap()).collect();
    pool.shutdown();
    recorder.assert_sound();
    for (number, (all_came, worker)) in numbers.into_iter().zip(workers) {
        let spans = recorder.jobs("submitted");
        let span = spans.iter().find(|span| span.told.id == Some(number)).expect("a span");
        assert!(all_came);
        assert_eq!(span.told.worker, worker.map(|index| index as u64));
    }
}

#[test]
fn the_span_of_a_job_that_panics_is_left() {
    let _watchdog = watchdog();
    let (pool, recorder) = recorded(2);
    pool.spawn(|| panic!("spawned"));
    assert!(pool.submit(|| panic!("submitted")).join().unwrap_err().is_panic());
    assert!(pool.submit_later(Duration::from_millis(1), || panic!("delayed")).join().unwrap_err().is_panic());
    assert_eq!(panic_of(|| pool.install(|| panic!("installed"))), "installed");
    assert_eq!(panic_of(|| pool.install(|| pool.scope(|scope| scope.spawn(|| panic!("scoped"))))), "scoped");
    let beat = pool.schedule(Duration::from_millis(1), || panic!("scheduled"));
    eventually("the schedule has run twice", || beat.runs() >= 2);
    beat.cancel();
    assert_sound(&pool);
    pool.shutdown();
    recorder.assert_sound();
    for kind in ["spawned", "submitted", "delayed", "piece", "scoped", "scheduled"] {
        assert!(!recorder.jobs(kind).is_empty(), "no span of a {kind} job");
    }
}

#[test]
fn a_job_that_never_runs_has_no_span() {
    let _watchdog = watchdog();
    let (pool, recorder) = recorded(1);
    let gate = block(&pool);
    let cancelled = pool.submit(|| unreachable!());
    assert!(cancelled.cancel());
    let pending = pool.submit(|| unreachable!());
    assert_eq!(pool.cancel_pending(), 1);
    let later = pool.submit_later(Duration::from_secs(3600), || unreachable!());
    let dropped = pool.submit(|| unreachable!());
    std::thread::scope(|scope| {
        scope.spawn(|| pool.shutdown_now());
        eventually("the pool is shut down", || pool.is_shut_down());
        gate.open();
    });
    assert!([cancelled, pending, later, dropped].into_iter().all(|handle| handle.is_finished()));
    recorder.assert_sound();
    assert_eq!(recorder.spans("filch.job").len(), 1, "only the job that blocked the worker ran");
}

#[test]
fn the_jobs_inside_a_job_have_spans_inside_its_span() {
    let _watchdog = watchdog();
    let (pool, recorder) = recorded(1);
    let inner = pool.clone();
    // The only worker runs it in place.
    let outer = pool.submit(move || inner.submit(|| 7).join());
    let outer_number = number(outer.id());
    assert_eq!(outer.join().unwrap().unwrap(), 7);
    pool.shutdown();
    recorder.assert_sound();
    let spans = recorder.jobs("submitted");
    let (outer, inner): (Vec<_>, Vec<_>) = spans.iter().partition(|span| span.told.id == Some(outer_number));
    assert_eq!((outer.len(), inner.len(), outer[0].outer), (1, 1, None));
    let around = recorder.span(inner[0].outer.expect("a span around it"));
    assert_eq!(around.told.id, Some(outer_number));
}

#[test]
fn a_stolen_half_of_a_join_has_a_thief_and_one_who_waits_and_takes_part_of_it_back() {
    let _watchdog = watchdog();
    let (pool, recorder) = recorded(2);
    let (stolen, back) = (Gate::new(), Gate::new());
    let (at_stolen, at_back) = (stolen.doorway(), back.doorway());
    let (own, (thief, taker)) = pool.install(|| {
        let first = || {
            stolen.await_arrivals(1);
            filch::current_worker_index()
        };
        let second = || {
            at_stolen.arrive();
            let lower = || {
                // There are two workers: the one that waits for this half takes the half of it.
                back.await_arrivals(1);
                filch::current_worker_index()
            };
            let upper = || {
                at_back.arrive();
                filch::current_worker_index()
            };
            pool.join(lower, upper)
        };
        pool.join(first, second)
    });
    pool.shutdown();
    recorder.assert_sound();
    assert!(own == taker && own != thief);
    let [own, thief] = [own, thief].map(|index| index.map(|index| index as u64));
    let pieces = recorder.jobs("piece");
    assert_eq!(pieces.iter().map(|span| span.told.worker).collect::<Vec<_>>(), [own, thief, own]);
    let steals: Vec<_> = recorder.events("filch.steal").iter().map(|steal| (steal.worker, steal.victim)).collect();
    assert_eq!(steals, [(thief, own), (own, thief)]);
    let around = recorder.span(pieces[2].outer.expect("a span around what was taken back"));
    assert_eq!((around.told.name, around.told.worker), ("filch.wait", own));
    assert_eq!(recorder.spans("filch.wait")[0].told, around.told);
}

/// Sums of a tree of `join`s.
fn sum(pool: &Pool, numbers: std::ops::Range<u64>) -> u64 {
    if numbers.end - numbers.start < 4 {
        return numbers.sum();
    }
    let middle = numbers.start.midpoint(numbers.end);
    let (low, high) = pool.join(|| sum(pool, numbers.start..middle), || sum(pool, middle..numbers.end));
    low + high
}

#[test]
fn a_subscriber_is_told_what_the_metrics_count() {
    let _watchdog = watchdog();
    let recorder = Recorder::default();
    let pool = watched(Pool::builder().threads(4).spare_threads(1), recorder.clone());
    for _ in 0..20 {
        let inner = pool.clone();
        pool.spawn(move || (0..20).for_each(|_| inner.spawn(|| spin(1000))));
        assert_eq!(pool.install(|| sum(&pool, 0..500)), 124_750);
        pool.for_range(0..100, |range| range.for_each(|_| spin(100)));
        assert_eq!(pool.broadcast(|index| index), [0, 1, 2, 3]);
    }
    // Each waits for all five: the spare thread runs one of them.
    let all = Arc::new(Barrier::new(5));
    for _ in 0..5 {
        let all = all.clone();
        pool.spawn(move || filch::blocking(|| _ = all.wait()));
    }
    pool.wait_idle();
    pool.shutdown();
    recorder.assert_sound();
    let metrics = pool.metrics();
    assert!(metrics.workers[4].jobs > 0, "{metrics:?}");
    for (index, counted) in metrics.workers.iter().enumerate() {
        let of_this = |worker: Option<u64>| worker == Some(index as u64);
        let spans = |name: &str| recorder.spans(name).iter().filter(|span| of_this(span.told.worker)).count() as u64;
        let events = |name: &str| recorder.events(name).iter().filter(|event| of_this(event.worker)).count() as u64;
        assert_eq!(spans("filch.job"), counted.jobs, "jobs of worker {index}");
        assert_eq!(events("filch.steal"), counted.steals, "steals of worker {index}");
        assert_eq!(events("filch.wake"), counted.wakes, "wakes of worker {index}");
        // It may find something at the last look, and a spare thread that rests is not counted as asleep.
        assert!(spans("filch.park") >= counted.parks, "sleeps of worker {index}");
        assert_eq!((events("filch.start"), events("filch.stop")), (1, 1), "thread {index}");
    }
    assert!(recorder.events("filch.steal").iter().all(|steal| steal.victim.is_some() && steal.victim != steal.worker));
}

/// Fails unless a pool whose subscriber panics at these moments runs all its jobs and keeps its workers.
#[track_caller]
fn assert_survives(moments: &'static [Moment]) {
    let notes = Notes::<String>::new();
    let pool = watched(Pool::builder().threads(2).panic_handler(notes.handler()), Panicking(moments));
    let ran = Counter::new();
    (0..3).for_each(|_| pool.spawn(ran.adder()));
    assert_eq!(pool.submit(|| 7).join().unwrap(), 7, "{moments:?}");
    assert_eq!(message(&*pool.submit(|| panic!("its own")).join().unwrap_err().into_panic()), "its own");
    assert_eq!(pool.submit_later(Duration::from_millis(1), || 8).join().unwrap(), 8, "{moments:?}");
    assert_eq!(pool.join(|| 1, || 2), (1, 2), "{moments:?}");
    assert_eq!(pool.map(vec![1, 2, 3], |n| n + 1), [2, 3, 4], "{moments:?}");
    assert_eq!(panic_of(|| pool.install(|| panic!("installed"))), "installed", "{moments:?}");
    pool.wait_idle();
    assert_eq!(ran.get(), 3, "{moments:?}");
    assert_sound(&pool);
    pool.shutdown();
    let notes = notes.all();
    for moment in moments {
        assert!(notes.contains(&format!("the subscriber panics: {moment:?}")), "{moment:?} is not among {notes:?}");
    }
    // The handler was told of all but the job's own panic, which is in its handle, and nobody's is lost: `install` raises its own.
    assert_eq!(pool.metrics().panics, notes.len() as u64 + 1, "{moments:?}: {notes:?}");
}

#[test]
fn a_subscriber_that_panics_costs_no_job_and_no_worker() {
    use Moment::{Close, Enabled, Enter, Event, Exit, NewSpan};
    let _watchdog = watchdog();
    for moments in [&[Enabled][..], &[NewSpan], &[Enter], &[Exit], &[Close], &[Event]] {
        assert_survives(moments);
    }
    // What the first panic leaves is dropped, which panics too.
    assert_survives(&[Enter, Close]);
    assert_survives(&[Exit, Close]);
}

/// Queues a job into its pool whenever it is told of something, a thousand times.
struct Meddler {
    pool: &'static OnceLock<Pool>,
    left: AtomicUsize,
    ran: Counter,
}

impl Meddler {
    fn meddle(&self) {
        let once_less = |left: usize| left.checked_sub(1);
        let Some(pool) = self.pool.get() else { return };
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, once_less).is_ok() {
            pool.spawn(self.ran.adder());
        }
    }
}

impl Subscriber for Meddler {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("filch::")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        self.meddle();
    }

    fn enter(&self, _: &Id) {
        self.meddle();
    }

    fn exit(&self, _: &Id) {
        self.meddle();
    }
}

#[test]
fn a_subscriber_may_queue_jobs() {
    static POOL: OnceLock<Pool> = OnceLock::new();
    let _watchdog = watchdog();
    let ran = Counter::new();
    let meddler = Meddler { pool: &POOL, left: AtomicUsize::new(1000), ran: ran.clone() };
    let pool = POOL.get_or_init(|| watched(Pool::builder().threads(3), meddler));
    // Each wait lets the workers fall asleep, and tells the subscriber.
    while ran.get() < 1000 {
        pool.install(|| sum(pool, 0..100));
        pool.wait_idle();
    }
    assert_sound(pool);
    pool.shutdown();
    assert_eq!(ran.get(), 1000);
}
