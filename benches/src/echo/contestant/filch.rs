//! The server of the example `echo`: readiness from the system, a job for each connection that is ready.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::WORKERS;
use crate::echo::server::{Options, Server};
use crate::echo::{Echo, loopback};

pub(crate) struct Filch(Server);

impl Echo for Filch {
    fn start() -> io::Result<Self> {
        let (connections, idle) = (10_000, Duration::from_secs(60));
        let options = Options { workers: WORKERS, connections, idle, clock: None };
        Server::start(loopback(), &options).map(Self)
    }

    fn address(&self) -> SocketAddr {
        self.0.address()
    }

    fn stop(self) {
        let summary = self.0.shutdown(Duration::from_secs(1));
        assert_eq!(summary.read, summary.answered, "what was read was sent back");
    }
}
