//! Adaptive splitting: a worker offers the upper half of its positions, and works through the lower half in short chunks, while it offers what is left of that half too. As soon
//! as the upper half has been stolen, it splits what is left again.
//!
//! So every position that nobody runs is on offer at any time, however long an item takes; thieves get large shares; and what nobody takes is not split: with `n`
//! positions and no thief there are log2(n) halves. Chunks grow until one takes some [microseconds](CHUNK_NANOS), so that a worker looks up often and pays little
//! for that, whatever an item costs. After Tzannes, Caragea, Vishkin and Barua, "Lazy Scheduling" (2014), who look at the deque as we do, with chunks that the programmer
//! chooses.

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Instant;

use crate::job::{Owner, StackJob};
use crate::ops::install::install;
use crate::ops::join::on_this_worker;
use crate::registry::Registry;
use crate::sync::time::now;
use crate::sync::{AtomicBool, Ordering};
use crate::util::contain::{Payload, contain, contain_drop};
use crate::util::limits::CHUNK_NANOS;
use crate::worker::Worker;

/// What is done with positions. Every position is [run](Self::run) or [skipped](Self::skip) once.
pub(super) trait Work: Sync {
    /// What comes of a run of neighbours.
    type Part: Send;
    /// What a thread keeps from chunk to chunk.
    type State;

    /// Makes a state.
    fn state(&self) -> Self::State;

    /// The part of no positions, before the first one at `position`.
    fn empty(&self, position: usize) -> Self::Part;

    /// Adds positions to the part that ends where they begin, and takes each from the range as it comes to it. If it panics, those left in the range have not been
    /// run.
    fn run(&self, state: &mut Self::State, part: &mut Self::Part, positions: &mut Range<usize>);

    /// Puts two neighbours together.
    fn merge(&self, lower: Self::Part, upper: Self::Part) -> Self::Part;

    /// These positions will never be run. Panics of foreign code are reported, each by itself: two at once would abort.
    fn skip(&self, positions: Range<usize>, report: &dyn Fn(Payload));

    /// Drops a part that nobody wants, and reports panics in the same way.
    fn discard(&self, part: Self::Part, report: &dyn Fn(Payload)) {
        contain_drop(part).unwrap_or_else(report);
    }
}

/// Does the work for all positions from 0 to `len`, from inside or outside the pool, and raises a panic again when all threads have left it.
pub(super) fn drive<W: Work>(registry: &Arc<Registry>, work: &W, len: usize) -> W::Part {
    let split = Split { work, registry, has_failed: AtomicBool::new(false) };
    let done = Worker::with_current_of(registry, |worker| match worker {
        Some(worker) => split.begin(worker, len),
        None => install(registry, || {
            Worker::with_current_of(registry, |worker| match worker {
                Some(worker) => split.begin(worker, len),
                None => split.begin(&Worker::stand_in(registry), len),
            })
        }),
    });
    match done {
        Ok(part) => part,
        Err(Failure::Panic(payload)) => resume_unwind(payload),
        Err(Failure::Stopped) => unreachable!("who stops has seen a panic, which is the caller's in the end"),
    }
}

/// Why a part was not finished.
enum Failure {
    /// A panic of foreign code.
    Panic(Payload),
    /// There was one elsewhere.
    Stopped,
}

/// What came of a run beside which other positions were on offer.
enum Beside<W: Work> {
    /// Nobody has taken them. The part that was run.
    Back(W::Part),
    /// All is done, or nothing more will be.
    Done(Outcome<W>),
}

/// One call.
struct Split<'a, W> {
    work: &'a W,
    registry: &'a Registry,
    /// Raised by the first panic: nobody begins another chunk.
    has_failed: AtomicBool,
}

/// How many positions to run before looking up.
#[derive(Debug, Clone, Copy)]
struct Pace {
    chunk: usize,
    last: Instant,
}

impl Pace {
    fn new(chunk: usize) -> Self {
        Self { chunk, last: now() }
    }

    /// A chunk of that many positions has been run.
    fn learn(&mut self, positions: usize) {
        let now = now();
        let nanos = (now - self.last).as_nanos();
        self.last = now;
        if nanos > 2 * CHUNK_NANOS {
            self.chunk = (self.chunk / 2).max(1);
        } else if nanos < CHUNK_NANOS && positions == self.chunk {
            self.chunk = self.chunk.saturating_mul(2);
        }
    }
}

type Outcome<W> = Result<<W as Work>::Part, Failure>;

