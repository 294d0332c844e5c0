//! A connection, and the job that serves it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use filch::OwnedPermit;
use mio::net::TcpStream;
use mio::{Interest, Token};

use super::seat::Seat;
use super::shared::Shared;
use super::wire::{Turned, Wire};

/// The system tells of both once, when a socket becomes ready, and not again before it has become so anew.
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

pub struct Connection {
    shared: Arc<Shared>,
    token: Token,
    permit: Option<OwnedPermit>,
    pub wire: Wire,
    /// The sweep after which it was served last.
    served: u64,
}

impl Connection {
    /// Gives a connection its seat.
    pub fn open(shared: &Arc<Shared>, mut stream: TcpStream, permit: OwnedPermit) -> io::Result<()> {
        // An answer must not wait for the next one.
        stream.set_nodelay(true)?;
        let mut seats = shared.seats();
        let entry = seats.vacant_entry();
        let token = Token(entry.key());
        shared.registry.register(&mut stream, token, BOTH)?;
        let (wire, served) = (Wire::new(stream), shared.sweeps());
        let connection = Self { shared: shared.clone(), token, permit: Some(permit), wire, served };
        entry.insert(Arc::new(Seat::new(Box::new(connection))));
        shared.counts.connections.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    pub fn is_idle(&self, since: u64) -> bool {
        self.served < since
    }

    fn turn(&mut self) -> Turned {
        self.served = self.shared.sweeps();
        let is_stopping = self.shared.is_stopping();
        self.shared.buffers.with(|buffer| self.wire.turn(buffer, is_stopping))
    }

    /// Has the system tell again that this is ready, after the others that are. False: it refuses.
    fn queue_again(&mut self) -> bool {
        self.shared.registry.reregister(&mut self.wire.stream, self.token, BOTH).is_ok()
    }
}

/// Closing a connection is dropping it, in a job that has panicked too.
impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.counts.add(self.wire.read, self.wire.answered);
        drop(self.shared.seats().try_remove(self.token.0));
        drop(self.permit.take());
        // Another one may come in; or this was the last one, and the reactor ends.
        self.shared.wake_reactor();
    }
}

/// A connection that is ready: what a job is made of.
pub struct Turn {
    pub seat: Arc<Seat>,
    pub connection: Box<Connection>,
}

impl Turn {
    /// Reads and answers until the connection has to wait, and brings it back. Returns how many bytes that were.
    pub fn run(self) -> u64 {
        let Self { seat, mut connection } = self;
        let before = connection.wire.read;
        loop {
            let turned = connection.turn();
            let bytes = connection.wire.read - before;
            if turned == Turned::Over || turned == Turned::HasMore && !connection.queue_again() {
                return bytes;
            }
            match seat.bring_back(connection) {
                Some(called) => connection = called,
                None => return bytes,
            }
        }
    }
}
