//! Sizes and patience that are large in production and small under the model.
//!
//! A model explores every interleaving, so queues have a few slots there and nobody looks twice before sleeping. Under the random scheduler of
//! `shuttle-tests` they are in between, where that has more happen.

use std::time::Duration;

#[cfg(filch_loom)]
macro_rules! limit {
    ($real:expr, model $model:expr $(, shuttle $shuttle:expr)?) => {
        $model
    };
}
#[cfg(filch_shuttle)]
macro_rules! limit {
    ($real:expr, model $model:expr) => {
        $real
    };
    ($real:expr, model $model:expr, shuttle $shuttle:expr) => {
        $shuttle
    };
}
#[cfg(not(any(filch_loom, filch_shuttle)))]
macro_rules! limit {
    ($real:expr, model $model:expr $(, shuttle $shuttle:expr)?) => {
        $real
    };
}

/// Slots in a worker's fork-join deque: the depth of forks whose second halves wait to be stolen. A power of two.
pub const FORK_JOIN_CAPACITY: usize = limit!(1024, model 2, shuttle 4);

/// Slots in a worker's spawn deque; what it has no room for goes to the injector. A power of two.
pub const SPAWN_CAPACITY: usize = limit!(1024, model 2, shuttle 8);

/// Slots in a block of the injector, 64 bytes each. A power of two.
pub const INJECTOR_SLOTS: usize = limit!(1024, model 2, shuttle 4);

/// Blocks of the injector that are kept while they are not in use: 64 KiB each. With 64 a spawned job took as long, with one 1.4 times.
pub const SPARE_BLOCKS: usize = limit!(16, model 1, shuttle 2);

/// The most looks away ([`spin_hint`](crate::sync::spin_hint)) of a worker that has run all jobs of a stream before it looks for more, so that they are several
/// and the submitter keeps its cache lines meanwhile. 64 take one to three microseconds, by processor; 16 to 1024 measured within 15 %.
pub const LINGER_SPINS: u32 = limit!(64, model 0, shuttle 2);

/// Buckets of a table by seat, each twice as large as the one before: enough for every number.
pub const SEAT_BUCKETS: usize = limit!(usize::BITS as usize, model 3);

/// Nodes in the first segment of the express lane; each further segment doubles the lane.
pub const EXPRESS_FIRST_SEGMENT: usize = limit!(64, model 2, shuttle 2);

/// Segments of the express lane: enough doublings to use up every 32-bit index.
pub const EXPRESS_SEGMENTS: usize = limit!(27, model 2);

/// Blocks of 64 bytes that a worker makes for the jobs it will spawn: as many as its two deques hold.
pub const BLOCKS_MADE: usize = limit!(FORK_JOIN_CAPACITY + SPAWN_CAPACITY, model 1);

/// So many free ones of them go from worker to worker at once. A guess.
pub const BLOCKS_IN_CHAIN: usize = limit!(64, model 1, shuttle 4);

/// The first few members of a set have memory of their own: a set that stays small does not pay for more. None has in a model, whose checker watches each.
pub const NURSERY_FROM: usize = limit!(16, model usize::MAX);

/// Bytes of a piece that its members share, of which malloc makes one of 2048. Measured: 1136 made delayed jobs dearer, and glibc keeps what is freed of 1008 for later.
pub const NURSERY_PIECE: usize = limit!(2032, model 1008);

/// The first few delayed jobs of a thread have memory of their own, too. A random scheduler's threads are no real ones, so they have no nurseries.
pub const THREADS_NURSERY_FROM: usize = limit!(16, model usize::MAX, shuttle usize::MAX);

/// After this many jobs in a row a worker asks one of the sources it does not prefer (`Pool`, "Order").
pub const FAIRNESS_INTERVAL: u32 = limit!(61, model 61, shuttle 7);

/// Rounds in which a searching worker looks at every source before it goes to sleep; [`Patience`](crate::sync::Patience) makes the first 32 of them spin and the
/// others yield. 48 to 128 measured alike for throughput; more costs processor time whenever a worker has run the last job.
pub const SEARCH_ROUNDS: u32 = limit!(48, model 1, shuttle 2);

/// Looks of a thread that waits for a result before it parks. The kernel likes to place a worker on the processor of the thread that woke it, where it cannot begin
/// before that thread parks: 256 looks made a cold round trip of 12 microseconds one of 20, 1024 one of 40. A worker that is awake answers within 32.
pub const WAIT_SPINS: u32 = limit!(32, model 0, shuttle 1);

/// Looks of a worker that waits for a stolen piece, for parts of it to run and for its end, before it parks; [`Patience`](crate::sync::Patience) makes the
/// first 32 of them spin and the others yield. A guess.
pub const PIECE_LOOKS: u32 = limit!(64, model 1, shuttle 2);

/// How long such a worker parks at first before it looks for parts again, and twice as long each time: nobody tells it of them. A guess.
pub const PIECE_NAP: Option<Duration> = limit!(Some(Duration::from_micros(200)), model None, shuttle None);

/// So many jobs of a scope are counted at once as outstanding, for a worker to hand out. A guess.
pub const CREDIT_BATCH: usize = limit!(64, model 2, shuttle 4);

/// How long a chunk of a parallel loop takes about, in nanoseconds: at most so late a thief's steal is noticed. A guess.
pub const CHUNK_NANOS: u128 = limit!(10_000, model 1);

/// Times that a thread which waits for a set's next result lets others run before it sleeps. On a machine with more threads than processors a wake-up pushes the
/// worker off its processor after each result: with 4 a gathered job cost 90 nanoseconds there, with none 830. As many as crossbeam's `Backoff` has.
pub const SET_YIELDS: u32 = limit!(4, model 0, shuttle 1);

/// Looks at a pool without work whose workers are not asleep yet, when the time of a wait for its idleness has run out.
pub const IDLE_ROUNDS: u32 = limit!(200, model 1, shuttle 2);

/// Waits of at most a millisecond after those looks: a worker may have been pushed off its processor on its way to sleep. A guess, twice a usual time slice.
pub const IDLE_NAPS: u32 = limit!(20, model 0, shuttle 1);

/// Below this many tombstones a queue is not swept.
pub const SWEEP_AT_LEAST: usize = limit!(1024, model 1, shuttle 4);

/// So many delayed jobs wait in the timers' inbox before whoever adds one more moves them to the wheel, and so many are taken from it at once when they are due. A guess.
pub const TIMER_BATCH: usize = limit!(64, model 2, shuttle 4);

/// Below this many tombstones the wheel is not swept.
pub const TIMER_SWEEP_AT_LEAST: usize = limit!(64, model 1, shuttle 2);

/// A sweep lets others have the wheel after it has looked at so many entries; each takes about ten nanoseconds. A guess.
pub const TIMER_SWEEP_STEP: usize = limit!(4096, model 1, shuttle 2);

/// After it has queued what was due, the timers' thread sleeps so many nanoseconds at least, unless it is behind; then twice as long each time, as long as something is
/// due by then.
pub const TIMER_NAP: u64 = limit!(50_000, model 0);

/// The longest of those naps. With a million timers a second a timer cost 1,300 nanoseconds of processor time with naps of 50 microseconds and 700 with 250.
pub const TIMER_LONGEST_NAP: u64 = limit!(400_000, model 1);

/// So many entries ahead of the one that it looks at, a sweep asks for the memory.
pub const TIMER_PREFETCH: usize = limit!(16, model 16);
