//! Makes tables and pictures of what the other programs have measured.
//!
//! `cargo run --release -p filch-benches --bin draw -- [--markdown FILE] [--plots FOLDER] FILE…`

mod axis;
mod bars;
mod lines;
mod pictures;
mod questions;
mod speed;
mod theme;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use filch_benches::exit;
use filch_benches::record::{self, Measurement, Record};

const USAGE: &str = "\
Makes tables and pictures of files that the other programs have written with --json.

usage: draw [--markdown FILE] [--plots FOLDER] FILE…

  --markdown FILE       writes the tables there
  --plots FOLDER        writes the pictures there, as SVG";

struct Options {
    markdown: Option<PathBuf>,
    plots: Option<PathBuf>,
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let Some(options) = Options::parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    exit(run(&options))
}

fn run(options: &Options) -> Result<(), String> {
    let records: Vec<Record> = options.files.iter().map(|file| Record::read(file)).collect::<Result<_, _>>()?;
    if let Some(path) = &options.markdown {
        write(path, &tables(&records))?;
    }
    let Some(folder) = &options.plots else { return Ok(()) };
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut pictures = BTreeMap::new();
    for record in &records {
        for (name, svg) in pictures::draw(record).map_err(|error| error.to_string())? {
            if pictures.insert(name, svg).is_some() {
                return Err(format!("two of the files have {name}"));
            }
        }
    }
    pictures.iter().try_for_each(|(name, svg)| write(&folder.join(name).with_extension("svg"), svg))
}

/// All tables, a series as one.
fn tables(records: &[Record]) -> String {
    let mut text =
        String::from("# Tables\n\nMade by `bash benches/all.sh`; change nothing here. The figures are medians.\n");
    for Record { environment, measurements } in records {
        text.push_str(&format!("\n{environment}\n"));
        for series in measurements.chunk_by(is_series) {
            text.push('\n');
            text.push_str(&if series[0].along.is_some() { record::series(series) } else { record::table(&series[0]) });
        }
    }
    text
}

fn is_series(one: &Measurement, next: &Measurement) -> bool {
    one.along.is_some() && (&one.workload, &one.along) == (&next.workload, &next.along)
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self { markdown: None, plots: None, files: Vec::new() };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--markdown" => options.markdown = Some(arguments.next()?.into()),
                "--plots" => options.plots = Some(arguments.next()?.into()),
                file if !file.starts_with('-') => options.files.push(file.into()),
                _ => return None,
            }
        }
        let has_work = !options.files.is_empty() && (options.markdown.is_some() || options.plots.is_some());
        has_work.then_some(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_refused() {
        let parse = |line: &str| Options::parse(line.split_whitespace().map(String::from));
        for line in ["", "a.json", "--markdown", "--plots plots", "--quick a.json", "--markdown t.md"] {
            assert!(parse(line).is_none(), "{line}");
        }
        assert_eq!(parse("--plots plots a.json b.json").unwrap().files.len(), 2);
    }
}
