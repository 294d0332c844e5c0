//! What a scan cannot know.

/// Files with atomics that are plain `std`'s also under the model, on purpose, and why.
pub const PLAIN: &[(&str, &str)] = &[
    ("src/job/id.rs", "numbers: only that they differ matters, and a static cannot be the model's"),
    ("src/job/owner.rs", "numbers of pools, as above"),
    ("src/sync/mod.rs", "`Counter`: statistics, on which no protocol depends"),
    ("src/sync/fence.rs", "`NEXT`, in the model of the fences: handing out cells is no event of a protocol"),
    ("src/sync/time.rs", "the model's clock, which has no time"),
    ("src/timer/clock.rs", "the clock that tests wind by hand: the models have no time"),
];

/// Which models try a file's sites first: words, each a part of their names. Of the others only the quick ones are run then.
const MODELS: &[(&str, &str)] = &[
    ("src/sync/fence.rs", "fence::"),
    ("src/sync/futex/", "park::"),
    ("src/queue/deque.rs", "deque::"),
    ("src/queue/express.rs", "express::"),
    ("src/queue/", "injector::"),
    ("src/park/latch.rs", "latch::"),
    ("src/park/", "park::"),
    ("src/sleep/", "sleep:: sleep_tag:: shutdown:: spares:: mailbox::"),
    ("src/job/pile.rs", "set::"),
    ("src/job/periodic.rs", "timer::"),
    ("src/job/stack.rs", "install:: join::"),
    ("src/job/", "job:: waiter::"),
    ("src/timer/", "timer::"),
    ("src/registry/gate.rs", "gate::"),
    ("src/registry/idle.rs", "closing:: pool::cancel pool::idleness"),
    ("src/registry/shared.rs", "sweep:: timer::a_pool"),
    ("src/registry/mailbox.rs", "mailbox::"),
    ("src/registry/serving.rs", "steal_back::"),
    ("src/registry/spares.rs", "spares::"),
    ("src/registry/timing.rs", "timer::a_pool"),
    ("src/registry/", "pool:: closing::"),
    ("src/semaphore/", "semaphore::"),
    ("src/set/", "set::"),
    ("src/local/", "local::"),
    ("src/util/nursery.rs", "nursery::"),
    ("src/ops/scope/", "scope::"),
    ("src/ops/parallel/", "join:: scope::"),
    ("src/worker/strand.rs", "set::a_producer"),
    ("src/worker/", "pool:: closing::"),
];

/// The words for a file. An error if the table has none for it.
pub fn models_of(file: &str) -> Result<impl Iterator<Item = &'static str>, String> {
    let entry = MODELS.iter().find(|(start, _)| file.starts_with(start));
    let (_, words) = entry.ok_or_else(|| format!("weaken/tables.rs says no models for {file}"))?;
    Ok(words.split(' '))
}
