//! What can go wrong with a load.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Why a load has stopped. Connections and messages are numbered from 0, bytes within their message.
#[derive(Debug)]
pub enum LoadError {
    /// The system has no room for what is needed on this side.
    System(io::Error),
    /// Nobody listens there.
    Connect { address: SocketAddr, error: io::Error },
    /// A connection broke.
    Broken { connection: usize, message: u64, error: io::Error },
    /// An answer is not what was sent.
    Wrong { connection: usize, message: u64, byte: usize, sent: u8, got: u8 },
    /// More came back than was sent.
    TooLong { connection: usize, message: u64 },
    /// The server ended a connection before the first answer.
    Refused { connection: usize },
    /// The server says nothing.
    Silent { patience: Duration, unheard: usize },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(error) => write!(f, "the system refuses: {error}"),
            Self::Connect { address, error } => write!(f, "cannot connect to {address}: {error}"),
            Self::Broken { connection, message, error } => {
                write!(f, "connection {connection} broke at message {message}: {error}")
            }
            Self::Wrong { connection, message, byte, sent, got } => write!(
                f,
                "connection {connection}, message {message}: byte {byte} was sent as {sent:#04x} and came back as {got:#04x}"
            ),
            Self::TooLong { connection, message } => {
                write!(f, "connection {connection}, message {message}: more came back than was sent")
            }
            Self::Refused { connection } => {
                write!(f, "the server ended connection {connection} before the first answer")
            }
            Self::Silent { patience, unheard } => {
                write!(f, "no answer for {patience:?}; connections that have never had one: {unheard}")
            }
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::System(error) | Self::Connect { error, .. } | Self::Broken { error, .. } => Some(error),
            _ => None,
        }
    }
}
