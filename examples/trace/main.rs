//! Writes down who ran what when, for Perfetto: a parallel sort, a burst of jobs, delayed jobs, jobs that wait for others.
//!
//! ```text
//! cargo run --release --features tracing --example trace                        # target/trace.json
//! cargo run --release --features tracing --example trace -- my.json --svg my.svg
//! cargo run --release --features tracing --example trace -- --help
//! ```
//!
//! The file opens in <https://ui.perfetto.dev> and in `chrome://tracing`. `--svg` draws it here, without a browser: `svg.rs`.

mod svg;

use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use filch::Pool;
use tracing::info_span;
use tracing_chrome::ChromeLayerBuilder;
use tracing_subscriber::layer::SubscriberExt;

const HELP: &str = "\
Runs some jobs for a few hundredths of a second and writes down who ran what when.

Usage: trace [options] [FILE]      where to write it (target/trace.json)

  --svg FILE     draw it, too
  --workers N    threads of the pool (3)
  --help         print this text
";

/// Numbers to sort.
const NUMBERS: usize = 300_000;

/// So few are sorted in one piece.
const FEW: usize = 20_000;

struct Args {
    trace: PathBuf,
    svg: Option<PathBuf>,
    workers: usize,
}

fn main() -> ExitCode {
    let done = match parse(env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned())) {
        Ok(None) => print(HELP).map_err(Into::into),
        Ok(Some(args)) => run(&args),
        Err(message) => {
            eprintln!("trace: {message}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    done.map_or_else(
        |error| {
            eprintln!("trace: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

/// `None`: the user asks for help.
fn parse(mut words: impl Iterator<Item = String>) -> Result<Option<Args>, String> {
    let mut args = Args { trace: "target/trace.json".into(), svg: None, workers: 3 };
    while let Some(word) = words.next() {
        match word.as_str() {
            "-h" | "--help" => return Ok(None),
            "--svg" => args.svg = Some(words.next().ok_or("--svg needs a file")?.into()),
            "--workers" => {
                let number = words.next().and_then(|word| word.parse().ok()).filter(|n| (1..=64).contains(n));
                args.workers = number.ok_or("--workers needs a number from 1 to 64")?;
            }
            option if option.starts_with('-') => return Err(format!("unknown option {option}")),
            _ => args.trace = word.into(),
        }
    }
    Ok(Some(args))
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    if let Some(folder) = args.trace.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = fs::File::create(&args.trace).map_err(|error| format!("{}: {error}", args.trace.display()))?;
    let (layer, guard) = ChromeLayerBuilder::new().writer(file).include_args(true).include_locations(false).build();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer))?;

    let pool = Pool::builder().threads(args.workers).build()?;
    sort(&pool);
    burst(&pool);
    delayed(&pool);
    waiting(&pool);
    // Every span has ended when the threads have.
    pool.shutdown();
    print(&format!("{}\n", pool.metrics()))?;
    // Writes what is left.
    drop(guard);
    print(&format!("{}: open it in https://ui.perfetto.dev or chrome://tracing\n", args.trace.display()))?;
    if let Some(file) = &args.svg {
        fs::write(file, svg::draw(&fs::read_to_string(&args.trace)?)?)?;
        print(&format!("{}: the same as a picture\n", file.display()))?;
    }
    Ok(())
}

/// Prints. A reader who has seen enough, as in `| head -1`, is no error.
fn print(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Fork-join: stolen halves are pieces. The spans of this program lie inside those of its jobs.
fn sort(pool: &Pool) {
    let mut random = 0x9e37_79b9_u64;
    let mut numbers: Vec<u64> = (0..NUMBERS).map(|_| next(&mut random)).collect();
    pool.install(|| sort_part(pool, &mut numbers));
    assert!(numbers.is_sorted());
}

fn sort_part(pool: &Pool, numbers: &mut [u64]) {
    if numbers.len() <= FEW {
        let _span = info_span!("sort", numbers = numbers.len()).entered();
        return numbers.sort_unstable();
    }
    let middle = {
        let _span = info_span!("split", numbers = numbers.len()).entered();
        numbers.select_nth_unstable(numbers.len() / 2);
        numbers.len() / 2
    };
    let (low, high) = numbers.split_at_mut(middle);
    pool.join(|| sort_part(pool, low), || sort_part(pool, high));
}

/// Jobs from outside, and jobs of a job: the others steal those.
fn burst(pool: &Pool) {
    (0..30_u64).for_each(|n| pool.spawn(move || work(50 + 10 * n)));
    let inner = pool.clone();
    pool.spawn(move || (0..30).for_each(|_| inner.spawn(|| work(150))));
    pool.wait_idle();
}

/// Jobs that wait for their time, between which the workers sleep.
fn delayed(pool: &Pool) {
    let beat = pool.schedule(Duration::from_millis(2), || work(200));
    let delayed: Vec<_> = (1..=5).map(|n| pool.submit_later(Duration::from_micros(1500 * n), || work(400))).collect();
    delayed.into_iter().for_each(|handle| handle.join().expect("it does not panic"));
    beat.cancel();
}

/// A job that joins others: those that nobody has started run in its own span.
fn waiting(pool: &Pool) {
    let inner = pool.clone();
    let outer = pool.submit(move || {
        let handles: Vec<_> = (0..6).map(|_| inner.submit(|| work(300))).collect();
        handles.into_iter().try_for_each(|handle| handle.join())
    });
    outer.join().and_then(|joined| joined).expect("none of them panics");
    thread::sleep(Duration::from_millis(1));
}

/// Keeps a processor busy for so many microseconds.
fn work(micros: u64) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_micros(micros) {
        std::hint::spin_loop();
    }
}

/// Marsaglia's xorshift (2003): the same numbers in every run.
fn next(random: &mut u64) -> u64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    *random
}
