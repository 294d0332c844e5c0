//! What a job asks of the pool that it belongs to.

use super::Registry;
use crate::job::{Owner, Reason, Timekeeper};
use crate::util::contain::{Payload, bury, contain};

impl Owner for Registry {
    #[inline]
    fn left_queue(&self) {
        if let Some(gate) = &self.gate {
            gate.leave();
        }
    }

    fn ended_unrun(&self, reason: Reason, queued: bool) {
        if let Some(gate) = &self.gate {
            gate.leave();
        }
        if reason == Reason::Cancelled {
            self.cancelled.bump_shared();
        }
        if queued {
            self.tombstones.add_cancelled();
        }
    }

    fn tidy(&self) {
        if self.id.is_inherited() {
            return;
        }
        self.sweep_if_worth_it();
        self.timing.tidy();
    }

    fn timekeeper(&self) -> Option<&dyn Timekeeper> {
        Some(self)
    }

    fn begin_ending(&self) {
        self.idle.begin_ending();
    }

    fn end_ending(&self) {
        self.idle.end_ending();
    }

    fn count_panic(&self) {
        self.panics.bump_shared();
    }

    fn report(&self, payload: Payload) {
        self.count_panic();
        self.hand_over(payload);
    }

    fn hand_over(&self, payload: Payload) {
        match &self.config.panic_handler {
            None => bury(payload),
            Some(handler) => {
                if let Err(second) = contain(|| handler(payload)) {
                    self.count_panic();
                    bury(second);
                }
            }
        }
    }
}
