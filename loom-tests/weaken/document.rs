//! `docs/orderings.md`: a section for each file, with a row for each site that is not Relaxed. What the program knows it writes; the rest is kept.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::attempt::{Attempt, Outcome};
use crate::rows::{HEAD, Row};
use crate::scan::Scan;
use crate::site::Site;
use crate::tables::PLAIN;
use crate::trial::workspace;

const NAME: &str = "docs/orderings.md";
const RELAXED: &str = "Relaxed:";
const TOTALS: &str = "Totals";
const LEFT_OUT: &str = "Plain atomics";
const ADVICE: &str = "`cargo run -p loom-tests --bin weaken -- --write WORD` tries the sites with WORD in their names and writes what the program knows; the rest is to be \
                      written by hand";

/// The document.
pub struct Document {
    /// What stands before the totals, by hand.
    preamble: String,
    /// By their headlines.
    sections: BTreeMap<String, Section>,
}

#[derive(Default)]
struct Section {
    /// Written by hand.
    prose: String,
    rows: Vec<Row>,
    /// The line of the Relaxed accesses; of a section that is no file's, all of it.
    generated: String,
}

/// Compares the document with the sources.
pub fn check(scan: &Scan) -> Result<(), String> {
    let document = Document::read()?;
    let mut errors = plain_errors(scan);
    errors.extend(document.stale(scan));
    for site in &scan.sites {
        errors.extend(document.errors_of(site));
    }
    for (headline, wanted) in document.generated(scan) {
        if document.sections.get(&headline).is_none_or(|section| section.generated.trim() != wanted.trim()) {
            errors.push(format!("{headline}: what the program writes there is out of date"));
        }
    }
    match errors.len() {
        0 => Ok(()),
        count => Err(format!("{NAME} does not fit the sources in {count} places:\n{}\n\n{ADVICE}", errors.join("\n"))),
    }
}

/// Brings everything that the program knows up to date.
pub fn update(scan: &Scan, found: Option<(&Attempt<'_>, &Outcome)>) -> Result<(), String> {
    let mut document = Document::read()?;
    document.update(scan, found);
    document.write()
}

/// The table of plain atomics fits the sources.
fn plain_errors(scan: &Scan) -> Vec<String> {
    let unknown = scan.plain.iter().filter(|file| !PLAIN.iter().any(|(plain, _)| plain == file));
    let unknown = unknown.map(|file| format!("{file}: a plain std atomic, and weaken/tables.rs does not say why"));
    let stale = PLAIN.iter().filter(|(plain, _)| !scan.plain.iter().any(|file| file == plain));
    unknown
        .chain(stale.map(|(plain, _)| format!("{plain}: weaken/tables.rs says that it has plain std atomics")))
        .collect()
}

impl Document {
    pub fn read() -> Result<Self, String> {
        let text = fs::read_to_string(path()).map_err(|error| format!("{NAME}: {error}"))?;
        Self::parse(&text)
    }

    pub fn parse(text: &str) -> Result<Self, String> {
        let totals = text.find(&format!("\n## {TOTALS}\n")).ok_or_else(|| format!("{NAME}: no {TOTALS}"))?;
        let (preamble, rest) = text.split_at(totals);
        let preamble = preamble.trim_end().to_string();
        let mut sections = BTreeMap::new();
        for part in rest.split("\n## ").skip(1) {
            let (headline, body) = part.split_once('\n').unwrap_or((part, ""));
            let headline = headline.trim().trim_matches('`').to_string();
            let section = if is_file(&headline) { Section::parse(body)? } else { Section::other(body) };
            sections.insert(headline, section);
        }
        Ok(Self { preamble, sections })
    }

    fn write(&self) -> Result<(), String> {
        fs::write(path(), self.text()).map_err(|error| format!("{NAME}: {error}"))
    }

    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.preamble);
        let (files, others): (Vec<_>, Vec<_>) = self.sections.iter().partition(|(headline, _)| is_file(headline));
        for (headline, section) in others.into_iter().rev() {
            text += &format!("\n## {headline}\n\n{}\n", section.generated.trim());
        }
        for (headline, section) in files {
            text += &format!("\n## `{headline}`\n\n{}", section.text());
        }
        text
    }

    fn update(&mut self, scan: &Scan, found: Option<(&Attempt<'_>, &Outcome)>) {
        let mut old = std::mem::take(&mut self.sections);
        for site in &scan.sites {
            let section = self.sections.entry(site.file.clone()).or_default();
            let before = old.get_mut(&site.file);
            if section.prose.is_empty() {
                section.prose = before.as_ref().map(|section| section.prose.clone()).unwrap_or_default();
            }
            if !site.kind.weaker().is_empty() {
                section.rows.push(before.map_or_else(|| Row::new(site), |section| section.row_for(site)));
            }
        }
        if let Some((attempt, outcome)) = found {
            let section = self.sections.get_mut(&attempt.site.file).expect("made just now");
            let name = attempt.site.name();
            section.rows.iter_mut().filter(|row| row.site == name).for_each(|row| row.set(attempt.weaker, outcome));
        }
        for (headline, text) in self.generated(scan) {
            self.sections.entry(headline).or_default().generated = text;
        }
    }

    /// What the document says about a weakening.
    pub fn outcome(&self, attempt: &Attempt<'_>) -> Option<&Outcome> {
        let rows = &self.sections.get(&attempt.site.file)?.rows;
        rows.iter().find(|row| row.site == attempt.site.name())?.outcome(attempt.weaker)
    }

    /// Rows and sections without a site.
    fn stale(&self, scan: &Scan) -> Vec<String> {
        let mut stale = Vec::new();
        for (file, section) in self.sections.iter().filter(|(headline, _)| is_file(headline)) {
            let has_site = |row: &Row| scan.sites.iter().any(|site| site.file == *file && site.name() == row.site);
            stale.extend(
                section.rows.iter().filter(|row| !has_site(row)).map(|row| format!("{file}: {}: stale", row.site)),
            );
            if !scan.sites.iter().any(|site| site.file == *file) {
                stale.push(format!("{file}: stale: it has no orderings"));
            }
        }
        stale
    }

    fn errors_of(&self, site: &Site) -> Vec<String> {
        let rows = self.sections.get(&site.file).map_or(&[][..], |section| &section.rows);
        let rows: Vec<&Row> = rows.iter().filter(|row| row.site == site.name()).collect();
        let errors = match (rows.as_slice(), site.kind.weaker().is_empty()) {
            ([], true) => vec![],
            ([], false) => vec!["missing".to_string()],
            ([_], true) => vec![format!("is {} in the sources, and has a row", site.kind)],
            ([row], false) => row.errors(site),
            (_, _) => vec!["has more than one row".to_string()],
        };
        errors.into_iter().map(|error| format!("{}: {}: {error}", site.file, site.name())).collect()
    }

    /// What the program writes, beside the rows, under which headline.
    fn generated(&self, scan: &Scan) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for site in &scan.sites {
            let line: &mut String = texts.entry(site.file.clone()).or_default();
            if site.kind.weaker().is_empty() {
                *line += if line.is_empty() { RELAXED } else { "," };
                *line += &format!(" `{}`", site.name());
            }
        }
        let plain: Vec<String> = PLAIN.iter().map(|(file, why)| format!("- `{file}`: {why}.")).collect();
        texts.insert(LEFT_OUT.to_string(), plain.join("\n"));
        texts.insert(TOTALS.to_string(), self.totals(scan));
        texts
    }

    /// A table of counts, room by room.
    fn totals(&self, scan: &Scan) -> String {
        let mut rooms: BTreeMap<&str, [usize; 7]> = BTreeMap::new();
        for site in &scan.sites {
            let counts = rooms.entry(room(&site.file)).or_default();
            counts[0] += 1;
            counts[1] += usize::from(site.kind.weaker().is_empty());
        }
        for (file, section) in self.sections.iter().filter(|(headline, _)| is_file(headline)) {
            for (_, outcome) in section.rows.iter().flat_map(|row| &row.results) {
                rooms.entry(room(file)).or_default()[column(outcome)] += 1;
            }
        }
        let mut text = String::from(
            "| room | sites | Relaxed | weakenings | killed | survive | timed out, or in no model | not run |\n|---|---|---|---|---|---|---|---|\n",
        );
        let mut all = [0; 7];
        for (room, counts) in rooms {
            text += &line(room, counts);
            all.iter_mut().zip(counts).for_each(|(all, count)| *all += count);
        }
        text + &line("all", all)
    }
}

