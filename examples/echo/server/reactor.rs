//! Waits until connections are ready, and makes jobs of them.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use filch::Pool;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

use super::connection::{Connection, Turn};
use super::shared::{Shared, WAKER};

const LISTENER: Token = Token(usize::MAX - 1);

/// The reactor hears of so many connections at once.
const EVENTS: usize = 256;

/// After so many new connections the others have their turn.
const ACCEPTS: usize = 64;

/// When the system has no room for a connection, it is asked again after this time.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// So many connections that are ready are served in place, one after the other: to wake another worker costs more than to answer some short messages. With 8 the messages of 50 clients came back a
/// seventh slower, and for some clients a quarter more often than for others; with 64 there was no difference (the program `echo` of the benches, 1,000 bytes).
const IN_PLACE: usize = 32;

/// When they have sent so many bytes the others shall help after all. Half of that made no difference.
const BYTES_IN_PLACE: u64 = 128 * 1024;

pub struct Reactor {
    poll: Poll,
    events: Events,
    /// `None`: the server stops.
    listener: Option<TcpListener>,
    /// Connections may be there that have not been accepted.
    may_accept: bool,
    shared: Arc<Shared>,
    /// Connections that are ready.
    turns: VecDeque<Turn>,
}

impl Reactor {
    pub fn new(poll: Poll, mut listener: TcpListener, shared: Arc<Shared>) -> io::Result<Self> {
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let events = Events::with_capacity(EVENTS);
        Ok(Self { poll, events, listener: Some(listener), may_accept: false, shared, turns: VecDeque::new() })
    }

    /// A job: until the server has stopped, or there is so much to do that others shall help.
    pub fn run(mut self: Box<Self>) {
        loop {
            self.wait();
            self.hear();
            self.accept();
            if self.has_stopped() {
                return;
            }
            self.serve();
            if !self.turns.is_empty() {
                return self.share();
            }
        }
    }

    /// Waits for the system, while a spare thread of the pool works in place of this one.
    fn wait(&mut self) {
        let timeout = self.may_accept.then_some(Duration::ZERO);
        match filch::blocking(|| self.poll.poll(&mut self.events, timeout)) {
            Err(error) if error.kind() != ErrorKind::Interrupted => panic!("cannot wait for connections: {error}"),
            _ => {}
        }
    }

    fn hear(&mut self) {
        let seats = self.shared.seats();
        for event in &self.events {
            match event.token() {
                // Something has ended: there may be room again.
                LISTENER | WAKER => self.may_accept = true,
                Token(place) => {
                    let Some(seat) = seats.get(place) else { continue };
                    let called = seat.call(event.is_read_closed());
                    self.turns.extend(called.map(|connection| Turn { seat: seat.clone(), connection }));
                }
            }
        }
        self.events.clear();
    }

    /// Lets connections in while there are permits. The others wait in the system's queue, until one that ends wakes the reactor.
    fn accept(&mut self) {
        let Some(listener) = self.listener.as_ref().filter(|_| self.may_accept) else { return };
        for _ in 0..ACCEPTS {
            let Ok(permit) = self.shared.permits.clone().try_acquire_owned() else {
                self.may_accept = false;
                return;
            };
            match listener.accept() {
                // If that fails the client has gone away meanwhile, or the system has no room: it sees the connection end.
                Ok((stream, _)) => drop(Connection::open(&self.shared, stream, permit)),
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => {}
                Err(error) => {
                    self.may_accept = false;
                    if error.kind() != ErrorKind::WouldBlock {
                        self.accept_later();
                    }
                    return;
                }
            }
        }
    }

    fn accept_later(&self) {
        let shared = self.shared.clone();
        let pool = Pool::current().expect("the reactor is a job");
        pool.spawn_later(ACCEPT_AGAIN, move || shared.wake_reactor());
    }

    /// If the server stops: lets nobody in any more, and calls every connection, once. True: none is left.
    fn has_stopped(&mut self) -> bool {
        if !self.shared.is_stopping() {
            return false;
        }
        self.may_accept = false;
        let seats = self.shared.seats();
        if self.listener.take().is_some() {
            for (_, seat) in &*seats {
                let called = seat.call(false);
                self.turns.extend(called.map(|connection| Turn { seat: seat.clone(), connection }));
            }
        }
        seats.is_empty()
    }

    /// Serves connections here, if they are few and their messages short.
    fn serve(&mut self) {
        if self.turns.len() > IN_PLACE {
            return;
        }
        let mut bytes = 0;
        while bytes <= BYTES_IN_PLACE {
            let Some(turn) = self.turns.pop_front() else { return };
            bytes += turn.run();
        }
    }

    /// Queues a job for each connection that is left. This worker takes the newest of its jobs first, so whoever was ready first is served first; others take the oldest: one that has nothing to do
    /// becomes the reactor, and hears who is ready next. If none has time, this worker does so when it has served these.
    fn share(mut self: Box<Self>) {
        let turns = mem::take(&mut self.turns);
        filch::spawn(move || self.run());
        for turn in turns.into_iter().rev() {
            filch::spawn(move || _ = turn.run());
        }
    }
}
