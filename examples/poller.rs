//! Asks a server that is not ready yet again and again: each time later, and not for ever.
//!
//! `cargo run --example poller`. The server is a small one of this program, on the loopback interface, which answers "ready" after a few requests. A poll is a job of its own, so no worker waits
//! between two of them; the time limit is a job, too, and whichever comes first cancels the other.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};

use filch::Pool;

const FIRST_DELAY: Duration = Duration::from_millis(20);
const LONGEST_DELAY: Duration = Duration::from_millis(200);
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Ready { polls: u32 },
    TimedOut,
    Failed(String),
}

/// One poll, and what is needed for the next.
struct Poller {
    server: SocketAddr,
    polls: u32,
    delay: Duration,
    outcome: Sender<Outcome>,
}

impl Poller {
    /// Asks once. If the server is not ready, the next poll comes twice as late.
    fn poll(mut self) {
        self.polls += 1;
        match ask(self.server) {
            Ok(answer) if answer == "ready" => self.tell(|polls| Outcome::Ready { polls }),
            Ok(answer) => {
                println!("poll {}: {answer}, again in {:?}", self.polls, self.delay);
                let delay = self.delay;
                self.delay = (delay * 2).min(LONGEST_DELAY);
                // Inside a job its own pool is at hand, and is not kept alive.
                let Some(pool) = Pool::current() else { return };
                pool.spawn_later(delay, move || self.poll());
            }
            Err(error) => self.tell(|_| Outcome::Failed(error.to_string())),
        }
    }

    fn tell(&self, outcome: impl FnOnce(u32) -> Outcome) {
        // Nobody listens any more if the time limit was first.
        let _ = self.outcome.send(outcome(self.polls));
    }
}

fn ask(server: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Answers "not yet" so many times, then "ready".
fn serve(listener: TcpListener, not_yet: usize) {
    for (request, stream) in listener.incoming().enumerate() {
        let answer = if request < not_yet { "not yet" } else { "ready" };
        if let Err(error) = stream.and_then(|mut stream| stream.write_all(answer.as_bytes())) {
            eprintln!("the server failed: {error}");
        }
        if request == not_yet {
            return;
        }
    }
}

fn main() -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let server = listener.local_addr()?;
    let serving = std::thread::spawn(move || serve(listener, 5));

    let start = Instant::now();
    let pool = Pool::with_threads(1);
    let (outcome, outcomes) = mpsc::channel();
    let limit = outcome.clone();
    let time_limit = pool.submit_later(TIME_LIMIT, move || limit.send(Outcome::TimedOut));
    let poller = Poller { server, polls: 0, delay: FIRST_DELAY, outcome };
    pool.spawn(move || poller.poll());

    let first = outcomes.recv().expect("the time limit comes at the latest");
    // What is still to come is not wanted any more.
    println!("{first:?} after {:?}; the limit was cancelled: {}", start.elapsed(), time_limit.cancel());
    assert_eq!(first, Outcome::Ready { polls: 6 });
    serving.join().expect("the server does not panic");
    Ok(())
}
