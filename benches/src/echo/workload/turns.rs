//! Clients and server in one process, a number of messages at a time.

use crate::echo::Echo;
use crate::echo::load::Load;

/// A number of messages is answered.
pub type Turn = Box<dyn FnMut()>;

/// A server and its clients, which end when what is returned is dropped.
pub(crate) fn turns<E: Echo + 'static>(connections: usize, bytes: usize, messages: u64) -> Turn {
    let server = E::start().expect("the server starts");
    let load = Load::start(server.address(), connections, bytes).expect("all clients are answered");
    let mut running = Running { ends: Some((server, load)) };
    Box::new(move || running.run(messages))
}

struct Running<E: Echo> {
    /// `None`: they have ended.
    ends: Option<(E, Load)>,
}

impl<E: Echo> Running<E> {
    fn run(&mut self, messages: u64) {
        let (_, load) = self.ends.as_mut().expect("they have not ended");
        load.start_counting();
        load.run_messages(messages).expect("every answer is right");
    }
}

impl<E: Echo> Drop for Running<E> {
    fn drop(&mut self) {
        if let Some((server, load)) = self.ends.take() {
            load.finish().expect("the last answers are right");
            server.stop();
        }
    }
}
