//! roundtrip: an outside thread submits one job and blocks for its result, again and again.

use std::thread;
use std::time::{Duration, Instant};

use super::answer;
use super::sample::{Latency, Sample, measure};
use crate::contestant::Contestant;

/// The gap before each cold trip: long enough for every pool's workers to fall asleep.
const GAP: Duration = Duration::from_millis(1);

/// Back to back: the workers are still awake.
pub(super) fn hot<C: Contestant>(pool: &'static C, trips: u64) -> Sample {
    run(pool, trips, || (), |question| pool.call(move || answer(question)))
}

/// With a pause before each trip. The time of a trip does not include the pause, the processor time does.
pub(super) fn cold<C: Contestant>(pool: &'static C, trips: u64) -> Sample {
    run(pool, trips, || thread::sleep(GAP), |question| pool.call_asleep(move || answer(question)))
}

fn run<C: Contestant>(pool: &'static C, trips: u64, pause: impl Fn(), call: impl Fn(u64) -> u64) -> Sample {
    let mut spent = Vec::with_capacity(usize::try_from(trips).expect("as many trips as memory holds"));
    let sample = measure(
        || pool.heavies(),
        || {
            for question in 0..trips {
                pause();
                spent.push(trip(question, &call));
            }
        },
    );
    let elapsed = Duration::from_nanos(spent.iter().sum());
    Sample { elapsed, latency: Some(Latency::of(&mut spent)), ..sample }
}

/// Makes one trip and says how many nanoseconds it took.
fn trip(question: u64, call: impl Fn(u64) -> u64) -> u64 {
    let start = Instant::now();
    let result = call(question);
    let spent = start.elapsed();
    assert_eq!(result, answer(question), "a job returned a wrong result");
    u64::try_from(spent.as_nanos()).expect("a trip takes less than 500 years")
}
