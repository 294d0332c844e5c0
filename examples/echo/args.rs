//! The command line.

use std::ffi::OsString;
use std::fmt::Display;
use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;
use std::time::Duration;

pub const HELP: &str = "\
An echo server on a filch pool, and a load generator that compares every answer byte for byte.

Usage: echo [--quick] [--workers N]     server and load on the loopback interface: a table, and a shutdown under load
       echo serve ADDR [options]        a server, for example on 127.0.0.1:7777; port 0 lets the system choose one
       echo load ADDR [options]         a load for a server, this one or another

  --workers N       serve: threads of the pool (one for each core)
  --connections N   serve: at a time at most (10000); load: so many (50)
  --idle S          serve: a connection without a message for so many seconds is closed (60)
  --bytes M         load: length of a message (1000)
  --seconds S       load: how long (5)
  --quick           a shorter table
  --help            print this text

The load generator is one thread, each connection has one message under way. On a large machine start several.
";

/// What the command line asks for.
#[derive(Debug, PartialEq)]
pub enum Command {
    Help,
    Demo { quick: bool, workers: usize },
    Serve { address: SocketAddr, workers: usize, connections: usize, idle: Duration },
    Load { address: SocketAddr, connections: usize, bytes: usize, time: Duration },
}

/// The options as they are written; each mode takes those that it knows.
#[derive(Default)]
struct Words {
    quick: bool,
    workers: Option<usize>,
    connections: Option<usize>,
    idle: Option<f64>,
    bytes: Option<usize>,
    seconds: Option<f64>,
}

/// Reads the arguments, without the name of the program. The error is a message for the user.
pub fn parse(words: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut words = words.map(|word| word.to_string_lossy().into_owned()).peekable();
    let mode = words.next_if(|word| matches!(word.as_str(), "serve" | "load"));
    let allowed: &[&str] = match mode.as_deref() {
        Some("serve") => &["--workers", "--connections", "--idle"],
        Some(_) => &["--connections", "--bytes", "--seconds"],
        None => &["--quick", "--workers"],
    };
    let mut address = None;
    let mut given = Words::default();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-h" | "--help" => return Ok(Command::Help),
            option if option.starts_with('-') => given.take(option, allowed, &mut words)?,
            _ if mode.is_some() && address.is_none() => address = Some(resolve(&word)?),
            _ => return Err(format!("unknown argument {word}")),
        }
    }
    let workers = given.workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let Some(mode) = mode else { return Ok(Command::Demo { quick: given.quick, workers }) };
    let address = address.ok_or_else(|| format!("{mode} needs an address such as 127.0.0.1:7777"))?;
    Ok(if mode == "serve" {
        let idle = Duration::from_secs_f64(given.idle.unwrap_or(60.0));
        Command::Serve { address, workers, connections: given.connections.unwrap_or(10_000), idle }
    } else {
        let time = Duration::from_secs_f64(given.seconds.unwrap_or(5.0));
        let (connections, bytes) = (given.connections.unwrap_or(50), given.bytes.unwrap_or(1000));
        Command::Load { address, connections, bytes, time }
    })
}

impl Words {
    fn take(&mut self, option: &str, allowed: &[&str], words: &mut impl Iterator<Item = String>) -> Result<(), String> {
        if !allowed.contains(&option) {
            return Err(format!("unknown option {option}, or not one of this mode"));
        }
        match option {
            "--quick" => self.quick = true,
            "--workers" => self.workers = Some(number(option, words.next(), 1, 1024)?),
            "--connections" => self.connections = Some(number(option, words.next(), 1, 1_000_000)?),
            "--bytes" => self.bytes = Some(number(option, words.next(), 1, 1 << 30)?),
            "--idle" => self.idle = Some(number(option, words.next(), 0.1, 1e6)?),
            _ => self.seconds = Some(number(option, words.next(), 0.01, 1e6)?),
        }
        Ok(())
    }
}

fn number<N>(option: &str, word: Option<String>, least: N, most: N) -> Result<N, String>
where
    N: FromStr + PartialOrd + Display,
{
    let number = word.and_then(|word| word.parse().ok()).filter(|number| (&least..=&most).contains(&number));
    number.ok_or_else(|| format!("{option} needs a number from {least} to {most}"))
}

fn resolve(word: &str) -> Result<SocketAddr, String> {
    let mut addresses = word.to_socket_addrs().map_err(|error| format!("{word} is no address: {error}"))?;
    addresses.next().ok_or_else(|| format!("{word} has no address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn each_mode_has_its_options() {
        let address = "127.0.0.1:7777".parse().unwrap();
        let (time, idle) = (Duration::from_millis(500), Duration::from_secs(2));
        let load = Command::Load { address, connections: 5, bytes: 9, time };
        assert_eq!(parsed("load 127.0.0.1:7777 --connections 5 --bytes 9 --seconds 0.5"), Ok(load));
        let serve = Command::Serve { address, workers: 3, connections: 7, idle };
        assert_eq!(parsed("serve --workers 3 --connections 7 --idle 2 127.0.0.1:7777"), Ok(serve));
        assert_eq!(parsed("--quick --workers 1"), Ok(Command::Demo { quick: true, workers: 1 }));
        assert_eq!(parsed("load --help"), Ok(Command::Help));
    }

    #[test]
    fn mistakes_are_refused() {
        let lines = [
            "serve",
            "serve nowhere",
            "load 127.0.0.1:7777 --workers 2",
            "load 127.0.0.1:7777 8",
            "load 127.0.0.1:7777 --bytes 0",
            "--workers",
            "--seconds 1",
            "more",
        ];
        for line in lines {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
