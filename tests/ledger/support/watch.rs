//! Time boxes, and an end for tests that hang.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is bound to happen has happened by then, also on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(100);

/// Ends the process, with the last step it was told, when no other step follows in time.
pub struct Watch {
    state: Arc<State>,
    _end: Sender<()>,
}

#[derive(Default)]
struct State {
    steps: AtomicU64,
    last: Mutex<String>,
}

impl Watch {
    /// Starts to watch.
    pub fn start(first: &str) -> Self {
        let state = Arc::new(State::default());
        let (end, ended) = mpsc::channel::<()>();
        let watched = state.clone();
        let body = move || {
            let mut seen = 0;
            while ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                let steps = watched.steps.load(Ordering::Relaxed);
                if steps == seen {
                    let last = watched.last.lock().unwrap_or_else(PoisonError::into_inner);
                    // Not `eprintln`: what a test prints is held back until it ends.
                    let _ = writeln!(std::io::stderr(), "hangs for {PATIENCE:?} at step {steps}: {last}");
                    std::process::abort();
                }
                seen = steps;
            }
        };
        std::thread::Builder::new().name("watch".into()).spawn(body).expect("a thread to watch");
        let watch = Self { state, _end: end };
        watch.step(first);
        watch
    }

    /// The next step has begun.
    pub fn step(&self, step: impl Into<String>) {
        *self.state.last.lock().unwrap_or_else(PoisonError::into_inner) = step.into();
        self.beat();
    }

    /// As [`step`](Self::step), without a word and without memory.
    pub fn beat(&self) {
        self.state.steps.fetch_add(1, Ordering::Relaxed);
    }
}

/// Waits until `done` holds.
#[track_caller]
pub fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "after {PATIENCE:?} it is still not true that {what}");
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// How long to go on: `FILCH_SOAK_SECONDS`, else `default`.
pub fn box_of(default: Duration) -> Duration {
    let wanted = std::env::var("FILCH_SOAK_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    wanted.map_or(default, Duration::from_secs)
}

/// Whether the long forms of the tests are wanted.
pub fn long() -> bool {
    std::env::var_os("FILCH_LONG").is_some_and(|value| value != "0")
}
