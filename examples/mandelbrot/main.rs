//! Renders a part of the Mandelbrot set into a PNG file, on all cores.
//!
//! ```text
//! cargo run --release --example mandelbrot                     # writes mandelbrot.png
//! cargo run --release --example mandelbrot -- --view seahorses --size 3000x2000 --out seahorses.png
//! cargo run --release --example mandelbrot -- --quick          # a small one, not written
//! cargo run --release --example mandelbrot -- --help
//! ```
//!
//! `picture.rs` has the line that matters: `pool.map` over the rows. The rest is what a row is: `point.rs` follows a
//! point until it escapes, `colour.rs` gives it a colour and lights it, and a pixel is the average of several points.

mod args;
mod colour;
mod picture;
mod point;
mod view;

use std::env;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use args::{Args, Command};
use filch::Pool;
use picture::Picture;

type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let done = match args::parse(env::args_os().skip(1)) {
        Ok(Command::Help) => print(args::HELP).map_err(Into::into),
        Ok(Command::Run(args)) => run(&args),
        Err(message) => {
            eprintln!("mandelbrot: {message}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    done.map_or_else(
        |error| {
            eprintln!("mandelbrot: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

fn run(args: &Args) -> Result<(), Error> {
    let mut builder = Pool::builder();
    if let Some(workers) = args.workers {
        builder = builder.threads(workers);
    }
    let pool = builder.build()?;
    let picture = Picture::new(args);

    let (pixels, elapsed) = timed(|| picture.on_pool(&pool));
    print(&format!("pool        {elapsed:.2?}\n"))?;
    if let Some(out) = &args.out {
        picture.write(&pixels, out).map_err(|error| format!("cannot write {}: {error}", out.display()))?;
        print(&format!("written to  {}\n", out.display()))?;
    }

    let (same, alone) = timed(|| picture.on_one_thread());
    let ratio = alone.as_secs_f64() / elapsed.as_secs_f64();
    print(&format!("one thread  {alone:.2?}: the pool is {ratio:.2} times as fast\n"))?;
    if pixels == same { Ok(()) } else { Err("the pictures differ".into()) }
}

fn timed<R>(f: impl FnOnce() -> R) -> (R, Duration) {
    let start = Instant::now();
    let result = f();
    (result, start.elapsed())
}

/// Prints. A reader who has seen enough, as in `| head -1`, is no error.
fn print(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
