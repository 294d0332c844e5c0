//! The report: what the tree came to, and how fast each contestant was.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::args::Args;
use crate::contest::Contest;
use crate::pack::FileError;
use crate::round::Round;
use crate::tree::Tree;

/// What filch is to reach of the speed of plain threads.
const GOAL: f64 = 0.95;

/// A round shorter than this says little about speed.
const TOO_SHORT: Duration = Duration::from_millis(200);

/// If the rivals of filch vary by more than this from round to round, the machine is not quiet.
const UNEVEN: f64 = 1.25;

/// If plain threads come to less than this share of what their cores could do, others use those cores.
const CROWDED: f64 = 0.7;

/// Prints as the report. Failures are for the caller to print.
pub struct Report<'a> {
    args: &'a Args,
    tree: &'a Tree,
    contest: &'a Contest,
    /// Each path that failed at any time, once.
    pub failures: BTreeMap<&'a Path, &'a FileError>,
}

impl<'a> Report<'a> {
    pub fn new(args: &'a Args, tree: &'a Tree, contest: &'a Contest) -> Report<'a> {
        let rounds = contest.results.iter().flat_map(|(_, rounds)| rounds);
        let failures = rounds.map(|round| &round.failures).chain([&tree.failures]);
        let failures = failures.flatten().map(|(path, error)| (path.as_path(), error)).collect();
        Report { args, tree, contest, failures }
    }

    /// The last round of one thread, to stand for all: they take the same files. `None` if there was not a byte.
    fn sample(&self) -> Option<&'a Round> {
        let [(_, one_thread), ..] = &self.contest.results;
        one_thread.last().filter(|round| round.sizes.plain > 0)
    }

    fn summary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} files", self.args.root.display(), self.contest.files)?;
        if let Some(sizes) = self.sample().map(|round| round.sizes) {
            let mega = |bytes: u64| bytes as f64 / self.contest.repeat as f64 / 1e6;
            let (plain, packed) = (mega(sizes.plain), mega(sizes.packed));
            write!(f, ", {plain:.2} MB in, {packed:.2} MB out, ratio {:.2}", plain / packed)?;
        }
        writeln!(f, ", level {}; each unpacked and compared, {} failed", self.args.level, self.failures.len())?;
        let Tree { pruned, special, .. } = self.tree;
        writeln!(f, "left out: {pruned} directories named target or .git, {special} links and special files")
    }

    fn conditions(&self, f: &mut fmt::Formatter<'_>, sample: &Round) -> fmt::Result {
        let Contest { repeat, results, .. } = self.contest;
        if *repeat > 1 {
            writeln!(f, "the tree is small: a round takes it {repeat} times")?;
        }
        if results.iter().flat_map(|(_, rounds)| rounds).any(|round| round.sizes != sample.sizes) {
            writeln!(f, "the files changed meanwhile: rounds differ in bytes, the speeds count what each round took")?;
        }
        Ok(())
    }

    fn speeds(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{:<20} {:>9} {:>9}   by round", "median of rounds", "seconds", "MB/s")?;
        for (contestant, rounds) in &self.contest.results {
            let seconds: Vec<_> = rounds.iter().map(|round| round.elapsed.as_secs_f64()).collect();
            let speeds = speeds(rounds);
            let list: Vec<_> = speeds.iter().map(|speed| format!("{speed:.1}")).collect();
            let (seconds, speed) = (median(&seconds), median(&speeds));
            writeln!(f, "{contestant:<20} {seconds:>9.3} {speed:>9.1}   {}", list.join(" "))?;
        }
        Ok(())
    }

    fn verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, plain, filch] = self.contest.results.each_ref().map(|(_, rounds)| speeds(rounds));
        let by_round: Vec<_> = filch.iter().zip(&plain).map(|(a, b)| format!("{:.3}", a / b)).collect();
        let ratio = median(&filch) / median(&plain);
        writeln!(f, "\nfilch / plain threads  {ratio:.3}   by round {}", by_round.join(" "))?;
        writeln!(f, "filch / one thread     {:.3}", median(&filch) / median(&one))?;
        write!(f, "goal: at least {GOAL} of the plain threads; ")?;
        match self.doubt(&one, &plain) {
            Some(doubt) => writeln!(f, "no verdict: {doubt}"),
            None => writeln!(f, "{}", if ratio >= GOAL { "reached" } else { "missed" }),
        }
    }

    /// Why these rounds cannot tell. Only the rivals are judged: a result of filch is never doubted for what it is.
    fn doubt(&self, one: &[f64], plain: &[f64]) -> Option<&'static str> {
        let [_, (_, rounds), _] = &self.contest.results;
        let cores = thread::available_parallelism().map_or(1, |cores| cores.get()).min(self.args.workers);
        if rounds.iter().any(|round| round.elapsed < TOO_SHORT) {
            Some("the rounds are too short")
        } else if rounds.len() < 3 {
            Some("three rounds at least, please")
        } else if spread(one).max(spread(plain)) > UNEVEN {
            Some("the rounds are uneven, the machine is busy with something else")
        } else if median(plain) < CROWDED * cores as f64 * median(one) {
            Some("plain threads hardly beat one thread, the machine is busy with something else")
        } else {
            None
        }
    }

    fn metrics(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [.., (_, filch)] = &self.contest.results;
        match filch.last().and_then(|round| round.metrics.as_ref()) {
            Some(metrics) => writeln!(f, "the pool in its last round: {metrics}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.summary(f)?;
        let Some(sample) = self.sample() else {
            return writeln!(f, "not a byte was compressed, so there are no speeds to compare");
        };
        self.conditions(f, sample)?;
        self.speeds(f)?;
        self.verdict(f)?;
        self.metrics(f)
    }
}

/// Megabytes a second, by round.
fn speeds(rounds: &[Round]) -> Vec<f64> {
    rounds.iter().map(|round| round.sizes.plain as f64 / 1e6 / round.elapsed.as_secs_f64()).collect()
}

/// The middle value, or the mean of the two in the middle. There is at least one.
fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { values[half] } else { (values[half - 1] + values[half]) / 2.0 }
}

/// The upper quartile over the lower: one odd round among many does not count. Of three values, the largest over the smallest.
fn spread(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let quarter = values.len() / 4;
    values[values.len() - 1 - quarter] / values[quarter]
}
