//! Fetches from several hosts, at most two requests to each at a time, and does not wait for a busy one for ever.
//!
//! `cargo run --example per_host`. The hosts are small servers of this program, on the loopback interface. One of them is slow: most requests to it give up waiting for
//! their turn. Waiting for a turn, or for an answer, takes no worker away from the other hosts: spare threads stand by.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use filch::{AcquireTimeoutError, JobSet, Pool, Semaphore};

const REQUESTS_PER_HOST: usize = 2;
const LONGEST_WAIT: Duration = Duration::from_millis(250);

/// Hosts, and who may talk to them.
struct Client {
    limits: BTreeMap<&'static str, (SocketAddr, Semaphore)>,
}

/// Why there is no answer.
#[derive(Debug)]
enum FetchError {
    /// Too many requests to this host are under way.
    Busy,
    /// The client has been closed.
    Closed,
    Io(io::Error),
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => write!(f, "no turn within {LONGEST_WAIT:?}"),
            Self::Closed => f.write_str("closed"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl Client {
    fn fetch(&self, host: &str, path: &str) -> Result<String, FetchError> {
        let (address, limit) = &self.limits[host];
        let _turn = limit.acquire_timeout(LONGEST_WAIT).map_err(|error| match error {
            AcquireTimeoutError::TimedOut => FetchError::Busy,
            AcquireTimeoutError::Closed | AcquireTimeoutError::TooMany => FetchError::Closed,
        })?;
        filch::blocking(|| talk(*address, path)).map_err(FetchError::Io)
    }
}

fn talk(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(path.as_bytes())?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A server that takes so long for each answer, and the most requests that it had at once.
fn host(delay: Duration) -> io::Result<(SocketAddr, Arc<AtomicUsize>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (most, now) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = most.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (most, now) = (most.clone(), now.clone());
            thread::spawn(move || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // A client that goes away is its own affair.
                let _ = answer(stream, delay, &now);
            });
        }
    });
    Ok((address, seen))
}

fn answer(mut stream: TcpStream, delay: Duration, now: &AtomicUsize) -> io::Result<()> {
    let mut path = String::new();
    stream.read_to_string(&mut path)?;
    thread::sleep(delay);
    now.fetch_sub(1, Ordering::SeqCst);
    write!(stream, "contents of {path}")
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut limits = BTreeMap::new();
    let mut most = Vec::new();
    for (name, millis) in [("fast.example", 1), ("usual.example", 5), ("slow.example", 150)] {
        let (address, seen) = host(Duration::from_millis(millis))?;
        limits.insert(name, (address, Semaphore::new(REQUESTS_PER_HOST)));
        most.push((name, seen));
    }
    let client = Arc::new(Client { limits });

    // Two workers, and a spare thread for each request that may wait.
    let pool = Pool::builder().threads(2).spare_threads(60).build()?;
    let set = JobSet::new(&pool);
    for number in 0..20 {
        for (host, _) in &most {
            let (client, host) = (client.clone(), *host);
            set.submit(move || (host, client.fetch(host, &format!("/page/{number}"))));
        }
    }

    let mut tally: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
    for (_, result) in set.as_completed() {
        let (host, outcome) = result?;
        let kind = outcome.map_or_else(|error| error.to_string(), |page| page[..8].into());
        *tally.entry(host).or_default().entry(kind).or_default() += 1;
    }
    for (host, seen) in &most {
        println!("{host:14} {:?}, at most {} at once", tally[host], seen.load(Ordering::SeqCst));
        assert!(seen.load(Ordering::SeqCst) <= REQUESTS_PER_HOST);
    }
    assert_eq!(tally["fast.example"]["contents"], 20);
    assert!(tally["slow.example"].len() == 2, "some requests to the slow host give up");
    Ok(())
}
