//! The server's side of a contest: a process of its own, so that the processor time that it takes is the server's.

use std::io::{self, BufRead, Write};
use std::time::Duration;

use crate::cpu;
use crate::echo::Echo;

/// Says where it listens, and answers each line of standard input with the processor time so far, in nanoseconds. When that ends, so does the server.
pub(crate) fn serve<E: Echo>() -> io::Result<()> {
    let server = E::start()?;
    tell(&server.address().to_string())?;
    for line in io::stdin().lock().lines() {
        line?;
        tell(&cpu::used().unwrap_or(Duration::ZERO).as_nanos().to_string())?;
    }
    server.stop();
    Ok(())
}

fn tell(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}
