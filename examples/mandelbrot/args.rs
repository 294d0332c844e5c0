//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::view::{VIEWS, View};

pub const HELP: &str = "\
Renders a part of the Mandelbrot set into a PNG file: on the pool, and on one thread, to compare times and pictures.

Usage: mandelbrot [options]

  --view NAME     spiral, seahorses, elephants or whole (spiral)
  --size WxH      width and height in pixels (1200x800)
  --samples N     average N times N points for each pixel (3)
  --out FILE      the file to write (mandelbrot.png)
  --workers N     threads of the pool (one for each core)
  --quick         the same as --size 300x200 --samples 2, and no file unless --out is given
  --help          print this text
";

/// What the command line asks for.
pub enum Command {
    Help,
    Run(Args),
}

/// The options of a run.
pub struct Args {
    pub view: &'static View,
    pub width: usize,
    pub height: usize,
    pub samples: usize,
    /// `None`: no file.
    pub out: Option<PathBuf>,
    /// `None`: one for each core.
    pub workers: Option<usize>,
}

/// Reads the arguments, without the name of the program. The error is a message for the user.
pub fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut args = Args { view: &VIEWS[0], width: 1200, height: 800, samples: 3, out: None, workers: None };
    let mut quick = false;
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("-h" | "--help") => return Ok(Command::Help),
            Some("--quick") => (quick, args.width, args.height, args.samples) = (true, 300, 200, 2),
            Some("--view") => args.view = view(words.next())?,
            Some("--size") => (args.width, args.height) = size(words.next())?,
            Some("--samples") => args.samples = number("--samples", words.next(), 16)?,
            Some("--out") => args.out = Some(words.next().ok_or("--out needs the name of a file")?.into()),
            Some("--workers") => args.workers = Some(number("--workers", words.next(), 1024)?),
            _ => return Err(format!("unknown argument {}", word.to_string_lossy())),
        }
    }
    if args.out.is_none() && !quick {
        args.out = Some(PathBuf::from("mandelbrot.png"));
    }
    Ok(Command::Run(args))
}

fn view(word: Option<OsString>) -> Result<&'static View, String> {
    let view = word.and_then(|word| VIEWS.iter().find(|view| word == view.name));
    view.ok_or_else(|| format!("--view needs one of {}", VIEWS.map(|view| view.name).join(", ")))
}

fn size(word: Option<OsString>) -> Result<(usize, usize), String> {
    let word = word.unwrap_or_default();
    let sides = word.to_str().and_then(|word| word.split_once('x'));
    let sides = sides.and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    let fits = |side: &usize| (1..=20_000).contains(side);
    sides
        .filter(|(width, height)| fits(width) && fits(height))
        .ok_or_else(|| "--size needs two numbers from 1 to 20000, such as 1200x800".into())
}

fn number(option: &str, word: Option<OsString>, most: usize) -> Result<usize, String> {
    let number = word.as_ref().and_then(|word| word.to_str()).and_then(|word| word.parse().ok());
    number
        .filter(|number| (1..=most).contains(number))
        .ok_or_else(|| format!("{option} needs a number from 1 to {most}"))
}
