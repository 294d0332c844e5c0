#![doc = include_str!("README.md")]

mod counters;

use crossbeam_utils::CachePadded;

use crate::park::Parker;
use crate::sync::time::Deadline;
use crate::sync::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence, full_fence};
use counters::Counters;
pub use counters::MAX_WORKERS;

/// The event count of a pool's workers.
#[derive(Debug)]
pub struct Sleep {
    /// [`Counters`]. Changed by read-modify-write only.
    word: CachePadded<AtomicU64>,
    /// Workers whose threads have not begun to search yet.
    absent: AtomicUsize,
    /// Workers that have departed and have not come back.
    departed: AtomicUsize,
    workers: Box<[CachePadded<Sleeper>]>,
}

/// What the event count keeps of one worker.
#[derive(Debug)]
struct Sleeper {
    /// The sleeper below this one. Written by the worker itself before it enters the stack; fixed while it is in there.
    next: AtomicU32,
    /// The token that whoever takes the worker off the stack gives it, and nobody else.
    parker: Parker,
}

/// Proof that a worker counts as searching. It leaves that state by [`Sleep::found_work`] or [`Sleep::sleep`] only.
#[must_use]
#[derive(Debug)]
pub struct Searching {
    first: bool,
}

impl Searching {
    /// Whether nobody else searched when this worker began to. One who keeps looking is enough: the others look once and sleep.
    pub fn is_first(&self) -> bool {
        self.first
    }
}

/// What happened in [`Sleep::sleep`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slept {
    /// The worker parked.
    pub parked: bool,
    /// It paid for a heavy fence.
    pub heavy: bool,
}

impl Sleep {
    /// Makes the event count for `workers` workers, all absent.
    pub fn new(workers: usize) -> Self {
        assert!(workers <= MAX_WORKERS, "at most {MAX_WORKERS} workers");
        let sleeper = || CachePadded::new(Sleeper { next: AtomicU32::new(0), parker: Parker::new() });
        Self {
            word: CachePadded::new(AtomicU64::new(Counters::NONE.pack())),
            absent: AtomicUsize::new(workers),
            departed: AtomicUsize::new(0),
            workers: (0..workers).map(|_| sleeper()).collect(),
        }
    }

    /// Absent → searching: a worker's thread begins.
    pub fn arrive(&self) -> Searching {
        // In this order, here and in `come_back`: nobody is ever counted twice.
        self.absent.fetch_sub(1, Ordering::AcqRel);
        self.begin_to_search()
    }

    /// Departed → searching.
    pub fn come_back(&self) -> Searching {
        self.departed.fetch_sub(1, Ordering::AcqRel);
        self.begin_to_search()
    }

    fn begin_to_search(&self) -> Searching {
        // The tag, too: a look at an idle pool must notice a worker that comes, works and is not asleep yet.
        let step = Counters::ONE_SEARCHER + Counters::ONE_TAG;
        let before = Counters::unpack(self.word.fetch_add(step, Ordering::AcqRel));
        Searching { first: before.searchers == 0 }
    }

    /// Searching → departed, until it [comes back](Self::come_back). As [`found_work`](Self::found_work): others may be needed for what it leaves.
    pub fn depart(&self, searching: Searching, has_work: impl Fn() -> bool) -> bool {
        let heavy = self.found_work(searching, has_work);
        self.departed.fetch_add(1, Ordering::AcqRel);
        heavy
    }

    /// Tells of new work. The caller has published it and passed a fence since: outside threads a full one, workers a
    /// light one. Wakes one sleeper if nobody searches. True if it woke one.
    #[inline]
    pub fn notify(&self) -> bool {
        // Ordering: Relaxed: the caller's fence orders the publication before this load.
        Counters::word_needs_wake(self.word.load(Ordering::Relaxed)) && self.wake_one()
    }

    /// As [`notify`](Self::notify), for an outside thread that has published by a SeqCst exchange, instead of a fence.
    #[inline]
    pub fn notify_from_outside(&self) -> bool {
        // Ordering: SeqCst, as is the exchange, so that this load comes after it (`fence::after_exchange`).
        Counters::word_needs_wake(self.word.load(Ordering::SeqCst)) && self.wake_one()
    }

