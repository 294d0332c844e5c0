//! One connection of the load: it sends a message, compares what comes back, and sends the next one.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::TcpStream;

use super::error::LoadError;
use super::noise::Noise;

/// Whether the system tells of what comes after a read that did not fill the buffer. Elsewhere it must have refused a read first.
const SHORT_READ_IS_ALL: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// A read takes so many bytes at most.
const BUFFER: usize = 128 * 1024;

/// How the server ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Between two answers.
    Between,
    /// Within an answer that it had begun.
    Within,
}

pub struct Talker {
    pub stream: TcpStream,
    address: SocketAddr,
    index: usize,
    /// The number of the message that is under way: so many have been answered.
    pub message: u64,
    /// Bytes of it that have been sent, and that have come back.
    sent: usize,
    back: usize,
    opened: Instant,
    began: Instant,
    /// How long it took from opening the connection.
    pub first_answer: Option<Duration>,
    /// `None`: it goes on.
    pub end: Option<End>,
}

/// What the talkers of a load share.
pub struct Shared {
    noise: Noise,
    buffer: Vec<u8>,
    /// After an answer comes no other message.
    pub is_last: bool,
    /// Of each message, from its sending to the last byte of its answer, in nanoseconds.
    pub latencies: Vec<u32>,
}

impl Shared {
    pub fn new(bytes: usize) -> Self {
        Self { noise: Noise::new(bytes), buffer: vec![0; BUFFER], is_last: false, latencies: Vec::new() }
    }
}

impl Talker {
    pub fn open(index: usize, address: SocketAddr) -> io::Result<Self> {
        let opened = Instant::now();
        let stream = TcpStream::connect(address)?;
        let (message, sent, back, began) = (0, 0, 0, opened);
        Ok(Self { stream, address, index, message, sent, back, opened, began, first_answer: None, end: None })
    }

    /// Nothing of a message is under way.
    pub fn rests(&self) -> bool {
        self.end.is_some() || self.sent == 0
    }

    /// It ended before it was of any use.
    pub fn is_refused(&self) -> bool {
        self.end.is_some() && self.first_answer.is_none()
    }

    /// Sends and receives until the system makes it wait.
    pub fn go_on(&mut self, shared: &mut Shared, has_heard_end: bool) -> Result<(), LoadError> {
        if self.end.is_some() {
            return Ok(());
        }
        if !self.rests() || !shared.is_last {
            self.send(&shared.noise)?;
        }
        loop {
            let Some(read) = self.call(|stream| stream.read(&mut shared.buffer))? else { return Ok(()) };
            if read == 0 {
                self.end = Some(if self.back == 0 { End::Between } else { End::Within });
                // The server waits for that. If it does no longer, so much the better.
                let _ = self.stream.shutdown(Shutdown::Write);
                return Ok(());
            }
            self.compare(&shared.noise, &shared.buffer[..read])?;
            if self.back == shared.noise.length() {
                shared.latencies.push(self.note_answer());
                if !shared.is_last {
                    self.send(&shared.noise)?;
                }
            }
            if SHORT_READ_IS_ALL && read < shared.buffer.len() && !has_heard_end {
                return Ok(());
            }
        }
    }

    fn send(&mut self, noise: &Noise) -> Result<(), LoadError> {
        let message = noise.message(self.index, self.message);
        while self.sent < message.len() {
            let rest = &message[self.sent..];
            let Some(sent) = self.call(|stream| stream.write(rest))? else { break };
            self.sent += sent;
        }
        Ok(())
    }

    /// Calls the system, again if a signal came in between. `None`: it would have to wait.
    fn call(&mut self, mut call: impl FnMut(&mut TcpStream) -> io::Result<usize>) -> Result<Option<usize>, LoadError> {
        loop {
            match call(&mut self.stream) {
                Ok(count) => return Ok(Some(count)),
                Err(error) => match error.kind() {
                    // Not connected: not yet.
                    ErrorKind::WouldBlock | ErrorKind::NotConnected => return Ok(None),
                    ErrorKind::Interrupted => {}
                    _ if self.message == 0 && self.sent == 0 => {
                        return Err(LoadError::Connect { address: self.address, error });
                    }
                    _ => return Err(LoadError::Broken { connection: self.index, message: self.message, error }),
                },
            }
        }
    }

    fn compare(&mut self, noise: &Noise, got: &[u8]) -> Result<(), LoadError> {
        let (connection, message) = (self.index, self.message);
        let unanswered = &noise.message(connection, message)[self.back..self.sent];
        let Some(sent) = unanswered.get(..got.len()) else { return Err(LoadError::TooLong { connection, message }) };
        if sent != got {
            let at = sent.iter().zip(got).take_while(|(sent, got)| sent == got).count();
            let byte = self.back + at;
            return Err(LoadError::Wrong { connection, message, byte, sent: sent[at], got: got[at] });
        }
        self.back += got.len();
        Ok(())
    }

    /// The answer is complete. Returns how long it took.
    fn note_answer(&mut self) -> u32 {
        let now = Instant::now();
        let took = now - self.began;
        self.first_answer.get_or_insert(now - self.opened);
        (self.message, self.sent, self.back, self.began) = (self.message + 1, 0, 0, now);
        took.as_nanos().try_into().unwrap_or(u32::MAX)
    }
}
