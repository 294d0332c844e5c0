//! An echo server: what a client sends comes back.
//!
//! # How nobody starves
//!
//! A worker for each connection would be simple, and the first connection more than there are workers would get no answer. Here **the system says who is ready, and only who is ready
//! has a job**:
//!
//! 1. The *reactor* (`reactor.rs`) waits for the system. It hears of new clients and of connections that have become readable or writable.
//! 2. A connection that waits has a *seat* (`seat.rs`). When it is ready the reactor takes it from there and makes a job of it. If a job has it already, that job is told to look again.
//! 3. The job (`connection.rs`) reads and answers, never blocks (`wire.rs`), and brings the connection back.
//!
//! A turn has a bounded number of reads: whoever still has more goes to the end of the system's list of those that are ready. While the system does not take an answer, since the client
//! does not read, nothing is read from that client either: it waits for its socket to become writable, and holds neither a worker nor more than one buffer of memory.
//!
//! # The reactor is a job
//!
//! A thread of its own would have to wake a worker for each message: with one client and with five that made a short one nearly half as dear again. As a job it serves what it hears of in place, as long as that is little, on a thread that
//! is awake already; else it queues a job for each connection, and itself for whoever has nothing to do. It waits inside [`filch::blocking`], and the pool has one spare thread for it: so the pool's
//! other jobs, such as the sweep below, never wait for a client, on a pool with one worker either.
//!
//! The system tells each change once (mio's sockets are edge-triggered). To ask for one event at a time would exclude a second job without the seats, and cost a system call for each message.
//!
//! # Limits
//!
//! Each connection has a permit of a [`filch::Semaphore`]; without one nobody is let in, and clients wait in the system's queue. The idle limit costs a message nothing but the store of a number: a
//! schedule counts *sweeps*, a connection notes the number at each turn, and a sweep closes those whose number is old. A timer for each connection, put off with each message, would cost more.
//!
//! # The end
//!
//! [`Server::shutdown`] lets nobody in any more. Each connection answers what has come by then and ends its own side; when its client has done the same, it is closed. Those that have not
//! ended after the time of grace are closed anyway.

mod connection;
mod reactor;
mod seat;
mod shared;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use filch::{ManualClock, Pool, Schedule};
use mio::Poll;
use mio::net::TcpListener;

use reactor::Reactor;
use shared::Shared;

/// So many clients may wait in the system's queue to be let in.
#[cfg(unix)]
const BACKLOG: i32 = 1024;

/// Sweeps in the time of the idle limit.
const SWEEPS: u32 = 8;

/// A server that stops looks so often whether all connections that it has closed are gone.
const PATIENCE: Duration = Duration::from_millis(10);

/// What a server is to be like.
#[derive(Clone, Debug)]
pub struct Options {
    /// Workers of its pool.
    pub workers: usize,
    /// Connections at a time.
    pub connections: usize,
    /// A connection without a message for so long is closed; it may live an eighth longer.
    pub idle: Duration,
    /// What the idle limit goes by, if not by the system's clock.
    pub clock: Option<ManualClock>,
}

/// What a server has done in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Connections that it let in.
    pub connections: u64,
    /// Bytes that it took to answer.
    pub read: u64,
    /// Bytes of these that it has sent back.
    pub answered: u64,
}

/// A running echo server. To drop it is to shut it down without grace.
pub struct Server {
    pool: Pool,
    shared: Arc<Shared>,
    sweeper: Schedule,
    address: SocketAddr,
    connections: usize,
}

impl Server {
    /// Listens, and answers from now on. Port 0 lets the system choose one.
    pub fn start(address: SocketAddr, options: &Options) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        #[cfg(unix)]
        rustix::net::listen(&listener, BACKLOG)?;
        let address = listener.local_addr()?;
        let poll = Poll::new()?;
        let shared = Arc::new(Shared::new(&poll, options.connections)?);
        let reactor = Box::new(Reactor::new(poll, listener, shared.clone())?);
        let mut builder = Pool::builder().threads(options.workers).spare_threads(1);
        if let Some(clock) = &options.clock {
            builder = builder.clock(clock.clone());
        }
        let pool = builder.build().map_err(io::Error::other)?;
        let swept = shared.clone();
        let sweeper = pool.schedule(options.idle / SWEEPS, move || swept.sweep(SWEEPS.into()));
        pool.spawn(move || reactor.run());
        Ok(Self { pool, shared, sweeper, address, connections: options.connections })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers what has come, ends the connections, and returns when all are closed, its threads have ended and nobody listens there any more.
    pub fn shutdown(self, grace: Duration) -> Summary {
        self.stop(grace);
        let counts = &self.shared.counts;
        Summary {
            connections: counts.connections.load(Ordering::Relaxed),
            read: counts.read.load(Ordering::Relaxed),
            answered: counts.answered.load(Ordering::Relaxed),
        }
    }

    fn stop(&self, grace: Duration) {
        self.shared.stop();
        // All permits are back: no connection is left, and none can be let in.
        let mut patience = grace;
        while self.shared.permits.acquire_many_timeout(self.connections, patience).map(filch::Permit::forget).is_err() {
            self.shared.close_all();
            patience = PATIENCE;
        }
        self.sweeper.cancel();
        self.pool.wait_idle();
        self.pool.shutdown();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !self.pool.is_shut_down() {
            self.stop(Duration::ZERO);
        }
    }
}
