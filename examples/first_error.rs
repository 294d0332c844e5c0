//! Cancels the rest of a batch when one of its jobs fails.
//!
//! `cargo run --example first_error`. Queued jobs are dropped unrun; one that runs is asked to stop, and looks at [`filch::cancelled()`].

use std::time::Duration;

use filch::{JobSet, Pool};

/// What a job of the batch gives.
type Checked = Result<u32, String>;

/// Pretends to check item `n`, slowly. Item 13 is bad.
fn check(n: u32) -> Checked {
    for _ in 0..10 {
        if filch::cancelled() {
            return Err(format!("item {n}: stopped half-way"));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    if n == 13 { Err(format!("item {n} is bad")) } else { Ok(n) }
}

fn main() {
    let pool = Pool::with_threads(4);
    let set = JobSet::<Checked>::new(&pool);
    for n in 0..1000 {
        set.submit(move || check(n));
    }

    let (mut good, mut stopped, mut first_error) = (0, 0, None);
    for (_, result) in set.as_completed() {
        match result {
            Ok(Ok(_)) => good += 1,
            Ok(Err(error)) if first_error.is_none() => {
                println!("{error}: cancelling the rest");
                first_error = Some(error);
                println!("{} jobs will never run", set.cancel_all());
            }
            Ok(Err(_)) => stopped += 1,
            Err(error) => assert!(error.is_cancelled(), "{error}"),
        }
    }
    println!("{good} good before that, {stopped} stopped half-way");
    assert_eq!(first_error.as_deref(), Some("item 13 is bad"));
    assert_eq!(pool.metrics().cancelled + good + stopped + 1, 1000);
}
