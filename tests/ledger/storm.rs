//! One round of the storm: a pool, eight threads that do everything to it at once, and its end in the middle of that.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use filch::{Pool, WaitPolicy};

use super::audit::{Statement, audit};
use super::book::{BOUNDED, SETS, WILD, book};
use super::handles::{exchange, treat};
use super::jobs;
use super::sets::{SHARED_SETS, consume, deed, end_left, party};
use super::streams::stream;
use super::support::random::{Random, spin};
use super::support::watch::eventually;
use super::workers::{broadcast, clear_desks, renew_desks, use_desk};

/// Threads that submit.
const THREADS: u64 = 8;

/// How the pool ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Shutdown,
    ShutdownNow,
    /// The last handle is dropped, wherever that happens.
    Drop,
    /// A job says `shutdown`.
    FromInside,
    /// A job says `shutdown_now`.
    NowFromInside,
    /// `shutdown_timeout`, with no time and then with plenty.
    Timeout,
}

/// What there is beside plain jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mix {
    /// Nothing.
    Plain,
    /// Sets, streams and all that.
    Sets,
    /// The same, and jobs yield. The pool may have this policy.
    Wild(WaitPolicy),
}

/// A round, as its seed decides it.
#[derive(Debug)]
pub struct Plan {
    seed: u64,
    workers: usize,
    capacity: Option<usize>,
    ending: Ending,
    mix: Mix,
    /// Things that each thread does.
    deeds: u64,
    /// The end begins when there have been so many jobs, or when the threads are through.
    end_after: usize,
}

impl Plan {
    /// Consecutive seeds go through all kinds of rounds.
    pub fn of(seed: u64) -> Self {
        use Ending::{Drop, FromInside, NowFromInside, Shutdown, ShutdownNow, Timeout};
        let endings = [Shutdown, ShutdownNow, Drop, FromInside, NowFromInside, Timeout];
        let mut random = Random::new(seed);
        let capacity = [1, 4, 64][random.below(3) as usize];
        let deeds = 20 + random.below(100);
        let jobs = if random.one_in(3) { u64::MAX } else { random.below(THREADS * deeds) };
        let mix = match random.below(8) {
            0 | 1 => Mix::Plain,
            2..=5 => Mix::Sets,
            6 => Mix::Wild(WaitPolicy::Isolated),
            _ => Mix::Wild(WaitPolicy::HelpAny),
        };
        Self {
            seed,
            mix,
            workers: [1, 2, 8, 64][(seed % 4) as usize],
            capacity: (seed / 4 % 2 == 1).then_some(capacity),
            ending: endings[(seed / 8 % 6) as usize],
            deeds,
            end_after: jobs as usize,
        }
    }

    /// Runs the round and checks the books.
    pub fn run(&self) -> Result<String, String> {
        book().reset(self.features());
        if self.mix != Mix::Plain {
            renew_desks(&mut Random::new(self.seed));
        }
        // Lives as long as the pool's shared half: the settings hold it.
        let alive = Arc::new(());
        let stopped = Arc::new(AtomicUsize::new(0));
        let (witness, stops) = (alive.clone(), stopped.clone());
        let mut builder = Pool::builder()
            .threads(self.workers)
            .on_thread_stop(move |_| _ = stops.fetch_add(1, Ordering::SeqCst))
            .panic_handler(move |payload| {
                let _ = &witness;
                book().report(payload);
            });
        if let Mix::Wild(policy) = self.mix {
            builder = builder.wait_policy(policy);
        }
        if let Some(capacity) = self.capacity {
            builder = builder.queue_capacity(capacity);
        }
        let metrics = self.submit_and_end(builder.build().expect("a pool"), &stopped);
        eventually(&format!("the pool of {self:?} is gone"), || {
            // A pool whose last handle was dropped inside a job has gone on until now.
            end_left(&mut Random::new(self.seed));
            Arc::strong_count(&alive) == 1
        });
        exchange().clear();
        clear_desks();
        let graceful = !matches!(self.ending, Ending::ShutdownNow | Ending::NowFromInside);
        audit(&Statement { graceful, sets: self.mix != Mix::Plain, metrics })
    }

    fn features(&self) -> u8 {
        let features = match self.mix {
            Mix::Plain => 0,
            Mix::Sets => SETS,
            Mix::Wild(_) => SETS | WILD,
        };
        features | if self.capacity.is_some() { BOUNDED } else { 0 }
    }

