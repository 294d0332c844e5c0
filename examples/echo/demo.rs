//! Server and load in one process: a table, and a shutdown while everybody talks.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::{Duration, Instant};

use crate::load::{End, Load, LoadError, Report};
use crate::server::{Options, Server};
use crate::{GRACE, files, start};

pub const TITLES: &str = "connections  bytes  messages/s     MB/s   p50 µs   p99 µs  slowest first ms  most/fewest";

/// Both ends of the most connections are in this process.
const MOST: usize = 50;

/// The demonstration. `Err`: an answer was wrong, or the server did not end as it should.
pub fn run(quick: bool, workers: usize) -> Result<(), Box<dyn Error>> {
    files::allow(2 * MOST)?;
    let time = Duration::from_millis(if quick { 100 } else { 1000 });
    let options = Options { workers, connections: MOST, idle: Duration::from_secs(60), clock: None };
    let server = start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), &options)?;
    println!("echo on {} with {workers} workers, {time:?} for each line, every answer compared\n", server.address());
    println!("{TITLES}");
    for connections in [1, 5, MOST] {
        for bytes in [1000, 4096, 65_536] {
            let mut load = Load::start(server.address(), connections, bytes)?;
            load.run_messages(100 * connections as u64)?;
            load.start_counting();
            load.run_for(time)?;
            println!("{}", row(connections, bytes, &load.report()));
            load.finish()?;
        }
    }
    shut_down(server, time)
}

pub fn row(connections: usize, bytes: usize, report: &Report) -> String {
    let micros = |time: Duration| time.as_nanos() as f64 / 1e3;
    let rate = report.messages_per_second();
    format!(
        "{connections:11} {bytes:6} {rate:11.0} {:8.1} {:8.1} {:8.1} {:17.2} {:12.2}",
        rate * bytes as f64 / 1e6,
        micros(report.p50),
        micros(report.p99),
        micros(report.slowest_first) / 1e3,
        report.unfairness(),
    )
}

/// Shuts the server down while all its connections talk. Every answer that was begun has to end.
fn shut_down(server: Server, time: Duration) -> Result<(), Box<dyn Error>> {
    let mut load = Load::start(server.address(), MOST, 1000)?;
    let talking = thread::spawn(move || -> Result<Load, LoadError> {
        load.run_for(time + GRACE)?;
        Ok(load)
    });
    thread::sleep(time);
    let began = Instant::now();
    let summary = server.shutdown(GRACE);
    let took = began.elapsed();
    let load = talking.join().expect("the load does not panic")?;
    let (between, within): (Vec<End>, _) = load.ends().partition(|end| *end == End::Between);
    println!("\nshutdown under load, within {:.1} ms:", took.as_secs_f64() * 1e3);
    println!("  {} connections ended between two answers, {} within one", between.len(), within.len());
    println!("  {} bytes read, {} sent back", summary.read, summary.answered);
    if between.len() == MOST && summary.read == summary.answered { Ok(()) } else { Err("some answers got lost".into()) }
}
