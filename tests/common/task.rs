//! Threads that are expected to wait.

use std::sync::mpsc;
use std::thread::{self, JoinHandle};

/// A thread as the system sees it, so that a test can wait until it waits.
#[derive(Clone, Debug)]
pub struct Task {
    #[cfg(target_os = "linux")]
    path: std::path::PathBuf,
}

#[cfg(target_os = "linux")]
impl Task {
    /// The calling thread.
    pub fn current() -> Self {
        let name = std::fs::read_link("/proc/thread-self").expect("the name of this thread");
        Self { path: std::path::Path::new("/proc").join(name) }
    }

    /// Waits until the thread sleeps and goes on sleeping: whatever it could do, it has done.
    #[track_caller]
    pub fn await_sleep(&self) {
        super::eventually("the thread sleeps", || {
            let before = self.status();
            thread::sleep(std::time::Duration::from_millis(2));
            before.iter().any(|line| line.starts_with("State:\tS")) && before == self.status()
        });
    }

    /// Its state, and how often it has left its core.
    fn status(&self) -> Vec<String> {
        let status = std::fs::read_to_string(self.path.join("status")).expect("the thread lives");
        let tells = |line: &&str| line.starts_with("State:") || line.contains("ctxt_switches");
        status.lines().filter(tells).map(String::from).collect()
    }
}

#[cfg(not(target_os = "linux"))]
impl Task {
    /// The calling thread.
    pub fn current() -> Self {
        Self {}
    }

    /// Waits for some time. No proof, but enough for a thread that does not wait to do something.
    pub fn await_sleep(&self) {
        thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// Starts a thread, and waits until it sleeps. For an `f` that has to wait for something.
#[track_caller]
pub fn start_waiting<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
    let (send, receive) = mpsc::channel();
    let thread = thread::spawn(move || {
        send.send(Task::current()).expect("the test waits for it");
        f()
    });
    receive.recv().expect("the thread says so").await_sleep();
    thread
}
