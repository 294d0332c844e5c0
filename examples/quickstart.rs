//! The first steps with filch: jobs with and without a result, errors, panics, cancelling, waiting, shutting down.
//!
//! Run it with `cargo run --example quickstart`. The message of the panic on stderr is meant to be there.

use filch::{JobError, Pool};

fn main() -> Result<(), JobError> {
    let pool = Pool::with_threads(2);

    // A job with a result. The caller goes on, and joins when it needs the answer.
    let sum = pool.submit(|| (1..=1_000_000_u64).sum::<u64>());
    println!("the sum is on its way");
    assert_eq!(sum.join()?, 500_000_500_000);

    // A job without one: nobody waits for it here, `wait_idle` does below.
    pool.spawn(|| println!("hello from worker {:?}", filch::current_worker_index()));

    // A job that can fail returns a `Result`, as any function does.
    let port = pool.submit(|| "80a".parse::<u16>());
    if let Err(error) = port.join()? {
        println!("not a port: {error}");
    }

    // A job that panics harms nobody: the panic arrives in the handle, and the worker goes on.
    println!("the next job panics on purpose");
    let crash = pool.submit(|| -> u32 { panic!("out of cheese") });
    match crash.join() {
        Err(JobError::Panicked(panic)) => println!("the job panicked: {panic}"),
        other => unreachable!("a panic is never lost, yet here is {other:?}"),
    }

    // Not needed any more? A job that still waits will never run; one that runs is asked to stop.
    let search = pool.submit(|| (0_u64..).find(|_| filch::cancelled()));
    let never_ran = search.cancel();
    assert_eq!(never_ran, matches!(search.join(), Err(JobError::Cancelled)));

    // Wait until nothing is queued or running, then stop the threads. Dropping the pool does that, too.
    pool.wait_idle();
    pool.shutdown();
    println!("done");
    Ok(())
}
