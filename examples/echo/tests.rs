//! What the server promises, each with clients that make it hard.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use filch::ManualClock;

use crate::load::{End, Load, LoadError};
use crate::server::{Options, Server};

const GRACE: Duration = Duration::from_secs(20);

/// Longer than anything here takes on a machine that does other things, too.
const PATIENCE: Duration = Duration::from_secs(20);

fn options() -> Options {
    Options { workers: 2, connections: 1000, idle: Duration::from_secs(60), clock: None }
}

fn start(options: &Options) -> Server {
    Server::start(loopback(), options).expect("the server starts")
}

fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Bytes that tell where they belong, up to a multiple of 65,537.
fn pattern(length: usize) -> Vec<u8> {
    let block: Vec<u8> = (0..65_537_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()[7]).collect();
    let mut bytes = block.repeat(length.div_ceil(block.len()));
    bytes.truncate(length);
    bytes
}

fn exchange(stream: &mut TcpStream, text: &[u8]) {
    stream.write_all(text).unwrap();
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, text);
}

#[test]
fn more_connections_than_workers_all_get_their_first_answer() {
    let server = start(&Options { workers: 1, ..options() });
    // It returns when each has had one.
    let mut load = Load::start(server.address(), 100, 1000).unwrap();
    load.run_messages(2000).unwrap();
    let report = load.report();
    assert!(report.fewest > 0, "{report:?}");
    load.finish().unwrap();
    assert_eq!(server.shutdown(GRACE).connections, 100);
}

#[test]
fn every_size_of_message_comes_back() {
    let server = start(&options());
    for bytes in [1, 7, 65_536, 128 * 1024, 1_000_000] {
        let mut load = Load::start(server.address(), 3, bytes).unwrap();
        load.run_messages(20).unwrap();
        load.finish().unwrap();
    }
    let summary = server.shutdown(GRACE);
    assert_eq!(summary.read, summary.answered);
}

#[test]
fn a_client_that_never_reads_stops_nobody_and_loses_nothing() {
    let server = start(&Options { workers: 1, ..options() });
    let mut greedy = connect(&server);
    greedy.set_nonblocking(true).unwrap();
    let sent = pattern(96 << 20);
    let mut taken = 0;
    let mut others = Load::start(server.address(), 5, 1000).unwrap();
    // It sends until neither the system nor the server takes more, although the others have been served in between.
    let mut refusals = 0;
    while refusals < 20 {
        match greedy.write(&sent[taken..]) {
            Ok(written) => (taken, refusals) = (taken + written, 0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => refusals += 1,
            Err(error) => panic!("{error}"),
        }
        others.run_messages(100).unwrap();
    }
    assert!(taken < sent.len(), "somebody keeps {taken} bytes");
    // Now it reads, and sends the rest, too.
    greedy.set_nonblocking(false).unwrap();
    let mut reading = greedy.try_clone().unwrap();
    let answer = thread::spawn(move || {
        let mut answer = Vec::new();
        reading.read_to_end(&mut answer).map(|_| answer)
    });
    greedy.write_all(&sent[taken..]).unwrap();
    greedy.shutdown(Shutdown::Write).unwrap();
    assert!(answer.join().unwrap().unwrap() == sent, "another answer");
    others.finish().unwrap();
}

#[test]
fn one_that_always_has_more_does_not_keep_a_worker_for_itself() {
    let server = start(&Options { workers: 1, ..options() });
    let stream = connect(&server);
    let (mut sending, mut reading) = (stream.try_clone().unwrap(), stream);
    let (stop, stopped) = channel();
    let sender = thread::spawn(move || {
        let bytes = pattern(1 << 20);
        while stopped.try_recv().is_err() {
            sending.write_all(&bytes).unwrap();
        }
        sending.shutdown(Shutdown::Write).unwrap();
    });
    let (begin, began) = channel();
    let reader = thread::spawn(move || {
        reading.read_exact(&mut [0; 1000]).unwrap();
        begin.send(()).unwrap();
        std::io::copy(&mut reading, &mut std::io::sink()).unwrap()
    });
    began.recv().unwrap();
    let mut others = Load::start(server.address(), 5, 1000).unwrap();
    others.run_messages(1000).unwrap();
    others.finish().unwrap();
    stop.send(()).unwrap();
    sender.join().unwrap();
    assert!(reader.join().unwrap() > 0);
}

#[test]
fn a_client_that_ends_its_side_gets_all_its_answers() {
    let server = start(&options());
    for length in [1, 1000, 300_000, 5_000_000] {
        let mut stream = connect(&server);
        let sent = pattern(length);
        let mut sending = stream.try_clone().unwrap();
        let bytes = sent.clone();
        let sender = thread::spawn(move || {
            sending.write_all(&bytes).unwrap();
            sending.shutdown(Shutdown::Write).unwrap();
        });
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        sender.join().unwrap();
        assert!(answer == sent, "{length} bytes, {} came back", answer.len());
    }
    assert_eq!(server.shutdown(GRACE).answered, 5_301_001);
}

#[test]
fn a_shutdown_under_load_loses_no_answer_that_was_begun() {
    for round in 0..10 {
        let server = start(&options());
        let mut load = Load::start(server.address(), 30, 1000).unwrap();
        load.run_messages(100 * round).unwrap();
        let talking = thread::spawn(move || load.run_for(PATIENCE).map(|()| load));
        let summary = server.shutdown(GRACE);
        let load = talking.join().unwrap().unwrap();
        let ends: Vec<End> = load.ends().collect();
        assert_eq!(ends, [End::Between; 30], "round {round}");
        assert_eq!(summary.read, summary.answered);
    }
}

#[test]
fn at_a_shutdown_the_client_gets_what_the_server_has_read_however_large() {
    let server = start(&options());
    let mut stream = connect(&server);
    let mut sending = stream.try_clone().unwrap();
    let sent = pattern(100 << 20);
    let bytes = sent.clone();
    // The end comes while it sends: it gets as far as the system takes the bytes.
    let sender =
        thread::spawn(move || drop(sending.write_all(&bytes).and_then(|()| sending.shutdown(Shutdown::Write))));
    let mut answer = vec![0; 1 << 20];
    stream.read_exact(&mut answer).unwrap();
    let stopping = thread::spawn(move || server.shutdown(GRACE));
    stream.read_to_end(&mut answer).unwrap();
    sender.join().unwrap();
    let summary = stopping.join().unwrap();
    assert_eq!((summary.read, summary.answered), (answer.len() as u64, answer.len() as u64));
    assert!(sent[..answer.len()] == answer, "another answer");
}

#[test]
fn at_a_shutdown_a_client_that_never_ends_is_closed_after_the_grace() {
    let server = start(&options());
    let mut stream = connect(&server);
    exchange(&mut stream, b"hello");
    assert_eq!(server.shutdown(Duration::from_millis(50)).answered, 5);
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_server_that_is_dropped_is_gone() {
    let server = start(&options());
    let address = server.address();
    let mut stream = connect(&server);
    exchange(&mut stream, b"hello");
    drop(server);
    assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
    assert!(matches!(Load::start(address, 1, 1), Err(LoadError::Connect { .. })));
}

#[test]
fn only_so_many_connections_are_let_in_and_the_next_when_one_has_gone() {
    let server = start(&Options { connections: 2, ..options() });
    let (mut first, mut second) = (connect(&server), connect(&server));
    exchange(&mut first, b"first");
    exchange(&mut second, b"second");
    let mut third = connect(&server);
    third.write_all(b"third").unwrap();
    third.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let kind = third.read(&mut [0; 5]).map_err(|error| error.kind());
    assert!(matches!(kind, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut)), "{kind:?}");
    exchange(&mut second, b"still here");
    drop(first);
    third.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = [0; 5];
    third.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"third");
    exchange(&mut second, b"still here");
    drop((second, third));
    assert_eq!(server.shutdown(GRACE).connections, 3);
}

