//! A semaphore beside an oracle: one thread does everything, with many tasks in the line, so each step has one right result.
//!
//! `FILCH_SOAK_SECONDS` sets how long; `FILCH_SEED` the seed.

mod common;

#[path = "oracles/cases.rs"]
mod cases;
#[path = "oracles/permits.rs"]
mod permits;
#[path = "oracles/permit_steps.rs"]
mod steps;
#[path = "ledger/support/mod.rs"]
mod support;

use std::future::Future;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use common::Notes;
use filch::{AcquireError, AcquireTimeoutError, OwnedPermit, Permit, Semaphore, TryAcquireError};
use permits::{Oracle, Verdict};
use proptest::prelude::any;
use steps::{Operation, case};

enum Held<'a> {
    Borrowed(Permit<'a>),
    Owned(OwnedPermit),
}

/// Notes who is woken, and with which of its wakers.
struct Bell {
    id: usize,
    version: u32,
    panics: bool,
    rung: Notes<(usize, u32)>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.note((self.id, self.version));
        if self.panics {
            resume_unwind(Box::new("a waker panics"));
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Fresh,
    Waits,
    Granted,
    SentAway,
}

struct Task<'a> {
    future: Pin<Box<dyn Future<Output = Result<Held<'a>, AcquireError>> + 'a>>,
    bell: Arc<Bell>,
    need: usize,
    owned: bool,
    stage: Stage,
}

impl Task<'_> {
    fn id(&self) -> usize {
        self.bell.id
    }

    fn renew_bell(&mut self) {
        let Bell { id, version, panics, rung } = &*self.bell;
        self.bell = Arc::new(Bell { id: *id, version: version + 1, panics: *panics, rung: rung.clone() });
    }
}

/// The semaphore, what has been taken of it, and the oracle.
struct Pair<'a> {
    semaphore: &'a Arc<Semaphore>,
    oracle: Oracle,
    permits: Vec<(Held<'a>, usize)>,
    tasks: Vec<Task<'a>>,
    made: usize,
    rung: Notes<(usize, u32)>,
    heard: usize,
}

impl<'a> Pair<'a> {
    fn new(semaphore: &'a Arc<Semaphore>) -> Self {
        let oracle = Oracle::new(semaphore.available());
        Self { semaphore, oracle, permits: Vec::new(), tasks: Vec::new(), made: 0, rung: Notes::new(), heard: 0 }
    }

    fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Try { need, owned } => self.try_acquire(*need, *owned),
            Operation::Acquire { need, owned, limit } => self.acquire(*need, *owned, *limit),
            Operation::Want { need, owned, panics } => self.want(*need, *owned, *panics),
            Operation::Poll { which, anew } if !self.tasks.is_empty() => {
                self.poll(which.index(self.tasks.len()), *anew);
            }
            Operation::PollLast if !self.tasks.is_empty() => self.poll(self.tasks.len() - 1, false),
            Operation::DropTask(which) if !self.tasks.is_empty() => self.drop_task(which.index(self.tasks.len())),
            Operation::DropOldest if !self.tasks.is_empty() => self.drop_task(0),
            Operation::DropPermit(which) if !self.permits.is_empty() => {
                self.drop_permit(which.index(self.permits.len()));
            }
            Operation::Forget(which) if !self.permits.is_empty() => self.forget(which.index(self.permits.len())),
            Operation::Release(count) => self.release(*count),
            Operation::Close => self.close(),
            Operation::Pass => {
                let start = Instant::now();
                while start.elapsed() < permits::PATIENCE + Duration::from_micros(50) {
                    std::hint::spin_loop();
                }
            }
            _ => {}
        }
        self.check();
    }

    /// Does something to the semaphore; returns when that was, and whether it panicked.
    fn timed<R>(f: impl FnOnce() -> R) -> (std::thread::Result<R>, Range<Instant>) {
        let start = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(f));
        (result, start..Instant::now())
    }

    fn try_acquire(&mut self, need: usize, owned: bool) {
        let (semaphore, verdict) = (self.semaphore, self.oracle.verdict(need));
        let result = match (need, owned) {
            (1, false) => semaphore.try_acquire().map(Held::Borrowed),
            (_, false) => semaphore.try_acquire_many(need).map(Held::Borrowed),
            (1, true) => semaphore.clone().try_acquire_owned().map(Held::Owned),
            (_, true) => semaphore.clone().try_acquire_many_owned(need).map(Held::Owned),
        };
        self.attempted(
            need,
            verdict,
            result.map_err(|error| match error {
                TryAcquireError::NoPermits => Verdict::NoPermits,
                TryAcquireError::Closed => Verdict::Closed,
                TryAcquireError::TooMany => Verdict::TooMany,
            }),
        );
    }

    fn acquire(&mut self, need: usize, owned: bool, limit: u64) {
        let (semaphore, verdict) = (self.semaphore, self.oracle.verdict(need));
        if !matches!(verdict, Verdict::NoPermits | Verdict::Either) {
            let result = match (need, owned) {
                (1, false) => semaphore.acquire().map(Held::Borrowed),
                (_, false) => semaphore.acquire_many(need).map(Held::Borrowed),
                (1, true) => semaphore.clone().acquire_owned().map(Held::Owned),
                (_, true) => semaphore.clone().acquire_many_owned(need).map(Held::Owned),
            };
            return self.attempted(need, verdict, result.map_err(refusal));
        }
        let limit = Duration::from_micros(limit);
        let (result, now) = Self::timed(|| match (need, owned) {
            (1, false) => semaphore.acquire_timeout(limit).map(Held::Borrowed),
            (_, false) => semaphore.acquire_many_timeout(need, limit).map(Held::Borrowed),
            (1, true) => semaphore.clone().acquire_timeout_owned(limit).map(Held::Owned),
            (_, true) => semaphore.clone().acquire_many_timeout_owned(need, limit).map(Held::Owned),
        });
        let result = result.expect("nobody is woken");
        assert!(result.is_ok() || now.end - now.start >= limit, "it has given up early");
        let in_vain = result.is_err();
        self.attempted(
            need,
            verdict,
            result.map_err(|error| match error {
                AcquireTimeoutError::TimedOut => Verdict::NoPermits,
                AcquireTimeoutError::Closed => Verdict::Closed,
                AcquireTimeoutError::TooMany => Verdict::TooMany,
            }),
        );
        if in_vain {
            self.oracle.look_in(&now);
        }
    }

    fn attempted(&mut self, need: usize, expected: Verdict, result: Result<Held<'a>, Verdict>) {
        let verdict = result.as_ref().err().copied().unwrap_or(Verdict::Taken);
        match expected {
            Verdict::Either => assert!(matches!(verdict, Verdict::Taken | Verdict::NoPermits), "{verdict:?}"),
            expected => assert_eq!(verdict, expected, "an attempt to take {need}"),
        }
        self.oracle.attempted(need, result.is_ok());
        self.permits.extend(result.ok().map(|held| (held, need)));
    }

    fn want(&mut self, need: usize, owned: bool, panics: bool) {
        let semaphore = self.semaphore;
        let future: Pin<Box<dyn Future<Output = Result<Held<'a>, AcquireError>> + 'a>> = match (need, owned) {
            (1, false) => Box::pin(async { semaphore.acquire_async().await.map(Held::Borrowed) }),
            (_, false) => Box::pin(async move { semaphore.acquire_many_async(need).await.map(Held::Borrowed) }),
            (1, true) => {
                let owned = semaphore.clone().acquire_async_owned();
                Box::pin(async { owned.await.map(Held::Owned) })
            }
            (_, true) => {
                let owned = semaphore.clone().acquire_many_async_owned(need);
                Box::pin(async { owned.await.map(Held::Owned) })
            }
        };
        let bell = Bell { id: self.made, version: 0, panics, rung: self.rung.clone() };
        self.tasks.push(Task { future, bell: Arc::new(bell), need, owned, stage: Stage::Fresh });
        self.made += 1;
    }

    fn poll(&mut self, which: usize, anew: bool) {
        let task = &mut self.tasks[which];
        if anew {
            task.renew_bell();
        }
        let (need, id, stage) = (task.need, task.id(), task.stage);
        let waker = Waker::from(task.bell.clone());
        let (result, now) = Self::timed(|| task.future.as_mut().poll(&mut Context::from_waker(&waker)));
        let result = result.expect("nobody is woken");
        match (stage, result) {
            (Stage::Waits, result) => assert!(result.is_pending(), "it was not told"),
            (Stage::Fresh, Poll::Pending) => {
                task.stage = Stage::Waits;
                self.attempted(need, self.oracle.verdict(need), Err(Verdict::NoPermits));
                self.oracle.enter(id, need, now);
            }
            (Stage::Fresh, Poll::Ready(result)) => {
                self.tasks.remove(which);
                self.attempted(need, self.oracle.verdict(need), result.map_err(refusal));
            }
            (_, Poll::Pending) => panic!("it was told, and waits on"),
            (stage, Poll::Ready(result)) => {
                self.tasks.remove(which);
                assert_eq!(result.as_ref().err(), (stage == Stage::SentAway).then_some(&AcquireError::Closed));
                self.permits.extend(result.ok().map(|held| (held, need)));
            }
        }
    }

    fn drop_task(&mut self, which: usize) {
        let Task { future, need, stage, bell, .. } = self.tasks.remove(which);
        let (result, now) = Self::timed(|| drop(future));
        let granted = match stage {
            Stage::Waits => self.oracle.leave(bell.id, &now),
            Stage::Granted => self.oracle.put_back(need, &now),
            Stage::Fresh | Stage::SentAway => Vec::new(),
        };
        self.told(&granted, Stage::Granted, result.is_err());
        assert_eq!(Arc::strong_count(&bell), 1, "its waker was not dropped");
    }

    fn drop_permit(&mut self, which: usize) {
        let (held, count) = self.permits.swap_remove(which);
        let (result, now) = Self::timed(|| drop(held));
        let granted = self.oracle.put_back(count, &now);
        self.told(&granted, Stage::Granted, result.is_err());
    }

    fn forget(&mut self, which: usize) {
        let (result, now) = Self::timed(|| match self.permits.swap_remove(which).0 {
            Held::Borrowed(permit) => permit.forget(),
            Held::Owned(permit) => permit.forget(),
        });
        result.expect("nobody is woken");
        self.oracle.look_in(&now);
    }

    fn release(&mut self, count: usize) {
        let (result, now) = Self::timed(|| self.semaphore.release(count));
        match self.oracle.release(count, &now) {
            Some(granted) => self.told(&granted, Stage::Granted, result.is_err()),
            None => assert!(common::message(&*result.unwrap_err()).contains("at most 2^31 - 1 permits")),
        }
    }

    fn close(&mut self) {
        let (result, _) = Self::timed(|| self.semaphore.close());
        let sent_away = self.oracle.close();
        self.told(&sent_away, Stage::SentAway, result.is_err());
    }

    /// These tasks have been woken, in this order; the panic of one of their wakers went on.
    fn told(&mut self, ids: &[usize], stage: Stage, panicked: bool) {
        let mut expected = Vec::new();
        let mut panics = false;
        for id in ids {
            let task = self.tasks.iter_mut().find(|task| task.id() == *id).expect("a task in the line");
            task.stage = stage;
            panics |= task.bell.panics;
            expected.push((*id, task.bell.version));
        }
        let all = self.rung.all();
        assert_eq!(all[self.heard..], expected, "who was woken");
        assert_eq!(panicked, panics, "a panic of a waker goes on when all have been woken");
        self.heard = all.len();
    }

    fn check(&self) {
        assert_eq!(self.semaphore.available(), self.oracle.available);
        assert_eq!(self.semaphore.is_closed(), self.oracle.is_closed);
        assert_eq!(self.rung.len(), self.heard, "somebody was woken for nothing");
        for task in &self.tasks {
            let expected = 1 + usize::from(task.stage == Stage::Waits);
            assert_eq!(Arc::strong_count(&task.bell), expected, "the waker of a task at {:?}", task.stage);
        }
        let owned_permits = self.permits.iter().filter(|(held, _)| matches!(held, Held::Owned(_))).count();
        let owned_tasks = self.tasks.iter().filter(|task| task.owned).count();
        assert_eq!(Arc::strong_count(self.semaphore), 1 + owned_permits + owned_tasks);
    }
}

fn refusal(error: AcquireError) -> Verdict {
    match error {
        AcquireError::Closed => Verdict::Closed,
        AcquireError::TooMany => Verdict::TooMany,
    }
}

#[test]
fn does_what_a_number_and_a_queue_do() {
    cases::check(512, (case(), any::<bool>()), |((permits, operations), tasks_first)| {
        let semaphore = Arc::new(Semaphore::new(permits));
        let mut pair = Pair::new(&semaphore);
        operations.iter().for_each(|operation| pair.apply(operation));
        while !(pair.tasks.is_empty() && pair.permits.is_empty()) {
            let takes_task = pair.permits.is_empty() || tasks_first && !pair.tasks.is_empty();
            if takes_task {
                pair.drop_task(0)
            } else {
                pair.drop_permit(0)
            }
            pair.check();
        }
    });
}
