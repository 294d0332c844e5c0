//! A worker's main loop.

use std::sync::Arc;

use super::search::Found;
use super::{Worker, stack};
use crate::job::{Executed, Header, JobRef, Reason, Verb};
use crate::registry::{Queues, Registry};

/// The body of a worker's thread.
pub fn main(registry: Arc<Registry>, index: usize, queues: Queues) {
    stack::note_bottom(registry.config().stack_size);
    let worker = Worker::new(registry, index, queues);
    worker.enter(|| {
        let registry = &worker.registry;
        registry.call_hook(registry.config().on_start.as_ref(), index);
        worker.run_until_closed();
        registry.call_hook(registry.config().on_stop.as_ref(), index);
    });
    worker.registry.worker_left();
}

impl Worker {
    fn run_until_closed(&self) {
        let sleep = self.registry.sleep();
        loop {
            while let Some(found) = self.next_at_hand() {
                self.run(found);
            }
            let mut searching = sleep.start_searching();
            loop {
                // Before the search: what was submitted before the pool closed is found by a search that starts after.
                let closed = self.registry.is_closed();
                if let Some(found) = self.search(&searching) {
                    if sleep.found_work(searching, || self.registry.has_work()) {
                        self.stats().heavies.bump();
                    }
                    self.run(found);
                    break;
                }
                if closed && !self.registry.has_queued() {
                    sleep.leave(searching);
                    return;
                }
                searching = self.sleep(searching);
            }
        }
    }

    fn sleep(&self, searching: crate::sleep::Searching) -> crate::sleep::Searching {
        let registry = &self.registry;
        let before_park = |all_asleep| registry.about_to_park(all_asleep);
        let (searching, slept) = registry.sleep().sleep(searching, self.index, || registry.has_work(), before_park);
        if slept.parked {
            self.stats().parks.bump();
        }
        if slept.heavy {
            self.stats().heavies.bump();
        }
        searching
    }

    fn run(&self, found: Found) {
        match found {
            Found::Job(job) if self.registry.is_dropping() => {
                self.execute(job, Verb::End(&*self.registry, Reason::ShutDown))
            }
            Found::Job(job) | Found::Piece(job) => self.execute(job, Verb::Run(&*self.registry)),
        }
    }

    #[inline]
    fn execute(&self, job: JobRef, verb: Verb<'_>) {
        let stats = self.stats();
        stats.started.bump();
        // SAFETY: taken from a queue by this worker alone. Neither verb leaves a job to be queued again: only a cancel and a sweep do.
        match unsafe { Header::execute(job, verb) } {
            Executed::Done => stats.jobs.bump(),
            Executed::Tombstone => stats.tombstones_met.bump(),
            Executed::Kept => unreachable!("a job that was run or shut down came back"),
        }
        stats.finished.bump();
    }
}
