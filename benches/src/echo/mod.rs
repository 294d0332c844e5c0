//! Echo servers: the contestants, one file each, behind one trait, and the load that they are put under. filch's server, and the load, are those of the example `echo`.

mod contestant;
#[path = "../../../examples/echo/files.rs"]
mod files;
#[path = "../../../examples/echo/load/mod.rs"]
mod load;
#[path = "../../../examples/echo/server/mod.rs"]
mod server;
mod workload;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use contestant::{Filch, Threads, Tokio};
pub use files::allow;
pub use workload::{Contest, Outcome, Turn};

use crate::record::Role;

/// A server under test.
pub(crate) trait Echo: Sized {
    /// Starts it, with [`WORKERS`](crate::WORKERS) threads if it has a pool, at an address on the loopback interface.
    fn start() -> io::Result<Self>;

    /// Where it listens.
    fn address(&self) -> SocketAddr;

    /// Stops it. No client is connected any more.
    fn stop(self);
}

/// A contestant.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What it is called in tables and on the command line.
    pub name: &'static str,
    /// Serves until standard input ends, for a [`Contest`] in another process.
    pub serve: fn() -> io::Result<()>,
    /// Starts it here, with so many clients that send messages of so many bytes. Each turn so many messages are answered.
    pub turns: fn(usize, usize, u64) -> Turn,
}

impl Entry {
    /// What it is to the others.
    pub fn role(&self) -> Role {
        if self.name == OURS { Role::Ours } else { Role::Rival }
    }

    const fn new<E: Echo + 'static>(name: &'static str) -> Self {
        Self { name, serve: workload::serve::<E>, turns: workload::turns::<E> }
    }
}

/// Ours. The first of the [`FIELD`].
pub const OURS: &str = "filch";

/// The packages that they are from.
pub const PACKAGES: [&str; 2] = [OURS, "tokio"];

/// All contestants.
pub const FIELD: &[Entry] =
    &[Entry::new::<Filch>(OURS), Entry::new::<Threads>("threads"), Entry::new::<Tokio>("tokio")];

/// As long as filch's: many clients come at once.
#[cfg(unix)]
const BACKLOG: i32 = 1024;

/// A read of the rivals takes so many bytes at most. 16 KiB and 128 KiB were slower for both.
const BUFFER: usize = 64 * 1024;

/// What the rivals listen with.
fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind(loopback())?;
    #[cfg(unix)]
    rustix::net::listen(&listener, BACKLOG)?;
    Ok(listener)
}

/// The system chooses the port.
fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}
