//! Job sets with and without room, and producers.

use std::sync::Arc;
use std::time::Duration;

use filch::JobSet;

use crate::ledger::Ledger;
use crate::support::{end, panic_quietly, pool, start};

scenarios! { little_room producers two_takers cancelled_members dropped_amid streams }

/// Two threads fill a set of 3 places with 30 jobs each, which a third empties; 4 workers.
fn little_room() {
    let (pool, ledger) = (pool(4), Ledger::new());
    let set = Arc::new(JobSet::with_capacity(&pool, 3));
    let submitter = |_| {
        let (set, ledger) = (set.clone(), ledger.clone());
        start(move || {
            for _ in 0..30 {
                let token = ledger.token();
                set.submit(move || token.run());
            }
        })
    };
    let threads: Vec<_> = (0..2).map(submitter).collect();
    let mut taken = 0;
    while taken < 60 {
        match set.next() {
            Some((_, result)) => {
                result.expect("it ran");
                taken += 1;
            }
            // Nothing outstanding: the submitters are slow.
            None => shuttle::thread::yield_now(),
        }
    }
    end(threads);
    assert!(set.is_empty());
    ledger.check_all_ran();
}

/// Producers in a set that is soon full give their worker back; jobs inside the pool add more; 3 workers.
fn producers() {
    let (pool, ledger) = (pool(3), Ledger::new());
    let set = Arc::new(JobSet::with_capacity(&pool, 2));
    for _ in 0..3 {
        let (token, items) = (ledger.token(), ledger.clone());
        set.submit_iter(move || {
            token.run();
            (0..12).inspect(move |_| items.token().run())
        });
    }
    let inside = set.clone();
    let token = ledger.token();
    let adder = pool.submit(move || {
        token.run();
        for _ in 0..8 {
            inside.submit(|| 100);
        }
    });
    let mut results = Vec::new();
    while results.len() < 3 * 12 + 8 {
        match set.next() {
            Some((_, result)) => results.push(result.expect("it ran")),
            None => shuttle::thread::yield_now(),
        }
    }
    adder.join().expect("it ran");
    assert!(set.next().is_none());
    assert_eq!(results.iter().filter(|result| **result == 100).count(), 8);
    assert_eq!(results.iter().filter(|result| **result < 12).count(), 36);
    ledger.check_all_ran();
}

/// Two threads and a job take from one set; each result comes out once.
fn two_takers() {
    let (pool, ledger) = (pool(4), Ledger::new());
    let set = Arc::new(JobSet::new(&pool));
    for _ in 0..50 {
        let token = ledger.token();
        set.submit(move || token.run());
    }
    let delivered = Ledger::new();
    let take = |set: Arc<JobSet<()>>, delivered: Ledger| {
        while let Some((_, result)) = set.next() {
            result.expect("it ran");
            delivered.token().run();
            if let Some((_, result)) = set.next_timeout(Duration::from_micros(20)) {
                result.expect("it ran");
                delivered.token().run();
            }
        }
    };
    let thread = |_| {
        let (set, delivered) = (set.clone(), delivered.clone());
        start(move || take(set, delivered))
    };
    let (inside, delivered_inside) = (set.clone(), delivered.clone());
    let job = pool.submit(move || take(inside, delivered_inside));
    end((0..2).map(thread).collect());
    job.join().expect("no panic");
    assert_eq!(delivered.runs(), 50);
    ledger.check_all_ran();
}

/// Members are cancelled while others take results; some members panic.
fn cancelled_members() {
    let (pool, ledger) = (pool(4), Ledger::new());
    let set = Arc::new(JobSet::new(&pool));
    let ids: Vec<_> = (0..50)
        .map(|i| {
            let token = ledger.token();
            set.submit(move || {
                token.run();
                if i % 7 == 0 {
                    panic_quietly();
                }
            })
        })
        .collect();
    let other = set.clone();
    let canceller = start(move || {
        for id in ids.iter().skip(10).step_by(3) {
            other.cancel(*id);
        }
        other.cancel_all();
    });
    let (mut cancelled, mut others) = (0, 0);
    while let Some((_, result)) = set.next() {
        let is_cancelled = result.is_err_and(|error| error.is_cancelled());
        *if is_cancelled { &mut cancelled } else { &mut others } += 1;
    }
    end(vec![canceller]);
    assert_eq!((cancelled + others, others), (50, ledger.runs()));
    ledger.check_ended();
}

/// A set goes away while its members run and wait; full sets with producers, too.
fn dropped_amid() {
    let (pool, ledger) = (pool(3), Ledger::new());
    for round in 0..4 {
        let set = JobSet::with_capacity(&pool, 4);
        // While there is room: the producer leaves none.
        for _ in 0..3 {
            let token = ledger.token();
            set.submit(move || token);
        }
        let items = ledger.clone();
        set.submit_iter(move || (0..20).map(move |_| items.token()));
        for _ in 0..round {
            drop(set.next());
        }
    }
    pool.wait_idle();
    pool.shutdown();
    ledger.check_ended();
}

/// Streams with a small buffer, in order and as they are done, from two threads.
fn streams() {
    let pool = pool(4);
    let other = pool.clone();
    let thread = start(move || {
        let sum: u32 = other.map_unordered(0..40_u32, 3, |i| i).map(|result| result.expect("it ran")).sum();
        assert_eq!(sum, 780);
    });
    let results: Vec<u32> = pool.map_stream(0..40_u32, 2, |i| 2 * i).map(|result| result.expect("it ran")).collect();
    assert_eq!(results, (0..40).map(|i| 2 * i).collect::<Vec<_>>());
    end(vec![thread]);
}
