//! What the documents refer to exists: the targets of their links, with the headings, and the files that they name.

use std::fs;
use std::path::{Path, PathBuf};

/// Where documents are, besides the root itself.
const FOLDERS: [&str; 8] = ["docs", "src", "tests", "examples", "benches", "loom-tests", "shuttle-tests", "fuzz"];

/// A name of a file may be relative to these, besides the document's own folder.
const NAMED_FROM: [&str; 3] = ["", "src", "docs"];

/// Endings of files that documents name.
const ENDINGS: [&str; 4] = ["md", "rs", "sh", "svg"];

/// What stands before the target of a link.
const BEFORE_TARGET: [&str; 4] = ["](", "src=\"", "srcset=\"", "href=\""];

struct Document {
    /// Relative to the root.
    path: PathBuf,
    text: String,
}

impl Document {
    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Numbered lines, from 1, without blocks of code.
    fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut is_code = false;
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(move |(_, line)| {
            let is_fence = line.trim_start().starts_with("```");
            is_code ^= is_fence;
            !is_code && !is_fence
        })
    }

    fn anchors(&self) -> Vec<String> {
        let headings = self.prose().filter(|(_, line)| line.starts_with('#'));
        headings.map(|(_, line)| anchor(line.trim_start_matches('#').trim())).collect()
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A published package has no checkers, and so not all that the documents refer to.
fn is_repository() -> bool {
    root().join("loom-tests").exists()
}

fn documents() -> Vec<Document> {
    fn collect(folder: &Path, deep: bool, documents: &mut Vec<Document>) {
        for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
            let path = entry.path();
            if path.is_dir() && deep && entry.file_name() != "target" {
                collect(&path, deep, documents);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let text = fs::read_to_string(&path).expect("a document");
                let path = path.strip_prefix(root()).expect("below the root").to_path_buf();
                documents.push(Document { path, text });
            }
        }
    }
    let mut documents = Vec::new();
    collect(&root(), false, &mut documents);
    FOLDERS.iter().for_each(|folder| collect(&root().join(folder), true, &mut documents));
    assert!(documents.len() > 15, "these cannot be all the documents");
    documents
}

/// How a heading is called in a link.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// A line's spans of code, and what is around them.
fn spans(line: &str) -> (Vec<&str>, String) {
    let (code, rest): (Vec<_>, Vec<_>) = line.split('`').enumerate().partition(|(index, _)| index % 2 == 1);
    let text = |part: Vec<(usize, &str)>| part.into_iter().map(|(_, span)| span).collect::<Vec<_>>().join("`");
    (code.into_iter().map(|(_, span)| span).collect(), text(rest))
}

/// The targets in a line that are files or headings: not those in spans of code, addresses or items of the crate.
fn targets(line: &str) -> Vec<String> {
    let (_, text) = spans(line);
    let ends = |c: char| matches!(c, ')' | '"' | ' ');
    let all = BEFORE_TARGET.iter().flat_map(|before| text.split(before).skip(1));
    let all = all.map(|rest| rest.split(ends).next().unwrap_or_default());
    let is_ours = |target: &&str| !["::", "@", "://", "mailto:"].iter().any(|other| target.contains(other));
    all.filter(is_ours).map(String::from).collect()
}

/// The files that a line names in spans of code: those with a folder, and no pattern.
fn names(line: &str) -> Vec<&str> {
    let is_path = |span: &&str| {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
        span.contains('/') && span.chars().all(is_name) && !span.starts_with('/')
    };
    let has_ending = |span: &&str| ENDINGS.iter().any(|ending| span.ends_with(&format!(".{ending}")));
    spans(line).0.into_iter().filter(is_path).filter(has_ending).collect()
}

/// What is wrong with a link, if anything.
fn fault(document: &Document, target: &str, all: &[Document]) -> Option<&'static str> {
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let file = if path.is_empty() { root().join(&document.path) } else { root().join(document.folder()).join(path) };
    let Ok(file) = file.canonicalize() else { return Some("there is no such file") };
    if heading.is_empty() {
        return None;
    }
    let same = |other: &&Document| root().join(&other.path).canonicalize().is_ok_and(|other| other == file);
    match all.iter().find(same) {
        None => Some("a heading of what is no document"),
        Some(other) if other.anchors().iter().any(|anchor| anchor == heading) => None,
        Some(_) => Some("there is no such heading"),
    }
}

/// Fails with every complaint there is.
fn assert_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn every_link_leads_somewhere() {
    if !is_repository() {
        return;
    }
    let documents = documents();
    let (mut complaints, mut found) = (Vec::new(), 0);
    for document in &documents {
        for (number, line) in document.prose() {
            for target in targets(line) {
                found += 1;
                if let Some(fault) = fault(document, &target, &documents) {
                    complaints.push(format!("{}:{number}: ({target}): {fault}", document.path.display()));
                }
            }
        }
    }
    assert!(found > 20, "the check has lost sight of links");
    assert_none(complaints);
}

#[test]
fn every_file_that_is_named_exists() {
    if !is_repository() {
        return;
    }
    let (mut complaints, mut found) = (Vec::new(), 0);
    for document in documents() {
        let mut folders: Vec<_> = NAMED_FROM.iter().map(|folder| root().join(folder)).collect();
        folders.push(root().join(document.folder()));
        for (number, line) in document.prose() {
            for name in names(line) {
                found += 1;
                if !folders.iter().any(|folder| folder.join(name).exists()) {
                    complaints.push(format!("{}:{number}: `{name}`: there is no such file", document.path.display()));
                }
            }
        }
    }
    assert!(found > 50, "the check has lost sight of files");
    assert_none(complaints);
}

#[test]
fn the_checks_see_what_they_look_for() {
    let document = |text: &str| Document { path: "docs/a.md".into(), text: text.into() };
    let a = document("# One *two*, `three`!\n```sh\n# four\n[x](y)\n```\nfive");
    assert_eq!(a.anchors(), ["one-two-three"]);
    assert_eq!(a.prose().last(), Some((6, "five")));
    assert_eq!(
        targets("[`a`](b.md#c) ![d](e.svg) `[f](g)` [h](crate::i) [j](mod@k) [l](https://m)"),
        ["b.md#c", "e.svg"]
    );
    assert_eq!(targets("<img src=\"a.svg\" alt=\"b\"/> <a href=\"#c\">"), ["a.svg", "#c"]);
    assert_eq!(names("`src/a.rs` b/c.rs `d.rs` `tests/*.rs` `e/f` `cargo g/h.rs`"), ["src/a.rs"]);
    let all = [a];
    assert_eq!(fault(&all[0], "../README.md", &all), None);
    assert_eq!(fault(&all[0], "../no.md", &all), Some("there is no such file"));
    assert_eq!(fault(&all[0], "../Cargo.toml#package", &all), Some("a heading of what is no document"));
}
