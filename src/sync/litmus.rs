//! The fences on real threads: the promise of [`fence`](super::fence) is kept, and the test could see it broken.
//!
//! The store-buffer pattern. One thread, the light one, goes through an array: in each *round* it stores to a cell, fences lightly and loads the flag. The other
//! stores to the flag, fences heavily and loads every cell: that is one *batch*. Forbidden: a round that missed the flag although the batch missed its cell. So
//! many rounds meet each heavy fence, as in the pool. Most of them are over before it, or begin after it; a batch is *contested* if the flag was raised
//! in the midst of its rounds, by what the light thread saw.
//!
//! The same arena shows that a SeqCst exchange and a SeqCst load need no fence between them.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering, compiler_fence, fence};
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

use super::fence::{heavy, init, light};

/// Rounds of a batch that are about as long as a heavy fence: its interrupt falls among them.
const WIDE: usize = 256;
/// Rounds of a batch that both threads are through with in a moment: without fences this shows the forbidden outcome most often.
const NARROW: usize = 4;

/// What both threads share. Everything that is stored is a batch's number, from 1.
struct Arena<const CELLS: usize> {
    /// Each on a line of its own: a store has to fetch it from the other core, and so stays long in its buffer.
    cells: [CachePadded<AtomicU32>; CELLS],
    flag: CachePadded<AtomicU32>,
    /// Batches begun, and batches that the light thread has done.
    begun: CachePadded<AtomicUsize>,
    done: CachePadded<AtomicUsize>,
    /// By cell: the flag as the light thread saw it.
    seen: CachePadded<[AtomicU32; CELLS]>,
    stop: AtomicBool,
}

#[derive(Debug, Default)]
struct Tally {
    rounds: usize,
    batches: usize,
    contested: usize,
    forbidden: usize,
}

impl<const CELLS: usize> Arena<CELLS> {
    fn new() -> Self {
        Self {
            cells: std::array::from_fn(|_| AtomicU32::new(0).into()),
            flag: AtomicU32::new(0).into(),
            begun: AtomicUsize::new(0).into(),
            done: AtomicUsize::new(0).into(),
            seen: std::array::from_fn(|_| AtomicU32::new(0)).into(),
            stop: AtomicBool::new(false),
        }
    }

    fn light_side(&self, round: impl Fn(&AtomicU32, u32, &AtomicU32) -> u32) {
        for batch in 1.. {
            wait_until(|| self.begun.load(Ordering::Acquire) >= batch);
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            for (cell, seen) in self.cells.iter().zip(self.seen.iter()) {
                seen.store(round(cell, batch as u32, &self.flag), Ordering::Relaxed);
            }
            self.done.store(batch, Ordering::Release);
        }
    }

    /// `go_on` gets what has happened so far.
    fn heavy_side(&self, raise: impl Fn(&AtomicU32, u32), go_on: impl Fn(&Tally) -> bool) -> Tally {
        let mut tally = Tally::default();
        // Turns to lose before the flag goes up. It follows the other thread, so that this falls among its rounds on any machine.
        let mut delay = 0_usize;
        // The cells are read from here on, and round: from a little before the place where the light thread was last time.
        let mut first = 0;
        while go_on(&tally) {
            let batch = tally.batches + 1;
            self.begun.store(batch, Ordering::Release);
            (0..delay + batch % 32 * delay / 64).for_each(|turn| _ = std::hint::black_box(turn));
            raise(&self.flag, batch as u32);
            let mut missed = [false; CELLS];
            for i in (first..CELLS).chain(0..first) {
                missed[i] = self.cells[i].load(Ordering::Relaxed) != batch as u32;
            }
            wait_until(|| self.done.load(Ordering::Acquire) == batch);
            let blind: [bool; CELLS] = std::array::from_fn(|i| self.seen[i].load(Ordering::Relaxed) != batch as u32);
            tally.batches = batch;
            tally.rounds += CELLS;
            tally.forbidden += missed.iter().zip(&blind).filter(|(missed, blind)| **missed && **blind).count();
            match (blind[0], blind[CELLS - 1]) {
                (false, _) => delay += 1 + delay / 16,
                (true, true) => delay -= delay.div_ceil(16),
                (true, false) => {
                    tally.contested += 1;
                    first = blind.iter().position(|blind| !blind).map_or(0, |seeing| seeing.saturating_sub(2));
                }
            }
        }
        self.stop.store(true, Ordering::Relaxed);
        self.begun.store(tally.batches + 1, Ordering::Release);
        tally
    }

    fn run_fences(light: impl Fn() + Send, heavy: impl Fn() + Send, go_on: impl Fn(&Tally) -> bool + Send) -> Tally {
        let round = move |cell: &AtomicU32, batch, flag: &AtomicU32| {
            cell.store(batch, Ordering::Relaxed);
            light();
            flag.load(Ordering::Relaxed)
        };
        let raise = move |flag: &AtomicU32, batch| {
            flag.store(batch, Ordering::Relaxed);
            heavy();
        };
        Self::run(round, raise, go_on)
    }

