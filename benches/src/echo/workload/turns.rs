//! Clients and server in one process, a number of messages at a time.

use crate::echo::Echo;
use crate::echo::load::Load;

/// Returns when the messages of a turn have been answered.
pub struct Turn(Box<dyn FnMut()>);

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Turn")
    }
}

impl Turn {
    /// Takes a turn.
    pub fn take(&mut self) {
        (self.0)();
    }
}

/// A server and its clients, which end with what is returned.
pub(crate) fn turns<E: Echo + 'static>(connections: usize, bytes: usize, messages: u64) -> Turn {
    let server = E::start().expect("the server starts");
    let load = Load::start(server.address(), connections, bytes).expect("all connections are answered");
    let mut running = Running { server: Some(server), load: Some(load) };
    Turn(Box::new(move || running.run(messages)))
}

struct Running<E: Echo> {
    server: Option<E>,
    load: Option<Load>,
}

impl<E: Echo> Running<E> {
    fn run(&mut self, messages: u64) {
        let load = self.load.as_mut().expect("it has not been dropped");
        load.start_counting();
        load.run_messages(messages).expect("every answer is right");
    }
}

impl<E: Echo> Drop for Running<E> {
    fn drop(&mut self) {
        self.load.take().map(Load::finish).transpose().expect("the last answers come");
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
}
