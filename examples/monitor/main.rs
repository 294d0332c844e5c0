//! A screen that shows what the workers of a pool do: how busy they are, what they steal, how often they sleep, how long the queues are, how many timers there are. A load
//! runs meanwhile that can be changed with keys.
//!
//! ```text
//! cargo run --release --example monitor
//! cargo run --release --example monitor -- --workers 64
//! cargo run --release --example monitor -- --quick       # a few frames, the last one as text
//! cargo test --example monitor                           # the screen's tests
//! ```
//!
//! All of it comes from `Pool::metrics`: see `sample.rs` to do the same in your own program. How busy a worker is, nobody counts; the monitor looks a hundred times a second
//! whether it is inside a job.

mod args;
mod load;
mod sample;
mod screen;
#[cfg(test)]
mod tests;

use std::env;
use std::error::Error;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use args::Command;
use filch::Pool;
use load::{Load, toggle};
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::{DefaultTerminal, Terminal};
use sample::Sampler;

/// How long an interval is: the screen changes so often.
const INTERVAL: Duration = Duration::from_millis(250);

/// How often the workers are looked at.
const LOOK: Duration = Duration::from_millis(10);

/// Threads in the place of workers that wait for a permit.
const SPARES: usize = 2;

/// The size of a screen that is printed, and how many frames come before it.
const PRINTED: (u16, u16) = (100, 24);
const FRAMES: usize = 4;

fn main() -> ExitCode {
    let words = env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let done = match args::parse(words) {
        Ok(Command::Help) => print(args::HELP).map_err(Into::into),
        Ok(Command::Run { workers, quick }) => run(workers, quick || !io::stdout().is_terminal()),
        Err(message) => {
            eprintln!("monitor: {message}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    done.map_or_else(
        |error| {
            eprintln!("monitor: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

fn run(workers: usize, quick: bool) -> Result<(), Box<dyn Error>> {
    let pool = Pool::builder().threads(workers).spare_threads(SPARES).queue_capacity(1_000_000).build()?;
    let load = Load::start(&pool);
    if quick {
        return Ok(print(&frames(&pool, &load)?)?);
    }
    // From here on a panic, too, gives the terminal back before it prints its message.
    let done = ratatui::try_init().map_err(Into::into).and_then(|mut terminal| watch(&mut terminal, &pool, &load));
    ratatui::restore();
    done
}

/// Draws and reads keys until one says that it is enough.
fn watch(terminal: &mut DefaultTerminal, pool: &Pool, load: &Load) -> Result<(), Box<dyn Error>> {
    let mut sampler = Sampler::new(pool);
    loop {
        let end = Instant::now() + INTERVAL;
        while Instant::now() < end {
            sampler.look(pool);
            if event::poll(LOOK)? {
                match event::read()? {
                    Event::Key(key) if key.kind == KeyEventKind::Press && !obey(key, load) => return Ok(()),
                    Event::Resize(..) => break,
                    _ => {}
                }
            }
        }
        if !load.is_alive() {
            return Err("the load has stopped by itself".into());
        }
        let view = sampler.view(pool, load);
        terminal.draw(|frame| screen::draw(frame, view))?;
    }
}

/// Does what a key says. False: it says that it is enough.
fn obey(key: KeyEvent, load: &Load) -> bool {
    match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return false,
        KeyCode::Char('q') | KeyCode::Esc => return false,
        KeyCode::Char('+' | '=') | KeyCode::Up => load.more(),
        KeyCode::Char('-') | KeyCode::Down => load.less(),
        KeyCode::Char('b') => load.burst(),
        KeyCode::Char('f') => toggle(&load.knobs.fork_join),
        KeyCode::Char('t') => toggle(&load.knobs.timers),
        KeyCode::Char('s') => load.schedule(),
        KeyCode::Char(' ') => toggle(&load.knobs.paused),
        _ => {}
    }
    true
}

/// Draws without a terminal, with some keys pressed in between; the last frame as text.
fn frames(pool: &Pool, load: &Load) -> Result<String, Box<dyn Error>> {
    let mut terminal = Terminal::new(TestBackend::new(PRINTED.0, PRINTED.1))?;
    let mut sampler = Sampler::new(pool);
    for key in "s+b ".chars().cycle().take(FRAMES) {
        for _ in 0..INTERVAL.as_millis() / LOOK.as_millis() {
            thread::sleep(LOOK);
            sampler.look(pool);
        }
        let view = sampler.view(pool, load);
        terminal.draw(|frame| screen::draw(frame, view))?;
        obey(KeyCode::Char(key).into(), load);
    }
    if pool.metrics().jobs() == 0 || !load.is_alive() {
        return Err("no job has run".into());
    }
    Ok(text(terminal.backend().buffer()))
}

/// What is on a screen, without colours.
fn text(buffer: &Buffer) -> String {
    let rows = buffer.content.chunks(usize::from(buffer.area.width).max(1));
    let line = |cells: &[ratatui::buffer::Cell]| cells.iter().map(|cell| cell.symbol()).collect::<String>();
    rows.map(|cells| format!("{}\n", line(cells).trim_end())).collect()
}

/// Prints. A reader who has seen enough, as in `| head -1`, is no error.
fn print(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
