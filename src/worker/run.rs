//! A worker's main loop.

use std::sync::Arc;

use super::search::Found;
use super::{Worker, stack};
use crate::job::{Executed, Header, JobRef, Owner, Reason, Timekeeper, Verb};
use crate::queue::Released;
use crate::registry::{Queues, Registry};
use crate::sleep::Searching;
use crate::sync::spin_hint;
use crate::trace;
use crate::util::blocks::Blocks;
use crate::util::contain::Payload;

/// The body of a worker's thread.
pub fn main(registry: Arc<Registry>, index: usize, queues: Queues) {
    stack::note_bottom(registry.config().stack_size);
    let worker = Worker::new(registry, index, queues);
    worker.enter(|| {
        let registry = &worker.registry;
        registry.call_hook(registry.config().on_start.as_ref(), index);
        trace::started(index, |payload| registry.report(payload));
        worker.work_until_closed();
        trace::stopping(index, |payload| registry.report(payload));
        registry.call_hook(registry.config().on_stop.as_ref(), index);
    });
    worker.registry.close_mail(index);
    worker.registry.worker_left(index);
}

/// The body of the thread of a pool's timers.
pub fn timer_main(registry: Arc<Registry>) {
    Worker::belong_to(&registry);
    registry.run_timers();
}

/// Why a worker works no longer.
enum Gone {
    /// The pool has closed, and nothing is left.
    Closed,
    /// A spare thread is one too many.
    ToRest(Searching),
}

impl Worker {
    fn work_until_closed(&self) {
        let sleep = self.registry.sleep();
        let mut searching = sleep.arrive();
        self.arrived.set(true);
        if self.is_spare {
            searching = self.rest(searching);
        }
        while let Gone::ToRest(last) = self.work(searching) {
            searching = self.rest(last);
        }
    }

    fn work(&self, mut searching: Searching) -> Gone {
        loop {
            match self.find_or_leave(searching) {
                Ok(found) => self.run(found),
                Err(gone) => return gone,
            }
            while !(self.is_spare && self.registry.spares().is_surplus()) {
                let Some(found) = self.next_at_hand() else { break };
                self.run(found);
            }
            searching = self.registry.sleep().start_searching();
        }
    }

    /// Searches and sleeps until there is work, and then no longer counts as searching.
    fn find_or_leave(&self, mut searching: Searching) -> Result<Found, Gone> {
        let sleep = self.registry.sleep();
        loop {
            // Before the search: what was submitted before the pool closed is found by a search that starts after.
            let closed = self.registry.is_closed();
            let may_rest = self.is_spare && !self.registry.main_workers_left();
            if may_rest && self.registry.spares().try_leave() {
                return Err(Gone::ToRest(searching));
            }
            if let Some(found) = self.search(&searching) {
                if sleep.found_work(searching, || self.registry.has_work()) {
                    self.stats().heavies.bump();
                }
                return Ok(found);
            }
            if closed && self.registry.nothing_left(self.index) {
                if may_rest {
                    // A job that still runs may need it again.
                    self.registry.spares().leave();
                    return Err(Gone::ToRest(searching));
                }
                self.released.flush();
                sleep.leave(searching);
                return Err(Gone::Closed);
            }
            searching = self.sleep(searching);
        }
    }

    /// A spare thread rests until a worker blocks, or the others have left. Jobs that are in its queue are for others to steal.
    fn rest(&self, searching: Searching) -> Searching {
        self.released.flush();
        self.linger.set(0);
        let rest = || {
            let sleep = self.registry.sleep();
            if sleep.depart(searching, || self.registry.has_work()) {
                self.stats().heavies.bump();
            }
            self.registry.about_to_rest();
            self.registry.spares().rest();
            sleep.come_back()
        };
        trace::park(self.index, |payload| self.report(payload), rest)
    }

    fn sleep(&self, searching: Searching) -> Searching {
        self.released.flush();
        self.linger.set(0);
        let registry = &self.registry;
        let before_park = |all_asleep| registry.about_to_park(all_asleep);
        let has_mail = || !self.mail().is_empty();
        let sleep = || registry.sleep().sleep(searching, self.index, || registry.has_work(), has_mail, before_park);
        let (searching, slept) = trace::park(self.index, |payload| self.report(payload), sleep);
        if slept.parked {
            self.stats().parks.bump();
        } else {
            // A sweeper may have what there is in hand: the search begins again at once.
            spin_hint();
        }
        if slept.heavy {
            self.stats().heavies.bump();
        }
        searching
    }

    pub(super) fn run(&self, found: Found) {
        match found {
            Found::Job(job) if self.registry.is_dropping() => self.execute(job, Verb::End(self, Reason::ShutDown)),
            Found::Job(job) => self.execute(job, Verb::Run(self)),
            Found::Piece(job) => self.run_piece(job),
        }
    }

    #[inline]
    pub(super) fn execute(&self, job: JobRef, verb: Verb<'_>) {
        // SAFETY: taken from a queue by this worker alone. Neither verb leaves a job to be queued again: only a cancel and a sweep do.
        match unsafe { Header::execute(job, verb) } {
            Executed::Done => {}
            Executed::Tombstone => self.stats().tombstones_met.bump(),
            Executed::Kept | Executed::Moved(_) => unreachable!("a job that was run or shut down came back"),
        }
    }
}

/// A job that runs sees its pool through its worker, which counts for itself and passes the rest on.
impl Owner for Worker {
    #[inline]
    fn started(&self) {
        self.stats().started.bump();
    }

    #[inline]
    fn finished(&self) {
        self.stats().finished.bump();
    }

    fn worker(&self) -> Option<usize> {
        Some(self.index)
    }

    #[inline]
    fn blocks(&self) -> Option<&Blocks> {
        Some(&self.blocks)
    }

    #[inline]
    fn released(&self) -> Option<&Released> {
        Some(&self.released)
    }

    #[inline]
    fn left_queue(&self) {
        Owner::left_queue(&*self.registry);
    }

    fn ended_unrun(&self, reason: Reason, queued: bool) {
        self.registry.ended_unrun(reason, queued);
    }

    fn timekeeper(&self) -> Option<&dyn Timekeeper> {
        Some(&*self.registry)
    }

    fn begin_ending(&self) {
        self.registry.begin_ending();
    }

    fn end_ending(&self) {
        self.registry.end_ending();
    }

    fn count_panic(&self) {
        self.registry.count_panic();
    }

    fn report(&self, payload: Payload) {
        self.registry.report(payload);
    }

    fn hand_over(&self, payload: Payload) {
        self.registry.hand_over(payload);
    }
}
