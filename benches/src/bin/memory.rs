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

const TITLES: [&str; 5] = ["contestant", "RSS B/job", "heap B/job", "RSS left MiB", "heap left MiB"];

/// How many jobs are queued unless the command line says otherwise.
const JOBS: u64 = 10_000_000;

/// What remains is looked at so long after the last job.
const AFTER: Duration = Duration::from_secs(1);

#[global_allocator]
static HEAP: Counting = Counting { live: AtomicUsize::new(0) };

fn main() -> ExitCode {
    fresh::main(&TITLES, JOBS, measure)
}

fn measure(pool: &'static dyn Runner, jobs: u64) -> Vec<String> {
    // Touches what a first job touches.
    pool.queue(1000).expect("the pool takes jobs").wait();
    let blocked = pool.block().expect("the pool takes jobs");
    let before = Used::now();
    let queued = pool.queue(jobs).expect("the pool takes jobs");
    let full = Used::now();
    drop(blocked);
    queued.wait();
    thread::sleep(AFTER);
    let after = Used::now();
    let per_job = |full: usize, before: usize| format!("{:.1}", full.saturating_sub(before) as f64 / jobs as f64);
    let left = |after: usize, before: usize| format!("{:.1}", after.saturating_sub(before) as f64 / f64::from(1 << 20));
    vec![
        per_job(full.resident, before.resident),
        per_job(full.heap, before.heap),
        left(after.resident, before.resident),
        left(after.heap, before.heap),
    ]
}

/// The memory of this process at one moment, in bytes.
struct Used {
    resident: usize,
    heap: usize,
}

impl Used {
    fn now() -> Self {
        Self { resident: resident().unwrap_or(0), heap: HEAP.live.load(Ordering::Relaxed) }
    }
}

/// The resident set, where the system says. It is told in KiB.
fn resident() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<usize>().ok()? << 10)
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
