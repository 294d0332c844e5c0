//! A thread for each connection, which blocks in the system until something comes. Nothing but the standard library.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use crate::echo::{BUFFER, Echo, listen};

pub(crate) struct Threads {
    address: SocketAddr,
    stops: Arc<AtomicBool>,
    accepting: JoinHandle<()>,
}

impl Echo for Threads {
    fn start() -> io::Result<Self> {
        let (listener, stops) = (listen()?, Arc::new(AtomicBool::new(false)));
        let (address, stop) = (listener.local_addr()?, stops.clone());
        Ok(Self { address, stops, accepting: thread::spawn(move || accept(&listener, &stop)) })
    }

    fn address(&self) -> SocketAddr {
        self.address
    }

    fn stop(self) {
        self.stops.store(true, Ordering::Relaxed);
        // It waits for a client.
        drop(TcpStream::connect(self.address));
        self.accepting.join().expect("nothing panics");
    }
}

fn accept(listener: &TcpListener, stop: &AtomicBool) {
    while let Ok((stream, _)) = listener.accept() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        // A client that goes away is its own affair.
        thread::spawn(move || drop(answer(stream)));
    }
}

fn answer(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..read])?;
    }
}
