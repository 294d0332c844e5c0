//! A cache whose entries expire, and the tests of that, which take no time: they move the clock by hand.
//!
//! `cargo run --example cache_expiry` runs what the tests check; `cargo test --example cache_expiry` runs the tests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use filch::{ManualClock, Pool, Schedule};

/// How long an entry lives.
const LIFE: Duration = Duration::from_secs(60);

/// How often expired entries are thrown away.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// By which the cache tells the time: a function, so that a test can give its own.
type Now = Arc<dyn Fn() -> Instant + Send + Sync>;

struct Cache {
    entries: Arc<Mutex<HashMap<String, (Instant, u32)>>>,
    now: Now,
    sweeper: Schedule,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cache {
    /// Makes a cache that is swept on `pool`.
    fn new(pool: &Pool, now: Now) -> Self {
        let entries = Arc::new(Mutex::new(HashMap::new()));
        let swept = entries.clone();
        let clock = now.clone();
        let sweeper = pool.schedule(SWEEP_EVERY, move || {
            let now = clock();
            lock(&swept).retain(|_, (expires, _)| *expires > now);
        });
        Self { entries, now, sweeper }
    }

    fn put(&self, key: &str, value: u32) {
        lock(&self.entries).insert(key.into(), ((self.now)() + LIFE, value));
    }

    fn get(&self, key: &str) -> Option<u32> {
        let (expires, value) = *lock(&self.entries).get(key)?;
        (expires > (self.now)()).then_some(value)
    }

    /// Entries in memory, expired or not.
    fn len(&self) -> usize {
        lock(&self.entries).len()
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.sweeper.cancel();
    }
}

/// A cache, its pool, and the clock that both go by.
fn on_a_manual_clock() -> (Cache, Pool, ManualClock) {
    let clock = ManualClock::new();
    let pool = Pool::builder().threads(1).clock(clock.clone()).build().expect("a pool with one thread");
    let hand = clock.clone();
    (Cache::new(&pool, Arc::new(move || hand.now())), pool, clock)
}

fn main() {
    let (cache, pool, clock) = on_a_manual_clock();
    cache.put("answer", 42);
    for seconds in [0, 20, 40, 60] {
        println!("after {seconds:2} s: answer = {:?}, {} in memory", cache.get("answer"), cache.len());
        clock.advance(Duration::from_secs(20));
    }
    println!("a minute went by in no time; {} sweeps", cache.sweeper.runs());
    assert_eq!((cache.get("answer"), cache.len()), (None, 0));
    drop(cache);
    assert_eq!(pool.scheduled(), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_lives_a_minute() {
        let (cache, _pool, clock) = on_a_manual_clock();
        cache.put("a", 1);
        clock.advance(LIFE - Duration::from_nanos(1));
        assert_eq!(cache.get("a"), Some(1));
        clock.advance(Duration::from_nanos(1));
        assert_eq!(cache.get("a"), None);
    }

    #[test]
    fn expired_entries_are_thrown_away_by_the_next_sweep() {
        let (cache, _pool, clock) = on_a_manual_clock();
        cache.put("a", 1);
        clock.advance(Duration::from_secs(5));
        cache.put("b", 2);
        // The sweep at 60 seconds has run when this returns.
        clock.advance(Duration::from_secs(55));
        assert_eq!((cache.len(), cache.sweeper.runs()), (1, 6));
        clock.advance(SWEEP_EVERY);
        assert_eq!((cache.len(), cache.sweeper.runs()), (0, 7));
    }

    #[test]
    fn a_cache_that_is_gone_is_not_swept() {
        let (cache, pool, clock) = on_a_manual_clock();
        let sweeper = cache.sweeper.clone();
        drop(cache);
        clock.advance(LIFE);
        assert_eq!((sweeper.runs(), pool.scheduled()), (0, 0));
    }
}
