//! The echo itself: a socket that answers what it reads and never blocks.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::Shutdown;

use mio::net::TcpStream;

/// After so many reads others have their turn.
const READS: usize = 16;

/// Whether the system tells of what comes after a read that did not fill the buffer. Elsewhere it must have refused a read first.
const SHORT_READ_IS_ALL: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// The system will tell when there is more to do.
    Waits,
    /// There may be more to do now.
    HasMore,
    /// Both sides have ended, or the connection is broken.
    Over,
}

pub struct Wire {
    pub stream: TcpStream,
    /// What has been read and the system has not taken back yet. Nothing is read until it has, so this never holds more than one buffer.
    unsent: Vec<u8>,
    /// So much of `unsent` has been taken.
    taken: usize,
    /// The system has seen the end of what the client sends: a short read is not the last one.
    pub has_heard_end: bool,
    /// Our side has ended. What still comes has no answer.
    is_closing: bool,
    /// Bytes that are answered, or will be.
    pub read: u64,
    pub answered: u64,
}

impl Wire {
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, unsent: Vec::new(), taken: 0, has_heard_end: false, is_closing: false, read: 0, answered: 0 }
    }

    /// Reads and answers.
    ///
    /// If the server stops, what has come by now is answered, and then our side ends. The connection is over when the client has ended its own side, too: if it were
    /// closed before, with bytes unread, the system would throw away what the client has not read yet.
    pub fn turn(&mut self, buffer: &mut [u8], is_stopping: bool) -> Turned {
        self.try_turn(buffer, is_stopping).unwrap_or(Turned::Over)
    }

    fn try_turn(&mut self, buffer: &mut [u8], is_stopping: bool) -> io::Result<Turned> {
        for _ in 0..READS {
            if !self.flush()? {
                return Ok(Turned::Waits);
            }
            let Some(read) = would_block(|| self.stream.read(buffer))? else {
                self.close_if(is_stopping)?;
                return Ok(Turned::Waits);
            };
            if read == 0 {
                return Ok(Turned::Over);
            }
            if !self.is_closing {
                self.answer(&buffer[..read])?;
            }
            let is_all = SHORT_READ_IS_ALL && read < buffer.len() && !self.has_heard_end && !is_stopping;
            if is_all && self.unsent.is_empty() {
                return Ok(Turned::Waits);
            }
        }
        if self.flush()? {
            self.close_if(is_stopping)?;
        }
        Ok(Turned::HasMore)
    }

    fn answer(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.read += bytes.len() as u64;
        let taken = self.send(bytes)?;
        self.unsent.extend_from_slice(&bytes[taken..]);
        Ok(())
    }

    /// Sends what is left over. False: some still is.
    fn flush(&mut self) -> io::Result<bool> {
        if self.unsent.is_empty() {
            return Ok(true);
        }
        let unsent = mem::take(&mut self.unsent);
        self.taken += self.send(&unsent[self.taken..])?;
        if self.taken < unsent.len() {
            self.unsent = unsent;
            return Ok(false);
        }
        self.taken = 0;
        Ok(true)
    }

    /// Sends as much as the system takes.
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut sent = 0;
        while sent < bytes.len() {
            match would_block(|| self.stream.write(&bytes[sent..]))? {
                Some(0) => return Err(ErrorKind::WriteZero.into()),
                Some(written) => sent += written,
                None => break,
            }
        }
        self.answered += sent as u64;
        Ok(sent)
    }

    fn close_if(&mut self, is_stopping: bool) -> io::Result<()> {
        if is_stopping && !self.is_closing {
            self.is_closing = true;
            self.stream.shutdown(Shutdown::Write)?;
        }
        Ok(())
    }
}

/// Calls the system, again if a signal came in between. `None`: it would have to wait.
fn would_block(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<Option<usize>> {
    loop {
        match call() {
            Ok(count) => return Ok(Some(count)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream as Client;

    use super::*;

    fn connected() -> (Client, Wire) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = Client::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        (client, Wire::new(TcpStream::from_std(stream)))
    }

    /// Sends, and waits until it has come.
    fn send(client: &mut Client, wire: &Wire, bytes: usize) {
        client.write_all(&vec![7; bytes]).unwrap();
        let mut come = vec![0; bytes];
        while wire.stream.peek(&mut come).ok() != Some(bytes) {
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_turn_ends_after_some_reads() {
        let (mut client, mut wire) = connected();
        send(&mut client, &wire, 100 * READS + 50);
        assert_eq!(wire.turn(&mut [0; 100], false), Turned::HasMore);
        assert_eq!((wire.read, wire.answered), (100 * READS as u64, 100 * READS as u64));
        assert_eq!(wire.turn(&mut [0; 100], false), Turned::Waits);
        assert_eq!(wire.answered, 100 * READS as u64 + 50);
    }

    #[test]
    fn a_server_that_stops_answers_what_has_come_and_waits_for_the_client() {
        let (mut client, mut wire) = connected();
        send(&mut client, &wire, 10);
        assert_eq!(wire.turn(&mut [0; 100], true), Turned::Waits);
        send(&mut client, &wire, 5);
        assert_eq!(wire.turn(&mut [0; 100], true), Turned::Waits);
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        assert_eq!((answer.len(), wire.read, wire.answered), (10, 10, 10));
        drop(client);
        while wire.turn(&mut [0; 100], true) != Turned::Over {
            std::thread::yield_now();
        }
    }
}