    fn run(
        round: impl Fn(&AtomicU32, u32, &AtomicU32) -> u32 + Send,
        raise: impl Fn(&AtomicU32, u32) + Send,
        go_on: impl Fn(&Tally) -> bool + Send,
    ) -> Tally {
        let arena = &Self::new();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                pin_to_core(0);
                arena.light_side(round)
            });
            let heavy_side = scope.spawn(move || {
                pin_to_core(1);
                arena.heavy_side(raise, go_on)
            });
            heavy_side.join().unwrap()
        })
    }
}

/// Puts this thread on the `n`th core that it may use: two threads that take turns on one core see no reordering. Where that cannot be, it stays.
fn pin_to_core(n: usize) {
    #[cfg(all(target_os = "linux", not(miri)))]
    {
        use libc::{CPU_ISSET, CPU_SET, CPU_SETSIZE, cpu_set_t, sched_getaffinity, sched_setaffinity};

        // SAFETY: a set of bits, for which zeros are valid.
        let [mut allowed, mut wanted]: [cpu_set_t; 2] = unsafe { std::mem::zeroed() };
        // SAFETY: the set is as large as we say; 0 is this thread.
        let known = unsafe { sched_getaffinity(0, size_of::<cpu_set_t>(), &raw mut allowed) } == 0;
        // SAFETY: the number is below the size of the set.
        let is_allowed = |core: &usize| unsafe { CPU_ISSET(*core, &allowed) };
        let core = (0..CPU_SETSIZE as usize).filter(is_allowed).nth(n);
        if let (true, Some(core)) = (known, core) {
            // SAFETY: as above.
            unsafe { CPU_SET(core, &mut wanted) };
            // SAFETY: as above. A refusal changes nothing.
            let _ = unsafe { sched_setaffinity(0, size_of::<cpu_set_t>(), &raw const wanted) };
        }
    }
    #[cfg(any(not(target_os = "linux"), miri))]
    let _ = n;
}

/// Spins; with one core, or a busy machine, gives it to the other side.
fn wait_until(done: impl Fn() -> bool) {
    for turn in 1_u64.. {
        if done() {
            return;
        }
        if turn % 4096 == 0 { std::thread::yield_now() } else { std::hint::spin_loop() }
    }
}

fn report(what: &str, tally: &Tally, start: Instant) {
    let Tally { rounds, batches, contested, forbidden } = tally;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "  {what}: {rounds} rounds against {batches} fences, {contested} of them contested, {forbidden} forbidden, in {seconds:.1} s"
    );
}

/// `FILCH_LITMUS_ROUNDS`.
fn wanted_rounds() -> Option<usize> {
    std::env::var("FILCH_LITMUS_ROUNDS").ok().and_then(|rounds| rounds.parse().ok())
}

#[test]
fn without_the_heavy_fence_the_forbidden_outcome_is_seen() {
    let start = Instant::now();
    let weak = || compiler_fence(Ordering::SeqCst);
    let go_on = |tally: &Tally| tally.forbidden == 0 && start.elapsed() < Duration::from_secs(2);
    let tally = Arena::<NARROW>::run_fences(weak, weak, go_on);
    report("no fences", &tally, start);
    if tally.forbidden == 0 {
        println!("  skipped: not seen in time; with one core it cannot be");
    }
}

/// Goes on for `share` of `FILCH_LITMUS_ROUNDS`, else for half a second.
fn assert_ordered(what: &str, share: usize, run: impl Fn(&(dyn Fn(&Tally) -> bool + Sync)) -> Tally) {
    let start = Instant::now();
    let go_on = |tally: &Tally| match wanted_rounds() {
        Some(rounds) => tally.rounds < rounds / share,
        None => start.elapsed() < Duration::from_millis(500),
    };
    let tally = run(&go_on);
    report(what, &tally, start);
    assert_eq!(tally.forbidden, 0, "{tally:?}");
}

#[test]
fn a_light_and_a_heavy_fence_are_ordered() {
    init();
    assert_ordered("many light, one heavy", 1, |go_on| Arena::<WIDE>::run_fences(light, heavy, go_on));
    // As many heavy fences need that many times fewer rounds.
    assert_ordered("few light, one heavy", WIDE / NARROW, |go_on| Arena::<NARROW>::run_fences(light, heavy, go_on));
}

/// A submitter outside against a worker that goes to sleep: `fence::after_exchange`.
#[test]
fn an_exchange_and_a_load_are_ordered_without_a_fence() {
    let submitter = |cell: &AtomicU32, batch, flag: &AtomicU32| {
        let _ = cell.compare_exchange(batch - 1, batch, Ordering::SeqCst, Ordering::Relaxed);
        flag.load(Ordering::SeqCst)
    };
    let sleeper = |flag: &AtomicU32, batch| {
        flag.swap(batch, Ordering::AcqRel);
        fence(Ordering::SeqCst);
    };
    assert_ordered("many exchanges", 1, |go_on| Arena::<WIDE>::run(submitter, sleeper, go_on));
    assert_ordered("few exchanges", WIDE / NARROW, |go_on| Arena::<NARROW>::run(submitter, sleeper, go_on));
}