impl<W: Work> Split<'_, W> {
    fn begin(&self, worker: &Worker, len: usize) -> Outcome<W> {
        self.run(worker, 0..len, self.work.empty(0), 1)
    }

    /// Runs positions on a thread that comes to them new.
    fn run(&self, worker: &Worker, positions: Range<usize>, part: W::Part, chunk: usize) -> Outcome<W> {
        let mut state = None;
        let outcome = self.share(worker, &mut state, positions, part, &mut Pace::new(chunk));
        contain_drop(state).unwrap_or_else(|payload| self.registry.report(payload));
        outcome
    }

    /// Runs positions and offers the upper half of them meanwhile, again and again until nothing is left.
    fn share(
        &self,
        worker: &Worker,
        state: &mut Option<W::State>,
        mut positions: Range<usize>,
        mut part: W::Part,
        pace: &mut Pace,
    ) -> Outcome<W> {
        while positions.len() > 1 {
            let middle = positions.start + positions.len() / 2;
            let (lower, upper) = (positions.start..middle, middle..positions.end);
            positions = upper.clone();
            part = match self.beside(worker, upper, pace.chunk, || self.walk(worker, state, lower, part, pace)) {
                Beside::Back(longer) => longer,
                Beside::Done(outcome) => return outcome,
            };
        }
        self.walk(worker, state, positions, part, pace)
    }

    /// Runs positions chunk by chunk, and offers those behind the chunk meanwhile. As soon as nothing else is on offer any more, shares those that are left.
    fn walk(
        &self,
        worker: &Worker,
        state: &mut Option<W::State>,
        mut positions: Range<usize>,
        mut part: W::Part,
        pace: &mut Pace,
    ) -> Outcome<W> {
        while !positions.is_empty() {
            if self.has_failed.load(Ordering::Relaxed) {
                return self.fail(Failure::Stopped, part, positions);
            }
            if positions.len() > pace.chunk && !worker.has_offer() {
                return self.share(worker, state, positions, part, pace);
            }
            let end = positions.start.saturating_add(pace.chunk).min(positions.end);
            let (chunk, rest) = (positions.start..end, end..positions.end);
            positions = rest.clone();
            if rest.is_empty() {
                return self.run_chunk(state, part, chunk, pace);
            }
            part = match self.beside(worker, rest, pace.chunk, || self.run_chunk(state, part, chunk, pace)) {
                Beside::Back(longer) => longer,
                Beside::Done(outcome) => return outcome,
            };
        }
        Ok(part)
    }

    /// Offers positions to thieves while `run` runs those before them.
    fn beside(
        &self,
        worker: &Worker,
        others: Range<usize>,
        chunk: usize,
        run: impl FnOnce() -> Outcome<W>,
    ) -> Beside<W> {
        let (offered, empty) = (others.clone(), self.work.empty(others.start));
        let run_others = move |worker: &Worker| self.run(worker, offered, empty, chunk);
        let piece = StackJob::new(run_others, on_this_worker, worker.unparker());
        // SAFETY: it stays in this frame until it is taken back or has ended, below; parts are Send, and the work is Sync.
        let position = worker.push_piece(unsafe { piece.as_job() });
        let outcome = run();
        if let Some(position) = position.filter(|position| !worker.retract_piece(*position)) {
            let stolen = worker.end_stolen_piece(&piece, position);
            return Beside::Done(self.merge(outcome, stolen.unwrap_or_else(|payload| Err(Failure::Panic(payload)))));
        }
        // SAFETY: there was no room for it, or it was taken back just now; this is all that is taken.
        drop(unsafe { piece.take_closure() });
        match outcome {
            Ok(part) => Beside::Back(part),
            Err(failure) => {
                self.skip(others);
                Beside::Done(Err(failure))
            }
        }
    }

    /// Adds one chunk to the part.
    fn run_chunk(
        &self,
        state: &mut Option<W::State>,
        mut part: W::Part,
        mut chunk: Range<usize>,
        pace: &mut Pace,
    ) -> Outcome<W> {
        let len = chunk.len();
        let run = || {
            let state = state.get_or_insert_with(|| self.work.state());
            self.work.run(state, &mut part, &mut chunk);
        };
        if let Err(payload) = contain(run) {
            self.has_failed.store(true, Ordering::Relaxed);
            return self.fail(Failure::Panic(payload), part, chunk);
        }
        pace.learn(len);
        Ok(part)
    }

    fn fail(&self, failure: Failure, part: W::Part, left: Range<usize>) -> Outcome<W> {
        self.skip(left);
        self.end_part(part);
        Err(failure)
    }

    fn merge(&self, lower: Outcome<W>, upper: Outcome<W>) -> Outcome<W> {
        let failure = match (lower, upper) {
            (Ok(lower), Ok(upper)) => {
                return contain(|| self.work.merge(lower, upper)).map_err(|payload| {
                    self.has_failed.store(true, Ordering::Relaxed);
                    Failure::Panic(payload)
                });
            }
            (Ok(part), Err(failure)) | (Err(failure), Ok(part)) => {
                self.end_part(part);
                failure
            }
            (Err(Failure::Panic(first)), Err(Failure::Panic(second))) => {
                self.registry.report(second);
                Failure::Panic(first)
            }
            (Err(Failure::Stopped), Err(failure)) | (Err(failure), Err(Failure::Stopped)) => failure,
        };
        Err(failure)
    }

    fn skip(&self, positions: Range<usize>) {
        self.work.skip(positions, &|payload| self.registry.report(payload));
    }

    fn end_part(&self, part: W::Part) {
        self.work.discard(part, &|payload| self.registry.report(payload));
    }
}
