//! Jobs for one certain worker: posted while it goes to sleep under others, waits inside a job, or leaves.
//!
//! Threads: 2 or 3. Bounds: at each model.
//! Properties: a posted job is taken by its worker or handed back, once; no worker sleeps on its mail.
//! Seen failing: every mutant whose name begins with "mail".

use std::sync::Arc;

use filch::internals::{Deadline, Header, JobRef, Mailbox, Parker, Reason, Sleep, Verb};
use loom::sync::atomic::Ordering::{Relaxed, SeqCst};
use loom::sync::atomic::{AtomicUsize, fence};
use loom::thread;

use crate::support::{ALL, explore, explore_in_both_modes};
use crate::witness::{Queued, Registered, Witness};

/// A job of its own, to be posted.
fn job(witness: &Witness, owner: &Registered) -> JobRef {
    filch::internals::Cell::queued(witness.closure(), owner.id).0
}

struct Workers {
    sleep: Sleep,
    mail: [Mailbox; 2],
}

impl Workers {
    /// Sleeps until there is mail, and takes it.
    fn work(&self, index: usize) -> JobRef {
        let mut searching = self.sleep.arrive();
        loop {
            if let Some(job) = self.mail[index].take() {
                self.sleep.found_work(searching, || false);
                return job;
            }
            let has_mail = || !self.mail[index].is_empty();
            (searching, _) = self.sleep.sleep(searching, index, || false, has_mail, |_| ());
        }
    }
}

/// Two workers, either of which may lie above the other on the stack of sleepers, and mail for both.
#[test]
fn both_workers_get_their_mail() {
    explore_in_both_modes("mail for two", Some(3), || {
        let workers = Arc::new(Workers { sleep: Sleep::new(2), mail: [Mailbox::new(), Mailbox::new()] });
        let owner = Registered::new();
        let witnesses = [Witness::new(), Witness::new()];
        let threads: Vec<_> = (0..2)
            .map(|index| {
                let (workers, owner) = (workers.clone(), owner.owner.clone());
                thread::spawn(move || {
                    let _ = Queued(workers.work(index)).run(&*owner);
                })
            })
            .collect();
        for (mail, witness) in workers.mail.iter().zip(&witnesses) {
            mail.post(job(witness, &owner)).expect("open");
        }
        fence(SeqCst);
        workers.sleep.wake_all();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(witnesses.iter().all(|witness| witness.settle() == 1));
    });
}

/// A worker waits inside a job for something else, and reads its mail meanwhile.
#[test]
fn who_reads_is_told() {
    explore("mail for one who waits", ALL, || {
        let stage = Arc::new((Mailbox::new(), AtomicUsize::new(0)));
        let owner = Registered::new();
        let witness = Witness::new();
        let poster = thread::spawn({
            let (stage, posted) = (stage.clone(), Queued(job(&witness, &owner)));
            move || stage.0.post({ posted }.0).expect("open")
        });
        let parker = Parker::new();
        assert!(stage.0.set_reader(Some(parker.unparker().clone())).is_none());
        while stage.1.load(Relaxed) == 0 {
            match stage.0.take() {
                Some(job) => {
                    let _ = Queued(job).run(&*owner.owner);
                    stage.1.store(1, Relaxed);
                }
                None => {
                    parker.park(Deadline::NEVER);
                }
            }
        }
        stage.0.set_reader(None);
        poster.join().unwrap();
        assert_eq!(witness.settle(), 1);
    });
}

/// A worker leaves while a job is posted to it: the job is handed back, by the mailbox or by the worker.
#[test]
fn posting_against_leaving() {
    explore("mail for one who leaves", ALL, || {
        let mail = Arc::new(Mailbox::new());
        let owner = Registered::new();
        let witness = Witness::new();
        let poster = thread::spawn({
            let (mail, accountant) = (mail.clone(), owner.owner.clone());
            let posted = Queued(job(&witness, &owner));
            move || {
                if let Err(job) = mail.post({ posted }.0) {
                    // SAFETY: it came back.
                    let _ = unsafe { Header::execute(job, Verb::End(&*accountant, Reason::ShutDown)) };
                }
            }
        });
        let taken = mail.take();
        let runs = isize::from(taken.is_some());
        if let Some(job) = taken {
            let _ = Queued(job).run(&*owner.owner);
        }
        for job in mail.close() {
            let _ = Queued(job).end(&*owner.owner);
        }
        poster.join().unwrap();
        assert_eq!(witness.settle(), runs);
    });
}
