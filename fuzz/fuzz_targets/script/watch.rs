//! An end for scripts that hang, and for the threads that outlive theirs.

use std::fs;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Nothing takes so long, also on a busy machine. An abort has the fuzzer keep the script.
const PATIENCE: Duration = Duration::from_secs(40);

static SCRIPTS: AtomicU64 = AtomicU64::new(0);

/// The next script begins. Returns the number of threads that belong to none.
pub fn begin() -> usize {
    static WATCH: Once = Once::new();
    SCRIPTS.fetch_add(1, Ordering::Relaxed);
    WATCH.call_once(|| {
        std::thread::spawn(|| {
            let mut seen = 0;
            loop {
                std::thread::sleep(PATIENCE);
                let scripts = SCRIPTS.load(Ordering::Relaxed);
                if scripts == seen {
                    eprintln!("a script hangs for {PATIENCE:?}");
                    std::process::abort();
                }
                seen = scripts;
            }
        });
    });
    threads()
}

/// Waits until there are only so many threads left: what one that is about to end holds looks leaked to the sanitizer.
pub fn end(lasting: usize) {
    let begin = Instant::now();
    while threads() > lasting {
        assert!(begin.elapsed() < PATIENCE, "threads are left over");
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Threads of this process, or 0 where the system does not say.
fn threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}
