//! Where a connection waits until it is ready. While a job serves it the seat is empty, so no second job does.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::connection::Connection;

pub struct Seat(Mutex<Place>);

struct Place {
    /// `None`: a job has it, or it is gone.
    connection: Option<Box<Connection>>,
    /// It was called while a job had it: that job has to look again.
    was_called: bool,
    /// The client has ended its side.
    has_ended: bool,
    /// A job that brings it back closes it.
    is_closed: bool,
}

impl Seat {
    pub fn new(connection: Box<Connection>) -> Self {
        let place = Place { connection: Some(connection), was_called: false, has_ended: false, is_closed: false };
        Self(Mutex::new(place))
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The system says that there is something to do. If nobody else has the connection the caller gets it.
    pub fn call(&self, has_ended: bool) -> Option<Box<Connection>> {
        let mut place = self.place();
        place.has_ended |= has_ended;
        let mut connection = place.connection.take();
        match &mut connection {
            Some(connection) => connection.wire.has_heard_end = place.has_ended,
            None => place.was_called = true,
        }
        connection
    }

    /// A job has done what there was to do. If there is more by now it gets the connection again.
    pub fn bring_back(&self, mut connection: Box<Connection>) -> Option<Box<Connection>> {
        let mut place = self.place();
        if place.is_closed {
            // Both go, the lock first.
            return None;
        }
        if mem::take(&mut place.was_called) {
            connection.wire.has_heard_end = place.has_ended;
            return Some(connection);
        }
        place.connection = Some(connection);
        None
    }

    /// Has the connection closed: by the caller, who gets it to drop, or by the job that has it.
    pub fn close(&self) -> Option<Box<Connection>> {
        let mut place = self.place();
        place.is_closed = true;
        place.connection.take()
    }

    /// The same, if it waits here and has not been served since that sweep.
    pub fn close_if_idle(&self, since: u64) -> Option<Box<Connection>> {
        let mut place = self.place();
        place.connection.take_if(|connection| connection.is_idle(since))
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;

    use super::super::shared::Shared;
    use super::*;

    /// The only connection of a server without a reactor, and the client's end.
    fn seated() -> (Arc<Shared>, Arc<Seat>, TcpStream) {
        let shared = Arc::new(Shared::new(&mio::Poll::new().unwrap(), 1).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        let permit = shared.permits.clone().try_acquire_owned().unwrap();
        Connection::open(&shared, mio::net::TcpStream::from_std(stream), permit).unwrap();
        let seat = shared.seats()[0].clone();
        (shared, seat, client)
    }

    #[test]
    fn one_job_at_a_time_has_the_connection_and_is_told_of_more() {
        let (_shared, seat, _client) = seated();
        let connection = seat.call(false).expect("it waits");
        assert!(seat.call(true).is_none() && seat.call(false).is_none());
        let connection = seat.bring_back(connection).expect("it was called");
        assert!(connection.wire.has_heard_end);
        assert!(seat.bring_back(connection).is_none());
        assert!(seat.call(false).is_some());
    }

    #[test]
    fn a_job_that_brings_back_a_closed_connection_drops_it() {
        let (shared, seat, _client) = seated();
        let connection = seat.call(false).expect("it waits");
        assert!(seat.close().is_none());
        assert_eq!((shared.seats().len(), shared.permits.available()), (1, 0));
        assert!(seat.bring_back(connection).is_none());
        assert_eq!((shared.seats().len(), shared.permits.available()), (0, 1));
    }
}
