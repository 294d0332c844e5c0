//! What the tests share: gates that block a worker, counters of drops, collectors of panics, child processes, a watchdog.
#![allow(dead_code, reason = "each test file uses its own part of this")]

pub mod task;

use std::any::Any;
use std::io::{Read, Write};
use std::panic::Location;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use filch::Pool;

/// How long a test waits for what is bound to happen: far longer than that takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Whether the long forms of the tests were asked for.
pub fn long() -> bool {
    std::env::var_os("FILCH_LONG").is_some_and(|value| value != "0")
}

/// Ends the process with a message if it is not dropped in time. The first line of a test that could hang.
#[must_use]
pub struct Watchdog(#[expect(dead_code, reason = "its drop is the message")] mpsc::Sender<()>);

/// Starts a watchdog for the calling test.
#[track_caller]
pub fn watchdog() -> Watchdog {
    let place = Location::caller();
    let limit = if long() { 20 * PATIENCE } else { 3 * PATIENCE };
    let name = String::from(thread::current().name().unwrap_or("a test"));
    let (alive, end) = mpsc::channel();
    let body = move || {
        if end.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            // Not `eprintln`: what a test prints is held back until it ends.
            let _ = writeln!(std::io::stderr(), "{name} ({place}) has been running for {limit:?}: it hangs");
            std::process::abort();
        }
    };
    thread::Builder::new().name("watchdog".into()).spawn(body).expect("a thread for the watchdog");
    Watchdog(alive)
}

/// Waits until `done` holds.
#[track_caller]
pub fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "after {PATIENCE:?} it is still not true that {what}");
        thread::sleep(Duration::from_micros(200));
    }
}

/// Locks, whatever a panicking test left behind.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Something that jobs wait at until the test opens it, or ends.
#[derive(Default)]
pub struct Gate(Arc<GateState>);

#[derive(Default)]
struct GateState {
    open: Mutex<bool>,
    changed: Condvar,
    arrived: AtomicUsize,
}

/// A job's end of a [`Gate`].
#[derive(Clone)]
pub struct Doorway(Arc<GateState>);

impl Gate {
    /// Makes a closed gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// What jobs wait at.
    pub fn doorway(&self) -> Doorway {
        Doorway(self.0.clone())
    }

    /// Lets everybody through, now and later.
    pub fn open(&self) {
        self.doorway().open();
    }

    /// How many have come to it.
    pub fn arrived(&self) -> usize {
        self.0.arrived.load(Ordering::SeqCst)
    }

    /// Waits until `n` have come to it.
    #[track_caller]
    pub fn await_arrivals(&self, n: usize) {
        eventually("enough jobs have come to the gate", || self.arrived() >= n);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        // A failing test must not leave its pool waiting.
        self.open();
    }
}

impl Doorway {
    /// Comes to the gate and goes away again.
    pub fn arrive(&self) {
        self.0.arrived.fetch_add(1, Ordering::SeqCst);
    }

    /// Waits until the gate is open.
    pub fn wait(&self) {
        self.arrive();
        let mut open = lock(&self.0.open);
        while !*open {
            open = self.0.changed.wait(open).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets everybody through, now and later.
    pub fn open(&self) {
        *lock(&self.0.open) = true;
        self.0.changed.notify_all();
    }

    /// Whether everybody is let through.
    pub fn is_open(&self) -> bool {
        *lock(&self.0.open)
    }
}

/// Blocks every worker of the pool until the gate is opened or dropped.
#[track_caller]
pub fn block(pool: &Pool) -> Gate {
    let gate = Gate::new();
    for n in 1..=pool.threads() {
        let doorway = gate.doorway();
        pool.spawn(move || doorway.wait());
        gate.await_arrivals(n);
    }
    gate
}

/// A number that several threads count up.
#[derive(Clone, Default, Debug)]
pub struct Counter(Arc<AtomicUsize>);

impl Counter {
    /// Starts at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// A job that counts one.
    pub fn adder(&self) -> impl FnOnce() + Send + 'static {
        let counter = self.clone();
        move || counter.add()
    }

    /// The number.
    pub fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Something that counts one when it is dropped.
    pub fn token(&self) -> Token {
        Token(self.clone())
    }
}

/// Counts its drop.
#[derive(Debug)]
pub struct Token(Counter);

impl Drop for Token {
    fn drop(&mut self) {
        self.0.add();
    }
}

/// Calls a closure when it is dropped.
pub struct OnDrop<F: FnMut()>(pub F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Panics with its text when it is dropped.
#[derive(Debug)]
pub struct PanicOnDrop(pub &'static str);

impl Drop for PanicOnDrop {
    fn drop(&mut self) {
        std::panic::panic_any(self.0);
    }
}

/// Things noted by several threads, in the order in which they came.
#[derive(Debug)]
pub struct Notes<T>(Arc<Mutex<Vec<T>>>);

impl<T> Clone for Notes<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Clone> Notes<T> {
    /// Starts empty.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Vec::new())))
    }

    /// Adds one.
    pub fn note(&self, item: T) {
        lock(&self.0).push(item);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        lock(&self.0).len()
    }

    /// All of them.
    pub fn all(&self) -> Vec<T> {
        lock(&self.0).clone()
    }
}

impl Notes<String> {
    /// A panic handler that notes the messages.
    pub fn handler(&self) -> impl Fn(Box<dyn Any + Send>) + Send + Sync + 'static {
        let notes = self.clone();
        move |payload| notes.note(message(&*payload))
    }

    /// All messages, in alphabetical order.
    pub fn sorted(&self) -> Vec<String> {
        let mut all = self.all();
        all.sort();
        all
    }
}

/// A panic's message.
pub fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| String::from(*text));
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "(no message)".into())
}