#[test]
fn a_connection_without_a_message_is_closed_after_the_idle_limit() {
    let (clock, idle) = (ManualClock::new(), Duration::from_secs(80));
    let server = start(&Options { idle, clock: Some(clock.clone()), ..options() });
    let (mut quiet, mut busy) = (connect(&server), connect(&server));
    exchange(&mut quiet, b"hello");
    exchange(&mut busy, b"hello");
    // A sweep every ten seconds; the ninth finds that eight have gone by without a message.
    clock.advance(idle);
    exchange(&mut quiet, b"here, too");
    exchange(&mut busy, b"still here");
    clock.advance(idle);
    exchange(&mut busy, b"still here");
    clock.advance(idle / 8);
    assert_eq!(quiet.read(&mut [0]).unwrap(), 0);
    exchange(&mut busy, b"still here");
    drop((quiet, busy));
    assert_eq!(server.shutdown(GRACE).connections, 2);
}

#[test]
fn a_port_in_use_is_an_error() {
    let server = start(&options());
    let error = crate::start(server.address(), &options()).map(drop).unwrap_err();
    assert!(error.contains(&format!("cannot listen on {}", server.address())), "{error}");
}

/// A server that takes one connection and does something to what it reads.
fn server_that(change: impl Fn(usize, &mut Vec<u8>) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind(loopback()).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut message, mut number) = (vec![0; 100], 0);
        while stream.read_exact(&mut message).is_ok() {
            let mut answer = message.clone();
            change(number, &mut answer);
            if stream.write_all(&answer).is_err() || answer.is_empty() {
                return;
            }
            number += 1;
        }
    });
    address
}

#[test]
fn the_load_says_which_byte_is_wrong() {
    let address = server_that(|number, answer| {
        if number == 3 {
            answer[42] ^= 1;
        }
    });
    let mut load = Load::start(address, 1, 100).unwrap();
    match load.run_messages(10) {
        Err(LoadError::Wrong { connection: 0, message: 3, byte: 42, sent, got }) => assert_eq!(sent ^ 1, got),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_load_notices_an_answer_of_another_message_and_one_that_is_too_long() {
    let old = std::sync::Mutex::new(Vec::new());
    let address = server_that(move |number, answer| {
        let mut old = old.lock().unwrap();
        if number == 1 {
            answer.clone_from(&old);
        }
        old.clone_from(answer);
    });
    let outcome = Load::start(address, 1, 100).and_then(|mut load| load.run_messages(10));
    assert!(matches!(outcome, Err(LoadError::Wrong { message: 1, .. })), "{outcome:?}");

    let address = server_that(|_, answer| answer.push(0));
    let outcome = Load::start(address, 1, 100).and_then(|mut load| load.run_messages(10));
    assert!(matches!(outcome, Err(LoadError::TooLong { .. } | LoadError::Wrong { .. })), "{outcome:?}");
}

#[test]
fn the_load_notices_a_server_that_hangs_up() {
    let address = server_that(|_, answer| answer.clear());
    let outcome = Load::start(address, 1, 100).map(drop);
    assert!(matches!(outcome, Err(LoadError::Refused { connection: 0 })), "{outcome:?}");

    let address = server_that(|number, answer| answer.truncate(if number == 2 { 0 } else { 100 }));
    let mut load = Load::start(address, 1, 100).unwrap();
    load.run_for(PATIENCE).unwrap();
    assert_eq!(load.ends().collect::<Vec<_>>(), [End::Between]);
}
