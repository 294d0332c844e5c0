//! Running other jobs on top of one: when it asks for that, or waits under [`WaitPolicy::HelpAny`].

use std::time::Duration;

use super::{Worker, stack};
use crate::park::Parker;
use crate::registry::WaitPolicy;
use crate::sync::time::Deadline;

/// How long a worker that helps sleeps before it looks for jobs again. Nobody wakes it for one: those who sleep outside jobs are woken.
const NAP: Duration = Duration::from_millis(1);

impl Worker {
    /// Runs one job that is queued. False: there is none, or too little of the stack is left.
    pub(crate) fn run_any(&self) -> bool {
        if !stack::has_room_for_another() {
            return false;
        }
        match self.find_any() {
            Some(found) => self.run(found),
            None => return false,
        }
        true
    }

    /// Whether a waiting worker runs other jobs.
    pub(crate) fn helps(&self) -> bool {
        self.registry.config().wait_policy == WaitPolicy::HelpAny
    }

    /// Until when a worker that helps and finds nothing sleeps.
    pub(crate) fn nap(&self) -> Deadline {
        Deadline::after(NAP)
    }

    /// Waits until `done` holds, and reads this worker's mail meanwhile. Whoever makes it hold unparks `parker` afterwards.
    pub(crate) fn read_mail_until(&self, parker: &Parker, done: impl Fn() -> bool) {
        let outer = self.mail().set_reader(Some(parker.unparker().clone()));
        while !done() {
            match self.mail().take() {
                Some(job) => self.run_piece(job),
                None => {
                    parker.park(Deadline::NEVER);
                }
            }
        }
        self.mail().set_reader(outer);
    }
}
