//! What one writes by hand: an ordered map behind a lock, a thread that sleeps until the first is due, and a channel to a few workers.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, unbounded};

use crate::WORKERS;
use crate::timers::{Delays, Job};

type Task = Box<dyn FnOnce() + Send>;
type Key = (Instant, u64);

#[derive(Default)]
struct Shared {
    jobs: Mutex<BTreeMap<Key, Task>>,
    changed: Condvar,
}

pub(crate) struct MapThread {
    shared: Arc<Shared>,
    last: u64,
}

impl Delays for MapThread {
    type Handle = Key;

    fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let (due, jobs) = unbounded::<Task>();
        for _ in 0..WORKERS {
            let jobs = jobs.clone();
            thread::spawn(move || jobs.iter().for_each(|job| job()));
        }
        let theirs = shared.clone();
        thread::spawn(move || theirs.run(&due));
        Self { shared, last: 0 }
    }

    fn insert(&mut self, delay: Duration, job: Job) -> Key {
        self.last += 1;
        let key = (Instant::now() + delay, self.last);
        let mut jobs = self.shared.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = jobs.first_key_value().is_none_or(|(first, _)| key < *first);
        jobs.insert(key, Box::new(move || job.run()));
        drop(jobs);
        if is_first {
            self.shared.changed.notify_one();
        }
        key
    }

    fn cancel(&mut self, handle: Key) {
        let job = self.shared.jobs.lock().unwrap_or_else(PoisonError::into_inner).remove(&handle);
        drop(job);
    }
}

impl Shared {
    fn run(&self, due: &Sender<Task>) {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let now = Instant::now();
            while let Some(first) = jobs.first_entry().filter(|first| first.key().0 <= now) {
                due.send(first.remove()).expect("the workers are there");
            }
            let first = jobs.first_key_value().map(|(key, _)| key.0);
            let patience = first.map_or(Duration::from_secs(3600), |first| first.saturating_duration_since(now));
            jobs = self.changed.wait_timeout(jobs, patience).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
