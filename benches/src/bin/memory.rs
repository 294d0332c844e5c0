//! What queued jobs take: many tiny ones while all workers are blocked, and what is left a second after they have run.
//!
//! Each pool has a process of its own. RSS is what the system counts, pages that the pool maps itself among them; heap
//! is what has been asked from the allocator and not given back.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use filch_benches::contestant::Runner;
use filch_benches::fresh;
use filch_benches::record::Figures;

/// Ten million jobs are queued unless the command line says otherwise.
const QUESTION: fresh::Question = fresh::Question {
    workload: "memory",
    unit: "jobs",
    size: 10_000_000,
    figures: &["RSS B/job", "heap B/job", "RSS left MiB", "heap left MiB"],
};

/// What remains is looked at so long after the last job.
const AFTER: Duration = Duration::from_secs(1);

#[global_allocator]
static HEAP: Counting = Counting { live: AtomicUsize::new(0) };

fn main() -> ExitCode {
    fresh::main(&QUESTION, measure)
}

fn measure(pool: &'static dyn Runner, jobs: u64) -> Figures {
    // Touches what a first job touches, and no more: a short queue would find the memory of the jobs before.
    pool.queue(10).expect("the pool takes jobs").wait();
    let blocked = pool.block().expect("the pool takes jobs");
    let before = Used::now();
    let queued = pool.queue(jobs).expect("the pool takes jobs");
    let full = Used::now();
    drop(blocked);
    queued.wait();
    thread::sleep(AFTER);
    let after = Used::now();
    let per_job = |full: usize, before: usize| full.saturating_sub(before) as f64 / jobs as f64;
    let left = |after: usize, before: usize| after.saturating_sub(before) as f64 / f64::from(1 << 20);
    vec![
        resident(&full, &before, per_job),
        Some(per_job(full.heap, before.heap)),
        resident(&after, &before, left),
        Some(left(after.heap, before.heap)),
    ]
}

/// A figure of the resident sets, where the system says.
fn resident(later: &Used, earlier: &Used, figure: impl Fn(usize, usize) -> f64) -> Option<f64> {
    Some(figure(later.resident?, earlier.resident?))
}

/// The memory of this process at one moment, in bytes.
struct Used {
    resident: Option<usize>,
    heap: usize,
}

impl Used {
    fn now() -> Self {
        Self { resident: Self::resident(), heap: HEAP.live.load(Ordering::Relaxed) }
    }

    /// The resident set, where the system says. It is told in KiB.
    fn resident() -> Option<usize> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<usize>().ok()? << 10)
    }
}

/// The system's allocator, counting the bytes that are in use.
struct Counting {
    live: AtomicUsize,
}

// SAFETY: everything is left to the system's allocator; the count touches no memory of theirs.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.live.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`, which is that of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.live.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`; the block came from `System`.
        unsafe { System.dealloc(block, layout) }
    }
}
