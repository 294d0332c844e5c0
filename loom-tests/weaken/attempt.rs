//! One site weakened by one step, and what the models say to it.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::probe::Model;
use crate::schema::VARIABLE;
use crate::site::{Site, Weaker};
use crate::tables::models_of;
use crate::trial::{Tree, Verdict, watch};

/// What is weakened, and how.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// The site's number in the copy.
    pub number: usize,
    pub site: &'a Site,
    pub weaker: Weaker,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// This model failed.
    Killed(String),
    /// All models that were run passed.
    Survived,
    /// This model took too long, and no other failed.
    TimedOut(String),
    /// No model passes the site.
    Unreached,
    /// Nobody has tried yet.
    NotRun,
}

/// Where and how long to try.
pub struct Bench<'a> {
    pub tree: &'a Tree,
    pub program: &'a Path,
    pub models: &'a [Model],
    /// For each model, beyond three times what it takes unchanged.
    pub timeout: Duration,
    /// Only with one preemption. Then nothing is said to survive.
    pub quick: bool,
    /// Models that take more seconds unchanged are run with one preemption only.
    pub longest: f64,
    /// Seconds of models that are not named for the file.
    pub further: f64,
}

/// What was found out, in how long, and how many models had a say.
pub struct Found {
    pub outcome: Outcome,
    pub time: Duration,
    pub models: usize,
}

impl Bench<'_> {
    /// Runs the models that pass the site until one fails: first all with one preemption, which finds most, then all at their own bounds, the quickest first.
    pub fn run(&self, attempt: Attempt<'_>) -> Result<Found, String> {
        let start = Instant::now();
        let chosen = self.chosen(attempt)?;
        let mut outcome = match self.models.iter().any(|model| model.reached.contains(&attempt.number)) {
            false => Outcome::Unreached,
            true if self.quick || chosen.is_empty() => Outcome::NotRun,
            true => Outcome::Survived,
        };
        let first = chosen.iter().map(|model| (Some("1"), model));
        let at_own_bounds = chosen.iter().filter(|model| !self.quick && model.seconds <= self.longest);
        for (bound, model) in first.chain(at_own_bounds.map(|model| (None, model))) {
            match self.run_model(attempt, model, bound) {
                Verdict::Survived => {}
                Verdict::TimedOut(_) => outcome = Outcome::TimedOut(model.name.clone()),
                verdict @ Verdict::Killed(_) => {
                    outcome = Outcome::Killed(verdict.by().to_string());
                    break;
                }
            }
        }
        Ok(Found { outcome, time: start.elapsed(), models: chosen.len() })
    }

    /// The models of the site's file, then others as long as they are quick.
    fn chosen(&self, attempt: Attempt<'_>) -> Result<Vec<&Model>, String> {
        let words: Vec<&str> = models_of(&attempt.site.file)?.collect();
        let reaching = self.models.iter().filter(|model| model.reached.contains(&attempt.number));
        let is_own = |model: &&Model| words.iter().any(|word| model.name.contains(word));
        let (mut chosen, others): (Vec<_>, Vec<_>) = reaching.partition(is_own);
        let mut seconds = 0.0;
        chosen.extend(others.into_iter().take_while(|model| {
            seconds += model.seconds;
            seconds <= self.further
        }));
        Ok(chosen)
    }

    fn run_model(&self, attempt: Attempt<'_>, model: &Model, bound: Option<&str>) -> Verdict {
        let limit = self.timeout + Duration::from_secs_f64(model.seconds * 3.0);
        let wish = format!("{} {}", attempt.number, attempt.weaker);
        let log = self.tree.logs().join(format!("{}.txt", wish.replace(' ', "-")));
        let mut environment = vec![(VARIABLE, wish.as_str())];
        environment.extend(bound.map(|bound| ("FILCH_MODEL_BOUND", bound)));
        watch(self.program, &["--exact", &model.name], &environment, limit, &log)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Killed(model) => write!(f, "`{model}`"),
            Self::Survived => f.write_str("survives"),
            Self::TimedOut(model) => write!(f, "timed out in `{model}`"),
            Self::Unreached => f.write_str("in no model"),
            Self::NotRun => f.write_str("not run"),
        }
    }
}

impl Outcome {
    /// What [`Display`](fmt::Display) has written.
    pub fn parse(text: &str) -> Option<Self> {
        let model = |text: &str| text.strip_prefix('`')?.strip_suffix('`').map(str::to_string);
        match text {
            "survives" => Some(Self::Survived),
            "in no model" => Some(Self::Unreached),
            "not run" => Some(Self::NotRun),
            text => match text.strip_prefix("timed out in ") {
                Some(rest) => model(rest).map(Self::TimedOut),
                None => model(text).map(Self::Killed),
            },
        }
    }
}
