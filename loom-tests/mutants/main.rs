//! Weakens the sources, one place at a time, and looks whether the models notice.
//!
//! `cargo run -p loom-tests --bin mutants -- [--list] [--unseen | --shuttle] [--timeout SECONDS] [WORD…]`
//!
//! A word selects the mutants with it in their name or file. `--unseen` runs those that no model can notice, each with its
//! reason in the table: they must survive. `--shuttle` runs those that the scenarios of `shuttle-tests` must notice. The exit code is 1 if a mutant did
//! what it should not, or did not build.

mod change;
mod deque;
mod idle;
mod injector;
mod install;
mod job;
mod memory;
mod park;
mod pool;
mod queue;
mod registry;
mod scenarios;
mod scope;
mod semaphore;
mod set;
mod sleep;
mod sleep_word;
mod spares;
mod sweep;
mod sync;
mod timer;
#[path = "../trial/mod.rs"]
mod trial;
mod waiter;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use change::{Changed, mutated};
use trial::{Member, Tree, Verdict, build, watch};

/// One change of the sources that breaks them.
#[derive(Clone, Copy)]
struct Mutant {
    /// What is broken. Begins with the name of the protocol.
    name: &'static str,
    /// The file, from the root of the workspace.
    file: &'static str,
    /// A text that occurs in the file exactly once.
    find: &'static str,
    /// What it is replaced with.
    replace: &'static str,
    /// Which models must notice: words, each a part of their names.
    models: &'static str,
}

/// Those that a model must notice.
const MUTANTS: &[&[Mutant]] = &[
    sync::MUTANTS,
    deque::MUTANTS,
    queue::MUTANTS,
    injector::MUTANTS,
    park::MUTANTS,
    registry::MUTANTS,
    job::MUTANTS,
    waiter::MUTANTS,
    sleep::MUTANTS,
    sleep_word::MUTANTS,
    idle::MUTANTS,
    pool::MUTANTS,
    scope::MUTANTS,
    sweep::MUTANTS,
    install::MUTANTS,
    set::MUTANTS,
    memory::MUTANTS,
    semaphore::MUTANTS,
    spares::MUTANTS,
    timer::MUTANTS,
];

/// Those that no model can notice: the comment at each says why.
const UNSEEN: &[&[Mutant]] = &[
    sync::UNSEEN,
    deque::UNSEEN,
    queue::UNSEEN,
    injector::UNSEEN,
    park::UNSEEN,
    registry::UNSEEN,
    job::UNSEEN,
    waiter::UNSEEN,
    sleep::UNSEEN,
    sleep_word::UNSEEN,
    idle::UNSEEN,
    pool::UNSEEN,
    sweep::UNSEEN,
    install::UNSEEN,
    set::UNSEEN,
    semaphore::UNSEEN,
    spares::UNSEEN,
];

const MODELS: Member = Member { name: "loom-tests", program: "models" };
const SCENARIOS: Member = Member { name: "shuttle-tests", program: "scenarios" };

struct Options {
    list: bool,
    unseen: bool,
    shuttle: bool,
    timeout: Duration,
    words: Vec<String>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let timeout = Duration::from_secs(120);
        let mut options = Self { list: false, unseen: false, shuttle: false, timeout, words: Vec::new() };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--list" => options.list = true,
                "--unseen" => options.unseen = true,
                "--shuttle" => options.shuttle = true,
                "--timeout" => options.timeout = seconds(arguments.next())?,
                option if option.starts_with('-') => return Err(format!("unknown option {option}")),
                _ => options.words.push(argument),
            }
        }
        Ok(options)
    }

    fn chosen(&self) -> Vec<Mutant> {
        let mut all: Vec<Mutant> = match self {
            Self { shuttle: true, .. } => scenarios::mutants(),
            Self { unseen: true, .. } => UNSEEN.iter().copied().flatten().copied().collect(),
            _ => MUTANTS.iter().copied().flatten().copied().collect(),
        };
        all.retain(|mutant| self.wants(mutant));
        all
    }

    fn wants(&self, mutant: &Mutant) -> bool {
        let matches = |word: &String| mutant.name.contains(word.as_str()) || mutant.file.contains(word.as_str());
        self.words.is_empty() || self.words.iter().any(matches)
    }
}

