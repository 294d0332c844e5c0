//! Jobs for one certain worker.
//!
//! They are rare, so a lock guards them; all that a worker pays while there are none is a load now and then.

use std::collections::VecDeque;

use crate::job::{Header, JobRef};
use crate::park::Unparker;
use crate::queue::InTransit;
use crate::sync::{AtomicUsize, Mutex, Ordering, lock};

/// A worker's own queue, which no other worker takes from.
#[derive(Debug)]
pub struct Mailbox {
    len: AtomicUsize,
    contents: Mutex<Contents>,
}

#[derive(Debug)]
struct Contents {
    jobs: VecDeque<InTransit<Header>>,
    /// The worker's thread, while it waits inside a job and reads its mail.
    reader: Option<Unparker>,
    is_closed: bool,
}

impl Mailbox {
    /// Makes an empty one.
    pub fn new() -> Self {
        let contents = Contents { jobs: VecDeque::new(), reader: None, is_closed: false };
        Self { len: AtomicUsize::new(0), contents: Mutex::new(contents) }
    }

    /// Posts a job, which comes back if the worker has left. The caller passes a full fence then, and wakes the sleepers.
    pub fn post(&self, job: JobRef) -> Result<(), JobRef> {
        let mut contents = lock(&self.contents);
        if contents.is_closed {
            return Err(job);
        }
        contents.jobs.push_back(InTransit(job));
        self.len.store(contents.jobs.len(), Ordering::Release);
        let reader = contents.reader.clone();
        drop(contents);
        if let Some(reader) = reader {
            reader.unpark();
        }
        Ok(())
    }

    /// Whether there is no job. As fresh as the caller's last fence.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len.load(Ordering::Acquire) == 0
    }

    /// Takes the oldest job.
    #[inline]
    pub fn take(&self) -> Option<JobRef> {
        if self.is_empty() { None } else { self.take_slow() }
    }

    #[cold]
    fn take_slow(&self) -> Option<JobRef> {
        let mut contents = lock(&self.contents);
        let job = contents.jobs.pop_front();
        self.len.store(contents.jobs.len(), Ordering::Release);
        job.map(|InTransit(job)| job)
    }

    /// Who is to be unparked when a job is posted. Returns who was before.
    pub fn set_reader(&self, reader: Option<Unparker>) -> Option<Unparker> {
        std::mem::replace(&mut lock(&self.contents).reader, reader)
    }

    /// Refuses jobs from now on. Returns those that were not taken.
    pub fn close(&self) -> Vec<JobRef> {
        let mut contents = lock(&self.contents);
        contents.is_closed = true;
        self.len.store(0, Ordering::Release);
        contents.jobs.drain(..).map(|InTransit(job)| job).collect()
    }
}
