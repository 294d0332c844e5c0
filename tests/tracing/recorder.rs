//! A subscriber that keeps what it is told, and complains of what does not fit.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use filch::{Pool, PoolBuilder};
use tracing::dispatcher::{DefaultGuard, Dispatch, set_default};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

use super::common::lock;

/// What a span or an event said of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    pub name: &'static str,
    pub target: &'static str,
    pub kind: Option<String>,
    pub id: Option<u64>,
    pub worker: Option<u64>,
    pub victim: Option<u64>,
}

/// A span, and what happened to it.
#[derive(Debug, Clone, Default)]
pub struct Span {
    pub told: Told,
    pub entered: usize,
    pub exited: usize,
    pub closed: usize,
    /// The span around it, on the thread that entered it.
    pub outer: Option<usize>,
}

impl Span {
    /// Entered, left and closed once each.
    pub fn is_whole(&self) -> bool {
        (self.entered, self.exited, self.closed) == (1, 1, 1)
    }
}

#[derive(Debug, Default)]
struct Kept {
    spans: Vec<Span>,
    events: Vec<Told>,
    /// By thread: the spans that it is in, outermost first.
    inside: HashMap<ThreadId, Vec<usize>>,
    complaints: Vec<String>,
}

/// Keeps everything. Clones share what they keep.
#[derive(Debug, Clone, Default)]
pub struct Recorder(Arc<Mutex<Kept>>);

impl Recorder {
    /// The spans with this name, in the order in which they were made.
    pub fn spans(&self, name: &str) -> Vec<Span> {
        let kept = lock(&self.0);
        kept.spans.iter().filter(|span| span.told.name == name).cloned().collect()
    }

    /// The spans of jobs of one kind.
    pub fn jobs(&self, kind: &str) -> Vec<Span> {
        let mut jobs = self.spans("filch.job");
        jobs.retain(|span| span.told.kind.as_deref() == Some(kind));
        jobs
    }

    /// The span of a number.
    pub fn span(&self, number: usize) -> Span {
        lock(&self.0).spans[number].clone()
    }

    /// The events with this name.
    pub fn events(&self, name: &str) -> Vec<Told> {
        let kept = lock(&self.0);
        kept.events.iter().filter(|event| event.name == name).cloned().collect()
    }

    /// Fails unless all spans are whole and lay inside one another.
    #[track_caller]
    pub fn assert_sound(&self) {
        let kept = lock(&self.0);
        assert!(kept.complaints.is_empty(), "{:?}", kept.complaints);
        let broken: Vec<_> = kept.spans.iter().filter(|span| !span.is_whole()).collect();
        assert!(broken.is_empty(), "{broken:?}");
    }
}

fn number(id: &Id) -> usize {
    id.into_u64() as usize - 1
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("filch::")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let told = told(attributes.metadata(), |visitor| attributes.record(visitor));
        let mut kept = lock(&self.0);
        kept.spans.push(Span { told, ..Span::default() });
        Id::from_u64(kept.spans.len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let told = told(event.metadata(), |visitor| event.record(visitor));
        lock(&self.0).events.push(told);
    }

    fn enter(&self, id: &Id) {
        let kept = &mut *lock(&self.0);
        let inside = kept.inside.entry(thread::current().id()).or_default();
        let span = &mut kept.spans[number(id)];
        span.entered += 1;
        span.outer = inside.last().copied();
        inside.push(number(id));
    }

    fn exit(&self, id: &Id) {
        let kept = &mut *lock(&self.0);
        kept.spans[number(id)].exited += 1;
        let innermost = kept.inside.get_mut(&thread::current().id()).and_then(Vec::pop);
        if innermost != Some(number(id)) {
            kept.complaints.push(format!("left {id:?} while inside {innermost:?}"));
        }
    }

    fn try_close(&self, id: Id) -> bool {
        lock(&self.0).spans[number(&id)].closed += 1;
        true
    }
}

fn told(metadata: &'static Metadata<'static>, record: impl FnOnce(&mut Told)) -> Told {
    let mut told = Told { name: metadata.name(), target: metadata.target(), ..Told::default() };
    record(&mut told);
    told
}

impl Visit for Told {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "id" => self.id = Some(value),
            "worker" => self.worker = Some(value),
            "victim" => self.victim = Some(value),
            other => panic!("an unknown number {other}"),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        assert_eq!(field.name(), "kind", "an unknown text");
        self.kind = Some(value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        panic!("an unknown field {field}: {value:?}");
    }
}

/// When a subscriber is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    Enabled,
    NewSpan,
    Enter,
    Exit,
    Close,
    Event,
}

/// Panics at these moments.
#[derive(Debug)]
pub struct Panicking(pub &'static [Moment]);

impl Panicking {
    fn at(&self, moment: Moment) {
        assert!(!self.0.contains(&moment), "the subscriber panics: {moment:?}");
    }
}

impl Subscriber for Panicking {
    // So that it is asked each time, and by the threads that have it only.
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        self.at(Moment::Enabled);
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        self.at(Moment::NewSpan);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        self.at(Moment::Event);
    }

    fn enter(&self, _: &Id) {
        self.at(Moment::Enter);
    }

    fn exit(&self, _: &Id) {
        self.at(Moment::Exit);
    }

    fn try_close(&self, _: Id) -> bool {
        self.at(Moment::Close);
        true
    }
}

thread_local! {
    static GUARD: RefCell<Option<DefaultGuard>> = const { RefCell::new(None) };
}

/// Builds a pool whose threads, and no others, have this subscriber.
pub fn watched(builder: PoolBuilder, subscriber: impl Subscriber + Send + Sync) -> Pool {
    let dispatch = Dispatch::new(subscriber);
    let subscribe = move |_| GUARD.with(|guard| drop(guard.replace(Some(set_default(&dispatch)))));
    let builder = builder.on_thread_start(subscribe).on_thread_stop(|_| GUARD.with(|guard| drop(guard.take())));
    builder.build().expect("a pool")
}
