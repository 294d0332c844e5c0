//! The unchanged models, each run once: how long it takes, and which sites it passes.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::parallel::map;
use crate::schema::VARIABLE;
use crate::trial::{Tree, Verdict, build, watch};

/// One model.
pub struct Model {
    pub name: String,
    pub seconds: f64,
    /// The numbers of the sites that it passes.
    pub reached: BTreeSet<usize>,
}

/// Builds the models of the copy, unless the last call had these very sources.
pub fn program(tree: &Tree) -> Result<PathBuf, String> {
    let (key, memory) = (key(tree).map_err(|error| error.to_string())?, tree.logs().join("program.txt"));
    let known = fs::read_to_string(&memory).unwrap_or_default();
    let known = known.split_once('\n').filter(|(of, path)| *of == key && Path::new(path).exists());
    if let Some((_, path)) = known {
        return Ok(PathBuf::from(path));
    }
    let log = tree.logs().join("build.txt");
    let path = build(tree, &log).ok_or_else(|| format!("the copy does not build: {}", log.display()))?;
    fs::write(memory, format!("{key}\n{}", path.display())).map_err(|error| error.to_string())?;
    Ok(path)
}

/// Runs all models, the quickest first in the result. What an earlier call found out about these very sources stays known, also if it was interrupted. An error if
/// one does not pass: then every mutant would seem to be noticed.
pub fn probe(tree: &Tree, program: &Path, jobs: usize) -> Result<Vec<Model>, String> {
    let (mut models, memory) = remembered(tree).map_err(|error| error.to_string())?;
    let is_new = |name: &String| !models.iter().any(|model| model.name == *name);
    let names: Vec<String> = names(program).into_iter().filter(is_new).collect();
    if !names.is_empty() {
        eprintln!("running {} models unchanged", names.len());
    }
    let run = |name| {
        let model = run(tree, program, name)?;
        (&memory).write_all(line(&model).as_bytes()).map_err(|error| error.to_string())?;
        Ok(model)
    };
    let new: Result<Vec<Model>, String> = map(jobs, names, run).into_iter().collect();
    models.extend(new?);
    models.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    Ok(models)
}

fn names(program: &Path) -> Vec<String> {
    let output =
        Command::new(program).args(["--list", "--format", "terse"]).output().expect("the models can be started");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_string).collect()
}

fn run(tree: &Tree, program: &Path, name: String) -> Result<Model, String> {
    let log = tree.logs().join(format!("unchanged-{}.txt", name.replace("::", "-")));
    let start = Instant::now();
    match watch(program, &["--exact", &name], &[(VARIABLE, "reach")], Duration::from_secs(1800), &log) {
        Verdict::Survived => {}
        other => return Err(format!("unchanged, {name} does not pass: {other}. Log: {}", log.display())),
    }
    let text = String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).into_owned();
    let reached = text.lines().filter_map(|line| line.strip_prefix("reached ")?.parse().ok()).collect();
    Ok(Model { name, seconds: start.elapsed().as_secs_f64(), reached })
}

fn line(model: &Model) -> String {
    let reached: Vec<String> = model.reached.iter().map(usize::to_string).collect();
    format!("{} {:.2} {}\n", model.name, model.seconds, reached.join(","))
}

/// What is known about these sources, and the file to add to.
fn remembered(tree: &Tree) -> std::io::Result<(Vec<Model>, File)> {
    let (key, path) = (key(tree)?, tree.logs().join("unchanged.txt"));
    let text = fs::read_to_string(&path).unwrap_or_default();
    if text.lines().next() != Some(&key) {
        fs::write(&path, format!("{key}\n"))?;
    }
    let known = if text.lines().next() == Some(&key) { text.lines().filter_map(parse).collect() } else { Vec::new() };
    Ok((known, File::options().append(true).open(path)?))
}

fn parse(line: &str) -> Option<Model> {
    let [name, seconds, reached] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let reached = reached.split(',').filter_map(|site| site.parse().ok()).collect();
    Some(Model { name: name.to_string(), seconds: seconds.parse().ok()?, reached })
}

/// Differs whenever a source of the copy does.
fn key(tree: &Tree) -> std::io::Result<String> {
    let mut hasher = DefaultHasher::new();
    for folder in ["src", "loom-tests/tests"] {
        hash(&tree.root().join(folder), &mut hasher)?;
    }
    Ok(format!("{:x}", hasher.finish()))
}

fn hash(folder: &Path, hasher: &mut DefaultHasher) -> std::io::Result<()> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            hash(&path, hasher)?;
        } else {
            fs::read(&path)?.hash(hasher);
        }
    }
    Ok(())
}