    /// Returns how many jobs were cancelled and how many panics contained, by the pool's metrics.
    fn submit_and_end(&self, pool: Pool, stopped: &AtomicUsize) -> Option<(u64, u64)> {
        let through = AtomicUsize::new(0);
        let pool = std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (pool, through) = (pool.clone(), &through);
                scope.spawn(move || {
                    self.submit(&pool, &mut Random::new(self.seed ^ (thread + 1) << 56));
                    through.fetch_add(1, Ordering::SeqCst);
                    drop(pool);
                });
            }
            for place in 0..if self.mix == Mix::Plain { 0 } else { SHARED_SETS } {
                let (pool, through) = (pool.clone(), &through);
                scope.spawn(move || {
                    let mut random = Random::new(!self.seed ^ (place as u64) << 56);
                    consume(&pool, place, &mut random, || through.load(Ordering::SeqCst) == THREADS as usize);
                });
            }
            while book().opened() < self.end_after && through.load(Ordering::SeqCst) < THREADS as usize {
                std::thread::yield_now();
            }
            self.end(pool, stopped)
        });
        end_left(&mut Random::new(!self.seed));
        let pool = pool?;
        // Nobody submits any more, and nothing is left.
        if (pool.pending(), pool.running()) != (0, 0) {
            book().fault(format!("a pool at its end: {pool:?}"));
        }
        let metrics = pool.metrics();
        Some((metrics.cancelled, metrics.panics))
    }

    /// Ends the pool. It comes back if somebody may ask it something then.
    fn end(&self, pool: Pool, stopped: &AtomicUsize) -> Option<Pool> {
        book().close();
        match self.ending {
            Ending::Drop => return None,
            Ending::Shutdown => pool.shutdown(),
            Ending::ShutdownNow => pool.shutdown_now(),
            // The job may be cancelled, so there is a second end.
            Ending::FromInside => {
                pool.spawn(|| Pool::current().into_iter().for_each(|pool| pool.shutdown()));
                pool.shutdown();
            }
            Ending::NowFromInside => {
                pool.spawn_first(|| Pool::current().into_iter().for_each(|pool| pool.shutdown_now()));
                pool.shutdown_now();
            }
            Ending::Timeout => {
                pool.shutdown_timeout(Duration::ZERO);
                if !pool.shutdown_timeout(Duration::from_secs(60)) {
                    book().fault("a shutdown did not end in a minute".into());
                }
            }
        }
        if stopped.load(Ordering::SeqCst) != self.workers {
            book().fault(format!("{stopped:?} of {} workers have stopped after a shutdown", self.workers));
        }
        Some(pool)
    }

    /// What each of the eight threads does.
    fn submit(&self, pool: &Pool, random: &mut Random) {
        for _ in 0..self.deeds {
            if self.mix != Mix::Plain && random.one_in(3) {
                use_sets(pool, random);
                continue;
            }
            match random.below(32) {
                0..=3 => jobs::spawn(pool, random, 0),
                4 | 5 => jobs::spawn_batch(pool, random),
                6 | 7 => jobs::install(pool, random, 0),
                8 | 9 => jobs::fork(pool, random, 0),
                10..=13 => exchange().take(random).into_iter().for_each(|ticket| treat(ticket, random)),
                14 => idle(pool, random),
                15 if random.one_in(8) => jobs::cancel_pending(pool),
                16 => spin(random.below(5000)),
                17..=19 => (0..4).for_each(|_| jobs::duel(pool, random)),
                _ => jobs::submit(pool, random, 0).into_iter().for_each(|ticket| treat(ticket, random)),
            }
        }
    }
}

/// Something with sets, streams, and all workers.
fn use_sets(pool: &Pool, random: &mut Random) {
    match random.below(24) {
        0..=13 => deed(random, 0, true),
        14..=16 => party(pool, random, 0),
        17..=19 => stream(pool, random, 0),
        20 => broadcast(pool, random),
        21 => renew_desks(random),
        22 => filch::yield_now(),
        _ => use_desk(random),
    }
}

/// When the pool is idle, the job that this thread queued before has ended.
fn idle(pool: &Pool, random: &mut Random) {
    let Some(ticket) = jobs::submit(pool, random, 0) else { return };
    if pool.wait_idle_timeout(Duration::from_micros(random.below(3000))) && !ticket.is_finished() {
        book().fault("idle, and yet a job that was queued before has not ended".into());
    }
    treat(ticket, random);
}