/// What `f` panics with.
#[track_caller]
pub fn payload_of<R>(f: impl FnOnce() -> R) -> Box<dyn Any + Send> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)) {
        Ok(_) => panic!("there was no panic"),
        Err(payload) => payload,
    }
}

/// The message that `f` panics with.
#[track_caller]
pub fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    message(&*payload_of(f))
}

/// A place where a number of jobs meet: nobody leaves before all are there.
pub struct Meeting {
    size: usize,
    present: Mutex<usize>,
    changed: Condvar,
}

impl Meeting {
    /// Makes a meeting of `size` jobs.
    pub fn of(size: usize) -> Arc<Self> {
        Arc::new(Self { size, present: Mutex::new(0), changed: Condvar::new() })
    }

    /// Waits for the others. False: they did not come.
    pub fn attend(&self) -> bool {
        let mut present = lock(&self.present);
        *present += 1;
        self.changed.notify_all();
        let missing = |present: &mut usize| *present < self.size;
        let waited = self.changed.wait_timeout_while(present, PATIENCE, missing);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

/// Fails unless every worker of the pool runs jobs, all at the same time.
#[track_caller]
pub fn assert_sound(pool: &Pool) {
    let meeting = Meeting::of(pool.threads());
    let attend = |_| {
        let meeting = meeting.clone();
        pool.submit(move || (meeting.attend(), filch::current_worker_index()))
    };
    let handles: Vec<_> = (0..pool.threads()).map(attend).collect();
    let mut workers: Vec<_> = handles.into_iter().map(|handle| handle.join().expect("a plain job")).collect();
    workers.sort();
    let expected: Vec<_> = (0..pool.threads()).map(|index| (true, Some(index))).collect();
    assert_eq!(workers, expected, "not every worker runs jobs");
}

const CHILD: &str = "FILCH_TEST_CHILD";

/// Whether this process was started by [`in_child_with`] for the test `name`.
pub fn is_child(name: &str) -> bool {
    std::env::var_os(CHILD).is_some_and(|child| child == name)
}

/// Runs this test program again with only the test `name`, and returns what became of it. The test asks [`is_child`].
#[track_caller]
pub fn run_child(name: &str, prepare: impl FnOnce(&mut Command)) -> Output {
    let mut command = Command::new(std::env::current_exe().expect("the path of this program"));
    prepare(&mut command);
    command.args([name, "--exact", "--nocapture", "--test-threads=1"]);
    command.env(CHILD, name).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a child process");
    // Read all the time: a child that says much must not wait for somebody to listen.
    let (stdout, stderr) = (drained(child.stdout.take()), drained(child.stderr.take()));
    let text = |pipe: thread::JoinHandle<Vec<u8>>| pipe.join().expect("what the child said");
    let limit = if long() { 20 * PATIENCE } else { PATIENCE };
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("the child's state") {
            return Output { status, stdout: text(stdout), stderr: text(stderr) };
        }
        if start.elapsed() > limit {
            let _ = child.kill();
            panic!("the child process does not end:\n{}", String::from_utf8_lossy(&text(stderr)));
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Reads a pipe to its end.
fn drained(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut text = Vec::new();
        let _ = pipe.expect("a pipe").read_to_end(&mut text);
        text
    })
}

/// Runs `body` in a process of its own, the test program again with only the test `name`; it must end well.
#[track_caller]
pub fn in_child(name: &str, body: impl FnOnce()) {
    if is_child(name) {
        return body();
    }
    let output = run_child(name, |_| ());
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "the child process failed: {}\n{stdout}\n{stderr}", output.status);
    assert!(stdout.contains("1 passed"), "the child process ran no test: is {name:?} the name of one?");
}

/// A small generator of pseudo-random numbers (xorshift), for tests that print their seed.
pub struct Random(u64);

impl Random {
    /// Makes a generator.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number in `0..bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

/// Spins for about as long as `turns` takes: a pause that no scheduler sees.
pub fn spin(turns: u64) {
    for turn in 0..turns {
        std::hint::black_box(turn);
        std::hint::spin_loop();
    }
}
