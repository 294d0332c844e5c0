//! The end of a round: everything has happened, and the books must agree.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use super::book::{BEREFT, Book, CALLS_BACK, EARLY, Entry, FORK_JOIN, HANDED_BACK, Outcome, PANICS, PRODUCER, book};

/// What the pool itself says at its end.
pub struct Statement {
    /// Queued jobs were run, not dropped, at the end.
    pub graceful: bool,
    /// There were sets and streams.
    pub sets: bool,
    /// `PoolMetrics::cancelled` and `PoolMetrics::panics`, where somebody could still ask.
    pub metrics: Option<(u64, u64)>,
}

/// Checks every job of the round; the complaints come back.
pub fn audit(statement: &Statement) -> Result<String, String> {
    let book = book();
    let mut complaints = std::mem::take(&mut *book.faults.lock().unwrap_or_else(|poisoned| poisoned.into_inner()));
    let mut totals = Totals::default();
    for (number, entry) in book.entries[..book.opened()].iter().enumerate() {
        if let Err(rule) = check(entry, statement, &mut totals) {
            complaints.push(format!("job {number}: {rule}: {entry:?}"));
        }
    }
    complaints.extend(totals.check(book, statement).err());
    if complaints.is_empty() {
        return Ok(format!("{} jobs, {} run, {} cancelled by handle", book.opened(), totals.run, totals.wins));
    }
    complaints.truncate(20);
    Err(complaints.join("\n"))
}

#[derive(Default)]
struct Totals {
    run: u64,
    wins: u64,
    /// Jobs that must have been ended by `cancel_pending`: nothing else could.
    unexplained: u64,
    /// Panics that the pool contained: those of fork-join work it re-raises, but for a second one.
    panics: u64,
    /// Jobs that sets and streams may have cancelled without a word when they were dropped.
    unsaid: u64,
    /// Jobs that say they were cancelled, and not by their handle.
    cancelled_by_pool: u64,
}

fn check(entry: &Entry, statement: &Statement, totals: &mut Totals) -> Result<(), &'static str> {
    let get = |count: &AtomicU8| count.load(Relaxed);
    let [run, unrun, dropped, wins] = [&entry.runs, &entry.unrun, &entry.dropped, &entry.wins].map(get);
    let [made, buried, reported, callbacks] = [&entry.made, &entry.buried, &entry.reported, &entry.callbacks].map(get);
    let traits = entry.traits.load(Relaxed);
    let is = |bit| traits & bit != 0;
    let heard = |outcome: Outcome| get(&entry.outcome) == outcome as u8;
    let ran = run == 1;
    let panicked = ran && is(PANICS);
    let ended_unrun = heard(Outcome::Cancelled) || heard(Outcome::ShutDown);

    totals.run += u64::from(run);
    totals.wins += u64::from(wins);
    totals.cancelled_by_pool += u64::from(heard(Outcome::Cancelled) && wins == 0 && !ran);
    totals.unsaid += u64::from(is(BEREFT) && !ran || is(PRODUCER) && ran);
    totals.panics += if is(FORK_JOIN) { u64::from(reported) } else { u64::from(panicked) };
    totals.unexplained += u64::from(!ran && wins == 0 && is(EARLY) && !is(HANDED_BACK) && !is(BEREFT));

    let rules = [
        (run + unrun == 1, "not run once or dropped once"),
        (dropped == 1, "captures not dropped once"),
        (made == run, "not one result for one run"),
        (buried == made, "the result was not dropped once"),
        (wins <= 1, "cancelled twice"),
        (wins == 0 || !ran, "cancelled and run"),
        (!heard(Outcome::Value) || (ran && !panicked), "a value without a run"),
        (!heard(Outcome::Panicked) || panicked, "a panic without a run"),
        (!ended_unrun || !ran || is(PRODUCER), "ended unrun and yet run"),
        (wins == 0 || heard(Outcome::Unheard) || heard(Outcome::Cancelled), "cancelled, and the handle says otherwise"),
        (reported == u8::from(panicked && !heard(Outcome::Panicked)), "its panic was not told once"),
        (callbacks == u8::from(is(CALLS_BACK)), "not called back once"),
        (!is(CALLS_BACK) || !heard(Outcome::Unheard), "called back without an outcome"),
        (!is(FORK_JOIN) || ran, "fork-join work that did not run"),
        (!is(HANDED_BACK) || !ran, "handed back and run"),
        (!statement.graceful || !is(EARLY) || !heard(Outcome::ShutDown) || ran, "queued in time, and yet shut down"),
    ];
    rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, rule)| Err(rule))
}

impl Totals {
    fn check(&self, book: &Book, statement: &Statement) -> Result<(), String> {
        let swept = book.swept.load(Relaxed);
        let guests = book.guests.load(Relaxed);
        let [mishaps, told] = [&book.mishaps, &book.told].map(|count| count.load(Relaxed));
        let (cancelled, panics) = (self.wins + swept, self.panics + mishaps);
        let unsaid = if statement.sets { self.unsaid } else { 0 };
        let agrees = |(theirs, contained)| (cancelled..=cancelled + unsaid).contains(&theirs) && contained == panics;
        let rules = [
            (guests == 0, format!("{guests} wakers or callbacks are still there")),
            (mishaps == told, format!("{told} of {mishaps} panics came to the handler")),
            (
                self.cancelled_by_pool <= swept,
                format!("{} cancelled by a pool that says {swept}", self.cancelled_by_pool),
            ),
            (
                !statement.graceful || self.unexplained <= swept,
                format!("{} jobs lost at the end, {swept} cancelled by the pool", self.unexplained),
            ),
            (
                statement.metrics.is_none_or(agrees),
                format!(
                    "the pool counts {:?} (cancelled, panics), we {cancelled} and up to {unsaid} more, {panics}",
                    statement.metrics
                ),
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, rule)| Err(rule))
    }
}