fn seconds(text: Option<String>) -> Result<Duration, String> {
    let seconds = text.and_then(|text| text.parse().ok()).ok_or("--timeout needs a number of seconds")?;
    Ok(Duration::from_secs(seconds))
}

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)).and_then(run) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<ExitCode, String> {
    let mutants = options.chosen();
    if options.list {
        mutants.iter().for_each(|mutant| println!("{} ({}; {})", mutant.name, mutant.file, mutant.models));
        return Ok(ExitCode::SUCCESS);
    }
    let member = if options.shuttle { SCENARIOS } else { MODELS };
    let folder = format!("mutants/{}", member.name);
    let tree = Tree::copy(&folder, member).map_err(|error| format!("cannot copy the workspace: {error}"))?;
    check_table(&tree, &mutants)?;
    check_unchanged(&tree, &mutants)?;
    println!("| mutant | result | by | seconds |\n|---|---|---|---|");
    let wrong =
        mutants.iter().filter(|mutant| !is_as_expected(&options, &try_one(&tree, mutant, options.timeout))).count();
    println!("\n{} mutants, {wrong} not as expected. Logs: {}", mutants.len(), tree.logs().display());
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Every entry still fits the sources.
fn check_table(tree: &Tree, mutants: &[Mutant]) -> Result<(), String> {
    let stale: Vec<String> = mutants.iter().filter_map(|mutant| mutated(&tree.root(), mutant).err()).collect();
    if stale.is_empty() { Ok(()) } else { Err(stale.join("\n")) }
}

/// The models pass as long as nothing is broken: otherwise every mutant would seem to be noticed.
fn check_unchanged(tree: &Tree, mutants: &[Mutant]) -> Result<(), String> {
    let mut models: Vec<&str> = mutants.iter().flat_map(|mutant| mutant.models.split_whitespace()).collect();
    models.sort_unstable();
    models.dedup();
    match run_models(tree, "unchanged", &models, Duration::from_secs(3600)) {
        Some(Verdict::Survived) => Ok(()),
        Some(other) => Err(format!("unchanged, the models do not pass: {other}. Logs: {}", tree.logs().display())),
        None => Err(format!("unchanged, the models do not build. Logs: {}", tree.logs().display())),
    }
}

/// Builds the tree and runs the models that have one of the words in their names; `None` if it does not build.
fn run_models(tree: &Tree, name: &str, words: &[&str], timeout: Duration) -> Option<Verdict> {
    let log = tree.logs().join(name.replace(|c: char| !c.is_alphanumeric(), "-") + ".txt");
    let program = build(tree, &log)?;
    Some(watch(&program, words, &[], timeout, &log))
}

fn try_one(tree: &Tree, mutant: &Mutant, timeout: Duration) -> Option<Verdict> {
    let start = Instant::now();
    let models: Vec<&str> = mutant.models.split_whitespace().collect();
    let changed = Changed::new(tree, mutant);
    let verdict = run_models(tree, mutant.name, &models, timeout);
    drop(changed);
    let result = verdict.as_ref().map_or("did not build".to_string(), Verdict::to_string);
    let by = verdict.as_ref().map_or("", Verdict::by);
    println!("| {} | {result} | {by} | {:.1} |", mutant.name, start.elapsed().as_secs_f64());
    verdict
}

fn is_as_expected(options: &Options, verdict: &Option<Verdict>) -> bool {
    match verdict {
        Some(Verdict::Killed(_) | Verdict::TimedOut(_)) => !options.unseen,
        Some(Verdict::Survived) => options.unseen,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{MUTANTS, UNSEEN, mutated, scenarios, trial};

    #[test]
    fn every_entry_fits_the_sources() {
        let all = MUTANTS.iter().chain(UNSEEN).copied().flatten();
        let stale: Vec<_> = all.filter_map(|mutant| mutated(trial::workspace(), mutant).err()).collect();
        assert!(stale.is_empty(), "{}", stale.join("\n"));
    }

    #[test]
    fn every_mutant_for_the_scenarios_is_in_a_table() {
        assert!(!scenarios::mutants().is_empty());
    }
}
