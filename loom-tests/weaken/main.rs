//! Weakens every ordering and every fence of the sources by one step, looks whether the models notice, and keeps `docs/orderings.md`.
//!
//! `cargo run -p loom-tests --bin weaken -- [--list] [--check] [--write] [--out FILE] [--quick] [--new] [--left] [--timeout SECONDS] [--longest SECONDS]
//! [--further SECONDS] [--jobs N] [WORD…]`
//!
//! A word selects the sites with it in their file or name. `--list` shows them. `--check` only compares the document with the sources; a test does the same.
//! `--write` puts what is found into the document at once, `--out` into a file of its own as well.
//!
//! A weakening meets the models of its file that pass the site, and after them others, the quickest first, up to `--further` seconds: all with one preemption, and then,
//! unless `--quick`, all at their own bounds. `--quick` finds most of what they notice and says nothing about the rest. The models that take longer than `--longest` stop at one preemption.
//! A model may take `--timeout` seconds longer than three times what it takes unchanged.
//!
//! `--new` tries only what the document says has not been run, so an interrupted run can go on; `--left` also what no model has noticed yet. One run with `--quick` and one with
//! `--new` make a whole one.
//!
//! The steps that are no orderings, such as a second look or a wake-up, are for `mutants`.

mod attempt;
mod cfg;
mod document;
mod parallel;
mod probe;
mod rows;
mod scan;
mod schema;
mod site;
mod tables;
#[cfg(test)]
mod tests;
#[path = "../trial/mod.rs"]
mod trial;

use std::fs;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use attempt::{Attempt, Bench, Found, Outcome};
use document::Document;
use scan::Scan;
use trial::{Member, Tree, workspace};

const MODELS: Member = Member { name: "loom-tests", program: "models" };

struct Options {
    list: bool,
    check: bool,
    write: bool,
    new: bool,
    left: bool,
    quick: bool,
    out: Option<String>,
    timeout: Duration,
    longest: f64,
    further: f64,
    jobs: usize,
    words: Vec<String>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            list: false,
            check: false,
            write: false,
            new: false,
            left: false,
            quick: false,
            out: None,
            timeout: Duration::from_secs(30),
            longest: f64::INFINITY,
            further: 10.0,
            jobs: std::thread::available_parallelism().map_or(1, usize::from),
            words: Vec::new(),
        };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--list" => options.list = true,
                "--check" => options.check = true,
                "--write" => options.write = true,
                "--new" => options.new = true,
                "--quick" => options.quick = true,
                "--left" => options.left = true,
                "--out" => options.out = Some(arguments.next().ok_or("--out needs a file")?),
                "--timeout" => options.timeout = Duration::from_secs(number(&argument, arguments.next())?),
                "--longest" => options.longest = number(&argument, arguments.next())?,
                "--further" => options.further = number(&argument, arguments.next())?,
                "--jobs" => options.jobs = number(&argument, arguments.next())?,
                option if option.starts_with('-') => return Err(format!("unknown option {option}")),
                _ => options.words.push(argument),
            }
        }
        Ok(options)
    }

    /// The weakenings of the chosen sites.
    fn chosen<'a>(&self, scan: &'a Scan) -> Vec<Attempt<'a>> {
        let wants = |text: &str| self.words.is_empty() || self.words.iter().any(|word| text.contains(word.as_str()));
        let sites = scan.sites.iter().enumerate();
        let sites = sites.filter(|(_, site)| wants(&format!("{} {}", site.file, site.name())));
        sites
            .flat_map(|(number, site)| site.kind.weaker().iter().map(move |&weaker| Attempt { number, site, weaker }))
            .collect()
    }
}

fn number<T: std::str::FromStr>(option: &str, text: Option<String>) -> Result<T, String> {
    text.and_then(|text| text.parse().ok()).ok_or_else(|| format!("{option} needs a number"))
}

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    let scan = scan::scan(workspace())?;
    let mut attempts = options.chosen(&scan);
    if options.new || options.left {
        let document = Document::read()?;
        attempts.retain(|attempt| match document.outcome(attempt) {
            None | Some(Outcome::NotRun) => true,
            Some(Outcome::Killed(_)) => false,
            Some(_) => options.left,
        });
    }
    if options.write {
        document::update(&scan, None)?;
    }
    if options.list {
        attempts.iter().for_each(|attempt| println!("{}", title(attempt)));
        println!("{} sites, {} weakenings of those chosen", scan.sites.len(), attempts.len());
        return Ok(());
    }
    if options.check {
        return document::check(&scan);
    }
    let start = Instant::now();
    let found = try_all(options, &scan, &attempts)?;
    let table = table(&attempts, &found, start.elapsed());
    println!("\n{table}");
    if let Some(file) = &options.out {
        fs::write(file, table).map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(())
}

fn try_all(options: &Options, scan: &Scan, attempts: &[Attempt<'_>]) -> Result<Vec<Found>, String> {
    if attempts.is_empty() {
        return Ok(Vec::new());
    }
    let tree = Tree::copy("weaken", MODELS).map_err(|error| format!("cannot copy the workspace: {error}"))?;
    schema::rewrite(&tree, &scan.sites);
    let program = probe::program(&tree)?;
    let models = probe::probe(&tree, &program, options.jobs)?;
    let bench = Bench {
        tree: &tree,
        program: &program,
        models: &models,
        timeout: options.timeout,
        quick: options.quick,
        longest: options.longest,
        further: options.further,
    };
    let writing = Mutex::new(());
    let try_one = |attempt: Attempt<'_>| {
        let found = bench.run(attempt)?;
        if options.write {
            // At once: a long run may be interrupted.
            let _writing = parallel::lock(&writing);
            document::update(scan, Some((&attempt, &found.outcome)))?;
        }
        eprintln!("{}: {} ({:.1} s)", title(&attempt), found.outcome, found.time.as_secs_f64());
        Ok(found)
    };
    parallel::map(options.jobs, attempts.to_vec(), try_one).into_iter().collect()
}

fn title(attempt: &Attempt<'_>) -> String {
    let site = attempt.site;
    format!("{}: {}: {} → {}", site.file, site.name(), site.kind, attempt.weaker)
}

/// A Markdown table of a run, and its totals.
fn table(attempts: &[Attempt<'_>], found: &[Found], time: Duration) -> String {
    let mut text =
        String::from("| site | ordering | weaker | result | models | seconds |\n|---|---|---|---|---|---|\n");
    for (Attempt { site, weaker, .. }, Found { outcome, time, models }) in attempts.iter().zip(found) {
        let (name, seconds) = (format!("{}: {}", site.file, site.name()), time.as_secs_f64());
        text += &format!("| {name} | {} | {weaker} | {outcome} | {models} | {seconds:.1} |\n", site.kind);
    }
    let count = |wanted: fn(&Outcome) -> bool| found.iter().filter(|found| wanted(&found.outcome)).count();
    text + &format!(
        "\n{} weakenings in {:.0} s: {} killed, {} survive, {} timed out, {} in no model\n",
        found.len(),
        time.as_secs_f64(),
        count(|outcome| matches!(outcome, Outcome::Killed(_))),
        count(|outcome| matches!(outcome, Outcome::Survived)),
        count(|outcome| matches!(outcome, Outcome::TimedOut(_))),
        count(|outcome| matches!(outcome, Outcome::Unreached)),
    )
}