impl Section {
    fn parse(body: &str) -> Result<Self, String> {
        let mut section = Self::default();
        for line in body.lines() {
            match line {
                _ if HEAD.contains(line) && line.starts_with('|') => {}
                line if line.starts_with('|') => section.rows.push(Row::parse(line)?),
                line if line.starts_with(RELAXED) => section.generated = line.to_string(),
                line => section.prose += &format!("{line}\n"),
            }
        }
        section.prose = section.prose.trim().to_string();
        Ok(section)
    }

    fn other(body: &str) -> Self {
        Self { generated: body.trim().to_string(), ..Self::default() }
    }

    /// The row of this site as it stands, or a new one. What was found out about another ordering says nothing.
    fn row_for(&self, site: &Site) -> Row {
        let new = Row::new(site);
        match self.rows.iter().find(|row| row.site == new.site) {
            Some(row) if row.ordering == new.ordering && row.results.len() == new.results.len() => row.clone(),
            Some(row) => Row { pairs_with: row.pairs_with.clone(), makes_visible: row.makes_visible.clone(), ..new },
            None => new,
        }
    }

    fn text(&self) -> String {
        let rows: String = self.rows.iter().map(Row::line).collect();
        let table = if rows.is_empty() { rows } else { format!("{HEAD}{rows}") };
        let parts = [self.prose.as_str(), &table, &self.generated];
        let parts: Vec<&str> = parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect();
        format!("{}\n", parts.join("\n\n"))
    }
}

fn path() -> PathBuf {
    workspace().join(NAME)
}

fn is_file(headline: &str) -> bool {
    headline.starts_with("src/")
}

fn room(file: &str) -> &str {
    file.split('/').nth(1).unwrap_or(file)
}

fn column(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Killed(_) => 3,
        Outcome::Survived => 4,
        Outcome::TimedOut(_) | Outcome::Unreached => 5,
        Outcome::NotRun => 6,
    }
}

fn line(name: &str, mut counts: [usize; 7]) -> String {
    counts[2] = counts[3..].iter().sum();
    let cells: Vec<String> = counts.iter().map(usize::to_string).collect();
    format!("| {name} | {} |\n", cells.join(" | "))
}
