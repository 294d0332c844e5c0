//! One row of the document: a site, what is written about it by hand, and what became of its weakenings.

use crate::attempt::Outcome;
use crate::site::{Site, Weaker};

/// A row. What is written by hand is kept as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub site: String,
    pub ordering: String,
    pub pairs_with: String,
    pub makes_visible: String,
    /// Each weaker ordering, and what the models said to it.
    pub results: Vec<(String, Outcome)>,
    pub why: String,
}

pub const HEAD: &str =
    "| site | ordering | pairs with | makes visible | weakened | why it survives |\n|---|---|---|---|---|---|\n";

impl Row {
    /// A row for a site that has none.
    pub fn new(site: &Site) -> Self {
        Self {
            site: site.name(),
            ordering: site.kind.to_string(),
            pairs_with: String::new(),
            makes_visible: String::new(),
            results: site.kind.weaker().iter().map(|weaker| (weaker.to_string(), Outcome::NotRun)).collect(),
            why: String::new(),
        }
    }

    pub fn parse(line: &str) -> Result<Self, String> {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        let [site, ordering, pairs_with, makes_visible, results, why] = cells[..] else {
            return Err(format!("not six cells: {line}"));
        };
        let results: Option<Vec<_>> = results.split("; ").map(parse_result).collect();
        Ok(Self {
            site: site.trim_matches('`').to_string(),
            ordering: ordering.to_string(),
            pairs_with: pairs_with.to_string(),
            makes_visible: makes_visible.to_string(),
            results: results.ok_or_else(|| format!("results that are none: {line}"))?,
            why: why.to_string(),
        })
    }

    pub fn line(&self) -> String {
        let results: Vec<String> =
            self.results.iter().map(|(weaker, outcome)| format!("{weaker}: {outcome}")).collect();
        format!(
            "| `{}` | {} | {} | {} | {} | {} |\n",
            self.site,
            self.ordering,
            self.pairs_with,
            self.makes_visible,
            results.join("; "),
            self.why
        )
    }

    /// Takes over what was found out.
    pub fn set(&mut self, weaker: Weaker, outcome: &Outcome) {
        let weaker = weaker.to_string();
        for (name, result) in &mut self.results {
            if *name == weaker {
                *result = outcome.clone();
            }
        }
    }

    /// What became of one of its weakenings.
    pub fn outcome(&self, weaker: Weaker) -> Option<&Outcome> {
        let weaker = weaker.to_string();
        self.results.iter().find(|(name, _)| *name == weaker).map(|(_, outcome)| outcome)
    }

    /// What is wrong with the row as one of `site`.
    pub fn errors(&self, site: &Site) -> Vec<String> {
        let wanted = Self::new(site);
        let names = |row: &Self| row.results.iter().map(|(weaker, _)| weaker.clone()).collect::<Vec<_>>();
        let needs_reason = |outcome: &Outcome| !matches!(outcome, Outcome::Killed(_) | Outcome::NotRun);
        let survives = self.results.iter().any(|(_, outcome)| needs_reason(outcome));
        let mut errors = Vec::new();
        if self.ordering != wanted.ordering {
            errors.push(format!("is {} in the sources and {} here", wanted.ordering, self.ordering));
        } else if names(self) != names(&wanted) {
            errors.push(format!("can be weakened to {}, and the row says otherwise", names(&wanted).join(", ")));
        }
        if self.pairs_with.is_empty() || self.makes_visible.is_empty() {
            errors.push("says not what it pairs with or makes visible".to_string());
        }
        if survives != (self.why.len() > "–".len())
            && !self.results.iter().any(|(_, outcome)| *outcome == Outcome::NotRun)
        {
            let what = if survives {
                "a weakening survives, and no reason is given"
            } else {
                "a reason is given, and nothing survives"
            };
            errors.push(what.to_string());
        }
        errors
    }
}

fn parse_result(text: &str) -> Option<(String, Outcome)> {
    let (weaker, outcome) = text.split_once(": ")?;
    Some((weaker.to_string(), Outcome::parse(outcome)?))
}
