//! A task for each connection on tokio's multi-threaded runtime.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

use crate::WORKERS;
use crate::echo::{BUFFER, Echo, listen};

pub(crate) struct Tokio {
    runtime: Runtime,
    address: SocketAddr,
}

impl Echo for Tokio {
    fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(WORKERS).enable_io().build()?;
        let listener = listen()?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let entered = runtime.enter();
        let listener = TcpListener::from_std(listener)?;
        drop(entered);
        runtime.spawn(accept(listener));
        Ok(Self { runtime, address })
    }

    fn address(&self) -> SocketAddr {
        self.address
    }

    fn stop(self) {
        drop(self.runtime);
    }
}

async fn accept(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        // A client that goes away is its own affair.
        drop(tokio::spawn(async { drop(answer(stream).await) }));
    }
}

async fn answer(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..read]).await?;
    }
}
