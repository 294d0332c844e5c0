//! An echo server whose connections are jobs, and a load generator that compares every answer byte for byte.
//!
//! ```text
//! cargo run --release --example echo                                  # both, on the loopback interface
//! cargo run --release --example echo -- --quick                       # the same in two seconds
//! cargo run --release --example echo -- serve 127.0.0.1:7777
//! cargo run --release --example echo -- load 127.0.0.1:7777 --connections 50 --bytes 1000 --seconds 5
//! cargo test --example echo
//! ```
//!
//! `server/mod.rs` says how a few workers serve any number of connections, so that none starves and none blocks a worker. `demo.rs` has the table, and the shutdown under load. The load
//! generator in `load/` knows nothing of filch; `cargo run --release -p filch-benches --bin echo` lets it loose on other servers, too.

mod args;
mod demo;
mod files;
mod load;
mod server;
#[cfg(test)]
mod tests;

use std::env;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use args::Command;
use load::{End, Load};
use server::{Options, Server};

/// Connections have so long to end when the server stops.
const GRACE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let done = match args::parse(env::args_os().skip(1)) {
        Ok(Command::Help) => {
            print!("{}", args::HELP);
            Ok(())
        }
        Ok(Command::Demo { quick, workers }) => demo::run(quick, workers),
        Ok(Command::Serve { address, workers, connections, idle }) => {
            serve(address, &Options { workers, connections, idle, clock: None })
        }
        Ok(Command::Load { address, connections, bytes, time }) => load(address, connections, bytes, time),
        Err(message) => {
            eprintln!("echo: {message}\nTry --help.");
            return ExitCode::from(2);
        }
    };
    done.map_or_else(
        |error| {
            eprintln!("echo: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

fn serve(address: SocketAddr, options: &Options) -> Result<(), Box<dyn Error>> {
    files::allow(options.connections)?;
    let server = start(address, options)?;
    println!("listening on {} with {} workers; Enter stops", server.address(), options.workers);
    if io::stdin().read_line(&mut String::new())? == 0 {
        // Nobody is there to press it: until the process is ended.
        loop {
            thread::park();
        }
    }
    let summary = server.shutdown(GRACE);
    println!("{} connections: {} bytes read, {} sent back", summary.connections, summary.read, summary.answered);
    Ok(())
}

fn start(address: SocketAddr, options: &Options) -> Result<Server, String> {
    Server::start(address, options).map_err(|error| format!("cannot listen on {address}: {error}"))
}

fn load(address: SocketAddr, connections: usize, bytes: usize, time: Duration) -> Result<(), Box<dyn Error>> {
    files::allow(connections)?;
    let mut load = Load::start(address, connections, bytes)?;
    load.run_for(time)?;
    println!("{}", demo::TITLES);
    println!("{}", demo::row(connections, bytes, &load.report()));
    let ended = load.ends().count();
    if ended > 0 {
        let within = load.ends().filter(|end| *end == End::Within).count();
        return Err(format!("the server ended {ended} connections, {within} of them within an answer").into());
    }
    load.finish()?;
    Ok(())
}