    #[cold]
    fn wake_one(&self) -> bool {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            let counters = Counters::unpack(word);
            if !counters.needs_wake() {
                return false;
            }
            let first = counters.first();
            match self.exchange(word, counters.claimed(self.below(first))) {
                Ok(()) => {
                    self.workers[first as usize].parker.unpark();
                    return true;
                }
                Err(newer) => word = newer,
            }
        }
    }

    /// Wakes every sleeper; each counts as searching. For shutdown: the caller has published the reason and passed a full fence.
    pub fn wake_all(&self) {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            let counters = Counters::unpack(word);
            if counters.sleepers == 0 {
                return;
            }
            let first = counters.first();
            match self.exchange(word, counters.claimed(self.below(first))) {
                Ok(()) => {
                    self.workers[first as usize].parker.unpark();
                    word = self.word.load(Ordering::Acquire);
                }
                Err(newer) => word = newer,
            }
        }
    }

    /// Running → searching.
    pub fn start_searching(&self) -> Searching {
        // Ordering: AcqRel: every change of the word continues its release sequence, so whoever reads it later sees what we did.
        let before = Counters::unpack(self.word.fetch_add(Counters::ONE_SEARCHER, Ordering::AcqRel));
        Searching { first: before.searchers == 0 }
    }

    /// Searching → running, with work in hand. If that leaves nobody searching although somebody sleeps, more work may have come that
    /// its submitter left to us: `has_work` is asked, and a sleeper woken for it. True if that took a heavy fence.
    pub fn found_work(&self, _: Searching, has_work: impl Fn() -> bool) -> bool {
        let before = Counters::unpack(self.word.fetch_sub(Counters::ONE_SEARCHER, Ordering::AcqRel));
        if before.searchers > 1 || before.sleepers == 0 {
            return false;
        }
        // Ordering: SearchFence of the README: pairs with PushFence of an outside thread.
        full_fence(Ordering::SeqCst);
        if has_work() {
            self.notify();
            return false;
        }
        // Pushes of workers are fenced lightly: only a heavy fence is sure to see them.
        let somebody_runs = self.others_running(before);
        if somebody_runs {
            fence::heavy();
            if has_work() {
                self.notify();
            }
        }
        somebody_runs
    }

    /// Searching → sleeping → searching. Announces the sleep, asks `has_work` a last time, and parks if there is none. `before_park` is
    /// called when there is none, with whether now all workers sleep. `has_mail` says whether there is work that only this worker does.
    pub fn sleep(
        &self,
        _: Searching,
        index: usize,
        has_work: impl Fn() -> bool,
        has_mail: impl Fn() -> bool,
        before_park: impl FnOnce(bool),
    ) -> (Searching, Slept) {
        let announced = self.announce(index);
        // Ordering: SleepFence of the README: pairs with PushFence.
        let heavy = self.others_running(announced);
        if heavy {
            fence::heavy()
        } else {
            full_fence(Ordering::SeqCst)
        }
        let has_mail = has_mail();
        if has_mail || has_work() {
            if self.take_back(index) {
                return (Searching { first: true }, Slept { parked: false, heavy });
            }
            // Claimed already, or others are above us on the stack: then one of them is as good, but not for our mail.
            if has_mail {
                self.wake_all();
            } else {
                self.notify();
            }
        } else {
            before_park(self.all_asleep());
        }
        self.workers[index].parker.park(Deadline::NEVER);
        // Whoever claimed us saw nobody searching.
        (Searching { first: true }, Slept { parked: true, heavy })
    }

    /// Puts the worker on the stack: searching → sleeping. Returns the counters before.
    fn announce(&self, index: usize) -> Counters {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            let counters = Counters::unpack(word);
            self.workers[index].next.store(counters.head, Ordering::Relaxed);
            match self.exchange(word, counters.asleep(index as u32)) {
                Ok(()) => return counters,
                Err(newer) => word = newer,
            }
        }
    }

    /// Takes the worker off the stack again if it is on top: sleeping → searching.
    fn take_back(&self, index: usize) -> bool {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            let counters = Counters::unpack(word);
            if counters.sleepers == 0 || counters.first() != index as u32 {
                return false;
            }
            match self.exchange(word, counters.claimed(self.below(index as u32))) {
                Ok(()) => return true,
                Err(newer) => word = newer,
            }
        }
    }

    /// Leaves for good: searching → gone, counting as running from then on. Wakes the others, who shall leave too: one of them may have gone to
    /// sleep although it saw the flag, because this worker lay above it on the stack or was searching.
    pub fn leave(&self, _: Searching) {
        self.word.fetch_sub(Counters::ONE_SEARCHER, Ordering::AcqRel);
        self.wake_all();
    }

    /// Whether every worker has announced its sleep, has departed or has not begun yet. One of them may still be about to find work: see [`version`](Self::version).
    pub fn all_asleep(&self) -> bool {
        let counters = Counters::unpack(self.word.load(Ordering::Acquire));
        // Afterwards: who departs meanwhile has ended what it did.
        let absent = self.absent.load(Ordering::Acquire) + self.departed.load(Ordering::Acquire);
        counters.searchers == 0 && counters.sleepers as usize + absent == self.workers.len()
    }

    /// Changes whenever a worker falls asleep or is claimed (up to the wrap of the tag). If all are asleep, the sources are empty, and the version is still
    /// the same, then nothing was queued or running at that moment.
    pub fn version(&self) -> u64 {
        // Ordering: Acquire: what a worker did before it announced its sleep is visible.
        self.word.load(Ordering::Acquire)
    }

    /// Whether, by the counters that a searching worker replaced, some other worker is neither searching nor asleep nor departed. One that is absent may be: its start
    /// hook pushes like a job.
    fn others_running(&self, before: Counters) -> bool {
        // Ordering: Acquire, after the replacement: a worker that came back before is no longer among the departed; what one did that has departed is visible.
        let others = before.searchers as usize + before.sleepers as usize + self.departed.load(Ordering::Acquire);
        others < self.workers.len()
    }

    fn below(&self, index: u32) -> u32 {
        // Ordering: Relaxed: the load of the word that gave us `index` acquired this; if it has changed since, so has the tag.
        self.workers[index as usize].next.load(Ordering::Relaxed)
    }

    fn exchange(&self, word: u64, next: Counters) -> Result<(), u64> {
        // Ordering: AcqRel: Release publishes `next` and everything the worker did; Acquire passes it on.
        self.word.compare_exchange(word, next.pack(), Ordering::AcqRel, Ordering::Acquire).map(drop)
    }
}
