//! Running a model so that a pass means something.
//!
//! [`explore`] runs a model at ascending bounds on the number of preemptions, up to the one that the caller states: a bug that
//! needs few preemptions shows in milliseconds. It fails if only one execution was seen (then the model has no concurrency in it, or the model cfg did not reach
//! the sources), and it sets no cap: a run either explores everything at its bound or does not end.
//!
//! The models that take longest stop one preemption earlier unless `FILCH_LONG=1` is set: see [`at_length`]. `FILCH_MODEL_BOUND=4` or `=none` replaces
//! every stated bound. `LOOM_LOG=trace LOOM_LOCATION=1` prints every step of every execution: those of the one that failed come last.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use filch::internals::{Mode, init_fences, set_mode};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::process;

/// The most preemptions per execution that are explored; `None` for all interleavings.
pub type Bound = Option<usize>;

/// Every interleaving.
pub const ALL: Bound = None;

/// The bound of a model that takes long: one less unless `FILCH_LONG=1` is set.
pub fn at_length(bound: usize) -> Bound {
    let is_long = std::env::var_os("FILCH_LONG").is_some_and(|value| value != "0");
    Some(if is_long { bound } else { bound - 1 })
}

/// Explores the model at 1, 2, … up to `bound` preemptions.
pub fn explore(name: &str, bound: Bound, model: impl Fn() + Send + Sync + 'static) {
    if process::has_passed_elsewhere() {
        return;
    }
    let model = Arc::new(model);
    for bound in ascending(wanted().unwrap_or(bound)) {
        let model = model.clone();
        explore_at(name, bound, move || model());
    }
}

/// Explores a model that has light and heavy fences: once as full fences, once as an asymmetric pair.
pub fn explore_in_both_modes(name: &str, bound: Bound, model: impl Fn() + Send + Sync + 'static) {
    let model = Arc::new(model);
    for mode in [Mode::Symmetric, Mode::Asymmetric] {
        let model = model.clone();
        set_mode(mode);
        explore(&format!("{name}, {mode:?}"), bound, move || model());
    }
    set_mode(Mode::Symmetric);
}

/// Explores a model of what is not promised: some execution must fail, with this message.
pub fn expect_failure(name: &str, message: &str, model: impl Fn() + Send + Sync + 'static) {
    if process::has_passed_elsewhere() {
        return;
    }
    let failure = catch_unwind(AssertUnwindSafe(|| explore_at(name, ALL, model))).expect_err("no execution failed");
    let found = failure.downcast_ref::<String>().expect("a failed assertion has a message");
    assert!(found.contains(message), "{name} failed with another message: {found}");
}

fn explore_at(name: &str, bound: Bound, model: impl Fn() + Send + Sync + 'static) {
    let executions = Arc::new(AtomicU64::new(0));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = bound;
    builder.max_branches = 100_000;
    builder.max_permutations = None;
    builder.max_duration = None;
    let _trace = trace();
    let start = Instant::now();
    builder.check({
        let executions = executions.clone();
        move || {
            executions.fetch_add(1, Ordering::Relaxed);
            init_fences();
            model();
        }
    });
    let executions = executions.load(Ordering::Relaxed);
    let bound = bound.map_or("all".to_string(), |bound| bound.to_string());
    eprintln!("{name}: bound {bound}, {executions} executions, {:.2} s", start.elapsed().as_secs_f64());
    assert!(executions > 1, "{name} ran once: it explores nothing");
}

/// Prints steps while it lives, if the environment asks for it.
fn trace() -> Option<impl Sized> {
    std::env::var_os("LOOM_LOG")?;
    let filter = EnvFilter::from_env("LOOM_LOG");
    Some(
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(false)
            .without_time()
            .finish()
            .set_default(),
    )
}

fn ascending(last: Bound) -> Vec<Bound> {
    match last {
        Some(last) => (1..=last).map(Some).collect(),
        None => vec![Some(1), Some(2), Some(3), None],
    }
}

fn wanted() -> Option<Bound> {
    let text = std::env::var("FILCH_MODEL_BOUND").ok()?;
    match text.as_str() {
        "none" => Some(None),
        number => Some(Some(number.parse().expect("FILCH_MODEL_BOUND is a number or none"))),
    }
}
